"""What a run is as a JSON object."""

import json
from dataclasses import replace

import numpy as np
import pytest
from helpers.found import found, lost, run_of
from rich.console import Console

from homologue.evaluation.reporting.report import predictions_of, summary, table

ALPHAS = [0.1, 0.3]
# Thresholds are 10 and 20 pixels.
RECORDS = [
    found("b1", 0.5, 2.0, 5.0, 9.0, position=0, group="new", tags={"viewpoint": "0"}),
    found("a1", 0.0, position=1, group="old", tags={"viewpoint": "2"}),
    found("a2", 1.0, None, 4.0, position=2, group="old", tags={"viewpoint": "10"}),
    lost("a3", 3, position=3, group="old", tags={"viewpoint": "2"}),
]
SETTINGS = {"model": "m", "preset": "paper", "optimise": "exact", "seed": 3}


def test_the_summary_has_the_documented_shape_and_the_right_numbers() -> None:
    result = summary(run_of(RECORDS, "mine", settings=SETTINGS, planned=6), ALPHAS)
    assert {key: result[key] for key in ("run", "benchmark", "split", "matcher", *SETTINGS)} == {
        "run": "mine", "benchmark": "toy", "split": "test", "matcher": "identity", **SETTINGS
    }  # fmt: skip
    assert result["settings"] == SETTINGS
    counts = ("planned", "pairs", "failed", "points", "seconds")
    assert [result[name] for name in counts] == [6, 4, 1, 7, 1.5]
    assert result["scored"]["bbox"] == {"pairs": 3, "points": 7}
    assert result["pck"] == {
        "bbox": {
            "per_point": {"0.1": 42.86, "0.3": 57.14}, "per_image": {"0.1": 58.33, "0.3": 66.67}
        },
        "image": {
            "per_point": {"0.1": 57.14, "0.3": 85.71}, "per_image": {"0.1": 66.67, "0.3": 91.67}
        },
    }  # fmt: skip
    assert result["mean_error"] == {"bbox": 0.3071, "image": 0.1536}
    assert result["median_error"] == {"bbox": 0.2, "image": 0.1}
    assert result["errors"] == {"a3": "OSError: lost"}


def test_parts_have_the_same_shape_as_the_whole() -> None:
    result = summary(run_of(RECORDS), ALPHAS)
    assert list(result["groups"]) == ["new", "old"]
    assert list(result["per_category"]) == ["b", "a"]
    assert list(result["per_tag"]) == ["viewpoint"]
    assert list(result["per_tag"]["viewpoint"]) == ["0", "2", "10"]
    part = result["per_category"]["a"]
    assert (part["pairs"], part["failed"], part["points"]) == (3, 1, 3)
    assert part["pck"]["bbox"]["per_point"] == {"0.1": 66.67, "0.3": 66.67}
    shared = {"pairs", "failed", "points", "scored", "pck", "interval", "mean_error"}
    assert all(set(part) >= shared for part in (result, part, result["per_tag"]["viewpoint"]["2"]))
    assert result["per_tag"]["viewpoint"]["2"]["pck"]["bbox"]["per_point"]["0.1"] == 100


def test_intervals_hold_the_number_and_follow_the_seed() -> None:
    away = np.random.default_rng(0).uniform(0, 2, (40, 7))
    run = run_of([found(f"a{i}", *distances[: 1 + i % 7]) for i, distances in enumerate(away)])
    made = [summary(run, ALPHAS, seed) for seed in (0, 0, 1)]
    assert made[0]["interval"] == made[1]["interval"] != made[2]["interval"]
    low, high = made[0]["interval"]["bbox"]["per_point"]["0.1"]
    assert low < made[0]["pck"]["bbox"]["per_point"]["0.1"] < high
    assert high - low == pytest.approx(100 * 2 * 1.96 * (0.25 / 155) ** 0.5, rel=0.3)


def test_nothing_is_no_number() -> None:
    wild = found("c", 0.0)
    assert wild.predicted is not None
    wild.predicted[0] = np.nan
    for records in ([], [lost("a", 2)], [replace(RECORDS[0], thresholds={})], [wild]):
        text = json.dumps(summary(run_of(records), ALPHAS), allow_nan=False)
        assert json.loads(text)["pairs"] == len(records)
    failed = summary(run_of([lost("a", 2)]), ALPHAS)
    assert failed["pck"]["bbox"]["per_image"] == {"0.1": None, "0.3": None}
    assert failed["interval"]["bbox"]["per_image"] == {"0.1": [None, None], "0.3": [None, None]}
    assert failed["mean_error"]["bbox"] is None


def test_predictions_are_given_pair_by_pair() -> None:
    scored = replace(RECORDS[2], scores=np.array([0.5, np.nan, 1.0]))
    saved = predictions_of(run_of([scored, RECORDS[3]]))
    one, failed = json.loads(json.dumps(saved, allow_nan=False))["predictions"]
    assert (one["pair"], one["category"], one["group"]) == ("a2", "a", "old")
    assert one["source_points"] == [[50, 50]] * 3
    assert one["target_points"] == [[50, 50], None, [50, 50]]
    assert one["predicted_points"] == [[51, 50], [50, 50], [54, 50]]
    assert one["scores"] == [0.5, None, 1.0]
    assert one["thresholds"] == {"bbox": 10, "image": 20}
    assert one["error"] is None
    assert (failed["predicted_points"], failed["error"]) == (None, "OSError: lost")


def test_the_table_names_thresholds_groups_and_counts() -> None:
    console = Console(width=150)
    with console.capture() as capture:
        console.print(table([run_of(RECORDS, "one", planned=6), run_of(RECORDS, "two")], ALPHAS))
    shown = capture.get()
    for words in (
        "toy, test", "4 of 6", "per point", "per image", "bbox", "image", "PCK@0.1", "PCK@0.3",
        "42.9 [", "old", "new", "0.307", "0.200",
    ):  # fmt: skip
        assert words in shown
    assert shown.count("two") == 1 + 4 + 2 + 1
