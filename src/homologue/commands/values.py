"""From what was typed to what is worked with, refused before anything is computed."""

import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from homologue.errors import HomologueError
from homologue.renamed import current_name

# torch and diffusers take seconds to import: only the commands that need them do it.
if TYPE_CHECKING:
    from homologue.commands.options import ModelOptions
    from homologue.diffusion.model import LatentDiffusion
    from homologue.images import RGBImage
    from homologue.points import PointList
    from homologue.presets import Preset


_STRATEGY = "fit.strategy"


@dataclass(frozen=True, eq=False)
class GivenPoints:
    """Points of the options, (P, 2): those of the file, then those given one by one.

    `names` are empty where a point has none.
    """

    points: list[Any]
    names: list[str]
    file: "PointList | None" = None


def given_points(texts: list[str] | None, path: Path | None) -> GivenPoints:
    """Reads them; notes what a file has besides."""
    from homologue.points import parse_point, read_point_list

    file = read_point_list(path) if path else None
    if file and file.notes:
        from homologue.console import print_note

        for note in file.notes:
            print_note(note)
    typed = [parse_point(text) for text in texts or []]
    listed, names = (file.points.tolist(), list(file.names)) if file else ([], [])
    return GivenPoints(listed + typed, names + [""] * len(typed), file)


def checked_points(given: GivenPoints, image: "RGBImage") -> Any:
    from homologue.points import check_points

    if not given.points:
        raise HomologueError("No points: give --point X,Y (repeatable) or --points FILE.")
    if given.file:
        given.file.check_image(image.path, image.width, image.height)
    return check_points(given.points, image.width, image.height)


def checked_alphas(given: list[float] | None) -> list[float]:
    """In order, each once; 0.05 and 0.1 if none is given."""
    from homologue.evaluation.scores import DEFAULT_ALPHAS, check_alphas

    return check_alphas(given or DEFAULT_ALPHAS)


def named_preset(name: str, optimise: str | None, settings: list[str] | None) -> "Preset":
    """The preset of --preset, --strategy and --set."""
    from homologue.presets import get_preset, with_settings

    given = settings or []
    names = [current_name(one.partition("=")[0].strip()) for one in given]
    if optimise is not None and _STRATEGY in names:
        raise HomologueError(f"--strategy and --set {_STRATEGY} say the same: give one of them.")
    preset = get_preset(name, optimise)
    return with_settings(preset, given)


def reading_preset(fitted: "Preset", settings: list[str] | None, made_by: str) -> "Preset":
    """The preset that points were fitted with, its reading changed by --set.

    Raises:
        HomologueError: a setting is of `fit`: what `made_by` tells of is fitted already.
    """
    from homologue.presets import with_settings

    for text in settings or []:
        if text.strip().startswith("fit."):
            raise HomologueError(
                f"--set {text} comes too late: {made_by} is fitted already; set locate.* here, or "
                "fit again."
            )
    return with_settings(fitted, settings or [])


def read_picture(path: Path) -> "RGBImage":
    from homologue.images import LEAST_SIDE, read_image

    return read_image(path, least_side=LEAST_SIDE)


def check_output(path: Path, plots: bool = False) -> None:
    """Refuses what cannot be written before anything is computed."""
    from homologue.files import check_writable

    check_writable(path)
    if plots:
        from homologue.viz.figures import check_suffix

        check_suffix(path)


def timed_model(name: str, options: "ModelOptions") -> tuple["LatentDiffusion", float]:
    """The model, and the seconds that loading it took, imports included."""
    start = time.perf_counter()
    model = options.load(name)
    # From here on an interrupt unwinds, so that no half-written file stays behind.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    return model, time.perf_counter() - start
