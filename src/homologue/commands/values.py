"""Validate and convert command-line arguments before anything is computed."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from homologue.errors import HomologueError
from homologue.renamed import current_name

# torch and diffusers take seconds to import.
if TYPE_CHECKING:
    from torch import Tensor

    from homologue.images import RGBImage
    from homologue.points import PointList
    from homologue.presets import Preset


_STRATEGY = "fit.strategy"


@dataclass(frozen=True, eq=False)
class SourcePoints:
    """Points of `--points`, followed by those of `--point`.

    Attributes:
        points: (P, 2), `(x, y)` in pixels of the source.
        names: name of each point, empty if it has none.
        file: content of the file of points.
    """

    points: list[Any]
    names: list[str]
    file: "PointList | None" = None


def source_points(texts: list[str] | None, path: Path | None) -> SourcePoints:
    """Parse the points of `--point` and read those of `--points`; print the notes on the file."""
    from homologue.points import parse_point, read_point_list

    file = read_point_list(path) if path else None
    if file and file.notes:
        from homologue.console import print_note

        for note in file.notes:
            print_note(note)
    typed = [parse_point(text) for text in texts or []]
    listed, names = (file.points.tolist(), list(file.names)) if file else ([], [])
    return SourcePoints(listed + typed, names + [""] * len(typed), file)


def checked_points(given: SourcePoints, image: "RGBImage") -> "Tensor":
    """Return the points (P, 2).

    Raises:
        HomologueError: no points are given, a point is outside the image, or the file of points
            is for another image.
    """
    from homologue.points import check_points

    if not given.points:
        raise HomologueError("No points: give --point X,Y (repeatable) or --points FILE.")
    if given.file:
        given.file.check_image(image.path, image.width, image.height)
    return check_points(given.points, image.width, image.height)


def checked_alphas(given: list[float] | None) -> list[float]:
    """Return the alphas in ascending order without duplicates; by default 0.05 and 0.1."""
    from homologue.evaluation.scores import DEFAULT_ALPHAS, check_alphas

    return check_alphas(given or DEFAULT_ALPHAS)


def named_preset(name: str, strategy: str | None, settings: list[str] | None) -> "Preset":
    """Return the preset of `--preset`, changed by `--strategy` and `--set`."""
    from homologue.presets import get_preset, with_settings

    texts = settings or []
    names = [current_name(text.partition("=")[0].strip()) for text in texts]
    if strategy is not None and _STRATEGY in names:
        raise HomologueError(
            f"--strategy and --set {_STRATEGY} both set the strategy: use only one of them."
        )
    return with_settings(get_preset(name, strategy), texts)


def reading_preset(fitted: "Preset", settings: list[str] | None, fitted_in: str) -> "Preset":
    """Return the preset of fitted points with the settings of `locate` changed by `--set`.

    Args:
        fitted_in: the file or run of the fitted points, for the error.

    Raises:
        HomologueError: a setting is of `fit`.
    """
    from homologue.presets import with_settings

    for text in settings or []:
        if text.strip().startswith("fit."):
            raise HomologueError(
                f"--set {text} changes the fit, but {fitted_in} is already fitted: set locate.* "
                "here or fit again."
            )
    return with_settings(fitted, settings or [])


def read_picture(path: Path) -> "RGBImage":
    """Read an image that is large enough for the method."""
    from homologue.images import LEAST_SIDE, read_image

    return read_image(path, least_side=LEAST_SIDE)


def check_output(path: Path, plots: bool = False) -> None:
    """Raise HomologueError if a file cannot be written, or not as a plot."""
    from homologue.files import check_writable

    check_writable(path)
    if plots:
        from homologue.viz.figures import check_suffix

        check_suffix(path)
