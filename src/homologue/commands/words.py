"""`homologue words`: where each word of a sentence is in an image, or which words a point is."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from homologue.commands.options import (
    DEFAULT_MODEL_OPTIONS,
    Json,
    ModelOptions,
    Seed,
    with_model_options,
)
from homologue.commands.results import each_result
from homologue.commands.values import check_output, read_picture, timed_model
from homologue.config import WordsConfig
from homologue.errors import HomologueError, dtype_name
from homologue.streams import as_written

if TYPE_CHECKING:
    from homologue.words.nearest import NamedBy


@with_model_options
def words(
    image: Annotated[Path | None, typer.Argument(help="An image.")] = None,
    prompt: Annotated[str | None, typer.Argument(help="What is in it, in quotes.")] = None,
    words: Annotated[
        str | None, typer.Option(metavar="CAT,HAT", help="Only these of the words.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a picture: .png, .jpg, .svg, .pdf.")
    ] = None,
    mask: Annotated[
        Path | None,
        typer.Option(metavar="FILE.png", help="Write which word each pixel belongs to."),
    ] = None,
    by: Annotated[
        str, typer.Option(metavar="threshold|strongest", help="How the mask is made.")
    ] = "threshold",
    threshold: Annotated[
        float, typer.Option(help="Share of a map's height from which on a place belongs to it.")
    ] = 0.5,
    layers: Annotated[bool, typer.Option("--layers", help="Each layer alone, too.")] = False,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Change a setting, such as words.timesteps=50,200; repeatable.",
        ),
    ] = None,
    embeddings: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="In place of an image: name these fitted points."),
    ] = None,
    top: Annotated[int, typer.Option(help="How many words a fitted point gets.")] = 10,
    model: Annotated[
        str | None,
        typer.Option(help="As in match; builtin, or what the points were fitted with."),
    ] = None,
    seed: Seed = 0,
    loading: ModelOptions = DEFAULT_MODEL_OPTIONS,
    json: Json = False,
) -> None:
    """Show where a model sees each word of PROMPT in IMAGE, or what it would call fitted points."""
    chosen = None if words is None else [word.strip() for word in words.split(",")]
    if embeddings is not None:
        if image is not None or plot or mask or layers or set_:
            raise HomologueError(
                "--embeddings names fitted points and takes no image, --plot, --mask, --layers or "
                "--set; leave them out."
            )
        _name_points(embeddings, chosen, top, (model, loading), json)
        return
    if image is None or prompt is None:
        raise HomologueError(
            "Give an image and a sentence in quotes, or fitted points with --embeddings FILE."
        )
    maps_config = _config(threshold, set_ or [])
    settings = by, maps_config, layers, seed
    given = model or "builtin", loading
    _show_words(image, prompt, chosen, (plot, mask), settings, given, json)


def _config(threshold: float, settings: list[str]) -> WordsConfig:
    """The settings of the options and of --set."""
    from homologue.settings import parse_settings, settings_of

    known = settings_of({"words": WordsConfig})
    values = parse_settings(settings, known)
    if "words.threshold" in values:
        raise HomologueError("--set words.threshold and --threshold say the same: use --threshold.")
    fields = {known[name].field: value for name, value in values.items()}
    return WordsConfig(threshold=threshold, **fields)


def _show_words(
    path: Path,
    prompt: str,
    chosen: list[str] | None,
    files: tuple[Path | None, Path | None],
    settings: tuple[str, WordsConfig, bool, int],
    given: tuple[str, ModelOptions],
    json: bool,
) -> None:
    """Maps of words: printed, drawn, cut out."""
    (plot, mask), (by, config, layers, seed) = files, settings
    _check_files(plot, mask, by)
    image = read_picture(path)
    loaded, seconds = timed_model(*given)
    from homologue.console import print_json, progress_bars
    from homologue.words.attend import attend
    from homologue.words.words_json import describe, word_positions

    start = time.perf_counter()
    with progress_bars() as progress:
        maps = attend(
            loaded, image, prompt,
            words=chosen, layers=layers, config=config, seed=seed, progress=progress,
        )  # fmt: skip
    taken = {"load": seconds, "attend": time.perf_counter() - start}
    if json:
        content = describe(
            maps, config,
            model=loaded.name, dtype=dtype_name(loaded.dtype), seed=seed, path=str(path),
        )  # fmt: skip
        print_json({**content, "seconds": taken})
    else:
        _print_places(f"{path}: {prompt}", maps.names, word_positions(maps))
    with each_result() as write:
        if mask:
            from homologue.words.segment import save_mask, segment

            segments = segment(maps, by)
            write(lambda: save_mask(mask, segments))
        if plot:
            from homologue.viz.words import save_words

            write(lambda: save_words(plot, image, maps))


def _check_files(plot: Path | None, mask: Path | None, by: str) -> None:
    """Refuses what cannot be written before anything is computed."""
    if plot:
        check_output(plot, plots=True)
    from homologue.words.segment import check_mask, check_way

    check_way(by)
    if mask:
        check_mask(mask)
        check_output(mask)


def _print_places(title: str, names: list[str], found: list[dict[str, Any]]) -> None:
    print(title)
    shown = [as_written(name) for name in names]
    width = max(map(len, shown))
    for name, word in zip(shown, found, strict=True):
        print(f"  {name:{width}}  {_place(word)}")
        for layer, place in word.get("layers", {}).items():
            print(f"  {'':{width}}    {_place(place)}  {layer}")


def _place(place: dict[str, Any]) -> str:
    (x, y), (u, v), (left, top, right, bottom) = place["peak"], place["centre"], place["box"]
    return (
        f"peak ({x:7.1f}, {y:7.1f})   centre ({u:7.1f}, {v:7.1f})"
        f"   box {left:.1f}, {top:.1f} to {right:.1f}, {bottom:.1f}"
    )


def _name_points(
    file: Path,
    chosen: list[str] | None,
    top: int,
    given: tuple[str | None, ModelOptions],
    json: bool,
) -> None:
    """The words most like each fitted point."""
    from homologue.method.embeddings import PointEmbeddings

    fitted = PointEmbeddings.load(file)
    name, loading = given
    loaded, seconds = timed_model(name or fitted.model, loading)
    from homologue.console import print_json, progress_bars
    from homologue.words.nearest import nearest_words

    start = time.perf_counter()
    with progress_bars() as progress:
        found = nearest_words(loaded, fitted, top=top, words=chosen, progress=progress)
    points = fitted.points.tolist()
    if json:
        print_json({
            "embeddings": str(file),
            "model": loaded.name,
            "dtype": dtype_name(loaded.dtype),
            "points": [
                {"point": point, "words": [_named(word) for word in words]}
                for point, words in zip(points, found, strict=True)
            ],
            "seconds": {"load": seconds, "name": time.perf_counter() - start},
        })  # fmt: skip
        return
    print(f"{fitted.source.path or 'source'}: {file}")
    for number, ((x, y), words) in enumerate(zip(points, found, strict=True), start=1):
        named = ", ".join(f"{one.word} {one.similarity:.2f}" for one in words)
        print(f"{number:4}  ({x:8.1f}, {y:8.1f})  {named}")


def _named(word: "NamedBy") -> dict[str, Any]:
    return {"word": word.word, "similarity": word.similarity}
