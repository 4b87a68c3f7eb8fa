"""Order, interruption and outcome of the worker's jobs."""

import threading
import time
from collections.abc import Callable, Hashable, Iterator

import pytest

from homologue.errors import HomologueError
from homologue.viewer.job_progress import ProgressReporter
from homologue.viewer.jobs import Outcome, Task, Worker

PATIENCE = 20.0


class EventLog:
    """Records the events of the worker and waits for them."""

    def __init__(self) -> None:
        self.ended: list[tuple[str, Hashable, Outcome, str]] = []
        self.progressed: list[str] = []
        self.started: list[str] = []
        self._changed = threading.Condition()

    def job_started(self, owner: str) -> None:
        self.started.append(owner)

    def job_progressed(self, owner: str) -> None:
        self.progressed.append(owner)

    def job_ended(self, owner: str, key: Hashable, outcome: Outcome, message: str) -> None:
        with self._changed:
            self.ended.append((owner, key, outcome, message))
            self._changed.notify_all()

    def wait(self, count: int) -> list[tuple[str, Hashable, Outcome, str]]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.ended) >= count, PATIENCE), self.ended
            return list(self.ended)


@pytest.fixture
def log() -> EventLog:
    return EventLog()


@pytest.fixture
def worker(log: EventLog) -> Iterator[Worker]:
    worker = Worker(log)
    yield worker
    worker.close()


def nothing(reporter: ProgressReporter) -> None:
    reporter("fit", 1, 1)


class Gate:
    """The work of a task that runs and reports until it is released."""

    def __init__(self) -> None:
        self.running = threading.Event()
        self.release = threading.Event()

    def __call__(self, reporter: ProgressReporter) -> None:
        self.running.set()
        while not self.release.is_set():
            reporter("fit", 1, 2)
            time.sleep(0.005)

    def wait(self) -> None:
        assert self.running.wait(PATIENCE)


def task(
    key: Hashable, urgency: int = 0, work: Callable[[ProgressReporter], None] = nothing
) -> Task:
    return Task(key, urgency, work)


def test_the_most_urgent_task_runs_first(worker: Worker, log: EventLog) -> None:
    worker.set_tasks("a", [task("late", 2), task("soon", 0), task("later", 1)])
    worker.start()
    assert [key for _, key, *_ in log.wait(3)] == ["soon", "later", "late"]


def test_sessions_take_turns(worker: Worker, log: EventLog) -> None:
    worker.set_tasks("many", [task(number) for number in range(4)])
    worker.set_tasks("few", [task("x"), task("y")])
    worker.start()
    turns = ["many", "few", "many", "few", "many", "many"]
    assert [owner for owner, *_ in log.wait(6)] == turns
    assert log.started == turns


def test_every_outcome_is_reported(
    worker: Worker, log: EventLog, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(error: Exception) -> Callable[[ProgressReporter], None]:
        def work(reporter: ProgressReporter) -> None:
            raise error

        return work

    worker.set_tasks(
        "a",
        [
            task(1, 0),
            task(2, 1, fail(HomologueError("This is wrong."))),
            task(3, 2, fail(MemoryError())),
            task(4, 3, fail(ZeroDivisionError("secret"))),
        ],
    )
    worker.start()
    ended = [(key, outcome, message) for _, key, outcome, message in log.wait(4)]
    assert ended[:2] == [(1, "done", ""), (2, "failed", "This is wrong.")]
    assert ended[2][2].startswith("There is not enough memory")
    assert ended[3][2] == "An internal error occurred; see the terminal."
    assert "ZeroDivisionError: secret" in capsys.readouterr().err


def test_removed_tasks_are_stopped_or_never_started(worker: Worker, log: EventLog) -> None:
    gate = Gate()
    worker.set_tasks("a", [task("runs", 0, gate), task("waits")])
    worker.start()
    gate.wait()
    worker.set_tasks("a", [])
    assert log.wait(1) == [("a", "runs", "stopped", "")]
    worker.set_tasks("a", [task("next")])
    assert log.wait(2)[1] == ("a", "next", "done", "")
    assert worker.statuses("a") == {}


def test_new_tasks_do_not_stop_a_running_job(worker: Worker, log: EventLog) -> None:
    gate = Gate()
    worker.set_tasks("a", [task("runs", 0, gate)])
    worker.start()
    gate.wait()
    worker.set_tasks("b", [task("other")])
    worker.set_tasks("a", [task("runs", 0, nothing), task("more")])
    gate.release.set()
    assert {key for _, key, outcome, _ in log.wait(3) if outcome == "done"} == {
        "runs", "other", "more"
    }  # fmt: skip


def test_a_more_urgent_task_stops_a_running_job(worker: Worker, log: EventLog) -> None:
    gate = Gate()
    worker.set_tasks("a", [task("idle", 2, gate)])
    worker.start()
    gate.wait()
    worker.set_tasks("b", [task("urgent", 0)])
    assert log.wait(2) == [("a", "idle", "stopped", ""), ("b", "urgent", "done", "")]


def test_an_equally_urgent_task_waits(worker: Worker, log: EventLog) -> None:
    gate = Gate()
    worker.set_tasks("a", [task("first", 1, gate)])
    worker.start()
    gate.wait()
    worker.set_tasks("b", [task("second", 1)])
    time.sleep(0.05)
    assert log.ended == []
    gate.release.set()
    assert [key for _, key, *_ in log.wait(2)] == ["first", "second"]


def test_statuses_have_the_progress_of_running_jobs(worker: Worker, log: EventLog) -> None:
    gate = Gate()
    worker.set_tasks("a", [task("runs", 0, gate), task("waits", 1)])
    worker.start()
    gate.wait()
    while not log.progressed:
        time.sleep(0.005)
    statuses = worker.statuses("a")
    assert statuses["runs"].running
    assert statuses["runs"].progress is not None
    assert (statuses["runs"].progress.stage, statuses["runs"].progress.done) == ("fit", 1)
    assert not statuses["waits"].running
    assert worker.statuses("b") == {}
    gate.release.set()
    log.wait(2)


def test_closing_stops_the_running_job(worker: Worker, log: EventLog) -> None:
    gate = Gate()
    worker.set_tasks("a", [task("runs", 0, gate), task("waits")])
    worker.start()
    gate.wait()
    worker.close()
    assert log.ended == [("a", "runs", "stopped", "")]
