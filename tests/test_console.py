"""What is said while pairs are done."""

from collections.abc import Callable

import numpy as np
import pytest

from homologue.console import pair_counter
from homologue.evaluation.record import Record


def record(right: int, points: int, error: str | None = None, threshold: bool = True) -> Record:
    """A record with so many right points; the others are a threshold away."""
    truth = np.zeros((points, 2))
    found = np.array([[0.0, 0]] * right + [[10.0, 0]] * (points - right)).reshape(points, 2)
    return Record(
        pair="", position=0, category="", group="", source="", target="", tags={},
        thresholds={"bbox": 10.0} if threshold else {}, point_names=("",) * points,
        source_points=truth, target_points=truth, predicted=None if error else found, scores=None,
        error=error, seconds=0,
    )  # fmt: skip


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    clock = [100.0]
    monkeypatch.setattr("time.perf_counter", lambda: clock[0])

    def wait(seconds: float) -> None:
        clock[0] += seconds

    return wait


def test_a_line_every_half_minute(
    wait: Callable[[float], None], capsys: pytest.CaptureFixture[str]
) -> None:
    with pair_counter("hog", 6, 0.1) as count:
        for right in (4, 2, 3):
            wait(20)
            count(record(right, 4))
    assert capsys.readouterr() == (
        "", "hog: 2 of 6 pairs, 0.05 pairs/s, PCK@0.1 75.0, 80 s left\n"
    )  # fmt: skip


def test_what_was_done_before_counts_but_not_for_the_speed(
    wait: Callable[[float], None], capsys: pytest.CaptureFixture[str]
) -> None:
    before = [record(1, 4), record(0, 4, error="lost")]
    with pair_counter("hog", 4, 0.1, before) as count:
        wait(40)
        count(record(0, 4, error="lost"))
        wait(40)
        count(record(4, 4))
    assert capsys.readouterr().err == (
        "hog: 3 of 6 pairs, 0.03 pairs/s, PCK@0.1 25.0, 2 failed, 120 s left\n"
        "hog: 4 of 6 pairs, 0.03 pairs/s, PCK@0.1 62.5, 2 failed, 80 s left\n"
    )


def test_pairs_that_nobody_can_score_have_no_pck(
    wait: Callable[[float], None], capsys: pytest.CaptureFixture[str]
) -> None:
    with pair_counter("hog", 2, 0.1) as count:
        wait(40)
        count(record(4, 4, threshold=False))
    assert capsys.readouterr().err == "hog: 1 of 2 pairs, 0.03 pairs/s, 40 s left\n"
