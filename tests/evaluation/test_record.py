"""All code that counts correct points gets the same number."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.made_up import failed, record
from hypothesis import given
from hypothesis import strategies as st

from homologue.evaluation.record import Record
from homologue.evaluation.scores import Scores
from homologue.viewer.features.runs.columns import ALPHAS, make_columns
from homologue.viz.pairs import Rule

coordinates = st.one_of(
    st.sampled_from([0.0, 3.0, 4.0, 0.3, 0.4, np.nan, np.inf]), st.floats(-50, 50)
)


@st.composite
def records(draw: st.DrawFn) -> Record:
    count = draw(st.integers(1, 4))
    rows = st.lists(st.tuples(coordinates, coordinates), min_size=count, max_size=count)
    truth = np.array(draw(rows))
    truth[np.isinf(truth)] = np.nan
    made = record(
        thresholds={"bbox": draw(st.sampled_from([0.0, 50.0, 4.123105625617661, np.nan]))},
        aspects={"bbox": draw(st.sampled_from([1.0, 0.75]))},
        source_points=np.zeros((count, 2)),
        target_points=truth,
        predicted=np.array(draw(rows)),
        scores=None,
        point_names=("a",) * count,
    )
    return draw(st.sampled_from([made, made, replace(made, thresholds={}), failed()]))


@given(st.lists(records(), min_size=1, max_size=4), st.integers(0, len(ALPHAS) - 1))
def test_scores_the_live_count_drawings_and_the_viewer_agree(
    made: list[Record], index: int
) -> None:
    made = [replace(one, pair=f"p{n}", position=n) for n, one in enumerate(made)]
    alpha, scores = ALPHAS[index], Scores(made)
    live = [sum(column) for column in zip(*(one.count(alpha) for one in made), strict=True)]
    verdicts = [verdict for one in made for verdict in Rule("bbox", alpha).verdicts(one)]
    counts = scores.counts("bbox", (alpha,))
    columns = make_columns(scores, "bbox").counts
    expected = [verdicts.count(True), len(verdicts) - verdicts.count(None)]
    assert [counts.correct.sum(), counts.points.sum()] == expected
    assert [columns.correct[index].sum(), columns.points.sum()] == expected
    assert live == expected


@pytest.mark.parametrize("length", [0.0, -1.0, float("nan")])
def test_a_pair_with_a_threshold_of_no_length_is_scored_nowhere(length: float) -> None:
    one = record(thresholds={"bbox": length}, target_points=np.zeros((2, 2)))
    one = replace(one, predicted=np.zeros((2, 2)))
    assert one.count(0.1) == (0, 0)
    assert one.verdicts("bbox", 0.1) == [None, None]
    assert Scores([one]).counts("bbox", (0.1,)).points.tolist() == [0]
