"""Estimates of the time left, and how often progress is published."""

import pytest

from homologue.progress import Cancelled, LossProgress
from homologue.viewer import job_progress
from homologue.viewer.job_progress import JobProgress, ProgressReporter, StageTimes


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    one = Clock()
    monkeypatch.setattr(job_progress, "time", one)
    return one


def run(clock: Clock, stage_times: StageTimes, published: list[JobProgress]) -> ProgressReporter:
    """Report a stage of one second, then a stage of two steps of two seconds each."""
    reporter = ProgressReporter(lambda: None, published.append, stage_times, "kind")
    clock.now += 1
    reporter("look", 1, 1)
    for step in (1, 2):
        clock.now += 2
        reporter.see_loss(3.0 - step)
        reporter("fit", step, 2)
    return reporter


def test_a_stage_begins_where_the_last_one_ended(clock: Clock) -> None:
    published: list[JobProgress] = []
    run(clock, StageTimes(), published)
    assert published == [
        JobProgress("look", 1, 1, None, 0.0),
        JobProgress("fit", 1, 2, 2.0, 2.0),
        JobProgress("fit", 2, 2, 1.0, 0.0),
    ]


def test_later_stages_are_estimated_from_the_last_job(clock: Clock) -> None:
    stage_times, published = StageTimes(), list[JobProgress]()
    run(clock, stage_times, published).finish()
    published.clear()
    run(clock, stage_times, published)
    assert [each.left for each in published] == [4.0, 2.0, 0.0]
    assert stage_times.after("another kind", "look") == 0.0


def test_a_stopped_job_is_not_recorded(clock: Clock) -> None:
    stage_times = StageTimes()
    run(clock, stage_times, [])
    assert stage_times.after("kind", "look") == 0.0


def test_the_time_left_is_unknown_before_the_first_step(clock: Clock) -> None:
    published: list[JobProgress] = []
    reporter = ProgressReporter(lambda: None, published.append, StageTimes())
    reporter("load", 0, 1)
    assert published == [JobProgress("load", 0, 1, None, None)]


def test_progress_is_published_a_few_times_a_second_and_at_the_end(clock: Clock) -> None:
    published: list[JobProgress] = []
    reporter = ProgressReporter(lambda: None, published.append, StageTimes())
    for step in range(1, 101):
        clock.now += 0.01
        reporter("fit", step, 100)
    assert 20 <= len(published) <= 22
    assert published[-1].done == 100


def test_errors_of_the_check_are_raised() -> None:
    def stop() -> None:
        raise Cancelled

    reporter = ProgressReporter(stop, lambda progress: None, StageTimes())
    assert isinstance(reporter, LossProgress)
    with pytest.raises(Cancelled):
        reporter("fit", 1, 2)
