"""Differences between a stored configuration and that of a call, and how messages name them."""

from homologue.evaluation.resume import describe_differences, differences


def test_differences_name_the_setting_and_both_values() -> None:
    one = {"a": 1, "b": {"c": [1], "d": 2}, "long": "x" * 50, "e": {}}
    other = {"a": 1, "b": {"c": [2], "d": 2}, "long": "y", "e": {"f": None}}
    assert differences(one, other) == ["b.c ([1], not [2])", "long", "e.f (none, not null)"]
    assert differences(one, one) == []


def test_the_selection_is_named_only_if_nothing_explains_it() -> None:
    assert describe_differences(["limit (1, not 2)", "selection", "seed"]) == (
        "with another limit (1, not 2), another seed"
    )
    assert describe_differences(["selection"]) == "on other pairs or points of the benchmark"
    assert describe_differences([]) == "on other pairs or points of the benchmark"
