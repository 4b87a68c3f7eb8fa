"""The command line: parsing only."""

import signal
import time
from functools import cache
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from homologue import __version__
from homologue.errors import HomologueError

# torch and diffusers take seconds to import: only the commands that need them do it.
if TYPE_CHECKING:
    from homologue.diffusion.model import LatentDiffusion
    from homologue.images import RGBImage
    from homologue.localize.locate import Located
    from homologue.presets import Preset


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"homologue {__version__}")
        raise typer.Exit


app = typer.Typer(
    help="Find the same part of a thing in another picture.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Version.")
    ] = False,
) -> None:
    pass


Source = Annotated[Path, typer.Argument(help="Image with the given points.")]
Target = Annotated[Path, typer.Argument(help="Image in which their counterparts are sought.")]
PointOption = Annotated[
    list[str] | None,
    typer.Option("--point", "-p", metavar="X,Y", help="A point of the source; repeatable."),
]
PointsOption = Annotated[
    Path | None, typer.Option("--points", metavar="FILE", help="Points as .json or .csv.")
]
Model = Annotated[
    str, typer.Option(help="builtin, a hub id, a diffusers folder or a .safetensors checkpoint.")
]
PresetOption = Annotated[str, typer.Option(help="Settings: default or paper.")]
OptimiseOption = Annotated[
    str | None, typer.Option(metavar="exact|joint|cached", help="In place of the preset's.")
]
Seed = Annotated[int, typer.Option(help="Same seed, same result.")]
Device = Annotated[str | None, typer.Option(help="cuda, mps or cpu; the best there is by default.")]
Dtype = Annotated[str | None, typer.Option(help="float32, float16 or bfloat16.")]
Variant = Annotated[str | None, typer.Option(help="Variant of the weights, such as fp16.")]
Revision = Annotated[str | None, typer.Option(help="Branch, tag or commit of a hub repository.")]
Vae = Annotated[str | None, typer.Option(help="Another VAE, for instance a tiny one.")]
Offline = Annotated[bool, typer.Option("--offline", help="Never ask the network for a model.")]
Memory = Annotated[
    float | None, typer.Option(metavar="GIB", help="To use at once; half of what is free else.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


@app.command()
def match(
    source: Source,
    target: Target,
    point: PointOption = None,
    points: PointsOption = None,
    model: Model = "builtin",
    preset: PresetOption = "default",
    optimise: OptimiseOption = None,
    seed: Seed = 0,
    device: Device = None,
    dtype: Dtype = None,
    variant: Variant = None,
    revision: Revision = None,
    vae: Vae = None,
    offline: Offline = False,
    memory: Memory = None,
    json: Json = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a picture: .png, .jpg, .svg, .pdf.")
    ] = None,
) -> None:
    """Find the counterparts of points of SOURCE in TARGET."""
    given = _points(point, points)
    settings = _preset(preset, optimise)
    if plot:
        _check_output(plot, plots=True)
    images = [_image(source), _image(target)]
    checked = _checked(given, images[0])

    loaded, seconds = _load(model, device, dtype, variant, revision, vae, offline)
    from homologue.console import print_json, print_matches, progress_bars
    from homologue.matchers.attention import match as find

    with progress_bars() as progress:
        found = find(
            loaded, images[0], images[1], checked, preset=settings, seed=seed,
            memory=memory, heatmaps=plot is not None, progress=progress,
        )  # fmt: skip
    matches = _matches(checked.tolist(), found.located)
    if json:
        print_json({
            "source": _facts(source, images[0]),
            "target": _facts(target, images[1]),
            **_settings(loaded.name, settings, seed),
            "matches": matches,
            "seconds": {"load": seconds, **found.seconds},
        })  # fmt: skip
    else:
        print_matches(f"{source}  ->  {target}", matches)
    if plot:
        from homologue.plots import save_match

        save_match(plot, images[0], images[1], checked, found.located)


@app.command()
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
    seed: Seed = 0,
    device: Device = None,
    dtype: Dtype = None,
    variant: Variant = None,
    revision: Revision = None,
    vae: Vae = None,
    offline: Offline = False,
    memory: Memory = None,
    json: Json = False,
) -> None:
    """Fit embeddings to points of SOURCE, to be located in any number of images."""
    given = _points(point, points)
    settings = _preset(preset, optimise)
    _check_output(output)
    image = _image(source)
    checked = _checked(given, image)

    loaded, seconds = _load(model, device, dtype, variant, revision, vae, offline)
    from homologue.console import print_json, progress_bars
    from homologue.matchers.attention import fit as fit_points

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
            **_settings(loaded.name, settings, seed),
            "points": embeddings.points.tolist(),
            "seconds": {"load": seconds, "fit": fitted},
        })  # fmt: skip
    else:
        print(f"{len(embeddings)} points of {source} fitted in {fitted:.1f} s: {output}")


