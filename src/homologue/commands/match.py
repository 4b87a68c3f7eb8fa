"""`homologue match`, `fit` and `locate`: find points of one image in others."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer

from homologue.commands.matcher_options import MatcherOptions
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
    from homologue.matchers.base import Prediction
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
class _OneMatcher:
    matcher: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="attention, features, features+latents, fused, hog, identity, latents, random or "
            "vision.",
        ),
    ] = "attention"
    min_score: Annotated[
        float | None,
        typer.Option(metavar="S", help="Leave out counterparts with a score below S."),
    ] = None


# Fields of the last base class come first.
@dataclass(frozen=True)
class OneMatcherOptions(MatcherOptions, _OneMatcher):
    """What finds the counterparts, and how sure it must be."""

    @property
    def is_method(self) -> bool:
        """Whether it is the method itself, with its own scores."""
        return self.matcher == "attention" and self.scores == "peak"

    def check(self, maps: bool) -> None:
        """Raise HomologueError for options that exclude one another.

        Args:
            maps: whether the maps of the layers are wanted.
        """
        if maps and not self.is_method:
            raise HomologueError(
                "--maps works with the matcher attention and its own scores: leave out --matcher "
                "and --scores."
            )
        if self.min_score is not None and not 0 <= self.min_score <= 1:
            raise HomologueError(f"--min-score must be from 0 to 1, not {self.min_score}.")


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
    matcher: OneMatcherOptions,
    output: MatchOutput,
    method: FitOptions,
    model: ModelOptions,
) -> None:
    """Find the counterparts of source points in a target image."""
    given = points.read()
    matcher.check(output.maps is not None)
    preset = matcher.applied(method, [matcher.matcher])
    if output.plot:
        check_output(output.plot, plots=True)
    maps_folder = output.maps and _maps_folder(output.maps, source, target)
    images = read_picture(source), read_picture(target)
    checked = checked_points(given, images[0])

    if not matcher.is_method:
        _match_by(matcher, (source, target), images, given, checked, preset, output, method, model)
        return

    loaded, seconds = timed_model(model.model, model)
    from homologue.api import match as match_points
    from homologue.console import print_json, print_matches, progress_bars

    with progress_bars() as progress:
        found = match_points(
            loaded, *images, checked, preset=preset, seed=method.seed, memory=method.memory,
            heatmaps=output.plot is not None, maps=output.maps is not None, progress=progress,
        )  # fmt: skip
    matches = _matches(checked, found.located, given.names, matcher.min_score)
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
        _plot(output.plot, images, checked, found.located, matches)
    if maps_folder:
        _save_maps(maps_folder, found, checked, facts)


def _match_by(
    options: OneMatcherOptions,
    paths: tuple[Path, Path],
    images: tuple["RGBImage", "RGBImage"],
    given: SourcePoints,
    points: "Tensor",
    preset: "Preset",
    output: MatchOutput,
    method: FitOptions,
    model: ModelOptions,
) -> None:
    """Print and plot what another matcher finds. The model is loaded only if it needs one."""
    from homologue.console import print_json, print_matches
    from homologue.matchers.registry import Ingredients, make_matcher

    start = time.perf_counter()
    matcher = make_matcher(options.matcher, Ingredients(
        partial(model.load, model.model), preset, method.seed, method.memory,
        backbone=model.load_backbone, probability=options.probability(),
    ))  # fmt: skip
    loaded = time.perf_counter()
    find = matcher.fit(images[0], points)
    fitted = time.perf_counter()
    located = _as_located(find(images[1]), images[1])
    seconds = {
        "load": loaded - start, "fit": fitted - loaded, "locate": time.perf_counter() - fitted
    }  # fmt: skip
    matches = _matches(points, located, given.names, options.min_score)
    if output.json:
        ends = zip(("source", "target"), paths, images, strict=True)
        print_json({
            **{name: _image_facts(path, image) for name, path, image in ends},
            "matcher": matcher.name, "scores": options.scores, "settings": dict(matcher.settings),
            "matches": matches, "seconds": seconds,
        })  # fmt: skip
    else:
        print_matches(f"{paths[0]}  ->  {paths[1]}  ({matcher.name})", matches)
    if output.plot:
        _plot(output.plot, images, points, located, matches)


def _as_located(found: "Prediction", target: "RGBImage") -> "Located":
    """Return a prediction as the method would; scores are NaN if the matcher has none.

    The maps become heat maps if there are scores for their captions.
    """
    import torch

    from homologue.heatmaps import spatial_softmax
    from homologue.matchers.nearest import TEMPERATURE, standardised
    from homologue.method.locate import Located

    heatmaps = None
    if found.maps is not None and found.scores is not None:
        heatmaps = spatial_softmax(standardised(found.maps.float()) / TEMPERATURE)
    scores = found.scores
    if scores is None:
        scores = torch.full((len(found.points),), torch.nan, dtype=torch.float64)
    return Located(found.points, scores, heatmaps, target.width, target.height, target.path)


def _plot(
    path: Path,
    images: tuple["RGBImage", "RGBImage"],
    points: "Tensor",
    located: "Located",
    matches: list[dict[str, Any]],
) -> None:
    """Draw the points (P, 2) of the source whose match has a target."""
    from homologue.console import print_note
    from homologue.viz.match import save_match

    rows = [index for index, match in enumerate(matches) if match["target"] is not None]
    if not rows:
        print_note(f"No counterpart has a score that is high enough: {path} is not written.")
        return
    heatmaps = None if located.heatmaps is None else located.heatmaps[rows]
    chosen = replace(
        located, points=located.points[rows], scores=located.scores[rows], heatmaps=heatmaps
    )
    save_match(path, *images, points[rows], chosen)


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
    points: "Tensor",
    found: "Located",
    names: Sequence[str] = (),
    min_score: float | None = None,
) -> list[dict[str, Any]]:
    """Return the JSON of source points (P, 2) and their counterparts.

    Args:
        min_score: the counterparts with a lower score are None.

    Raises:
        HomologueError: `min_score` is given, and the matcher has no scores.
    """
    scores = [score if isfinite(score) else None for score in found.scores.tolist()]
    if min_score is not None and None in scores:
        raise HomologueError(
            "This matcher has no scores for --min-score: add --scores probability or leave it out."
        )
    targets: list[list[float] | None] = found.points.tolist()
    if min_score is not None:
        targets = [
            target if score is not None and score >= min_score else None
            for target, score in zip(targets, scores, strict=True)
        ]
    return matches_json(points.tolist(), targets, scores, names)
