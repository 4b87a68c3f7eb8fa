"""Images below a folder, each inspected once."""

from functools import partial
from pathlib import Path

from homologue.datasets.base import BenchmarkImage
from homologue.datasets.thresholds import Size
from homologue.errors import HomologueError
from homologue.image_readers.files import read_size
from homologue.images import LEAST_SIDE, read_image


class ImageFolder:
    """Image files below a folder, by their path relative to it.

    Sizes are read without decoding the pixels where the format allows it, and cached.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sizes: dict[str, Size | HomologueError] = {}
        self._images: dict[str, BenchmarkImage] = {}

    def size(self, name: str) -> Size | None:
        """Return width and height as `read_image` yields them; None if the file is unreadable."""
        size = self._size(name)
        return None if isinstance(size, HomologueError) else size

    def problem(self, name: str) -> str:
        """Return why the file is unreadable; an empty string if it is readable."""
        size = self._size(name)
        return str(size) if isinstance(size, HomologueError) else ""

    def image(self, name: str) -> BenchmarkImage:
        """Return the image, to be read on demand."""
        if name not in self._images:
            read = partial(read_image, self.folder / name, least_side=LEAST_SIDE)
            self._images[name] = BenchmarkImage(name, read)
        return self._images[name]

    def _size(self, name: str) -> Size | HomologueError:
        if name not in self._sizes:
            try:
                self._sizes[name] = read_size(self.folder / name)
            except HomologueError as error:
                self._sizes[name] = error
        return self._sizes[name]
