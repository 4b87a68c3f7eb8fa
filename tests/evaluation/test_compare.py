"""Runs side by side, on the pairs that both have."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.found import found, lost, run_of
from hypothesis import given
from hypothesis import strategies as st

from homologue.errors import HomologueError
from homologue.evaluation.compare import compare, comparison_object

ALPHAS = (0.1, 0.3)


def test_a_difference_is_over_shared_pairs_and_by_hand() -> None:
    first = run_of([found("a", 0.5, 5.0), found("b", 5.0), found("c", 0.0), lost("d", 1)], "one")
    other = run_of([found("d", 0.0), found("b", 0.5), found("a", 0.5, 2.0), found("e", 9.0)], "two")
    made = compare(first, other, ALPHAS)
    assert (made.run.name, made.against.name) == ("two", "one")
    assert made.pairs == {"bbox": 2, "image": 2}
    # Of a and b: 1 of 3 and 1 of 3 points against 2 of 3 and 3 of 3.
    assert made.differences["bbox"]["per_point"].value == pytest.approx([1 / 3, 2 / 3])
    assert made.differences["bbox"]["per_image"].value == pytest.approx([1 / 2, 3 / 4])


def test_the_object_is_in_percent_with_interval_and_shares_of_draws() -> None:
    first = run_of([found(f"p{i}", 9.0 if i % 2 else 0.0) for i in range(50)], "one")
    other = run_of([found(f"p{i}", 0.0) for i in range(50)], "two")
    made = comparison_object(compare(first, other, ALPHAS))
    assert (made["run"], made["against"], made["pairs"]["bbox"]) == ("two", "one", 50)
    number = made["difference"]["bbox"]["per_point"]["0.1"]
    assert number["value"] == 50
    low, high = number["interval"]
    assert 30 < low < 50 < high < 70
    assert (number["better"], number["worse"]) == (1, 0)


def test_without_shared_pairs_there_is_no_number() -> None:
    made = comparison_object(compare(run_of([found("a", 0.0)]), run_of([found("b", 0.0)]), ALPHAS))
    assert made["pairs"] == {"bbox": 0, "image": 0}
    assert made["difference"]["image"]["per_image"] == {"0.1": None, "0.3": None}


def test_runs_of_other_benchmarks_are_refused() -> None:
    one, other = run_of([found("a", 0.0)], "x"), run_of([found("a", 0.0)], "y", split="val")
    with pytest.raises(HomologueError, match="x and y are of toy, test, and of toy, val; compare"):
        compare(one, other, ALPHAS)


@pytest.mark.parametrize("changed", [
    {"target_points": np.full((1, 2), 51.0)},
    {"thresholds": {"bbox": 11.0, "image": 20.0}},
    {"aspects": {"bbox": 2.0}},
])  # fmt: skip
def test_a_pair_with_another_truth_is_refused(changed) -> None:
    one = run_of([found("a", 0.0), found("b", 0.0)], "x")
    other = run_of([found("a", 0.0), replace(found("b", 0.0), **changed)], "y")
    with pytest.raises(HomologueError, match="The pair b has other points in the run y than in x"):
        compare(one, other, ALPHAS)


def test_a_run_from_before_a_threshold_was_added_is_compared_by_the_others() -> None:
    new = {"bbox": 10.0, "image": 20.0, "legacy-image": 5.0}
    since = replace(found("a", 0.0), thresholds=new, aspects={"legacy-image": 2.0})
    made = compare(run_of([since], "x"), run_of([found("a", 0.0)], "y"), ALPHAS)
    assert made.pairs == {"bbox": 1, "image": 1, "legacy-image": 0}


def test_an_unknown_truth_is_the_same_truth() -> None:
    one = run_of([found("a", 0.0, None)], "x")
    assert compare(one, run_of([found("a", 9.0, None)], "y"), ALPHAS).pairs["bbox"] == 1


distances = st.lists(st.floats(0, 20), min_size=2, max_size=2)


@given(st.lists(st.tuples(distances, distances), min_size=1, max_size=8), st.randoms())
def test_neither_order_of_records_matters(every, random) -> None:
    firsts = [found(f"p{i}", *one) for i, (one, _) in enumerate(every)]
    others = [found(f"p{i}", *other) for i, (_, other) in enumerate(every)]
    made = compare(run_of(firsts), run_of(others), ALPHAS)
    again = compare(
        run_of(random.sample(firsts, len(firsts))),
        run_of(random.sample(others, len(others))),
        ALPHAS,
    )
    assert comparison_object(made) == comparison_object(again)
    value = made.differences["bbox"]["per_point"].value
    separate = [
        run_of(some).scores.score("bbox", ALPHAS).pck["per_point"] for some in (firsts, others)
    ]
    assert value == pytest.approx(separate[1] - separate[0])
