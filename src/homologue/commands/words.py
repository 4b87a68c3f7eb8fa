"""`homologue words`: heat maps of the words of a prompt, and nearest words of fitted points."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer

from homologue.commands.model_options import LoadOptions, timed_model
from homologue.commands.option_groups import with_option_groups
from homologue.commands.options import FLAG, Json, Plot, Seed
from homologue.commands.results import each_result
from homologue.commands.values import check_output, read_picture
from homologue.config import WordsConfig
from homologue.errors import HomologueError, dtype_name
from homologue.streams import as_written

if TYPE_CHECKING:
    from homologue.words.nearest import NamedBy


@dataclass(frozen=True)
class HeatMapOptions:
    """How heat maps of words are computed and written."""

    panel: ClassVar[str] = "Heat maps"

    plot: Plot = None
    mask: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.png", help="Write a mask with the word that each pixel belongs to."
        ),
    ] = None
    by: Annotated[
        str,
        typer.Option(
            metavar="threshold|strongest",
            help="Pixels of the mask: those of the words' regions, or all pixels, each with its "
            "strongest word.",
        ),
    ] = "threshold"
    threshold: Annotated[
        float,
        typer.Option(
            metavar="F",
            help="Threshold of a word's region, as a fraction of its map's maximum.",
        ),
    ] = 0.5
    layers: Annotated[
        bool, typer.Option("--layers", metavar=FLAG, help="Also show the map of each layer.")
    ] = False
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Override a setting, for example words.timesteps=50,200; repeatable.",
        ),
    ] = None
    seed: Seed = 0

    def config(self) -> WordsConfig:
        """Return the settings.

        Raises:
            HomologueError: a setting is invalid, or `--set` changes the threshold.
        """
        from homologue.settings import parse_settings, settings_of

        known = settings_of({"words": WordsConfig})
        values = parse_settings(self.set_ or [], known)
        if "words.threshold" in values:
            raise HomologueError(
                "--set words.threshold is the option --threshold: use --threshold."
            )
        changed = {known[name].field: value for name, value in values.items()}
        return WordsConfig(threshold=self.threshold, **changed)

    def check_files(self) -> None:
        """Raise HomologueError for files that cannot be written, and for an unknown mask."""
        if self.plot:
            check_output(self.plot, plots=True)
        from homologue.words.segment import check_mask, check_way

        check_way(self.by)
        if self.mask:
            check_mask(self.mask)
            check_output(self.mask)


@dataclass(frozen=True)
class WordOptions:
    """Which words are shown: words of the prompt, or the nearest words of fitted points."""

    panel: ClassVar[str] = "Words"

    words: Annotated[
        str | None,
        typer.Option(metavar="CAT,HAT", help="Use only these words (default: all)."),
    ] = None

    embeddings: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Find the nearest words of these embeddings; takes no IMAGE."
        ),
    ] = None
    top: Annotated[int, typer.Option(metavar="N", help="Number of words for each point.")] = 10


@dataclass(frozen=True)
class _WordsModel:
    model: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="Model (default: builtin; with --embeddings, the model of the embeddings).",
        ),
    ] = None


# Fields of the last base class come first.
@dataclass(frozen=True)
class WordsModelOptions(LoadOptions, _WordsModel):
    """A model and how it is loaded."""


@with_option_groups
def words(
    image: Annotated[
        Path | None, typer.Argument(metavar="IMAGE", help="Image that the prompt describes.")
    ] = None,
    prompt: Annotated[
        str | None, typer.Argument(metavar="PROMPT", help="Description of the image, in quotes.")
    ] = None,
    *,
    words: WordOptions,
    heat_maps: HeatMapOptions,
    model: WordsModelOptions,
    json: Json = False,
) -> None:
    """Show the heat map of each word of a prompt, or the nearest words of fitted points."""
    chosen = None if words.words is None else [word.strip() for word in words.words.split(",")]
    if words.embeddings is not None:
        if image is not None or any(
            (heat_maps.plot, heat_maps.mask, heat_maps.layers, heat_maps.set_)
        ):
            raise HomologueError(
                "--embeddings cannot be combined with an image, --plot, --mask, --layers or --set; "
                "leave them out."
            )
        _show_nearest(words.embeddings, chosen, words.top, model, json)
        return
    if image is None or prompt is None:
        raise HomologueError(
            "Give an image and a prompt in quotes, or fitted points with --embeddings FILE."
        )
    _show_heat_maps(image, prompt, chosen, heat_maps, model, json)


def _show_heat_maps(
    path: Path,
    prompt: str,
    chosen: list[str] | None,
    options: HeatMapOptions,
    model: WordsModelOptions,
    json: bool,
) -> None:
    config, seed = options.config(), options.seed
    options.check_files()
    image = read_picture(path)
    loaded, seconds = timed_model(model.model or "builtin", model)
    from homologue.console import print_json, progress_bars
    from homologue.words.attend import attend
    from homologue.words.words_json import describe, word_positions

    start = time.perf_counter()
    with progress_bars() as progress:
        maps = attend(
            loaded, image, prompt,
            words=chosen, layers=options.layers, config=config, seed=seed, progress=progress,
        )  # fmt: skip
    taken = {"load": seconds, "attend": time.perf_counter() - start}
    if json:
        content = describe(
            maps, config,
            model=loaded.name, dtype=dtype_name(loaded.dtype), seed=seed, path=str(path),
        )  # fmt: skip
        print_json({**content, "seconds": taken})
    else:
        _print_regions(f"{path}: {prompt}", maps.names, word_positions(maps))
    mask, plot = options.mask, options.plot
    with each_result() as write:
        if mask:
            from homologue.words.segment import save_mask, segment

            segments = segment(maps, options.by)
            write(lambda: save_mask(mask, segments))
        if plot:
            from homologue.viz.words import save_words

            write(lambda: save_words(plot, image, maps))


def _print_regions(title: str, names: list[str], regions: list[dict[str, Any]]) -> None:
    """Print peak, centre and box of each word, in pixels of the image."""
    print(title)
    shown = [as_written(name) for name in names]
    width = max(map(len, shown))
    for name, region in zip(shown, regions, strict=True):
        print(f"  {name:{width}}  {_region_text(region)}")
        for layer, layer_region in region.get("layers", {}).items():
            print(f"  {'':{width}}    {_region_text(layer_region)}  {layer}")


def _region_text(region: dict[str, Any]) -> str:
    (x, y), (u, v) = region["peak"], region["centre"]
    left, top, right, bottom = region["box"]
    return (
        f"peak ({x:7.1f}, {y:7.1f})   centre ({u:7.1f}, {v:7.1f})"
        f"   box {left:.1f}, {top:.1f} to {right:.1f}, {bottom:.1f}"
    )


def _show_nearest(
    file: Path, chosen: list[str] | None, top: int, model: WordsModelOptions, json: bool
) -> None:
    from homologue.method.embeddings import PointEmbeddings

    fitted = PointEmbeddings.load(file)
    loaded, seconds = timed_model(model.model or fitted.model, model)
    from homologue.console import print_json, progress_bars
    from homologue.words.nearest import nearest_words

    start = time.perf_counter()
    with progress_bars() as progress:
        nearest = nearest_words(loaded, fitted, top=top, words=chosen, progress=progress)
    points = fitted.points.tolist()
    if json:
        print_json({
            "embeddings": str(file),
            "model": loaded.name,
            "dtype": dtype_name(loaded.dtype),
            "points": [
                {"point": point, "words": [_word_json(word) for word in words]}
                for point, words in zip(points, nearest, strict=True)
            ],
            "seconds": {"load": seconds, "name": time.perf_counter() - start},
        })  # fmt: skip
        return
    print(f"{fitted.source.path or 'source'}: {file}")
    for number, ((x, y), words) in enumerate(zip(points, nearest, strict=True), start=1):
        named = ", ".join(f"{word.word} {word.similarity:.2f}" for word in words)
        print(f"{number:4}  ({x:8.1f}, {y:8.1f})  {named}")


def _word_json(word: "NamedBy") -> dict[str, Any]:
    return {"word": word.word, "similarity": word.similarity}
