"""PCK by hand, and its intervals."""

import doctest

import numpy as np
import pytest

from homologue import metrics
from homologue.metrics import Errors, interval, pck


def errors(*distances: float, length: float = 10.0) -> Errors:
    return Errors(np.array(distances), length)


PAIRS = [errors(0.5, 1.0, 1.1, 9.0), errors(0.2, length=2.0), errors(3.0, 0.0)]


@pytest.mark.parametrize(
    ("alpha", "average", "expected"),
    [
        (0.1, "per_point", 4 / 7),
        (0.1, "per_image", (2 / 4 + 1 + 1 / 2) / 3),
        (0.05, "per_point", 2 / 7),
        (0.05, "per_image", (1 / 4 + 0 + 1 / 2) / 3),
        (1.0, "per_point", 1.0),
    ],
)
def test_pck_is_what_it_is_by_hand(alpha: float, average: str, expected: float) -> None:
    assert pck(PAIRS, alpha, average) == pytest.approx(expected)


def test_a_distance_of_just_the_threshold_is_correct() -> None:
    assert pck([errors(1.0)], 0.1) == 1.0
    assert pck([errors(np.nextafter(1.0, 2.0))], 0.1) == 0.0


def test_without_pairs_there_is_no_number() -> None:
    assert np.isnan(pck([], 0.1))
    assert np.isnan(interval([], 0.1)).all()


def test_the_interval_holds_the_value_and_depends_only_on_the_seed() -> None:
    random = np.random.default_rng(0)
    pairs = [Errors(random.uniform(0, 2, 8), 10.0) for _ in range(100)]
    low, high = interval(pairs, 0.1)
    assert low < pck(pairs, 0.1) < high
    assert high - low == pytest.approx(2 * 1.96 * (0.25 / 800) ** 0.5, rel=0.3)
    assert (low, high) == interval(pairs, 0.1, seed=0) != interval(pairs, 0.1, seed=1)


def test_the_examples_in_the_documentation() -> None:
    assert doctest.testmod(metrics, extraglobs={"np": np}).failed == 0
