"""Run a matcher on pairs of a benchmark: do what is left, store each pair, resume.

Nothing here prints. Progress and notes go through a `Watch`; an interrupt of a stored run is raised
as `Interrupted`, whose text says what is stored and how to resume.
"""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from homologue.datasets.base import (
    Benchmark,
    Pair,
    default_split,
    get_benchmark,
    select_pairs,
)
from homologue.errors import HomologueError
from homologue.evaluation import configuration as configurations
from homologue.evaluation.record import Record
from homologue.evaluation.runner import Engine, Keeper, Memory
from homologue.evaluation.runs import Run
from homologue.evaluation.storage.sizes import expected_sizes
from homologue.evaluation.storage.store import FILE, Store
from homologue.evaluation.work import Shard, outstanding


class Interrupted(KeyboardInterrupt):
    """A stored run was interrupted; the text says how to resume, `__cause__` is the interrupt."""


@dataclass(frozen=True)
class Selection:
    """Pairs of a benchmark, and how they were chosen; see `select`."""

    benchmark: Benchmark
    root: Path | None
    split: str
    kinds: Sequence[str]
    categories: Sequence[str]
    limit: int | None
    pairs: Sequence[Pair]
    index: int | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """What the reader of a number has to know of these pairs."""
        return self.benchmark.notes(self.split)

    def configuration(self, engine: Engine, seed: int) -> dict[str, Any]:
        """What the results of an engine on these pairs follow from, as JSON has it.

        Raises:
            HomologueError: the settings of the matcher cannot be written as JSON.
        """
        asked = configurations.configuration(
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
        try:
            return dict(json.loads(json.dumps(asked, allow_nan=False)))
        except (TypeError, ValueError) as error:
            raise HomologueError(
                f"The settings of the matcher {engine.name} cannot be written as JSON ({error}): "
                "use texts, finite numbers, lists and dictionaries."
            ) from None


def select(
    name: str,
    root: str | os.PathLike[str] | None = None,
    split: str | None = None,
    *,
    kinds: Sequence[str] = (),
    categories: Sequence[str] = (),
    limit: int | None = None,
    index: int | None = None,
) -> Selection:
    """Select pairs of a benchmark, as `select_pairs` says.

    Args:
        name: of the benchmark.
        root: see `get_benchmark`.
        split: `test` by default, where the benchmark has one.

    Raises:
        HomologueError: there is no such benchmark, split or pair, or the data are not at `root`.
    """
    place = None if root is None else Path(root)
    benchmark = get_benchmark(name, place)
    chosen = split or default_split(benchmark)
    pairs = select_pairs(
        benchmark, chosen, kinds=kinds, categories=categories, limit=limit, index=index
    )
    return Selection(benchmark, place, chosen, kinds, categories, limit, pairs, index)


def select_again(origin: Store, root: Path | None = None) -> Selection:
    """Select the pairs of a stored run again.

    Args:
        root: where the data are; by default where they were when the run began.

    Raises:
        HomologueError: the data are not there, or not those that the run was made of.
    """
    asked = origin.configuration
    selection = select(
        asked["benchmark"],
        root or (Path(origin.root) if origin.root else None),
        asked["split"],
        kinds=asked["kinds"],
        categories=asked["categories"],
        limit=asked["limit"],
        index=asked.get("pair"),
    )
    if configurations.selection_digest(selection.pairs) != asked["selection"]:
        raise HomologueError(
            f"The pairs of {asked['benchmark']} are not those that {origin.folder} was made of: "
            "give --root the same data."
        )
    return selection


@dataclass(frozen=True)
class Plan:
    """What of a run is to be done now, and where it is stored.

    Attributes:
        folder: the run is stored here; None to keep it in memory alone.
        seed: part of the run's configuration.
        shard: which part of the pairs is done here.
        retry_failed: whether pairs that failed before are tried again.
        keep: what else to keep of a pair, see `homologue.artifacts`.
        leave: names of pairs that are left for later.
    """

    folder: Path | None = None
    seed: int = 0
    shard: Shard = field(default_factory=Shard)
    retry_failed: bool = False
    keep: tuple[str, ...] = ()
    leave: frozenset[str] = frozenset()


class Counting(Protocol):
    """Progress over pairs: a context that gives a function to call with each record."""

    def __call__(
        self, matcher: str, total: int, before: Sequence[Record]
    ) -> AbstractContextManager[Callable[[Record], None]]:
        """Args: total: pairs that are to come. before: records of pairs that were done before."""
        ...


class Sink(Protocol):
    """Takes records as they are made, besides the store."""

    def kept(self, record: Record) -> Record:
        """The record with what the run keeps of it, and no more."""
        ...

    def write(self, record: Record) -> None:
        """Called with each record when it is stored."""
        ...

    def write_done(self, store: Store, records: Sequence[Record]) -> None:
        """Called first, with the records of pairs that were done before."""
        ...


@contextmanager
def _uncounted(
    matcher: str, total: int, before: Sequence[Record]
) -> Iterator[Callable[[Record], None]]:
    yield lambda record: None


@dataclass(frozen=True)
class Watch:
    """What is told of a run while it goes on.

    Attributes:
        counting: progress over the pairs.
        note: called with each line that is worth knowing, such as how large the run will be.
        sink: takes the records, too.
    """

    counting: Counting = _uncounted
    note: Callable[[str], None] = lambda line: None
    sink: Sink | None = None


_UNWATCHED = Watch()


def carry_out(engine: Engine, selection: Selection, plan: Plan, watch: Watch = _UNWATCHED) -> Run:
    """Do all pairs of the plan that are not done yet; the run has those done before, too.

    Each pair is stored when it is done, so that whatever ends the program, the same call resumes.

    Raises:
        HomologueError: the folder holds another run, or cannot be written.
        Interrupted: Ctrl-C while a stored run was going on; what was done is stored.
    """
    asked = selection.configuration(engine, plan.seed)
    planned = len(selection.pairs)
    sink = watch.sink
    with ExitStack() as held:
        keeper: Keeper = Memory()
        if plan.folder:
            root = None if selection.root is None else str(selection.root.absolute())
            store = Store.open(plan.folder, asked, root, planned, plan.keep)
            keeper = held.enter_context(store)
            store.update_thresholds(selection.pairs)
        done = keeper.done(failed_too=not plan.retry_failed)
        work = outstanding(selection.pairs, plan.shard, done | plan.leave)
        kept = {item: size for item, size in engine.keeps.items() if item in plan.keep}
        for line in expected_sizes(kept, work):
            watch.note(line)
        before = [record for record in keeper.records() if record.pair in done]
        if sink and isinstance(keeper, Store):
            sink.write_done(keeper, before)
        count = held.enter_context(watch.counting(engine.name, len(work), before=before))
        with _resumable(plan.folder, keeper, planned):
            for record in engine.predict(work):
                keeper.add(sink.kept(record) if sink else record)
                count(record)
                if sink:
                    sink.write(record)
        records = keeper.records()
    seconds = sum(record.seconds for record in records)
    return Run(engine.name, asked, records, seconds, planned)


@contextmanager
def _resumable(folder: Path | None, keeper: Keeper, planned: int) -> Iterator[None]:
    """Say how to resume: after an interrupt, and after an error such as a full disk."""
    try:
        yield
    except HomologueError as error:
        if folder is None or not keeper.done():
            raise
        raise HomologueError(
            f"{str(error).removesuffix('.')}; {_stored(folder, keeper, planned)}."
        ) from error
    except KeyboardInterrupt as interrupt:
        if folder is None:
            raise
        raise Interrupted(f"interrupted: {_stored(folder, keeper, planned)}.") from interrupt


def _stored(folder: Path, keeper: Keeper, planned: int) -> str:
    """How much is stored, and how to resume."""
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
