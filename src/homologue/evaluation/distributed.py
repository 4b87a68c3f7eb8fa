"""The same predictions made by many processes, on this machine or on others: a Ray cluster.

Workers are actors, each with a matcher of its own, one a GPU or, where there is none, one for as
many CPU cores as this process computes with: so a worker rounds as this process would. A worker
gets pair after pair of a source until they are done, then another source. This process alone
writes. When a worker dies, Ray starts another and gives it the pair that it died at.
"""

import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from types import TracebackType
from typing import Any

import torch

from homologue.errors import HomologueError
from homologue.evaluation.record import Record
from homologue.evaluation.runner import Predictor, record_of
from homologue.evaluation.work import IndexedPair, by_source
from homologue.matchers.base import Matcher, Size, kept_by

RETRIES = 3
"""Times that a pair is tried again because its worker died; then it has failed."""

PATIENCE = 30.0
"""Seconds within which a cluster has to answer."""

# Ray itself has no limit: it tries for many minutes, in code that cannot be interrupted.
_KNOCK = """
import sys
import ray
try:
    ray.init(address=sys.argv[1], log_to_driver=False, logging_level="ERROR")
except Exception as error:
    sys.exit((str(error).strip().splitlines() or [type(error).__name__])[0])
"""


@contextmanager
def cluster(address: str | None) -> Iterator[None]:
    """A connection to a Ray cluster, or with None a cluster of this machine as long as it lasts.

    Raises:
        HomologueError: Ray is not installed, cannot start here, or no cluster answers within
            `PATIENCE` seconds.
    """
    # Both are read by the processes that Ray starts. Its workers would give way to everything else.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_worker_niceness", "0")
    try:
        import ray
    except ImportError:
        raise HomologueError("--engine ray needs Ray: pip install 'homologue[ray]'.") from None
    alone = address in (None, "local")
    if not alone:
        _check_answers(str(address))
    try:
        ray.init(
            address=address or "local", include_dashboard=False, log_to_driver=False,
            logging_level="ERROR",
        )  # fmt: skip
    except Exception as error:  # Ray raises bare Exceptions, too
        ray.shutdown()
        if not alone:
            raise _nobody(str(address), _first_line(error)) from error
        raise HomologueError(_why_not_here(error)) from error
    # What Ray has to say of its workers it prints, where results belong.
    with redirect_stdout(sys.stderr):
        try:
            yield
        finally:
            ray.shutdown()


def _check_answers(address: str) -> None:
    """Raises HomologueError unless a cluster lets a process of its own in."""
    _check_syntax(address)
    command = [sys.executable, "-c", _KNOCK, address]
    try:
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        raise _nobody(address, f"no answer within {PATIENCE:.0f} s") from None
    if ended.returncode:
        said = ended.stderr.decode(errors="backslashreplace").strip().splitlines()
        raise _nobody(address, (said or ["no reason was given"])[-1].rstrip("."))


def _check_syntax(address: str) -> None:
    if address == "auto":
        return
    scheme, _, place = address.rpartition("://")
    found = re.fullmatch(r"(?:\[[0-9A-Fa-f:.]+\]|[^\s\[\]:/@]+):(\d{1,5})", place)
    if not scheme and not (found and 0 < int(found[1]) < 2**16):
        raise HomologueError(
            f"--address {address!r} is not the address of a Ray cluster: give HOST:PORT, such as "
            "10.0.0.5:6379, or auto for the cluster of this machine."
        )
    if scheme in ("http", "https"):
        raise HomologueError(
            f"--address {address!r} is a page for a browser: give HOST:PORT of the cluster, as "
            "`ray start --head` printed it; its port is 6379 by default."
        )


def _nobody(address: str, reason: str) -> HomologueError:
    return HomologueError(
        f"There is no Ray cluster at {address!r} ({reason}); start one with `ray start --head`, "
        "or leave out --address."
    )


def _why_not_here(error: Exception) -> str:
    """Why no cluster could be started on this machine, and how to mend it."""
    folder = os.environ.get("RAY_TMPDIR") or os.environ.get("TMPDIR") or "/tmp"
    if isinstance(error, OSError) and "AF_UNIX" in str(error):
        return (
            f"Ray cannot make its sockets in {folder}, because their paths would be longer than "
            "the system allows: set RAY_TMPDIR to a shorter folder, such as /tmp."
        )
    if isinstance(error, OSError):
        reason = error.strerror or _first_line(error)
        return (
            f"Ray cannot keep its files in {folder} ({reason}): set RAY_TMPDIR to a folder that "
            "can be written and has room."
        )
    return (
        f"Ray did not start on this machine ({_first_line(error)}): look into the logs in "
        f"{folder}/ray/session_latest/logs, or leave out --engine ray."
    )


