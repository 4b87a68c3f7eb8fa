"""Ablations of a run whose parts are made up, with numbers counted by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers.ablation_run import CONFIG, LAYER, OWN, made_up

from homologue.artifacts import variants
from homologue.errors import HomologueError
from homologue.evaluation.ablate import ablate, ablation_object, way_name
from homologue.evaluation.pair_artifacts import VariantPredictions
from homologue.evaluation.reporting.ablation_tables import ablation_grids, ablation_table


def test_numbers_are_those_of_the_variants() -> None:
    made = ablate(*made_up(), alpha=0.1)
    assert (made.threshold, made.own) == ("bbox", OWN)

    def pck(**changed: Any) -> list[float]:
        score = made.scores[replace(OWN, **changed)]
        return [round(100 * float(score.pck[name][0]), 1) for name in ("per_point", "per_image")]

    assert pck() == [100, 100]
    assert pck(embeddings=1) == [0, 0]
    assert pck(crops=1) == pck(layers=LAYER) == [66.7, 50]
    assert pck(window=0.0) == [0, 0]
    wider = ablate(*made_up(), threshold="image", alpha=0.25)
    assert wider.scores[replace(OWN, embeddings=1)].pck["per_point"] == [1]
    assert made.scores[OWN].points == 3


def test_studies_vary_one_thing_each() -> None:
    studies = ablate(*made_up()).studies
    assert list(studies) == ["embeddings", "crops", "layers", "reading"]
    assert [one.embeddings for one in studies["embeddings"]] == [1, 2]
    assert [one.crops for one in studies["crops"]] == [1, 2]
    assert [one.layers for one in studies["layers"]] == [LAYER, "all"]
    assert [way_name(one) for one in studies["reading"]] == [
        "mean, highest pixel", "mean, window 0.05", "softmax, highest pixel",
        "softmax, window 0.05", "log-mean, highest pixel", "log-mean, window 0.05",
    ]  # fmt: skip
    assert all(OWN in some for some in studies.values())


def test_a_thing_of_which_there_is_one_is_no_study() -> None:
    run, _ = made_up()
    single = replace(CONFIG, crops=1)
    settings = {"fit": {"embeddings": 1}, "locate": vars(single)}
    run = replace(run, configuration={**run.configuration, "settings": settings})
    asked = variants(1, single, [LAYER, "other"])
    points = {"a": np.full((len(asked), 2, 2), 50.0), "b": np.full((len(asked), 1, 2), 50.0)}
    assert list(ablate(run, VariantPredictions(asked, points)).studies) == ["layers", "reading"]


def test_tables_say_what_varies_and_which_is_the_runs_own() -> None:
    grids = ablation_grids(ablate(*made_up()))
    titles = [grid.title.split(":")[0] for grid in grids]
    assert titles == [
        "run (toy, test), embeddings", "embeddings, in every way to read",
        "run (toy, test), crops", "crops, in every way to read",
        "run (toy, test), layers", "layers, in every way to read", "run (toy, test), reading",
    ]  # fmt: skip
    assert grids[0].rows[0][:2] == ("1", "0.0 [0.0, 0.0]")
    assert grids[0].rows[1] == ("2", "100.0 [100.0, 100.0]", "100.0 [100.0, 100.0]", "<- the run")
    assert grids[3].rows[0] == ("1", "0.0", "66.7", "0.0", "66.7", "0.0", "66.7")
    assert [row[0] for row in grids[4].rows] == ["up_blocks.1.attentions.0", "all layers"]


def test_every_number_is_in_the_long_table_and_in_the_object() -> None:
    made = ablate(*made_up())
    rows = list(ablation_table(made).rows)
    assert len(rows) == 2 * len(made.scores) == 2 * 24
    (own,) = (row for row in rows if row["own"] and row["average"] == "per_image")
    assert (own["value"], own["low"], own["high"], own["pairs"]) == (100, 100, 100, 2)
    assert set(own) == set(ablation_table(made).columns)
    written = ablation_object(made)
    assert written["own"] == vars(OWN)
    assert written["studies"]["crops"][0]["pck"] == {"per_point": 66.67, "per_image": 50.0}
    assert len(written["variants"]) == 24


def test_without_parts_it_says_how_to_make_them() -> None:
    run, _ = made_up()
    with pytest.raises(HomologueError) as error:
        ablate(run, VariantPredictions((), {}))
    assert str(error.value) == (
        "The run run has no parts: make a run with `homologue evaluate toy --split test --matcher "
        "attention --keep parts --run DIR`."
    )


def test_a_threshold_that_there_is_not() -> None:
    with pytest.raises(HomologueError, match="'legacy': choose from bbox, image"):
        ablate(*made_up(), threshold="legacy")
