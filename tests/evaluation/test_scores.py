"""Numbers of records, counted by hand."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.found import found, lost
from hypothesis import given
from hypothesis import strategies as st

from homologue.evaluation.scores import EVERYTHING, Scope, Scores

ALPHAS = (0.1, 0.3)
# Thresholds are 10 and 20 pixels, so these are right up to 1 and 3, and up to 2 and 6.
RECORDS = [
    found("b1", 0.5, 2.0, 5.0, 9.0, position=0, tags={"viewpoint": "0"}),
    found("a1", 0.0, position=1, tags={"viewpoint": "2"}),
    found("a2", 1.0, None, 4.0, position=2, tags={"viewpoint": "10"}),
    lost("a3", 3, position=3, tags={"viewpoint": "2"}),
]


def test_pck_of_all_is_what_it_is_by_hand() -> None:
    score = Scores(RECORDS).score("bbox", ALPHAS)
    assert (score.pairs, score.points) == (3, 7)
    assert score.pck["per_point"] == pytest.approx([3 / 7, 4 / 7])
    assert score.pck["per_image"] == pytest.approx(
        [(1 / 4 + 1 + 1 / 2) / 3, (2 / 4 + 1 + 1 / 2) / 3]
    )
    wider = Scores(RECORDS).score("image", ALPHAS)
    assert wider.pck["per_point"] == pytest.approx([4 / 7, 6 / 7])


def test_errors_are_shares_of_the_threshold_over_points() -> None:
    score = Scores(RECORDS).score("bbox", ALPHAS)
    assert score.mean_error == pytest.approx((0.05 + 0.2 + 0.5 + 0.9 + 0 + 0.1 + 0.4) / 7)
    assert score.median_error == pytest.approx(0.2)
    assert Scores(RECORDS).score("image", ALPHAS).median_error == pytest.approx(0.1)


def test_the_thresholds_are_those_of_the_pairs_the_first_pair_s_first() -> None:
    assert Scores(RECORDS).thresholds == ["bbox", "image"]
    own = replace(RECORDS[1], thresholds={"given": 3.0, "image": 20.0})
    assert Scores([RECORDS[0], own]).thresholds == ["bbox", "image", "given"]


def test_a_pair_is_scored_only_under_the_thresholds_that_it_has() -> None:
    bare = replace(RECORDS[1], thresholds={})
    flat = replace(RECORDS[2], thresholds={"bbox": 0.0, "image": 20.0})
    scores = Scores([RECORDS[0], bare, flat])
    assert (scores.score("bbox", ALPHAS).pairs, scores.score("bbox", ALPHAS).points) == (1, 4)
    assert scores.score("bbox", ALPHAS).pck["per_image"] == pytest.approx([1 / 4, 2 / 4])
    assert scores.score("bbox", ALPHAS).mean_error == pytest.approx(1.65 / 4)
    assert scores.score("image", ALPHAS).pairs == 2
    assert scores.points() == 7


def test_each_pair_is_measured_with_its_own_threshold() -> None:
    small = replace(RECORDS[0], thresholds={"bbox": 2.0})
    score = Scores([small, found("a9", 1.0)]).score("bbox", (0.25,))
    assert score.pck["per_point"] == pytest.approx([2 / 5])
    assert score.mean_error == pytest.approx((16.5 / 2 + 0.1) / 5)


def test_an_aspect_stretches_what_is_down_and_nothing_else() -> None:
    """3 across and 4 down are 5; with an aspect of 3 they are the root of 9 + 144."""
    plain = found("a1", 0.0)
    assert plain.predicted is not None
    moved = replace(plain, predicted=plain.predicted + np.array([3.0, 4.0]), aspects={"image": 3.0})
    scores = Scores([moved])
    assert scores.score("bbox", ALPHAS).mean_error == pytest.approx(5 / 10)
    assert scores.score("image", ALPHAS).mean_error == pytest.approx(153**0.5 / 20)


def test_a_point_that_the_matcher_lost_is_wrong() -> None:
    half = found("a1", 0.0, 0.0)
    assert half.predicted is not None
    half.predicted[1] = np.nan
    score = Scores([half]).score("bbox", ALPHAS)
    assert score.pck["per_point"] == pytest.approx([0.5, 0.5])
    assert score.mean_error == np.inf


def test_a_pair_whose_truth_is_not_known_is_not_scored() -> None:
    scores = Scores([RECORDS[0], found("c1", None, None)])
    assert (scores.score("bbox", ALPHAS).pairs, scores.points(Scope("category", "c"))) == (1, 0)
    nothing = scores.score("bbox", ALPHAS, Scope("category", "c"))
    assert (nothing.pairs, nothing.points) == (0, 0)
    assert np.isnan([*nothing.pck["per_image"], *nothing.interval["per_point"][0]]).all()
    assert np.isnan([nothing.mean_error, nothing.median_error]).all()


def test_parts_and_their_values_are_in_the_order_of_tables() -> None:
    scores = Scores(reversed(RECORDS))
    assert scores.breakdowns == ["category", "group", "viewpoint"]
    assert [scope.value for scope in scores.scopes("category")] == ["b", "a"]
    assert [scope.value for scope in scores.scopes("viewpoint")] == ["0", "2", "10"]
    assert scores.scopes("occlusion") == []


def test_groups_go_kind_by_kind() -> None:
    kinds = [("plain", "plain unseen"), ("posed", "posed seen"), ("plain", "plain seen")]
    records = [
        found(f"a{i}", 0.0, position=i, group=group, tags={"kind": kind})
        for i, (kind, group) in enumerate(kinds)
    ]
    assert [scope.value for scope in Scores(records).scopes("group")] == [
        "plain seen", "plain unseen", "posed seen"
    ]  # fmt: skip


def test_a_tag_that_is_the_same_everywhere_or_a_name_breaks_nothing_down() -> None:
    records = [
        found(f"a{i}", 0.0, tags={"id": str(i), "set": "x", "half": str(i % 2)}) for i in range(60)
    ]
    assert Scores(records).breakdowns == ["category", "group", "half"]


def test_a_part_has_the_numbers_of_its_pairs_alone() -> None:
    scores = Scores(RECORDS)
    part = scores.score("bbox", ALPHAS, Scope("category", "a"))
    alone = Scores(RECORDS[1:]).score("bbox", ALPHAS)
    assert (part.pairs, part.points) == (alone.pairs, alone.points) == (2, 3)
    for average in ("per_point", "per_image"):
        assert part.pck[average].tolist() == alone.pck[average].tolist()
        assert part.interval[average].tolist() == alone.interval[average].tolist()
    assert part.mean_error == pytest.approx(alone.mean_error)
    assert scores.points(Scope("category", "a")) == 3
    assert scores.chosen(Scope("category", "a")).sum() == 3
    assert scores.failed.sum() == 1
    assert not scores.chosen(Scope("nonsense", "a")).any()


def test_the_best_pair_has_the_most_right_and_then_the_least_error() -> None:
    records = [
        found("a", 0.5, 9.0), found("b", 0.5, 0.6), found("c", 0.5, 2.0), found("d", 0.0),
        lost("e", 2), found("f", None),
    ]  # fmt: skip
    assert [record.pair for record in Scores(records).ranked("bbox", 0.1)] == ["d", "b", "c", "a"]


def test_without_records_there_are_no_numbers() -> None:
    scores = Scores([])
    assert (scores.thresholds, scores.points(), scores.breakdowns) == ([], 0, ["category", "group"])
    score = scores.score("bbox", ALPHAS)
    assert (score.pairs, score.points) == (0, 0)
    assert np.isnan(score.pck["per_point"]).all()


distances = st.lists(st.floats(0, 20), min_size=1, max_size=5)


@given(st.lists(distances, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_nothing_depends_on_the_order_of_the_records(every, random) -> None:
    records = [found(f"p{i}", *of_pair, position=i) for i, of_pair in enumerate(every)]
    shuffled = random.sample(records, len(records))
    one, other = (Scores(some).score("bbox", ALPHAS, EVERYTHING) for some in (records, shuffled))
    for average in ("per_point", "per_image"):
        assert one.pck[average].tolist() == other.pck[average].tolist()
        assert one.interval[average].tolist() == other.interval[average].tolist()
    assert (one.mean_error, one.median_error) == (other.mean_error, other.median_error)


@given(st.lists(distances, min_size=2, max_size=8))
def test_all_is_the_mean_of_its_parts_weighted_by_their_points(every) -> None:
    names = "ab" * len(every)
    records = [found(f"{names[i]}{i}", *of_pair) for i, of_pair in enumerate(every)]
    scores = Scores(records)
    whole = scores.score("bbox", ALPHAS)
    parts = [scores.score("bbox", ALPHAS, scope) for scope in scores.scopes("category")]
    for average, weight in (("per_point", "points"), ("per_image", "pairs")):
        weights = [getattr(part, weight) for part in parts]
        assert sum(weights) == getattr(whole, weight)
        mean = np.average([part.pck[average] for part in parts], axis=0, weights=weights)
        np.testing.assert_allclose(whole.pck[average], mean)
