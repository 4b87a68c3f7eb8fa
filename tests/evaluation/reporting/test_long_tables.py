"""Numbers and points as long tables."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.found import found, lost, run_of

from homologue.evaluation.compare import compare
from homologue.evaluation.reporting.long_tables import numbers, points

ALPHAS = [0.1, 0.3]
RUN = run_of(
    [found("b1", 0.5, 5.0, tags={"v": "1"}), found("a1", 2.0, tags={"v": "0"}), lost("a2", 1)],
    "one",
)


def the_row(table, **known):
    (row,) = [row for row in table.rows if all(row.get(key) == known[key] for key in known)]
    return row


def test_every_number_has_its_row() -> None:
    table = numbers([RUN], [], ALPHAS)
    # All, two categories, one group, two values of the tag; two averages and alphas, two errors.
    assert len(table.rows) == 2 * (1 + 2 + 1 + 2) * (2 * 2 + 2)
    assert all(set(row) <= set(table.columns) for row in table.rows)
    whole = the_row(
        table, metric="pck", threshold="bbox", average="per_image", alpha=0.3, scope="all"
    )
    assert (whole["run"], whole["benchmark"], whole["split"], whole["matcher"]) == (
        "one", "toy", "test", "identity"
    )  # fmt: skip
    assert (whole["value"], whole["pairs"], whole["points"]) == (75.0, 2, 3)
    assert whole["low"] <= 75 <= whole["high"]
    assert whole["scope_value"] is None
    error = the_row(
        table, metric="mean_error", threshold="image", scope="category", scope_value="b"
    )
    assert error["value"] == pytest.approx(0.1375)
    assert (error.get("average"), error.get("alpha"), error.get("low")) == (None, None, None)
    tag = the_row(
        table, metric="pck", threshold="bbox", average="per_point", alpha=0.1, scope="v",
        scope_value="1",
    )  # fmt: skip
    assert tag["value"] == 50


def test_differences_name_the_run_that_they_are_to() -> None:
    other = run_of([found("b1", 0.5, 0.5)], "two")
    table = numbers([RUN, other], [compare(RUN, other, ALPHAS)], ALPHAS)
    row = the_row(table, metric="difference", threshold="bbox", average="per_point", alpha=0.1)
    assert (row["run"], row["against"], row["value"], row["pairs"]) == ("two", "one", 50.0, 1)
    assert (row["scope"], row["low"], row["high"]) == ("all", 50.0, 50.0)


def test_what_is_not_known_is_nothing() -> None:
    table = numbers([run_of([lost("a", 1)])], [], ALPHAS)
    assert {row["value"] for row in table.rows} == {None}
    assert {row["pairs"] for row in table.rows} == {0}


def test_every_point_has_its_row() -> None:
    given = replace(
        found("c", 3.0, None), scores=np.array([0.25, np.nan]), thresholds={"given": 7.0}
    )
    table = points([run_of([given, lost("a2", 1)], "x")])
    assert list(table.columns)[-3:] == ["threshold given", "threshold bbox", "threshold image"]
    first, second, failed = table.rows
    assert {key: first[key] for key in ("run", "pair", "category", "source", "point", "name")} == {
        "run": "x", "pair": "c", "category": "c", "source": "c-source", "point": 0, "name": "p0"
    }  # fmt: skip
    assert (first["source_x"], first["target_x"], first["predicted_x"]) == (50, 50, 53)
    assert (first["distance"], first["score"], first["threshold given"]) == (3, 0.25, 7)
    assert first["threshold bbox"] is None
    assert (second["target_x"], second["distance"], second["score"]) == (None, None, None)
    assert second["predicted_y"] == 50
    assert (failed["predicted_x"], failed["distance"], failed["threshold bbox"]) == (None, None, 10)
