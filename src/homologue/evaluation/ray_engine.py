"""Predictions by many processes on a Ray cluster.

Each worker is an actor with its own matcher. It has one GPU or, without GPUs, as many CPU threads
as this process, so that its results round the same way. A worker gets the pairs of one source, one
after the other, and then another source. Only this process writes. When a worker dies, Ray restarts
it and retries its pair.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any

import torch

from homologue.errors import HomologueError
from homologue.evaluation.prediction import Predictor, make_record
from homologue.evaluation.record import Record
from homologue.evaluation.scheduling import IndexedPair, group_by_source
from homologue.matchers.base import Matcher, Size, kept_by

RETRIES = 3
"""Number of retries of a pair whose worker died; after that the pair has failed."""


class RayWorker:
    """The actor of a worker process."""

    def __init__(self, recipe: Callable[[], Matcher], threads: int | None) -> None:
        self._recipe, self._threads = recipe, threads
        self._matcher: Matcher | None = None
        self._predict: Predictor | None = None

    def describe(self) -> tuple[str, dict[str, Any]]:
        """Return the name and the settings of the matcher."""
        matcher = self._loaded()
        return matcher.name, dict(matcher.settings)

    def keeps(self) -> dict[str, Size]:
        """Return the artifacts of the matcher."""
        return dict(kept_by(self._loaded()))

    def predict(self, indexed: IndexedPair) -> Record:
        """Return the record of a pair."""
        self._loaded()
        assert self._predict is not None
        return self._predict(indexed)

    def _loaded(self) -> Matcher:
        """Return the matcher; made on first use, because Ray wraps errors of a constructor."""
        if self._matcher is None:
            if self._threads is not None:
                torch.set_num_threads(self._threads)
            self._matcher = self._recipe()
            self._predict = Predictor(self._matcher)
        return self._matcher


class RayEngine:
    """A matcher on workers of the connected cluster, which end with the context.

    Args:
        recipe: makes the matcher; pickled and called on every worker.
        workers: number of workers; None for the maximum that the cluster has resources for.
        gpus: whether to use the cluster's GPUs, one per worker, if it has any.
    """

    name: str
    settings: Mapping[str, Any]
    keeps: Mapping[str, Size]

    def __init__(self, recipe: Callable[[], Matcher], workers: int | None, gpus: bool) -> None:
        self._recipe, self._count, self._gpus = recipe, workers, gpus
        self._workers: list[Any] = []

    def __enter__(self) -> "RayEngine":
        import ray

        count, options = allocate_workers(ray.cluster_resources(), self._count, self._gpus)
        actor = ray.remote(max_restarts=-1, max_task_retries=RETRIES, **options)(RayWorker)
        threads = None if options["num_gpus"] else torch.get_num_threads()
        self._workers = [actor.remote(self._recipe, threads) for _ in range(count)]
        try:
            described = [_get(worker.describe.remote()) for worker in self._workers]
            if any(other != described[0] for other in described):
                raise HomologueError(
                    "The workers would not give the same results, because they have different "
                    "models or precisions; give --dtype, and the same --model on every machine."
                )
            self.keeps = _get(self._workers[0].keeps.remote())
        except BaseException:
            self._end()
            raise
        self.name, self.settings = described[0]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def _end(self) -> None:
        import ray

        for worker in self._workers:
            ray.kill(worker)
        self._workers = []

    def predict(self, work: Sequence[IndexedPair]) -> Iterator[Record]:
        """Yield records as workers finish them; each worker has one pair at a time.

        With a queue of pairs, the death of a worker would count as a try of pairs that it had not
        started.
        """
        import ray

        sources = deque(deque(group) for group in group_by_source(work))
        queues: dict[Any, deque[IndexedPair]] = {worker: deque() for worker in self._workers}
        running: dict[Any, tuple[Any, IndexedPair]] = {}

        def submit(worker: Any) -> None:
            if not queues[worker] and sources:
                queues[worker] = sources.popleft()
            if queues[worker]:
                indexed = queues[worker].popleft()
                running[worker.predict.remote(indexed)] = worker, indexed

        for worker in self._workers:
            submit(worker)
        while running:
            ready, _ = ray.wait(list(running), num_returns=1)
            worker, indexed = running.pop(ready[0])
            submit(worker)
            yield _result(ready[0], indexed)


def _result(reference: Any, indexed: IndexedPair) -> Record:
    from ray.exceptions import RayActorError

    try:
        record: Record = _get(reference)
    except RayActorError:
        reason = f"its worker died {RETRIES + 1} times, perhaps for lack of memory"
        return make_record(indexed, None, reason, 0.0)
    return record


def _get(reference: Any) -> Any:
    import ray
    from ray.exceptions import RayTaskError

    try:
        return ray.get(reference)
    except RayTaskError as error:
        raise error.cause from None


def allocate_workers(
    resources: Mapping[str, float], wanted: int | None, gpus: bool
) -> tuple[int, dict[str, float]]:
    """Return the number of workers and the resources of each, `num_gpus` and `num_cpus`.

    Args:
        resources: resources of the cluster, `GPU` and `CPU`.
        wanted: number of workers; None for the maximum.
        gpus: whether to use GPUs.

    Raises:
        HomologueError: the cluster does not have the resources.
    """
    kind, size = "GPU", 1
    if not (gpus and resources.get("GPU", 0)):
        kind, size = "CPU", torch.get_num_threads()
    room = int(resources.get(kind, 0) // size)
    count = room if wanted is None else wanted
    if not 1 <= count <= room:
        raise HomologueError(
            f"The Ray cluster has room for {room} workers of {size} {kind} each, not for {count}; "
            "give other --workers"
            + ("." if kind == "GPU" else ", or fewer threads per worker with OMP_NUM_THREADS.")
        )
    return count, {
        "num_gpus": size if kind == "GPU" else 0,
        "num_cpus": 1 if kind == "GPU" else size,
    }