@app.command()
def locate(
    embeddings: Annotated[Path, typer.Argument(help="What `homologue fit` wrote.")],
    targets: Annotated[list[Path], typer.Argument(metavar="TARGET...", help="Images.")],
    model: Annotated[
        str | None, typer.Option(help="By default the model that the points were fitted with.")
    ] = None,
    device: Device = None,
    dtype: Dtype = None,
    variant: Variant = None,
    revision: Revision = None,
    vae: Vae = None,
    offline: Offline = False,
    json: Json = False,
) -> None:
    """Locate fitted points in images. One that cannot be read does not stop the others."""
    from homologue.embedding.point_embeddings import PointEmbeddings

    fitted = PointEmbeddings.load(embeddings)

    loaded, seconds = _load(model or fitted.model, device, dtype, variant, revision, vae, offline)
    from homologue.console import print_error, print_json, print_matches, progress_bars
    from homologue.matchers.attention import locate as locate_points

    results: list[dict[str, Any]] = []
    start = time.perf_counter()
    for path in targets:
        try:
            image = _image(path)
            with progress_bars() as progress:
                located = locate_points(loaded, image, fitted, progress=progress)
        except HomologueError as error:
            print_error(str(error))
            results.append({"target": {"path": str(path)}, "error": str(error)})
            continue
        matches = _matches(fitted.points.tolist(), located)
        results.append({"target": _facts(path, image), "matches": matches})
        if not json:
            print_matches(f"{fitted.source.path or 'source'}  ->  {path}", matches)
    if json:
        print_json({
            "source": {
                "path": fitted.source.path,
                "width": fitted.source.width,
                "height": fitted.source.height,
            },
            "embeddings": str(embeddings),
            "model": loaded.name,
            "preset": fitted.preset,
            "optimise": fitted.fit.optimise,
            "seed": fitted.seed,
            "targets": results,
            "seconds": {"load": seconds, "locate": time.perf_counter() - start},
        })  # fmt: skip
    if any("error" in result for result in results):
        raise typer.Exit(2)


@app.command()
def evaluate(
    benchmark: Annotated[str, typer.Argument(help="emoji, which comes with the package.")],
    split: Annotated[str, typer.Option(help="val to choose settings, test to report.")] = "test",
    kind: Annotated[
        list[str] | None, typer.Option(help="plain, posed, cross; repeatable; default all.")
    ] = None,
    subject: Annotated[
        list[str] | None, typer.Option(help="Pairs from this subject only; repeatable.")
    ] = None,
    matcher: Annotated[
        list[str] | None,
        typer.Option(
            metavar="attention|features|hog|identity|random",
            help="Repeatable; default attention and identity.",
        ),
    ] = None,
    model: Model = "builtin",
    preset: PresetOption = "default",
    optimise: OptimiseOption = None,
    limit: Annotated[
        int | None, typer.Option(metavar="N", help="At most N pairs a kind, evenly spread.")
    ] = None,
    alpha: Annotated[
        list[float] | None, typer.Option(help="Of PCK; repeatable; default 0.05 and 0.1.")
    ] = None,
    seed: Seed = 0,
    device: Device = None,
    dtype: Dtype = None,
    variant: Variant = None,
    revision: Revision = None,
    vae: Vae = None,
    offline: Offline = False,
    memory: Memory = None,
    json: Json = False,
    save: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Write what was found, pair by pair.")
    ] = None,
) -> None:
    """Measure how often matchers find the annotated points of a benchmark."""
    from homologue.datasets.base import get_benchmark, select_pairs

    alphas = _alphas(alpha)
    settings = _preset(preset, optimise)
    if save:
        _check_output(save)
    made = get_benchmark(benchmark)
    pairs = select_pairs(made, split, kinds=kind or (), categories=subject or (), limit=limit)

    from homologue.console import pair_counter, print_error, print_json, print_table
    from homologue.evaluation.report import Run, predictions_of, summary, table
    from homologue.evaluation.runner import evaluate as run_pairs
    from homologue.matchers.named import Ingredients, make_matcher

    loader = cache(lambda: _load(model, device, dtype, variant, revision, vae, offline)[0])
    given = Ingredients(loader, settings, seed, memory)
    matchers = [make_matcher(name, given) for name in matcher or ("attention", "identity")]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    runs = []
    for one in matchers:
        start = time.perf_counter()
        with pair_counter(one.name, len(pairs), max(alphas)) as count:
            predictions = run_pairs(one, pairs, lambda p: count(*p.count(max(alphas))))
        seconds = time.perf_counter() - start
        runs.append(Run(made.name, split, one.name, one.settings, predictions, seconds))

    if json:
        first, *others = [summary(run, alphas, seed) for run in runs]
        print_json({**first, "others": others})
    else:
        print_table(table(runs, alphas))
    if save:
        from homologue.files import write_atomically

        content = {"runs": [predictions_of(run) for run in runs]}
        write_atomically(save, lambda file: file.write(dumps(content).encode()))
    failed = [prediction for run in runs for prediction in run.failed]
    if failed:
        print_error(f"{len(failed)} pairs failed; the first: {failed[0].error}")
        raise typer.Exit(2)


