"""PCK by hand, its intervals, and what must hold of them whatever the numbers."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homologue.evaluation.record import count
from homologue.metrics import AVERAGES, Counts, difference, interval, pck

# Three pairs: distances of their points, and their thresholds.
PAIRS = (((0.5, 1.0, 1.1, 9.0), 10.0), ((0.2,), 2.0), ((3.0, 0.0), 10.0))
ALPHAS = [0.05, 0.1, 1.0]


def counts_of(pairs, alphas=ALPHAS) -> Counts:
    distances = np.array([one for of_pair, _ in pairs for one in of_pair])
    pair = np.repeat(np.arange(len(pairs)), [len(of_pair) for of_pair, _ in pairs])
    return count(distances, pair, np.array([length for _, length in pairs]), alphas)


def random_counts(pairs: int, seed: int, share: float = 0.5, points: int = 8) -> Counts:
    random = np.random.default_rng(seed)
    correct = random.binomial(points, share, (1, pairs)).astype(float)
    return Counts(correct, np.full(pairs, float(points)))


def test_counts_are_what_they_are_by_hand() -> None:
    counts = counts_of(PAIRS)
    assert counts.correct.tolist() == [[1, 0, 1], [2, 1, 1], [4, 1, 2]]
    assert counts.points.tolist() == [4, 1, 2]
    assert len(counts) == 3


@pytest.mark.parametrize(
    ("average", "expected"),
    [
        ("per_point", [2 / 7, 4 / 7, 1]),
        ("per_image", [(1 / 4 + 0 + 1 / 2) / 3, (2 / 4 + 1 + 1 / 2) / 3, 1]),
    ],
)
def test_pck_is_what_it_is_by_hand(average: str, expected: list[float]) -> None:
    assert pck(counts_of(PAIRS), average) == pytest.approx(expected)


def test_a_part_of_the_pairs() -> None:
    counts = counts_of(PAIRS)
    assert pck(counts.at(np.array([True, False, True]))) == pytest.approx([2 / 6, 3 / 6, 1])
    assert pck(counts.at(np.array([2, 2]))) == pytest.approx([0.5, 0.5, 1])


def test_a_distance_of_just_the_threshold_is_correct() -> None:
    assert pck(counts_of([((1.0,), 10.0)], [0.1])) == [1.0]
    assert pck(counts_of([((np.nextafter(1.0, 2.0),), 10.0)], [0.1])) == [0.0]


def test_infinitely_far_is_wrong() -> None:
    assert pck(counts_of([((np.inf, 0.0), 10.0)], [0.1])) == [0.5]


def test_without_pairs_there_is_no_number() -> None:
    nothing = counts_of(PAIRS).at(np.zeros(3, dtype=bool))
    for average in AVERAGES:
        assert np.isnan(pck(nothing, average)).tolist() == [True] * 3
        assert np.isnan(interval(nothing, average)).all()
        made = difference(nothing, nothing, average)
        assert np.isnan([made.value, made.low, made.high, made.better, made.worse]).all()


def test_the_interval_is_as_wide_as_theory_has_it_and_depends_only_on_the_seed() -> None:
    counts = random_counts(pairs=400, seed=0)
    for average in AVERAGES:
        (value,), ((low,), (high,)) = pck(counts, average), interval(counts, average)
        assert low < value < high
        assert high - low == pytest.approx(2 * 1.96 * (0.25 / 3200) ** 0.5, rel=0.15)
        assert interval(counts, average).tolist() == [[low], [high]]
        assert interval(counts, average, seed=1).tolist() != [[low], [high]]


def test_the_interval_covers_the_truth_nineteen_times_in_twenty() -> None:
    ends = [interval(random_counts(60, seed, 0.3), draws=400)[:, 0] for seed in range(300)]
    covered = sum(low <= 0.3 <= high for low, high in ends)
    assert 0.90 <= covered / 300 <= 0.98


def test_pairs_are_drawn_whole() -> None:
    """Points of a pair stand and fall together: 50 pairs of 100 points are not 5000 points."""
    together = Counts(np.repeat([[0.0, 100.0]], 25, axis=0).reshape(1, 50), np.full(50, 100.0))
    (low,), (high,) = interval(together)
    assert high - low == pytest.approx(2 * 1.96 * (0.25 / 50) ** 0.5, rel=0.15)


def test_a_difference_is_paired() -> None:
    """Hard pairs are hard for both: the difference is far surer than either."""
    random = np.random.default_rng(0)
    hard = random.uniform(0, 1, 500).round() * 6
    first = Counts(hard[None], np.full(500, 8.0))
    other = Counts(np.minimum(hard + (random.uniform(0, 1, 500) < 0.2), 8)[None], first.points)
    for average in AVERAGES:
        made = difference(first, other, average)
        assert made.value == pytest.approx(pck(other, average) - pck(first, average))
        assert 0 < made.low[0] < made.value[0] < made.high[0]
        width = np.diff(interval(first, average)[:, 0])[0]
        assert made.high[0] - made.low[0] < width / 5
        assert (made.better[0], made.worse[0]) == (1, 0)


def test_a_difference_the_other_way_is_its_negative() -> None:
    one, other = random_counts(40, 1), random_counts(40, 2)
    there, back = difference(one, other), difference(other, one)
    assert there.value == -back.value
    assert (there.low, there.high) == (pytest.approx(-back.high), pytest.approx(-back.low))
    assert (there.better, there.worse) == (back.worse, back.better)


def test_the_same_twice_is_level() -> None:
    one = random_counts(40, 1)
    for average in AVERAGES:
        made = difference(one, one, average)
        assert [made.value, made.low, made.high, made.better, made.worse] == [[0]] * 5


def test_a_benchmark_of_spair_s_size_takes_no_time() -> None:
    correct = np.random.default_rng(0).integers(0, 9, (5, 12_234)).astype(float)
    counts = Counts(correct, np.full(12_234, 8.0))
    start = time.perf_counter()
    for _threshold in range(3):
        for average in AVERAGES:
            interval(counts, average)
    assert time.perf_counter() - start < 5


pairs_strategy = st.lists(
    st.tuples(
        st.lists(st.floats(0, 100), min_size=1, max_size=6),
        st.floats(0.1, 100),
    ),
    min_size=1,
    max_size=12,
)
alphas_strategy = st.lists(st.floats(0.001, 2), min_size=2, max_size=5, unique=True).map(sorted)


@given(pairs_strategy, alphas_strategy)
def test_pck_grows_with_alpha_and_stays_a_share(pairs, alphas) -> None:
    for average in AVERAGES:
        values = pck(counts_of(pairs, alphas), average)
        assert (np.diff(values) >= 0).all()
        assert ((values >= 0) & (values <= 1 + 1e-12)).all()


@given(pairs_strategy)
def test_per_point_is_the_mean_of_pairs_weighted_by_their_points(pairs) -> None:
    counts = counts_of(pairs)
    each = np.array([pck(counts.at(np.array([row]))) for row in range(len(counts))])
    weighted = np.average(each, axis=0, weights=counts.points)
    np.testing.assert_allclose(pck(counts, "per_point"), weighted)
    np.testing.assert_allclose(pck(counts, "per_image"), each.mean(axis=0))


@given(pairs_strategy)
def test_the_averages_agree_where_pairs_are_equally_long(pairs) -> None:
    first = [(distances[:1], length) for distances, length in pairs]
    counts = counts_of(first)
    np.testing.assert_allclose(pck(counts, "per_point"), pck(counts, "per_image"))


@given(pairs_strategy, st.floats(0.5, 20))
def test_the_unit_does_not_matter(pairs, unit) -> None:
    # Steps of a power of two, so that scaling rounds nothing.
    factor = 2.0 ** np.round(np.log2(unit))
    scaled = [([factor * one for one in distances], factor * length) for distances, length in pairs]
    assert counts_of(scaled).correct.tolist() == counts_of(pairs).correct.tolist()


@given(pairs_strategy, st.randoms())
def test_pck_does_not_depend_on_the_order_of_pairs(pairs, random) -> None:
    shuffled = random.sample(pairs, len(pairs))
    for average in AVERAGES:
        np.testing.assert_allclose(
            pck(counts_of(pairs), average), pck(counts_of(shuffled), average)
        )


@given(pairs_strategy, st.integers(0, 5))
def test_the_interval_is_within_the_best_and_the_worst_pair(pairs, seed) -> None:
    counts = counts_of(pairs)
    shares = counts.correct / counts.points
    for average in AVERAGES:
        low, high = interval(counts, average, seed=seed, draws=50)
        assert (low <= high).all()
        assert (shares.min(axis=1) - 1e-12 <= low).all()
        assert (high <= shares.max(axis=1) + 1e-12).all()