class RayWorker:
    """What runs in a worker's process."""

    def __init__(self, recipe: Callable[[], Matcher], threads: int | None) -> None:
        self._recipe, self._threads = recipe, threads
        self._matcher: Matcher | None = None
        self._predict: Predictor | None = None

    def describe(self) -> tuple[str, dict[str, Any]]:
        """Name and settings of the matcher."""
        matcher = self._made()
        return matcher.name, dict(matcher.settings)

    def keeps(self) -> dict[str, Size]:
        """What is kept of the matcher's work."""
        return dict(kept_by(self._made()))

    def predict(self, placed: IndexedPair) -> Record:
        self._made()
        assert self._predict is not None
        return self._predict(placed)

    def _made(self) -> Matcher:
        """The matcher, made once and not with the worker, whose errors Ray would wrap."""
        if self._matcher is None:
            if self._threads is not None:
                torch.set_num_threads(self._threads)
            self._matcher = self._recipe()
            self._predict = Predictor(self._matcher)
        return self._matcher


class RayEngine:
    """A matcher on the workers of the cluster that is connected; they end with the context.

    Args:
        recipe: makes the matcher; pickled and called on every worker.
        workers: how many, None for as many as the cluster has room for.
        gpus: whether to use the cluster's GPUs, one a worker, if it has any.
    """

    name: str
    settings: Mapping[str, Any]
    keeps: Mapping[str, Size]

    def __init__(self, recipe: Callable[[], Matcher], workers: int | None, gpus: bool) -> None:
        self._recipe, self._wanted, self._gpus = recipe, workers, gpus
        self._workers: list[Any] = []

    def __enter__(self) -> "RayEngine":
        import ray

        count, options = shares(ray.cluster_resources(), self._wanted, self._gpus)
        made = ray.remote(max_restarts=-1, max_task_retries=RETRIES, **options)(RayWorker)
        threads = None if options["num_gpus"] else torch.get_num_threads()
        self._workers = [made.remote(self._recipe, threads) for _ in range(count)]
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
        """Records as the workers make them; each worker has one pair at a time.

        With more on its way to it, a worker's death would count against pairs that it had not
        begun.
        """
        import ray

        sources = deque(deque(group) for group in by_source(work))
        mine: dict[Any, deque[IndexedPair]] = {worker: deque() for worker in self._workers}
        running: dict[Any, tuple[Any, IndexedPair]] = {}

        def give(worker: Any) -> None:
            if not mine[worker] and sources:
                mine[worker] = sources.popleft()
            if mine[worker]:
                placed = mine[worker].popleft()
                running[worker.predict.remote(placed)] = worker, placed

        for worker in self._workers:
            give(worker)
        while running:
            ready, _ = ray.wait(list(running), num_returns=1)
            worker, placed = running.pop(ready[0])
            give(worker)
            yield _result(ready[0], placed)


def _result(reference: Any, placed: IndexedPair) -> Record:
    from ray.exceptions import RayActorError

    try:
        made: Record = _get(reference)
    except RayActorError:
        reason = f"its worker died {RETRIES + 1} times, perhaps for lack of memory"
        return record_of(placed, None, reason, 0.0)
    return made


def _get(reference: Any) -> Any:
    import ray
    from ray.exceptions import RayTaskError

    try:
        return ray.get(reference)
    except RayTaskError as error:
        raise error.cause from None


def shares(
    resources: Mapping[str, float], wanted: int | None, gpus: bool
) -> tuple[int, dict[str, float]]:
    """How many workers, and what each takes of the cluster's resources.

    Raises:
        HomologueError: there is not enough for so many.
    """
    kind, size = "GPU", 1
    if not (gpus and resources.get("GPU", 0)):
        kind, size = "CPU", torch.get_num_threads()
    room = int(resources.get(kind, 0) // size)
    count = room if wanted is None else wanted
    if not 1 <= count <= room:
        raise HomologueError(
            f"There is room for {room} workers of {size} {kind} each on the Ray cluster, not for "
            f"{count}; give other --workers"
            + ("." if kind == "GPU" else ", or threads a worker with OMP_NUM_THREADS.")
        )
    return count, {
        "num_gpus": size if kind == "GPU" else 0,
        "num_cpus": 1 if kind == "GPU" else size,
    }


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
