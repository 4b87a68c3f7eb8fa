"""The configuration of a run and its digest."""

import hashlib
import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from helpers.made_up import POINTS, pair

from homologue.datasets.base import Pair
from homologue.errors import HomologueError
from homologue.evaluation.configuration import (
    RESULTS_VERSION,
    canonical,
    configuration_hash,
    run_configuration,
    selection_digest,
)
from homologue.evaluation.selection import PairFilter, Selection


def selection(pairs: list[Pair], **changed: Any) -> Selection:
    benchmark: Any = SimpleNamespace(name="toy")
    return Selection(benchmark, None, "val", pairs, PairFilter(("plain",), (), 3, **changed))


def engine(settings: dict[str, Any]) -> Any:
    return SimpleNamespace(name="m", settings=settings)


def test_a_configuration_has_all_that_results_depend_on() -> None:
    pairs = [pair("a1", "a2")]
    made = run_configuration(selection(pairs), engine({"steps": 2}), 7)
    assert made == {
        "benchmark": "toy", "split": "val", "kinds": ["plain"], "categories": [], "limit": 3,
        "selection": selection_digest(pairs), "matcher": "m", "settings": {"steps": 2}, "seed": 7,
        "homologue": RESULTS_VERSION,
    }  # fmt: skip
    assert json.loads(canonical(made)) == made
    assert run_configuration(selection(pairs, index=0), engine({}), 7)["pair"] == 0


def test_settings_that_json_cannot_represent_are_refused() -> None:
    with pytest.raises(HomologueError, match="settings of the matcher m cannot be written as JSON"):
        run_configuration(selection([]), engine({"steps": float("nan")}), 7)


def test_the_hash_is_of_the_canonical_text() -> None:
    text = canonical({"b": [1, 0.5], "a": {"d": None, "c": "é"}})
    assert text == r'{"a":{"c":"\u00e9","d":null},"b":[1,0.5]}'
    assert text == canonical({"a": {"c": "é", "d": None}, "b": (1, 0.5)})
    assert configuration_hash(text) == hashlib.sha256(text.encode()).hexdigest()


def test_other_data_have_another_digest() -> None:
    pairs = [pair("a1", "a2"), pair("b1", "b2")]
    unknown = torch.full((2, 2), torch.nan, dtype=torch.float64)
    others = [
        pairs[:1],
        pairs[::-1],
        [pairs[0], replace(pairs[1], thresholds={"bbox-kp": 20.0})],
        [pairs[0], replace(pairs[1], aspects={"image": 2.0})],
        [pairs[0], replace(pairs[1], target_points=pairs[1].target_points + 1e-9)],
        [pairs[0], replace(pairs[1], target_points=unknown)],
        [pairs[0], replace(pairs[1], fit_points=POINTS[[2, 0]])],
    ]
    digests = {selection_digest(some) for some in [pairs, *others]}
    assert len(digests) == 1 + len(others)
    assert selection_digest([pair("a1", "a2"), pair("b1", "b2")]) == selection_digest(pairs)


def test_derived_thresholds_do_not_change_the_digest() -> None:
    """Runs of versions without them can be resumed."""
    before = pair("a1", "a2", thresholds={"image": 40.0, "legacy": 9.0}, aspects={"legacy": 2.0})
    since = replace(
        before,
        thresholds={**before.thresholds, "legacy-image": 30.0, "legacy-bbox-kp": 8.0},
        aspects=dict.fromkeys(("legacy", "legacy-image", "legacy-bbox-kp"), 2.0),
    )
    assert selection_digest([since]) == selection_digest([before])
    without = replace(since, thresholds={"image": 40.0, "legacy-image": 30.0})
    assert selection_digest([without]) != selection_digest([before])
