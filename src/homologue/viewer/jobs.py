"""The worker: a thread that owns the model and runs queued jobs."""

import threading
import traceback
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from homologue.errors import HomologueError
from homologue.progress import Cancelled
from homologue.viewer.job_progress import JobProgress, ProgressReporter, StageTimes

Outcome = Literal["done", "failed", "stopped"]


@dataclass(frozen=True)
class Task:
    """A computation that a session needs.

    Attributes:
        key: identifies the result; unique among the tasks of a session.
        urgency: 0 runs first. A running job is stopped as soon as a more urgent one waits, and
            is restarted later.
        work: computes and stores the result; runs in the worker's thread.
        timing_key: tasks with equal keys take about equally long, which gives the time left.
    """

    key: Hashable
    urgency: int
    work: Callable[[ProgressReporter], None] = field(compare=False, repr=False)
    timing_key: Hashable = None


class WorkerListener(Protocol):
    """Receives the events of jobs, in the worker's thread."""

    def job_started(self, owner: str) -> None: ...

    def job_progressed(self, owner: str) -> None: ...

    def job_ended(self, owner: str, key: Hashable, outcome: Outcome, message: str) -> None:
        """`message`: why the job failed, else ""."""
        ...


@dataclass(eq=False)
class _Job:
    owner: str
    task: Task
    order: int
    running: bool = False
    stopped: bool = False
    progress: JobProgress | None = None


@dataclass(frozen=True)
class Status:
    """State of a job; `progress` is its last report."""

    running: bool
    progress: JobProgress | None


class Worker:
    """Runs the tasks of all sessions, one at a time.

    The most urgent task runs first. Among equally urgent tasks, the session that was served
    longest ago goes first, so a session with many tasks does not block the others.
    """

    def __init__(self, listener: WorkerListener) -> None:
        self._listener = listener
        self._stage_times = StageTimes()
        self._jobs: dict[tuple[str, Hashable], _Job] = {}
        self._served: dict[str, int] = {}
        self._count = 0
        self._closed = False
        self._change = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="homologue worker", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self, timeout: float = 5.0) -> None:
        """Stop the running job at its next report and drop the queue.

        Args:
            timeout: seconds to wait for the thread to end.
        """
        with self._change:
            self._closed = True
            for job in self._jobs.values():
                job.stopped = True
            self._change.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def set_tasks(self, owner: str, tasks: Sequence[Task]) -> None:
        """Replace the tasks of a session.

        New tasks are queued. Tasks that are not in the list are removed from the queue or stopped.
        """
        wanted = {task.key: task for task in tasks}
        with self._change:
            for (job_owner, key), old in list(self._jobs.items()):
                if job_owner == owner and key not in wanted:
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
        """Return the statuses of a session's jobs by task key."""
        with self._change:
            return {
                key: Status(job.running, job.progress)
                for (job_owner, key), job in self._jobs.items()
                if job_owner == owner
            }

    def remove(self, owner: str) -> None:
        """Remove a session and all its jobs."""
        self.set_tasks(owner, [])
        with self._change:
            self._served.pop(owner, None)

    def _drop(self, job: _Job) -> None:
        if job.running:
            job.stopped = True
        else:
            del self._jobs[job.owner, job.task.key]

    def _run(self) -> None:
        while (job := self._next()) is not None:
            self._listener.job_started(job.owner)
            outcome, message = self._work(job)
            with self._change:
                del self._jobs[job.owner, job.task.key]
            self._listener.job_ended(job.owner, job.task.key, outcome, message)

    def _next(self) -> _Job | None:
        """Wait for a job; return None if the worker is closed."""
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
        def publish(progress: JobProgress) -> None:
            job.progress = progress
            self._listener.job_progressed(job.owner)

        reporter = ProgressReporter(
            lambda: self._check(job), publish, self._stage_times, job.task.timing_key
        )
        try:
            job.task.work(reporter)
            reporter.finish()
        except Cancelled:
            return "stopped", ""
        except HomologueError as error:
            return "failed", str(error)
        except MemoryError:
            return "failed", "There is not enough memory for this: use a smaller model or image."
        except Exception:
            traceback.print_exc()
            return "failed", "An internal error occurred; see the terminal."
        return "done", ""

    def _check(self, job: _Job) -> None:
        """Raise Cancelled if the job was stopped or a more urgent one waits."""
        with self._change:
            urgent = min(each.task.urgency for each in self._jobs.values())
        if job.stopped or urgent < job.task.urgency:
            raise Cancelled
