"""`homologue evaluate`: matchers on a benchmark's pairs."""

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from homologue.artifacts import MAPS, parse_items
from homologue.commands.interrupts import interruptible
from homologue.commands.options import (
    DEFAULT_MODEL_OPTIONS,
    Alpha,
    Json,
    Keep,
    Maps,
    Memory,
    Model,
    ModelOptions,
    OptimiseOption,
    PresetOption,
    Seed,
    SetOption,
    with_model_options,
)
from homologue.commands.values import check_output, checked_alphas, named_preset
from homologue.errors import HomologueError

if TYPE_CHECKING:
    from homologue.commands.pair_maps import MapWriter
    from homologue.evaluation.prediction import Engine
    from homologue.evaluation.selection import Selection


@with_model_options
def evaluate(
    benchmark: Annotated[
        str, typer.Argument(help="emoji, spair-71k, pf-willow, pf-pascal, cub, pairs.")
    ],
    root: Annotated[
        Path | None, typer.Option(help="The data set's folder or its parent; of pairs, the file.")
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep the predictions here; start again to go on."),
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="val to choose settings, test to report; default test.")
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(help="Of pairs, of emoji: plain, posed, cross; repeatable; default all."),
    ] = None,
    category: Annotated[
        list[str] | None,
        typer.Option("--category", "--subject", help="Pairs of this one only; repeatable."),
    ] = None,
    matcher: Annotated[
        list[str] | None,
        typer.Option(
            metavar="attention|features|hog|identity|random",
            help="Repeatable; default attention and identity, with --keep attention alone.",
        ),
    ] = None,
    model: Model = "builtin",
    preset: PresetOption = "default",
    optimise: OptimiseOption = None,
    set_: SetOption = None,
    limit: Annotated[
        int | None, typer.Option(metavar="N", help="At most N pairs a kind, evenly spread.")
    ] = None,
    pair: Annotated[
        int | None, typer.Option(metavar="N", help="Only pair N, from 0, of those selected.")
    ] = None,
    alpha: Alpha = None,
    seed: Seed = 0,
    shard: Annotated[
        str, typer.Option(metavar="I/N", help="Part I of N, from 1; see `homologue merge`.")
    ] = "1/1",
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try the pairs again that failed.")
    ] = False,
    engine: Annotated[
        str, typer.Option(metavar="local|ray", help="Where to run: here, or on a Ray cluster.")
    ] = "local",
    address: Annotated[
        str | None, typer.Option(help="Of the Ray cluster, or auto; else one is started here.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="On the Ray cluster; default all it has.")
    ] = None,
    keep: Keep = None,
    maps: Maps = None,
    loading: ModelOptions = DEFAULT_MODEL_OPTIONS,
    memory: Memory = None,
    json: Json = False,
    save: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Write what was found, pair by pair.")
    ] = None,
) -> None:
    """Measure how often matchers find the annotated points of a benchmark."""
    alphas = checked_alphas(alpha)
    settings = named_preset(preset, optimise, set_)
    if save:
        check_output(save)
    if retry_failed and not run:
        raise HomologueError("--retry-failed needs the --run whose pairs failed.")
    if engine not in ("local", "ray"):
        raise HomologueError(f"There is no engine {engine!r}: choose local or ray.")
    if engine == "local" and (address or workers):
        raise HomologueError("--address and --workers belong to --engine ray; give that too.")
    kept = parse_items(keep or [])
    if kept and not run:
        raise HomologueError("--keep needs a --run to keep it in.")
    if maps:
        from homologue.viz.map_files import check_maps_folder

        check_maps_folder(maps)

    from homologue.benchmarking import local_engines, ray_engines
    from homologue.commands.run_reports import print_notes, show, watch
    from homologue.evaluation.run import Plan, carry_out, run_folders
    from homologue.evaluation.scheduling import Shard
    from homologue.evaluation.selection import PairFilter, select
    from homologue.matchers.registry import Ingredients

    part = Shard.parse(shard)
    names = matcher or (["attention"] if kept or maps else ["attention", "identity"])
    if maps and names != ["attention"]:
        raise HomologueError(
            "--maps writes where the attention of the matcher attention lies: give it with "
            "--matcher attention alone."
        )
    if set_ and "attention" not in names:
        raise HomologueError("--set changes the matcher attention alone: add --matcher attention.")
    folders = run_folders(run, names)
    chosen = PairFilter(kind or [], category or [], limit, pair)
    selection = select(benchmark, root, split, chosen)
    print_notes(selection)
    found = kept if not maps or MAPS in kept else (*kept, MAPS)
    given = Ingredients(partial(loading.load, model), settings, seed, memory, found)
    with ExitStack() as held:
        if engine == "ray":
            from homologue.evaluation.ray_cluster import cluster

            held.enter_context(cluster(address))
            engines = ray_engines(names, given, workers, loading.device != "cpu")
        else:
            engines = local_engines(names, given)
        held.enter_context(interruptible())
        runs = []
        for made, folder in zip(engines, folders, strict=True):
            plan = Plan(folder, seed, part, retry_failed, kept)
            with made as one:
                sink = _map_writer(maps, one, selection, kept) if maps else None
                runs.append(carry_out(one, selection, plan, watch(max(alphas), sink)))
    show(runs, alphas, seed, json, save)


def _map_writer(
    folder: Path, engine: "Engine", selection: "Selection", keep: tuple[str, ...]
) -> "MapWriter":
    # Drawing needs matplotlib, which takes a second to import.
    from homologue.commands.pair_maps import MapWriter

    names = ("model", "dtype", "preset", "optimise", "seed")
    facts = {
        "benchmark": selection.benchmark.name,
        "split": selection.split,
        **{name: engine.settings.get(name) for name in names},
        "strategy": engine.settings.get("optimise"),
    }
    return MapWriter(folder, selection.pairs, keep, facts)
