"""Estimates of the time left, and how often they are told."""

import pytest

from homologue.progress import Cancelled, LossProgress
from homologue.viewer import reports
from homologue.viewer.reports import Pace, Report, Told


class Clock:
    """Stands still until it is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    one = Clock()
    monkeypatch.setattr(reports, "time", one)
    return one


def run(clock: Clock, pace: Pace, told: list[Told]) -> Report:
    """A second of looking, then two steps of fitting that take two seconds each."""
    report = Report(lambda: None, told.append, pace, "kind")
    clock.now += 1
    report("look", 1, 1)
    for step in (1, 2):
        clock.now += 2
        report.see_loss(3.0 - step)
        report("fit", step, 2)
    return report


def test_a_stage_begins_where_the_last_one_ended(clock: Clock) -> None:
    told: list[Told] = []
    run(clock, Pace(), told)
    assert told == [
        Told("look", 1, 1, None, 0.0),
        Told("fit", 1, 2, 2.0, 2.0),
        Told("fit", 2, 2, 1.0, 0.0),
    ]


def test_stages_to_come_are_known_from_the_last_job(clock: Clock) -> None:
    pace, told = Pace(), list[Told]()
    run(clock, pace, told).finish()
    told.clear()
    run(clock, pace, told)
    assert [one.left for one in told] == [4.0, 2.0, 0.0]
    assert pace.after("another kind", "look") == 0.0


def test_a_job_that_was_stopped_teaches_nothing(clock: Clock) -> None:
    pace = Pace()
    run(clock, pace, [])
    assert pace.after("kind", "look") == 0.0


def test_nothing_is_known_before_the_first_part(clock: Clock) -> None:
    told: list[Told] = []
    report = Report(lambda: None, told.append, Pace())
    report("load", 0, 1)
    assert told == [Told("load", 0, 1, None, None)]


def test_it_tells_a_few_times_a_second_and_at_the_end(clock: Clock) -> None:
    told: list[Told] = []
    report = Report(lambda: None, told.append, Pace())
    for step in range(1, 101):
        clock.now += 0.01
        report("fit", step, 100)
    assert 20 <= len(told) <= 22
    assert told[-1].done == 100


def test_it_raises_what_the_check_raises() -> None:
    def stop() -> None:
        raise Cancelled

    report = Report(stop, lambda told: None, Pace())
    assert isinstance(report, LossProgress)
    with pytest.raises(Cancelled):
        report("fit", 1, 2)
