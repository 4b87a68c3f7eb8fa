"""Run a matcher on the pairs of a benchmark and store each pair.

Nothing here prints: progress and notes go to a `Watch`. How a run is resumed is defined in
`homologue.evaluation.resume`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from homologue.errors import HomologueError
from homologue.evaluation.configuration import run_configuration
from homologue.evaluation.prediction import Engine
from homologue.evaluation.record import Record
from homologue.evaluation.resume import resumable
from homologue.evaluation.runs import Run
from homologue.evaluation.scheduling import Shard, remaining_pairs
from homologue.evaluation.selection import Selection
from homologue.evaluation.storage.memory import MemoryStore, RecordStore
from homologue.evaluation.storage.sizes import expected_sizes
from homologue.evaluation.storage.store import FILE, Store


@dataclass(frozen=True)
class Plan:
    """Which pairs of a run are evaluated now, and where they are stored.

    Attributes:
        folder: folder of the run; None to keep the records in memory only.
        seed: seed, part of the run's configuration.
        shard: part of the pairs that is evaluated here.
        retry_failed: whether to retry pairs that failed before.
        keep: artifacts to store, see `homologue.artifacts`.
        skip: names of pairs that are not evaluated now.
    """

    folder: Path | None = None
    seed: int = 0
    shard: Shard = field(default_factory=Shard)
    retry_failed: bool = False
    keep: tuple[str, ...] = ()
    skip: frozenset[str] = frozenset()


class PairCounter(Protocol):
    """Progress over pairs: a context manager whose value is called with each record."""

    def __call__(
        self, matcher: str, total: int, before: Sequence[Record]
    ) -> AbstractContextManager[Callable[[Record], None]]:
        """Start counting.

        Args:
            matcher: name of the matcher.
            total: number of pairs to evaluate now.
            before: records of pairs that were evaluated before.
        """
        ...


class Sink(Protocol):
    """Receives records in addition to the store."""

    def write_done(self, store: Store, records: Sequence[Record]) -> None:
        """Receive the records of pairs that were evaluated before; called first."""
        ...

    def to_store(self, record: Record) -> Record:
        """Return the record with only those artifacts that the run stores."""
        ...

    def write(self, record: Record) -> None:
        """Receive a record; called after it has been stored."""
        ...


@contextmanager
def _uncounted(
    matcher: str, total: int, before: Sequence[Record]
) -> Iterator[Callable[[Record], None]]:
    yield lambda record: None


@dataclass(frozen=True)
class Watch:
    """Callbacks of a run.

    Attributes:
        counter: progress over the pairs.
        note: called with each line that informs the user, such as the expected size of the run.
        sink: receives the records, too.
    """

    counter: PairCounter = _uncounted
    note: Callable[[str], None] = lambda line: None
    sink: Sink | None = None


_UNWATCHED = Watch()


def carry_out(engine: Engine, selection: Selection, plan: Plan, watch: Watch = _UNWATCHED) -> Run:
    """Evaluate the pairs of the plan that are not stored yet, and store each of them.

    Returns:
        The run, with the pairs that were evaluated before.

    Raises:
        HomologueError: the folder holds another run, or cannot be written.
        Interrupted: Ctrl-C during a stored run.
    """
    configuration = run_configuration(selection, engine, plan.seed)
    planned = len(selection.pairs)
    with ExitStack() as stack:
        store: RecordStore = MemoryStore()
        if plan.folder:
            root = None if selection.root is None else str(selection.root.absolute())
            stored = Store.open(plan.folder, configuration, root, planned, plan.keep)
            store = stack.enter_context(stored)
            stored.update_thresholds(selection.pairs)
        done = store.done(failed_too=not plan.retry_failed)
        work = remaining_pairs(selection.pairs, plan.shard, done | plan.skip)
        sizes = {item: size for item, size in engine.keeps.items() if item in plan.keep}
        for line in expected_sizes(sizes, work):
            watch.note(line)
        before = [record for record in store.records() if record.pair in done]
        if watch.sink and isinstance(store, Store):
            watch.sink.write_done(store, before)
        count = stack.enter_context(watch.counter(engine.name, len(work), before=before))
        with resumable(plan.folder, store, planned):
            for record in engine.predict(work):
                store.add(watch.sink.to_store(record) if watch.sink else record)
                count(record)
                if watch.sink:
                    watch.sink.write(record)
        records = store.records()
    seconds = sum(record.seconds for record in records)
    return Run(engine.name, configuration, records, seconds, planned)


def run_folders(run: Path | None, matchers: Sequence[str]) -> list[Path | None]:
    """Return the folder of each matcher's run.

    One matcher uses the folder itself; several use subfolders named after them.

    Raises:
        HomologueError: the folder already has the other layout.
    """
    if run is None:
        return [None] * len(matchers)
    if len(matchers) == 1:
        subfolder = run / matchers[0]
        if (subfolder / FILE).exists():
            raise HomologueError(f"{run} holds runs of several matchers; give {subfolder}.")
        return [run]
    if (run / FILE).exists():
        raise HomologueError(
            f"{run} holds the run of one matcher; give one --matcher, or another folder."
        )
    return [run / matcher for matcher in matchers]
