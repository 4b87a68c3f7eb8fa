"""`homologue evaluate`: run matchers on the pairs of a benchmark."""

from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from homologue.commands.interrupts import interruptible
from homologue.commands.matcher_options import MatcherOptions
from homologue.commands.model_options import ModelOptions
from homologue.commands.option_groups import with_option_groups
from homologue.commands.options import FitOptions, Maps, ReportOptions, StoreOptions
from homologue.commands.values import check_output, checked_alphas
from homologue.errors import HomologueError

if TYPE_CHECKING:
    from homologue.commands.pair_maps import MapWriter
    from homologue.evaluation.prediction import Engine
    from homologue.evaluation.selection import Selection
    from homologue.matchers.registry import Ingredients


@dataclass(frozen=True)
class SelectionOptions:
    """Which matchers run on which pairs."""

    panel: ClassVar[str] = "Selection"

    matcher: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="attention, features, features+latents, fused, hog, identity, latents, random or "
            "vision; repeatable (default: attention and identity; with --keep or --maps, "
            "attention).",
        ),
    ] = None
    root: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Folder of the data set or its parent. For the benchmark pairs: the file of "
            "pairs.",
        ),
    ] = None
    split: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="val to choose settings, test to report (default: test)."
        ),
    ] = None
    kind: Annotated[
        list[str] | None,
        typer.Option(
            metavar="plain|posed|cross", help="Kind of emoji pairs; repeatable (default: all)."
        ),
    ] = None
    category: Annotated[
        list[str] | None,
        typer.Option(
            "--category",
            "--subject",
            metavar="NAME",
            help="Category of the pairs; repeatable (default: all).",
        ),
    ] = None
    limit: Annotated[
        int | None,
        typer.Option(metavar="N", help="At most N pairs of each kind, evenly spaced."),
    ] = None
    pair: Annotated[
        int | None,
        typer.Option(metavar="N", help="Only pair N of the selected pairs, counted from 0."),
    ] = None


@dataclass(frozen=True)
class _RunFolder:
    run: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Store predictions in this folder; rerun to resume."),
    ] = None


# Fields of the last base class come first.
@dataclass(frozen=True)
class RunOptions(StoreOptions, _RunFolder):
    """Where a run is stored and on which machines it is done."""

    engine: Annotated[
        str, typer.Option(metavar="local|ray", help="Run on this machine or on a Ray cluster.")
    ] = "local"
    address: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Address of the Ray cluster, or auto (default: start Ray on this machine).",
        ),
    ] = None
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", help="Number of Ray workers (default: as many as fit)."),
    ] = None

    def check(self) -> None:
        """Raise HomologueError if the options contradict each other."""
        if self.retry_failed and not self.run:
            raise HomologueError("--retry-failed needs --run, the run with the failed pairs.")
        if self.engine not in ("local", "ray"):
            raise HomologueError(f"There is no engine {self.engine!r}: choose local or ray.")
        if self.engine == "local" and (self.address or self.workers):
            raise HomologueError("--address and --workers need --engine ray.")
        if self.keep and not self.run:
            raise HomologueError("--keep needs --run, the folder to store the artifacts in.")


@dataclass(frozen=True)
class ResultOptions(ReportOptions):
    """What is printed and written of the results of a run."""

    save: Annotated[
        Path | None,
        typer.Option(metavar="FILE.json", help="Write the predictions of every pair as JSON."),
    ] = None
    maps: Maps = None

    def check(self) -> None:
        """Raise HomologueError for files and folders that cannot be written."""
        if self.save:
            check_output(self.save)
        if self.maps:
            from homologue.viz.map_files import check_maps_folder

            check_maps_folder(self.maps)


@with_option_groups
def evaluate(
    benchmark: Annotated[
        str,
        typer.Argument(
            metavar="BENCHMARK", help="emoji, spair-71k, pf-willow, pf-pascal, cub or pairs."
        ),
    ],
    selected: SelectionOptions,
    matching: MatcherOptions,
    run: RunOptions,
    output: ResultOptions,
    method: FitOptions,
    model: ModelOptions,
) -> None:
    """Measure how accurately matchers find the annotated points of a benchmark."""
    alphas = checked_alphas(output.alpha)
    preset = method.preset_without_prompt()
    artifacts = run.artifacts()
    run.check()
    output.check()

    from homologue.artifacts import MAPS
    from homologue.commands.run_reports import print_notes, show, watch
    from homologue.evaluation.run import Plan, carry_out, run_folders
    from homologue.evaluation.scheduling import Shard
    from homologue.evaluation.selection import PairFilter, select
    from homologue.matchers.registry import Ingredients

    shard = Shard.parse(run.shard)
    names = _matchers(selected, bool(artifacts), output.maps is not None)
    preset = matching.applied(method, names)
    folders = run_folders(run.run, names)
    pairs = PairFilter(selected.kind or [], selected.category or [], selected.limit, selected.pair)
    selection = select(benchmark, selected.root, selected.split, pairs)
    print_notes(selection)
    computed = (*artifacts, MAPS) if output.maps and MAPS not in artifacts else artifacts
    load = partial(model.load, model.model)
    ingredients = Ingredients(
        load,
        preset,
        method.seed,
        method.memory,
        computed,
        backbone=model.load_backbone,
        probability=matching.probability(),
    )
    with ExitStack() as stack:
        engines = _engines(run, names, ingredients, gpus=model.device != "cpu", stack=stack)
        stack.enter_context(interruptible())
        runs = []
        for context, folder in zip(engines, folders, strict=True):
            plan = Plan(folder, method.seed, shard, run.retry_failed, artifacts)
            with context as engine:
                sink = output.maps and _map_writer(output.maps, engine, selection, artifacts)
                runs.append(carry_out(engine, selection, plan, watch(max(alphas), sink or None)))
    show(runs, alphas, method.seed, output.json, output.save)


def _matchers(selected: SelectionOptions, with_artifacts: bool, with_maps: bool) -> list[str]:
    """Return the names of the matchers.

    Raises:
        HomologueError: `--maps` is used without the matcher attention.
    """
    attention_only = with_artifacts or with_maps
    names = selected.matcher or (["attention"] if attention_only else ["attention", "identity"])
    if with_maps and names != ["attention"]:
        raise HomologueError(
            "--maps works with the matcher attention only: use --matcher attention alone."
        )
    return names


def _engines(
    run: RunOptions, names: list[str], ingredients: "Ingredients", *, gpus: bool, stack: ExitStack
) -> "list[AbstractContextManager[Engine]]":
    """Return an engine for each matcher. A Ray cluster is released with `stack`."""
    from homologue.benchmarking import local_engines, ray_engines

    if run.engine == "local":
        return local_engines(names, ingredients)
    from homologue.evaluation.ray_cluster import cluster

    stack.enter_context(cluster(run.address))
    return ray_engines(names, ingredients, run.workers, gpus)


def _map_writer(
    folder: Path, engine: "Engine", selection: "Selection", artifacts: tuple[str, ...]
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
    return MapWriter(folder, selection.pairs, artifacts, facts)