@app.command()
def info(
    model: Model = "builtin",
    device: Device = None,
    dtype: Dtype = None,
    variant: Variant = None,
    revision: Revision = None,
    vae: Vae = None,
    offline: Offline = False,
    json: Json = False,
) -> None:
    """Show the model, the device, versions, and the models in the cache."""
    loaded, seconds = _load(model, device, dtype, variant, revision, vae, offline)
    from homologue.console import print_json
    from homologue.information import environment, model_facts

    facts = {"model": {**model_facts(loaded), "load_seconds": round(seconds, 2)}, **environment()}
    if json:
        print_json(facts)
        return
    for part, values in facts.items():
        print(part)
        for name, value in values.items():
            print(f"  {name:18} {value}")


def _points(texts: list[str] | None, path: Path | None) -> Any:
    """Points of the options, (P, 2): those of the file, then those given one by one."""
    from homologue.points import parse_point, read_points

    listed = read_points(path).tolist() if path else []
    return listed + [parse_point(text) for text in texts or []]


def _checked(points: Any, image: "RGBImage") -> Any:
    from homologue.points import check_points

    if not points:
        raise HomologueError("No points: give --point X,Y (repeatable) or --points FILE.")
    return check_points(points, image.width, image.height)


def _alphas(given: list[float] | None) -> list[float]:
    alphas = sorted(set(given or (0.05, 0.1)))
    for alpha in alphas:
        if not 0 < alpha < float("inf"):
            raise HomologueError(f"alpha must be a number above 0, not {alpha}.")
    return alphas


def _preset(name: str, optimise: str | None) -> "Preset":
    from homologue.presets import get_preset

    return get_preset(name, optimise)  # type: ignore[arg-type]  # checked by FitConfig


def _image(path: Path) -> "RGBImage":
    from homologue.images import LEAST_SIDE, read_image

    return read_image(path, least_side=LEAST_SIDE)


def _check_output(path: Path, plots: bool = False) -> None:
    """Refuses what cannot be written before anything is computed."""
    from homologue.files import check_writable

    check_writable(path)
    if plots:
        from homologue.plots import check_suffix

        check_suffix(path)


def _load(
    name: str,
    device: str | None,
    dtype: str | None,
    variant: str | None,
    revision: str | None,
    vae: str | None,
    offline: bool,
) -> tuple["LatentDiffusion", float]:
    """The model, and the seconds that loading took, imports included."""
    start = time.perf_counter()
    from homologue.diffusion.load import load

    model = load(
        name, device=device, dtype=dtype, variant=variant, revision=revision, vae=vae,
        local_files_only=offline,
    )  # fmt: skip
    # From here on an interrupt unwinds, so that no half-written file stays behind.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    return model, time.perf_counter() - start


def _facts(path: Path, image: "RGBImage") -> dict[str, Any]:
    return {"path": str(path), "width": image.width, "height": image.height}


def _settings(model: str, preset: "Preset", seed: int) -> dict[str, Any]:
    return {
        "model": model,
        "preset": preset.name,
        "optimise": preset.fit.optimise,
        "seed": seed,
    }


def _matches(points: list[list[float]], located: "Located") -> list[dict[str, Any]]:
    pairs = zip(points, located.points.tolist(), located.scores.tolist(), strict=True)
    return [{"source": s, "target": t, "score": score} for s, t, score in pairs]
