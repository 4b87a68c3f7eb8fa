"""`homologue match`, `fit` and `locate`: find points of one image in others."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer

from homologue.commands.model_options import FittedModelOptions, ModelOptions, timed_model
from homologue.commands.option_groups import with_option_groups
from homologue.commands.options import FitOptions, Json, LocateSetOption, Maps, Plot, Source, Target
from homologue.commands.values import (
    SourcePoints,
    check_output,
    checked_points,
    read_picture,
    reading_preset,
    source_points,
)
from homologue.errors import HomologueError, dtype_name
from homologue.formats.match_json import image_json, matches_json, settings_json
from homologue.streams import stdout_error

if TYPE_CHECKING:
    from torch import Tensor

    from homologue.api import Match
    from homologue.diffusion.model import LatentDiffusion
    from homologue.images import RGBImage
    from homologue.method.locate import Located
    from homologue.presets import Preset


@dataclass(frozen=True)
class PointOptions:
    """Points of the source."""

    panel: ClassVar[str] = "Points"

    point: Annotated[
        list[str] | None,
        typer.Option("--point", "-p", metavar="X,Y", help="Source point in pixels; repeatable."),
    ] = None
    points: Annotated[
        Path | None,
        typer.Option(
            "--points",
            metavar="FILE",
            help="File of source points, .json or .csv (docs/points.md).",
        ),
    ] = None

    def read(self) -> SourcePoints:
        """Read the points; see `source_points`."""
        return source_points(self.point, self.points)


@dataclass(frozen=True)
class MatchOutput:
    """What is printed and written of a match."""

    panel: ClassVar[str] = "Output"

    json: Json = False
    plot: Plot = None
    maps: Maps = None


@with_option_groups
def match(
    source: Source,
    target: Target,
    points: PointOptions,
    output: MatchOutput,
    method: FitOptions,
    model: ModelOptions,
) -> None:
    """Find the counterparts of source points in a target image."""
    given = points.read()
    preset = method.resolve()
    if output.plot:
        check_output(output.plot, plots=True)
    maps_folder = output.maps and _maps_folder(output.maps, source, target)
    images = read_picture(source), read_picture(target)
    checked = checked_points(given, images[0])

    loaded, seconds = timed_model(model.model, model)
    from homologue.api import match as match_points
    from homologue.console import print_json, print_matches, progress_bars

    with progress_bars() as progress:
        found = match_points(
            loaded, *images, checked, preset=preset, seed=method.seed, memory=method.memory,
            heatmaps=output.plot is not None, maps=output.maps is not None, progress=progress,
        )  # fmt: skip
    matches = _matches(checked, found, given.names)
    facts = {
        "source": _image_facts(source, images[0]),
        "target": _image_facts(target, images[1]),
        **_settings(loaded, preset, method.seed),
    }
    if output.json:
        print_json({**facts, "matches": matches, "seconds": {"load": seconds, **found.seconds}})
    else:
        print_matches(f"{source}  ->  {target}{_model_note(loaded)}", matches)
    if output.plot:
        from homologue.api import plot_match

        plot_match(found, output.plot)
    if maps_folder:
        _save_maps(maps_folder, found, checked, facts)


def _maps_folder(folder: Path, source: Path, target: Path) -> Path:
    """Return the folder for the maps of a pair.

    Raises:
        HomologueError: the folder holds the maps of another pair.
    """
    from homologue.viz.map_files import pair_folder, read_facts, safe_name

    pair = pair_folder(folder, f"{safe_name(source.stem)}-{safe_name(target.stem)}")
    former = [read_facts(pair).get(end, {}).get("path") for end in ("source", "target")]
    if pair.exists() and former != [str(source), str(target)]:
        raise HomologueError(
            f"{pair} holds the maps of {former[0]} and {former[1]}: use another folder for "
            f"{source} and {target}."
        )
    return pair


def _save_maps(folder: Path, found: "Match", points: "Tensor", facts: dict[str, Any]) -> None:
    from homologue.viz.map_files import ImageMaps, save_maps

    assert found.source_maps is not None
    assert found.maps is not None
    sides = (
        ImageMaps.of(found.source, points, found.source_maps),
        ImageMaps.of(found.target, found.points, found.maps),
    )
    save_maps(folder, *sides, facts)


@with_option_groups
def fit(
    source: Source,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="File for the embeddings."),
    ],
    points: PointOptions,
    method: FitOptions,
    model: ModelOptions,
    json: Json = False,
) -> None:
    """Fit embeddings to source points; `locate` finds the points in any number of images."""
    given = points.read()
    preset = method.resolve()
    check_output(output)
    image = read_picture(source)
    checked = checked_points(given, image)

    loaded, seconds = timed_model(model.model, model)
    from homologue.api import fit as fit_points
    from homologue.console import print_json, progress_bars

    start = time.perf_counter()
    with progress_bars() as progress:
        embeddings = fit_points(
            loaded, image, checked, preset=preset, seed=method.seed, memory=method.memory,
            progress=progress,
        )  # fmt: skip
    fit_seconds = time.perf_counter() - start
    embeddings.save(output)
    if json:
        print_json({
            "source": _image_facts(source, image),
            "embeddings": str(output),
            **_settings(loaded, preset, method.seed),
            "points": embeddings.points.tolist(),
            "seconds": {"load": seconds, "fit": fit_seconds},
        })  # fmt: skip
    else:
        count = f"{len(embeddings)} {'point' if len(embeddings) == 1 else 'points'}"
        summary = f"{count} of {source} fitted in {fit_seconds:.1f} s"
        print(f"{summary}{_model_note(loaded)}: {output}")


@with_option_groups
def locate(
    embeddings: Annotated[
        Path, typer.Argument(metavar="EMBEDDINGS", help="File that `homologue fit` wrote.")
    ],
    targets: Annotated[
        list[Path],
        typer.Argument(metavar="TARGET", help="Images in which to find the counterparts."),
    ],
    model: FittedModelOptions,
    set_: LocateSetOption = None,
    json: Json = False,
) -> None:
    """Locate fitted points in images. An image that cannot be read does not stop the others."""
    from homologue.method.embeddings import PointEmbeddings
    from homologue.presets import Preset

    fitted = PointEmbeddings.load(embeddings)
    preset = reading_preset(Preset(fitted.preset, fitted.fit, fitted.locate), set_, str(embeddings))
    loaded, seconds = timed_model(model.model or fitted.model, model)
    from homologue.api import locate as locate_points
    from homologue.console import print_error, print_json, print_matches, progress_bars

    results: list[dict[str, Any]] = []
    start = time.perf_counter()
    for path in targets:
        if stdout_error():
            break  # no further result can be printed
        try:
            image = read_picture(path)
            with progress_bars() as progress:
                located = locate_points(loaded, image, fitted, preset=preset, progress=progress)
        except HomologueError as error:
            print_error(str(error))
            results.append({"target": {"path": str(path)}, "error": str(error)})
            continue
        matches = _matches(fitted.points, located)
        results.append({"target": _image_facts(path, image), "matches": matches})
        if not json:
            source = fitted.source.path or "source"
            print_matches(f"{source}  ->  {path}{_model_note(loaded)}", matches)
    if json:
        print_json({
            "source": image_json(fitted.source.path, fitted.source.width, fitted.source.height),
            "embeddings": str(embeddings),
            **_settings(loaded, preset, fitted.seed),
            "targets": results,
            "seconds": {"load": seconds, "locate": time.perf_counter() - start},
        })  # fmt: skip
    if any("error" in result for result in results):
        raise typer.Exit(2)


def _image_facts(path: Path, image: "RGBImage") -> dict[str, Any]:
    return image_json(str(path), image.width, image.height)


def _settings(model: "LatentDiffusion", preset: "Preset", seed: int) -> dict[str, Any]:
    dtype = dtype_name(model.dtype)
    return settings_json(model.name, dtype, preset.name, preset.fit.strategy, seed)


def _model_note(model: "LatentDiffusion") -> str:
    return f"  ({model.name}, {dtype_name(model.dtype)})"


def _matches(
    points: "Tensor", found: "Located | Match", names: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Return the JSON of source points (P, 2) and their counterparts."""
    return matches_json(points.tolist(), found.points.tolist(), found.scores.tolist(), names)
