"""The configuration of a run."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from helpers.made_up import pair

from homologue.datasets.base import Pair
from homologue.errors import HomologueError
from homologue.evaluation.configuration import RESULTS_VERSION, run_configuration
from homologue.evaluation.selection import PairFilter, Selection, selection_digest
from homologue.evaluation.storage.schema import canonical


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
