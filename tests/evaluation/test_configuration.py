"""What pins a run down."""

import hashlib
import json
from dataclasses import replace

import torch
from helpers.made_up import POINTS, pair

from homologue.evaluation.configuration import (
    RESULTS,
    asked_otherwise,
    canonical,
    configuration,
    configuration_hash,
    differences,
    selection_digest,
)


def test_all_that_results_depend_on_is_named() -> None:
    pairs = [pair("a1", "a2")]
    made = configuration(
        benchmark="toy", split="val", kinds=("plain",), categories=(), limit=3, pairs=pairs,
        matcher="m", settings={"steps": 2}, seed=7,
    )  # fmt: skip
    assert made == {
        "benchmark": "toy", "split": "val", "kinds": ["plain"], "categories": [], "limit": 3,
        "selection": selection_digest(pairs), "matcher": "m", "settings": {"steps": 2}, "seed": 7,
        "homologue": RESULTS,
    }  # fmt: skip
    assert json.loads(canonical(made)) == made


def test_the_hash_is_of_the_canonical_text() -> None:
    text = canonical({"b": [1, 0.5], "a": {"d": None, "c": "é"}})
    assert text == r'{"a":{"c":"\u00e9","d":null},"b":[1,0.5]}'
    assert text == canonical({"a": {"c": "é", "d": None}, "b": (1, 0.5)})
    assert configuration_hash(text) == hashlib.sha256(text.encode()).hexdigest()


def test_other_data_have_another_digest() -> None:
    pairs = [pair("a1", "a2"), pair("b1", "b2")]
    nobody_knows = torch.full((2, 2), torch.nan, dtype=torch.float64)
    others = [
        pairs[:1],
        pairs[::-1],
        [pairs[0], replace(pairs[1], thresholds={"bbox-kp": 20.0})],
        [pairs[0], replace(pairs[1], aspects={"image": 2.0})],
        [pairs[0], replace(pairs[1], target_points=pairs[1].target_points + 1e-9)],
        [pairs[0], replace(pairs[1], target_points=nobody_knows)],
        [pairs[0], replace(pairs[1], fit_points=POINTS[[2, 0]])],
    ]
    digests = {selection_digest(some) for some in [pairs, *others]}
    assert len(digests) == 1 + len(others)
    assert selection_digest([pair("a1", "a2"), pair("b1", "b2")]) == selection_digest(pairs)


def test_thresholds_that_follow_from_the_others_change_no_digest() -> None:
    """Runs that were begun before there were any go on."""
    before = pair("a1", "a2", thresholds={"image": 40.0, "legacy": 9.0}, aspects={"legacy": 2.0})
    since = replace(
        before,
        thresholds={**before.thresholds, "legacy-image": 30.0, "legacy-bbox-kp": 8.0},
        aspects=dict.fromkeys(("legacy", "legacy-image", "legacy-bbox-kp"), 2.0),
    )
    assert selection_digest([since]) == selection_digest([before])
    without = replace(since, thresholds={"image": 40.0, "legacy-image": 30.0})
    assert selection_digest([without]) != selection_digest([before])


def test_differences_name_the_setting_and_both_values() -> None:
    one = {"a": 1, "b": {"c": [1], "d": 2}, "long": "x" * 50, "e": {}}
    other = {"a": 1, "b": {"c": [2], "d": 2}, "long": "y", "e": {"f": None}}
    assert differences(one, other) == ["b.c ([1], not [2])", "long", "e.f (none, not null)"]
    assert differences(one, one) == []


def test_the_selection_is_named_only_if_nothing_explains_it() -> None:
    assert asked_otherwise(["limit (1, not 2)", "selection", "seed"]) == (
        "with another limit (1, not 2), another seed"
    )
    assert asked_otherwise(["selection"]) == "on other pairs or points of the benchmark"
    assert asked_otherwise([]) == "on other pairs or points of the benchmark"
