"""What the worker runs, in which order, and what becomes of it."""

import threading
import time
from collections.abc import Callable, Hashable, Iterator

import pytest

from homologue.errors import HomologueError
from homologue.viewer.jobs import Outcome, Task, Worker
from homologue.viewer.reports import Report

PATIENCE = 20.0


class Diary:
    """Remembers what the worker says, and lets tests wait for it."""

    def __init__(self) -> None:
        self.ends: list[tuple[str, Hashable, Outcome, str]] = []
        self.heard: list[str] = []
        self.begun: list[str] = []
        self._news = threading.Condition()

    def began(self, owner: str) -> None:
        self.begun.append(owner)

    def progressed(self, owner: str) -> None:
        self.heard.append(owner)

    def ended(self, owner: str, key: Hashable, outcome: Outcome, sentence: str) -> None:
        with self._news:
            self.ends.append((owner, key, outcome, sentence))
            self._news.notify_all()

    def wait(self, count: int) -> list[tuple[str, Hashable, Outcome, str]]:
        with self._news:
            assert self._news.wait_for(lambda: len(self.ends) >= count, PATIENCE), self.ends
            return list(self.ends)


@pytest.fixture
def diary() -> Diary:
    return Diary()


@pytest.fixture
def worker(diary: Diary) -> Iterator[Worker]:
    one = Worker(diary)
    yield one
    one.close()


def nothing(report: Report) -> None:
    report("fit", 1, 1)


class Gate:
    """A task that runs until it is let go, and reports all the while."""

    def __init__(self) -> None:
        self.runs = threading.Event()
        self.go = threading.Event()

    def __call__(self, report: Report) -> None:
        self.runs.set()
        while not self.go.is_set():
            report("fit", 1, 2)
            time.sleep(0.005)

    def wait(self) -> None:
        assert self.runs.wait(PATIENCE)


def task(key: Hashable, urgency: int = 0, work: Callable[[Report], None] = nothing) -> Task:
    return Task(key, urgency, work)


def test_the_most_urgent_goes_first(worker: Worker, diary: Diary) -> None:
    worker.wish("a", [task("late", 2), task("soon", 0), task("later", 1)])
    worker.start()
    assert [key for _, key, *_ in diary.wait(3)] == ["soon", "later", "late"]


def test_sessions_take_turns(worker: Worker, diary: Diary) -> None:
    worker.wish("many", [task(number) for number in range(4)])
    worker.wish("few", [task("x"), task("y")])
    worker.start()
    turns = ["many", "few", "many", "few", "many", "many"]
    assert [owner for owner, *_ in diary.wait(6)] == turns
    assert diary.begun == turns


def test_every_outcome_is_told(
    worker: Worker, diary: Diary, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(error: Exception) -> Callable[[Report], None]:
        def work(report: Report) -> None:
            raise error

        return work

    worker.wish(
        "a",
        [
            task(1, 0),
            task(2, 1, fail(HomologueError("This is wrong."))),
            task(3, 2, fail(MemoryError())),
            task(4, 3, fail(ZeroDivisionError("secret"))),
        ],
    )
    worker.start()
    ends = [(key, outcome, sentence) for _, key, outcome, sentence in diary.wait(4)]
    assert ends[:2] == [(1, "done", ""), (2, "failed", "This is wrong.")]
    assert ends[2][2].startswith("There is not enough memory")
    assert ends[3][2] == "Something went wrong inside homologue; the terminal says what."
    assert "ZeroDivisionError: secret" in capsys.readouterr().err


def test_what_is_no_longer_wanted_is_stopped_or_never_begun(worker: Worker, diary: Diary) -> None:
    gate = Gate()
    worker.wish("a", [task("runs", 0, gate), task("waits")])
    worker.start()
    gate.wait()
    worker.wish("a", [])
    assert diary.wait(1) == [("a", "runs", "stopped", "")]
    worker.wish("a", [task("next")])
    assert diary.wait(2)[1] == ("a", "next", "done", "")
    assert worker.statuses("a") == {}


def test_other_wishes_leave_what_runs_alone(worker: Worker, diary: Diary) -> None:
    gate = Gate()
    worker.wish("a", [task("runs", 0, gate)])
    worker.start()
    gate.wait()
    worker.wish("b", [task("other")])
    worker.wish("a", [task("runs", 0, nothing), task("more")])
    gate.go.set()
    assert {key for _, key, outcome, _ in diary.wait(3) if outcome == "done"} == {
        "runs", "other", "more"
    }  # fmt: skip


def test_a_job_gives_way_to_a_more_urgent_one(worker: Worker, diary: Diary) -> None:
    gate = Gate()
    worker.wish("a", [task("idle", 2, gate)])
    worker.start()
    gate.wait()
    worker.wish("b", [task("urgent", 0)])
    assert diary.wait(2) == [("a", "idle", "stopped", ""), ("b", "urgent", "done", "")]


def test_equally_urgent_ones_wait(worker: Worker, diary: Diary) -> None:
    gate = Gate()
    worker.wish("a", [task("first", 1, gate)])
    worker.start()
    gate.wait()
    worker.wish("b", [task("second", 1)])
    time.sleep(0.05)
    assert diary.ends == []
    gate.go.set()
    assert [key for _, key, *_ in diary.wait(2)] == ["first", "second"]


def test_statuses_tell_what_runs_and_how_far_it_is(worker: Worker, diary: Diary) -> None:
    gate = Gate()
    worker.wish("a", [task("runs", 0, gate), task("waits", 1)])
    worker.start()
    gate.wait()
    while not diary.heard:
        time.sleep(0.005)
    statuses = worker.statuses("a")
    assert statuses["runs"].running
    assert statuses["runs"].told is not None
    assert (statuses["runs"].told.stage, statuses["runs"].told.done) == ("fit", 1)
    assert not statuses["waits"].running
    assert worker.statuses("b") == {}
    gate.go.set()
    diary.wait(2)


def test_closing_stops_what_runs(worker: Worker, diary: Diary) -> None:
    gate = Gate()
    worker.wish("a", [task("runs", 0, gate), task("waits")])
    worker.start()
    gate.wait()
    worker.close()
    assert diary.ends == [("a", "runs", "stopped", "")]
