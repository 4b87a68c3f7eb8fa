"""Bootstrap intervals: width, coverage, pairing, and properties."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homologue.evaluation.bootstrap import confidence_interval, paired_difference
from homologue.metrics import AVERAGES, Counts, pck


def random_counts(pairs: int, seed: int, share: float = 0.5, points: int = 8) -> Counts:
    random = np.random.default_rng(seed)
    correct = random.binomial(points, share, (1, pairs)).astype(float)
    return Counts(correct, np.full(pairs, float(points)))


@st.composite
def counts_strategy(draw: st.DrawFn) -> Counts:
    """Counts of up to 12 pairs with up to 6 points at two alphas."""
    points = np.array(draw(st.lists(st.integers(1, 6), min_size=1, max_size=12)), dtype=float)
    rows = [[draw(st.integers(0, int(most))) for most in points] for _ in range(2)]
    return Counts(np.array(rows, dtype=float), points)


def test_without_pairs_intervals_are_nan() -> None:
    nothing = Counts(np.empty((3, 0)), np.empty(0))
    for average in AVERAGES:
        assert np.isnan(confidence_interval(nothing, average)).all()
        made = paired_difference(nothing, nothing, average)
        assert np.isnan([made.value, made.low, made.high, made.better, made.worse]).all()


def test_the_interval_is_as_wide_as_theory_has_it_and_depends_only_on_the_seed() -> None:
    counts = random_counts(pairs=400, seed=0)
    for average in AVERAGES:
        (value,), ((low,), (high,)) = pck(counts, average), confidence_interval(counts, average)
        assert low < value < high
        assert high - low == pytest.approx(2 * 1.96 * (0.25 / 3200) ** 0.5, rel=0.15)
        assert confidence_interval(counts, average).tolist() == [[low], [high]]
        assert confidence_interval(counts, average, seed=1).tolist() != [[low], [high]]


def test_the_interval_covers_the_truth_nineteen_times_in_twenty() -> None:
    ends = [
        confidence_interval(random_counts(60, seed, 0.3), draws=400)[:, 0] for seed in range(300)
    ]
    covered = sum(low <= 0.3 <= high for low, high in ends)
    assert 0.90 <= covered / 300 <= 0.98


def test_pairs_are_drawn_whole() -> None:
    """Points of a pair stand and fall together: 50 pairs of 100 points are not 5000 points."""
    together = Counts(np.repeat([[0.0, 100.0]], 25, axis=0).reshape(1, 50), np.full(50, 100.0))
    (low,), (high,) = confidence_interval(together)
    assert high - low == pytest.approx(2 * 1.96 * (0.25 / 50) ** 0.5, rel=0.15)


def test_a_difference_is_paired() -> None:
    """Hard pairs are hard for both: the difference is far surer than either."""
    random = np.random.default_rng(0)
    hard = random.uniform(0, 1, 500).round() * 6
    first = Counts(hard[None], np.full(500, 8.0))
    other = Counts(np.minimum(hard + (random.uniform(0, 1, 500) < 0.2), 8)[None], first.points)
    for average in AVERAGES:
        made = paired_difference(first, other, average)
        assert made.value == pytest.approx(pck(other, average) - pck(first, average))
        assert 0 < made.low[0] < made.value[0] < made.high[0]
        width = np.diff(confidence_interval(first, average)[:, 0])[0]
        assert made.high[0] - made.low[0] < width / 5
        assert (made.better[0], made.worse[0]) == (1, 0)


def test_a_difference_the_other_way_is_its_negative() -> None:
    one, other = random_counts(40, 1), random_counts(40, 2)
    there, back = paired_difference(one, other), paired_difference(other, one)
    assert there.value == -back.value
    assert (there.low, there.high) == (pytest.approx(-back.high), pytest.approx(-back.low))
    assert (there.better, there.worse) == (back.worse, back.better)


def test_the_same_twice_is_level() -> None:
    one = random_counts(40, 1)
    for average in AVERAGES:
        made = paired_difference(one, one, average)
        assert [made.value, made.low, made.high, made.better, made.worse] == [[0]] * 5


def test_a_benchmark_of_spair_s_size_takes_no_time() -> None:
    correct = np.random.default_rng(0).integers(0, 9, (5, 12_234)).astype(float)
    counts = Counts(correct, np.full(12_234, 8.0))
    start = time.perf_counter()
    for _threshold in range(3):
        for average in AVERAGES:
            confidence_interval(counts, average)
    assert time.perf_counter() - start < 5


@given(counts_strategy(), st.integers(0, 5))
def test_the_interval_is_within_the_best_and_the_worst_pair(counts: Counts, seed: int) -> None:
    shares = counts.correct / counts.points
    for average in AVERAGES:
        low, high = confidence_interval(counts, average, seed=seed, draws=50)
        assert (low <= high).all()
        assert (shares.min(axis=1) - 1e-12 <= low).all()
        assert (high <= shares.max(axis=1) + 1e-12).all()
