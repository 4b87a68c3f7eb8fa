"""Annotations of pictures that were resized after they were annotated."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from homologue.datasets.gathering import ImageFolder
from homologue.datasets.thresholds import Box, Size
from homologue.errors import HomologueError


@dataclass(frozen=True)
class Rescaling:
    """From the size that was annotated to that of the picture, axis by axis."""

    annotated: Size
    picture: Size

    def points(self, points: Tensor) -> Tensor:
        """Points (P, 2) of the picture; the same if nothing has to be rescaled."""
        if self.annotated == self.picture:
            return points
        return points * points.new_tensor(self.picture) / points.new_tensor(self.annotated)

    def box(self, box: Box) -> Box:
        """
        >>> Rescaling((500, 333), (250, 166)).box((100.0, 0.0, 200.0, 333.0))
        (50.0, 0.0, 100.0, 166.0)
        """
        (across, down), (width, height) = self.annotated, self.picture
        left, top, right, bottom = box
        return (
            left * width / across,
            top * height / down,
            right * width / across,
            bottom * height / down,
        )


class Rescalings:
    """Of the pictures of a split: which have another size than their annotations say."""

    def __init__(self, benchmark: str, pictures: ImageFolder) -> None:
        self._benchmark, self._pictures = benchmark, pictures
        self._resized: dict[str, Rescaling] = {}

    def of(self, name: str, annotated: Size | None, where: str) -> Rescaling | None:
        """How to rescale what is annotated of a picture.

        Args:
            annotated: the size that the annotation is of; None if it does not say, which is taken
                for the picture's own.
            where: the annotation, for errors.

        Returns:
            None if the picture cannot be read.

        Raises:
            HomologueError: the picture has other proportions, so it is cropped, turned or another.
        """
        size = self._pictures.size(name)
        if size is None:
            return None
        made = Rescaling(annotated or size, size)
        if made.annotated != size:
            if not _scaled(made):
                raise HomologueError(
                    f"{where} is of {name} with {_by(made.annotated)} pixels, but the picture has "
                    f"{_by(size)}, other proportions: it was cropped, turned or replaced; fetch "
                    "the picture again."
                )
            self._resized[name] = made
        return made

    def notes(self) -> Sequence[str]:
        """One sentence if anything is rescaled."""
        if not self._resized:
            return ()
        name, first = next(iter(self._resized.items()))
        return (
            f"{len(self._resized)} pictures of {self._benchmark} were resized after they were "
            f"annotated, such as {name}: {_by(first.annotated)} pixels annotated, "
            f"{_by(first.picture)} in the file; their points and boxes are rescaled.",
        )


def _scaled(made: Rescaling) -> bool:
    """Whether one factor, before rounding to whole pixels, gives both sides."""
    (across, down), (width, height) = made.annotated, made.picture
    least = max((width - 1) / across, (height - 1) / down)
    most = min((width + 1) / across, (height + 1) / down)
    return least <= most


def _by(size: Size) -> str:
    return f"{size[0]} x {size[1]}"
