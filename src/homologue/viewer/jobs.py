"""One thread that owns the model, and the jobs that wait for it."""

import threading
import traceback
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from homologue.errors import HomologueError
from homologue.progress import Cancelled
from homologue.viewer.reports import Pace, Report, Told

Outcome = Literal["done", "failed", "stopped"]


@dataclass(frozen=True)
class Task:
    """Something that a session wants to be computed.

    Attributes:
        key: names what is computed; a session's tasks all have different ones.
        urgency: 0 goes first. A job gives way as soon as a more urgent one waits, and is begun
            again later.
        work: computes it and puts it where it belongs; runs in the worker's thread.
        pace: tasks of the same pace take about as long as one another.
    """

    key: Hashable
    urgency: int
    work: Callable[[Report], None] = field(compare=False, repr=False)
    pace: Hashable = None


class Listener(Protocol):
    """Is told of jobs from within the worker's thread."""

    def began(self, owner: str) -> None: ...

    def progressed(self, owner: str) -> None: ...

    def ended(self, owner: str, key: Hashable, outcome: Outcome, sentence: str) -> None:
        """`sentence` says why a job failed."""
        ...


@dataclass(eq=False)
class _Job:
    owner: str
    task: Task
    order: int
    running: bool = False
    stopped: bool = False
    told: Told | None = None


@dataclass(frozen=True)
class Status:
    """Of a job: whether it runs, and what it last told."""

    running: bool
    told: Told | None


class Worker:
    """Runs the tasks that sessions wish for, one at a time.

    The most urgent goes first; of equally urgent ones that of the session that has waited longest,
    so that a session with many cannot hold up the others.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._pace = Pace()
        self._jobs: dict[tuple[str, Hashable], _Job] = {}
        self._served: dict[str, int] = {}
        self._count = 0
        self._closed = False
        self._change = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="homologue worker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self, seconds: float = 5.0) -> None:
        """Stops what runs, at its next report, and forgets what waits."""
        with self._change:
            self._closed = True
            for job in self._jobs.values():
                job.stopped = True
            self._change.notify_all()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def wish(self, owner: str, tasks: Sequence[Task]) -> None:
        """Says all that a session wants by now.

        What is new is queued, what is no longer wanted is taken out of the queue or stopped.
        """
        wanted = {task.key: task for task in tasks}
        with self._change:
            for (who, key), old in list(self._jobs.items()):
                if who == owner and key not in wanted:
                    self._drop(old)
            for key, task in wanted.items():
                job = self._jobs.get((owner, key))
                if job is None:
                    self._count += 1
                    self._jobs[owner, key] = _Job(owner, task, self._count)
                elif job.running:
                    job.stopped = False
                else:
                    job.task = task
            self._change.notify_all()

    def statuses(self, owner: str) -> Mapping[Hashable, Status]:
        """Of the jobs of a session, under their keys."""
        with self._change:
            return {
                key: Status(job.running, job.told)
                for (who, key), job in self._jobs.items()
                if who == owner
            }

    def forget(self, owner: str) -> None:
        """Ends all that a session wanted."""
        self.wish(owner, [])
        with self._change:
            self._served.pop(owner, None)

    def _drop(self, job: _Job) -> None:
        if job.running:
            job.stopped = True
        else:
            del self._jobs[job.owner, job.task.key]

    def _run(self) -> None:
        while (job := self._next()) is not None:
            self._listener.began(job.owner)
            outcome, sentence = self._work(job)
            with self._change:
                del self._jobs[job.owner, job.task.key]
            self._listener.ended(job.owner, job.task.key, outcome, sentence)

    def _next(self) -> _Job | None:
        """Waits for a job; None if the worker is closed."""
        with self._change:
            self._change.wait_for(lambda: self._closed or self._jobs)
            if self._closed:
                return None
            first = min(self._jobs.values(), key=self._rank)
            first.running = True
            self._count += 1
            self._served[first.owner] = self._count
            return first

    def _rank(self, job: _Job) -> tuple[int, int, int]:
        return job.task.urgency, self._served.get(job.owner, 0), job.order

    def _work(self, job: _Job) -> tuple[Outcome, str]:
        def tell(told: Told) -> None:
            job.told = told
            self._listener.progressed(job.owner)

        report = Report(lambda: self._check(job), tell, self._pace, job.task.pace)
        try:
            job.task.work(report)
            report.finish()
        except Cancelled:
            return "stopped", ""
        except HomologueError as error:
            return "failed", str(error)
        except MemoryError:
            return "failed", "There is not enough memory for this: use a smaller model or image."
        except Exception:
            traceback.print_exc()
            return "failed", "Something went wrong inside homologue; the terminal says what."
        return "done", ""

    def _check(self, job: _Job) -> None:
        """Raises Cancelled if the job is to stop or has to give way."""
        with self._change:
            urgent = min(one.task.urgency for one in self._jobs.values())
        if job.stopped or urgent < job.task.urgency:
            raise Cancelled
