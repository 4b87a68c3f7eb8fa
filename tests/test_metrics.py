"""PCK: hand-computed values and properties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homologue.metrics import AVERAGES, Counts, count_correct, is_correct, pck

# Three pairs: distances of their points, and their thresholds.
PAIRS = (((0.5, 1.0, 1.1, 9.0), 10.0), ((0.2,), 2.0), ((3.0, 0.0), 10.0))
ALPHAS = [0.05, 0.1, 1.0]


def counts_of(pairs, alphas=ALPHAS) -> Counts:
    distances = np.array([one for of_pair, _ in pairs for one in of_pair])
    pair = np.repeat(np.arange(len(pairs)), [len(of_pair) for of_pair, _ in pairs])
    return count_correct(distances, pair, np.array([length for _, length in pairs]), alphas)


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


def test_pck_counts_a_point_at_exactly_the_threshold() -> None:
    assert pck(counts_of([((1.0,), 10.0)], [0.1])) == [1.0]
    assert pck(counts_of([((np.nextafter(1.0, 2.0),), 10.0)], [0.1])) == [0.0]


def test_a_point_at_exactly_the_threshold_is_correct() -> None:
    just_beyond = np.nextafter(10.0, 11.0)
    assert is_correct(np.array([10.0, just_beyond]), 100.0, 0.1).tolist() == [True, False]
    assert is_correct(np.array([0.0, np.inf]), np.nan, 0.1).tolist() == [False, False]


def test_infinitely_far_is_wrong() -> None:
    assert pck(counts_of([((np.inf, 0.0), 10.0)], [0.1])) == [0.5]


def test_without_pairs_there_is_no_number() -> None:
    nothing = counts_of(PAIRS).at(np.zeros(3, dtype=bool))
    for average in AVERAGES:
        assert np.isnan(pck(nothing, average)).tolist() == [True] * 3


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
