"""Selection of pairs by name and score."""

import pytest
from helpers.found import found, lost, run_of

from homologue.errors import HomologueError
from homologue.viz.pair_choice import choose_pairs
from homologue.viz.pairs import Rule

# Better and better from p9 to p0.
RULE = Rule("bbox", 0.1)
RUN = run_of([found(f"p{i}", 0.0, 0.2 * i) for i in (3, 8, 1, 9, 0, 2, 7, 4, 6, 5)], "run")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"best": 2}, ["p0", "p1"]),
        ({"worst": 2}, ["p9", "p8"]),
        ({"spread": 4}, ["p0", "p3", "p6", "p9"]),
        ({"spread": 1}, ["p0"]),
        ({"names": ["p5"], "best": 1, "worst": 1}, ["p5", "p0", "p9"]),
        ({"names": ["p0", "p9"], "best": 1, "worst": 2}, ["p0", "p9", "p8"]),
        ({"best": 99}, [f"p{i}" for i in range(10)]),
    ],
)
def test_pairs_are_chosen_by_name_and_by_score(asked, expected) -> None:
    assert choose_pairs([RUN], RULE, **asked) == expected


def test_only_pairs_that_all_runs_have_are_chosen_by_the_first_run() -> None:
    other = run_of([found(f"p{i}", 9.0 - i) for i in (2, 4, 6)] + [lost("p9", 1)], "other")
    assert choose_pairs([RUN, other], RULE, best=9) == ["p2", "p4", "p6", "p9"]


def test_a_failed_pair_comes_only_by_name() -> None:
    run = run_of([lost("a", 1), found("b", 0.0)])
    assert choose_pairs([run], RULE, worst=5) == ["b"]
    assert choose_pairs([run], RULE, names=["a"]) == ["a"]


def test_a_name_that_is_not_there_is_refused() -> None:
    with pytest.raises(HomologueError, match="run has no pair 'p10'; did you mean 'p1'"):
        choose_pairs([RUN], RULE, names=["p10"])
    with pytest.raises(HomologueError, match="The run other has no pair 'p0'; it has no pairs yet"):
        choose_pairs([RUN, run_of([], "other")], RULE, names=["p0"])
    with pytest.raises(HomologueError, match="No pair of the run run is scored"):
        choose_pairs([run_of([lost("a", 1)])], RULE, worst=3)
