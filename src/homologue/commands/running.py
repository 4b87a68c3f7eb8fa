"""Runs of a benchmark: a matcher on what is left of its pairs, kept in a folder or in memory."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from homologue.commands.interrupts import exit_code
from homologue.console import pair_counter, print_error, print_note
from homologue.datasets.base import Benchmark, Pair
from homologue.errors import HomologueError
from homologue.evaluation.configuration import configuration
from homologue.evaluation.runner import Engine, Keeper, Local, Memory
from homologue.evaluation.runs import Run
from homologue.evaluation.storage.sizes import expected_sizes
from homologue.evaluation.storage.store import FILE, Store
from homologue.evaluation.work import Shard, outstanding
from homologue.matchers.registry import Ingredients, make_matcher

if TYPE_CHECKING:
    from homologue.commands.pair_maps import MapWriter


@dataclass(frozen=True)
class Selection:
    """Pairs of a benchmark, and how they were chosen."""

    benchmark: Benchmark
    root: Path | None
    split: str
    kinds: Sequence[str]
    categories: Sequence[str]
    limit: int | None
    pairs: Sequence[Pair]
    index: int | None = None

    def configuration(self, engine: Engine, seed: int) -> dict[str, object]:
        return configuration(
            benchmark=self.benchmark.name,
            split=self.split,
            kinds=self.kinds,
            categories=self.categories,
            limit=self.limit,
            index=self.index,
            pairs=self.pairs,
            matcher=engine.name,
            settings=engine.settings,
            seed=seed,
        )


@dataclass(frozen=True)
class Part:
    """What of a run is to be done now.

    Attributes:
        keep: what else to keep of a pair, see `homologue.artifacts`.
        leave: names of pairs that are left for later.
        maps: folder for the heat maps of the pairs as files; None to write none.
    """

    shard: Shard
    retry_failed: bool
    keep: tuple[str, ...] = ()
    leave: frozenset[str] = frozenset()
    maps: Path | None = None


def carry_out(
    engine: Engine, selection: Selection, part: Part, seed: int, folder: Path | None, alpha: float
) -> Run:
    """All that is not done yet; the run has what was done before too.

    Args:
        folder: where the run is kept; None to keep nothing.
        alpha: of the PCK that is shown on the way.
    """
    asked = selection.configuration(engine, seed)
    planned = len(selection.pairs)
    with ExitStack() as held:
        keeper: Keeper = Memory()
        if folder:
            root = None if selection.root is None else str(selection.root.absolute())
            keeper = store = held.enter_context(Store.open(folder, asked, root, planned, part.keep))
            store.update_thresholds(selection.pairs)
        done = keeper.done(failed_too=not part.retry_failed)
        work = outstanding(selection.pairs, part.shard, done | part.leave)
        kept = {item: size for item, size in engine.keeps.items() if item in part.keep}
        for line in expected_sizes(kept, work):
            print_note(line)
        before = [record for record in keeper.records() if record.pair in done]
        writer = _map_writer(engine, selection, part)
        if writer and isinstance(keeper, Store):
            writer.write_done(keeper, before)
        count = held.enter_context(pair_counter(engine.name, len(work), alpha, before))
        with _farewell(folder, keeper, planned):
            for record in engine.predict(work):
                keeper.add(writer.kept(record) if writer else record)
                count(record)
                if writer:
                    writer.write(record)
        records = keeper.records()
    seconds = sum(record.seconds for record in records)
    return Run(engine.name, asked, records, seconds, planned)


def _map_writer(engine: Engine, selection: Selection, part: Part) -> "MapWriter | None":
    if part.maps is None:
        return None
    # Drawing has use for matplotlib, which takes a second to import.
    from homologue.commands.pair_maps import MapWriter

    names = ("model", "dtype", "preset", "optimise", "seed")
    facts = {
        "benchmark": selection.benchmark.name,
        "split": selection.split,
        **{name: engine.settings.get(name) for name in names},
        "strategy": engine.settings.get("optimise"),
    }
    return MapWriter(part.maps, selection.pairs, part.keep, facts)


@contextmanager
def _farewell(folder: Path | None, keeper: Keeper, planned: int) -> Iterator[None]:
    """Says how to go on: after an interrupt, and after an error such as a full disk."""
    try:
        yield
    except HomologueError as error:
        if folder is None or not keeper.done():
            raise
        raise HomologueError(
            f"{str(error).removesuffix('.')}; {_kept(folder, keeper, planned)}."
        ) from error
    except KeyboardInterrupt as interrupt:
        if folder is None:
            raise
        print_error(f"interrupted: {_kept(folder, keeper, planned)}.")
        raise typer.Exit(exit_code(interrupt)) from None


def _kept(folder: Path, keeper: Keeper, planned: int) -> str:
    """How much is kept, and how to go on."""
    done = len(keeper.done())
    return f"{done} of {planned} pairs are in {folder}; the same command goes on from there"


def run_folders(run: Path | None, matchers: Sequence[str]) -> list[Path | None]:
    """Where each matcher's run goes: into the folder, or of several into one of its name in it.

    Raises:
        HomologueError: the folder is laid out in the other way.
    """
    if run is None:
        return [None] * len(matchers)
    if len(matchers) == 1:
        inside = run / matchers[0]
        if (inside / FILE).exists():
            raise HomologueError(f"{run} holds runs of several matchers; give {inside}.")
        return [run]
    if (run / FILE).exists():
        raise HomologueError(
            f"{run} holds the run of one matcher; give one --matcher, or another folder."
        )
    return [run / matcher for matcher in matchers]


def local_engines(
    matchers: Sequence[str], given: Ingredients
) -> list[AbstractContextManager[Engine]]:
    """Matchers that run here and share a model, all of them made now."""
    shared = replace(given, model=cache(given.model))
    return [nullcontext(Local(make_matcher(name, shared))) for name in matchers]


def ray_engines(
    matchers: Sequence[str], given: Ingredients, workers: int | None, gpus: bool
) -> list[AbstractContextManager[Engine]]:
    """Matchers that run on a cluster, each made on every worker when its turn comes."""
    from homologue.evaluation.distributed import RayEngine

    return [RayEngine(partial(make_matcher, name, given), workers, gpus) for name in matchers]
