"""Scale annotations to images that were resized after annotation."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from homologue.datasets.image_folder import ImageFolder
from homologue.datasets.thresholds import Box, Size
from homologue.errors import HomologueError


@dataclass(frozen=True)
class AnnotationScale:
    """Map coordinates from the annotated image size to the actual one, axis by axis."""

    annotated: Size
    actual: Size

    def points(self, points: Tensor) -> Tensor:
        """Scale points (P, 2) to pixels of the image; return them unchanged if sizes agree."""
        if self.annotated == self.actual:
            return points
        return points * points.new_tensor(self.actual) / points.new_tensor(self.annotated)

    def box(self, box: Box) -> Box:
        """Scale a box to pixels of the image.

        >>> AnnotationScale((500, 333), (250, 166)).box((100.0, 0.0, 200.0, 333.0))
        (50.0, 0.0, 100.0, 166.0)
        """
        (across, down), (width, height) = self.annotated, self.actual
        left, top, right, bottom = box
        return (
            left * width / across,
            top * height / down,
            right * width / across,
            bottom * height / down,
        )


class AnnotationScaler:
    """Compare annotated with actual image sizes, and count the images that were resized."""

    def __init__(self, benchmark: str, images: ImageFolder) -> None:
        self._benchmark, self._images = benchmark, images
        self._resized: dict[str, AnnotationScale] = {}

    def scale(self, name: str, annotated: Size | None, where: str) -> AnnotationScale | None:
        """Return the scale of an image; None if the image cannot be read.

        Args:
            name: path of the image, relative to the image folder.
            annotated: size that the annotation declares; None means the image's own size.
            where: file of the annotation, for errors.

        Raises:
            HomologueError: the proportions differ: the image was cropped, rotated or replaced.
        """
        size = self._images.size(name)
        if size is None:
            return None
        scale = AnnotationScale(annotated or size, size)
        if scale.annotated != size:
            if not _has_same_proportions(scale):
                raise HomologueError(
                    f"{where} declares {_format(scale.annotated)} pixels for {name}, but the image "
                    f"has {_format(size)}, other proportions: it was cropped, rotated or replaced; "
                    "download the image again."
                )
            self._resized[name] = scale
        return scale

    def notes(self) -> Sequence[str]:
        """Return a sentence if any image was resized, else nothing."""
        if not self._resized:
            return ()
        name, first = next(iter(self._resized.items()))
        return (
            f"{len(self._resized)} images of {self._benchmark} were resized after annotation, such "
            f"as {name}: {_format(first.annotated)} pixels annotated, {_format(first.actual)} in "
            "the file; their points and boxes are rescaled.",
        )


def _has_same_proportions(scale: AnnotationScale) -> bool:
    """Return whether one factor yields both sides, up to rounding to whole pixels."""
    (across, down), (width, height) = scale.annotated, scale.actual
    lowest = max((width - 1) / across, (height - 1) / down)
    highest = min((width + 1) / across, (height + 1) / down)
    return lowest <= highest


def _format(size: Size) -> str:
    return f"{size[0]} x {size[1]}"
