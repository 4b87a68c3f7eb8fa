"""`homologue match`, `fit` and `locate`: points of one image found in others."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from homologue.commands.options import (
    DEFAULT_MODEL_OPTIONS,
    Json,
    LocateSetOption,
    Maps,
    Memory,
    Model,
    ModelOptions,
    OptimiseOption,
    PointOption,
    PointsOption,
    PresetOption,
    Seed,
    SetOption,
    Source,
    Target,
    with_model_options,
)
from homologue.commands.values import (
    check_output,
    checked_points,
    given_points,
    named_preset,
    read_picture,
    reading_preset,
    timed_model,
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


@with_model_options
def match(
    source: Source,
    target: Target,
    point: PointOption = None,
    points: PointsOption = None,
    model: Model = "builtin",
    preset: PresetOption = "default",
    optimise: OptimiseOption = None,
    set_: SetOption = None,
    seed: Seed = 0,
    loading: ModelOptions = DEFAULT_MODEL_OPTIONS,
    memory: Memory = None,
    json: Json = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a picture: .png, .jpg, .svg, .pdf.")
    ] = None,
    maps: Maps = None,
) -> None:
    """Find the counterparts of points of SOURCE in TARGET."""
    given = given_points(point, points)
    settings = named_preset(preset, optimise, set_)
    if plot:
        check_output(plot, plots=True)
    pair = maps and _maps_folder(maps, source, target)
    images = [read_picture(source), read_picture(target)]
    checked = checked_points(given, images[0])

    loaded, seconds = timed_model(model, loading)
    from homologue.api import match as find
    from homologue.console import print_json, print_matches, progress_bars

    with progress_bars() as progress:
        found = find(
            loaded, images[0], images[1], checked, preset=settings, seed=seed,
            memory=memory, heatmaps=plot is not None, maps=maps is not None, progress=progress,
        )  # fmt: skip
    matches = _matches(checked, found, given.names)
    if json:
        print_json({
            "source": _facts(source, images[0]),
            "target": _facts(target, images[1]),
            **_settings(loaded, settings, seed),
            "matches": matches,
            "seconds": {"load": seconds, **found.seconds},
        })  # fmt: skip
    else:
        print_matches(f"{source}  ->  {target}{_with(loaded)}", matches)
    if plot:
        from homologue.api import plot_match

        plot_match(found, plot)
    if pair:
        from homologue.viz.map_files import ImageMaps, save_maps

        assert found.source_maps is not None
        assert found.maps is not None
        save_maps(
            pair,
            ImageMaps.of(images[0], checked, found.source_maps),
            ImageMaps.of(images[1], found.points, found.maps),
            {
                "source": _facts(source, images[0]),
                "target": _facts(target, images[1]),
                **_settings(loaded, settings, seed),
            },
        )


def _maps_folder(folder: Path, source: Path, target: Path) -> Path:
    """Where the maps of the pair go, refused before anything is computed."""
    from homologue.viz.map_files import pair_folder, read_facts, safe_name

    place = pair_folder(folder, f"{safe_name(source.stem)}-{safe_name(target.stem)}")
    former = [read_facts(place).get(end, {}).get("path") for end in ("source", "target")]
    if place.exists() and former != [str(source), str(target)]:
        raise HomologueError(
            f"{place} holds the maps of {former[0]} and {former[1]}: give another folder for those "
            f"of {source} and {target}."
        )
    return place


@with_model_options
def fit(
    source: Source,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Where the embeddings go.")
    ],
    point: PointOption = None,
    points: PointsOption = None,
    model: Model = "builtin",
    preset: PresetOption = "default",
    optimise: OptimiseOption = None,
    set_: SetOption = None,
    seed: Seed = 0,
    loading: ModelOptions = DEFAULT_MODEL_OPTIONS,
    memory: Memory = None,
    json: Json = False,
) -> None:
    """Fit embeddings to points of SOURCE, to be located in any number of images."""
    given = given_points(point, points)
    settings = named_preset(preset, optimise, set_)
    check_output(output)
    image = read_picture(source)
    checked = checked_points(given, image)

    loaded, seconds = timed_model(model, loading)
    from homologue.api import fit as fit_points
    from homologue.console import print_json, progress_bars

    start = time.perf_counter()
    with progress_bars() as progress:
        embeddings = fit_points(
            loaded, image, checked, preset=settings, seed=seed, memory=memory, progress=progress
        )
    fitted = time.perf_counter() - start
    embeddings.save(output)
    if json:
        print_json({
            "source": _facts(source, image),
            "embeddings": str(output),
            **_settings(loaded, settings, seed),
            "points": embeddings.points.tolist(),
            "seconds": {"load": seconds, "fit": fitted},
        })  # fmt: skip
    else:
        took = f"{len(embeddings)} points of {source} fitted in {fitted:.1f} s"
        print(f"{took}{_with(loaded)}: {output}")


@with_model_options
def locate(
    embeddings: Annotated[Path, typer.Argument(help="What `homologue fit` wrote.")],
    targets: Annotated[list[Path], typer.Argument(metavar="TARGET...", help="Images.")],
    model: Annotated[
        str | None, typer.Option(help="By default the model that the points were fitted with.")
    ] = None,
    set_: LocateSetOption = None,
    loading: ModelOptions = DEFAULT_MODEL_OPTIONS,
    json: Json = False,
) -> None:
    """Locate fitted points in images. One that cannot be read does not stop the others."""
    from homologue.method.embeddings import PointEmbeddings
    from homologue.presets import Preset

    fitted = PointEmbeddings.load(embeddings)
    own = Preset(fitted.preset, fitted.fit, fitted.locate)
    preset = reading_preset(own, set_, str(embeddings))

    loaded, seconds = timed_model(model or fitted.model, loading)
    from homologue.api import locate as locate_points
    from homologue.console import print_error, print_json, print_matches, progress_bars

    results: list[dict[str, Any]] = []
    start = time.perf_counter()
    for path in targets:
        if stdout_error():
            break  # nothing that follows could be printed
        try:
            image = read_picture(path)
            with progress_bars() as progress:
                located = locate_points(loaded, image, fitted, preset=preset, progress=progress)
        except HomologueError as error:
            print_error(str(error))
            results.append({"target": {"path": str(path)}, "error": str(error)})
            continue
        matches = _matches(fitted.points, located)
        results.append({"target": _facts(path, image), "matches": matches})
        if not json:
            print_matches(f"{fitted.source.path or 'source'}  ->  {path}{_with(loaded)}", matches)
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


def _facts(path: Path, image: "RGBImage") -> dict[str, Any]:
    return image_json(str(path), image.width, image.height)


def _settings(model: "LatentDiffusion", preset: "Preset", seed: int) -> dict[str, Any]:
    dtype = dtype_name(model.dtype)
    return settings_json(model.name, dtype, preset.name, preset.fit.strategy, seed)


def _with(model: "LatentDiffusion") -> str:
    """The model and its precision, for a person."""
    return f"  ({model.name}, {dtype_name(model.dtype)})"


def _matches(
    points: "Tensor", found: "Located | Match", names: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """JSON of the points (P, 2) of the source and their counterparts."""
    return matches_json(points.tolist(), found.points.tolist(), found.scores.tolist(), names)
