"""`homologue evaluate`: matchers on a benchmark's pairs."""

from contextlib import ExitStack
from functools import partial
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from homologue.artifacts import MAPS, parse_items
from homologue.commands.interrupts import interruptible
from homologue.commands.options import (
    Alpha,
    Config,
    Device,
    Dtype,
    Json,
    Keep,
    Maps,
    Memory,
    Model,
    Offline,
    OptimiseOption,
    PresetOption,
    Revision,
    Seed,
    SetOption,
    Vae,
    Variant,
)
from homologue.commands.values import check_output, checked_alphas, load_model, named_preset
from homologue.errors import HomologueError

if TYPE_CHECKING:
    from homologue.commands.running import Selection
    from homologue.evaluation.runs import Run


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
    device: Device = None,
    dtype: Dtype = None,
    variant: Variant = None,
    revision: Revision = None,
    vae: Vae = None,
    config: Config = None,
    offline: Offline = False,
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

    from homologue.commands import running
    from homologue.evaluation.work import Shard
    from homologue.matchers.registry import Ingredients

    part = running.Part(Shard.parse(shard), retry_failed, kept, maps=maps)
    names = matcher or (["attention"] if kept or maps else ["attention", "identity"])
    if maps and names != ["attention"]:
        raise HomologueError(
            "--maps writes where the attention of the matcher attention lies: give it with "
            "--matcher attention alone."
        )
    if set_ and "attention" not in names:
        raise HomologueError("--set changes the matcher attention alone: add --matcher attention.")
    folders = running.run_folders(run, names)
    selection = select(benchmark, root, split, kind or [], category or [], limit, pair)
    loader = partial(load_model, model, device, dtype, variant, revision, vae, offline, config)
    found = kept if not maps or MAPS in kept else (*kept, MAPS)
    given = Ingredients(loader, settings, seed, memory, found)
    with ExitStack() as held:
        if engine == "ray":
            from homologue.evaluation.distributed import cluster

            held.enter_context(cluster(address))
            engines = running.ray_engines(names, given, workers, device != "cpu")
        else:
            engines = running.local_engines(names, given)
        held.enter_context(interruptible())
        runs = []
        for made, folder in zip(engines, folders, strict=True):
            with made as one:
                runs.append(running.carry_out(one, selection, part, seed, folder, max(alphas)))
    show(runs, alphas, seed, json, save)


def select(
    name: str,
    root: Path | None,
    split: str | None,
    kinds: list[str],
    categories: list[str],
    limit: int | None,
    index: int | None = None,
) -> "Selection":
    """Pairs of a benchmark; what there is to know of them goes to stderr."""
    from homologue.commands.running import Selection
    from homologue.console import print_note
    from homologue.datasets.base import default_split, get_benchmark, select_pairs

    made = get_benchmark(name, root)
    chosen = split or default_split(made)
    pairs = select_pairs(made, chosen, kinds=kinds, categories=categories, limit=limit, index=index)
    for note in made.notes(chosen):
        print_note(note)
    return Selection(made, root, chosen, kinds, categories, limit, pairs, index)


def show(runs: "list[Run]", alphas: list[float], seed: int, json: bool, save: Path | None) -> None:
    """Results on stdout, and what each run found in a file."""
    from homologue.console import print_error, print_json, print_table
    from homologue.evaluation.reporting.report import predictions_of, summary, table

    if json:
        first, *others = [summary(run, alphas, seed) for run in runs]
        print_json({**first, "others": others})
    else:
        print_table(table(runs, alphas, seed))
    failed = [record for run in runs for record in run.failed]
    if failed:
        print_error(f"{len(failed)} pairs failed; the first: {failed[0].error}")
    if save:
        from homologue.files import write_atomically

        content = {"runs": [predictions_of(run) for run in runs]}
        write_atomically(save, lambda file: file.write(dumps(content, allow_nan=False).encode()))
    if failed:
        raise typer.Exit(2)
