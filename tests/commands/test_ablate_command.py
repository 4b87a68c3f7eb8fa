"""`homologue ablate` and `homologue relocate` as they are typed, on a few drawings."""

import csv
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.command_line import refused

from homologue.__main__ import main
from homologue.artifacts import own_variant
from homologue.evaluation.storage.store import Store
from homologue.presets import DEFAULT

EMOJI = ("evaluate", "emoji", "--split", "val", "--kind", "plain", "--limit", "2")
KEEPING = (*EMOJI, "--keep", "embeddings,parts", "--keep", "maps")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with all that can be kept of two pairs."""
    folder = tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["homologue", *KEEPING, "--run", str(folder)])
        with pytest.raises(SystemExit) as exit_:
            main()
    assert not exit_.value.code
    return folder


def predictions(folder: Path) -> list[Any]:
    with Store.read(folder) as store:
        return [[one.pair, one.predicted.tolist(), one.scores.tolist()] for one in store.records()]  # type: ignore[union-attr]


def test_keeping_changes_no_prediction_and_says_how_much_it_will_be(
    homologue: Any, kept: Path, tmp_path: Path
) -> None:
    plain = (*EMOJI, "--matcher", "attention", "--run", tmp_path / "plain")
    assert homologue(*plain).code == 0
    assert predictions(tmp_path / "plain") == predictions(kept)
    again = homologue(*KEEPING, "--run", kept)
    assert (again.code, again.err) == (0, "")
    part = homologue(*KEEPING, "--run", tmp_path / "part", "--shard", "1/2")
    lines = part.err.splitlines()
    assert [line.split(":")[0] for line in lines[:3]] == [
        "storing embeddings", "storing parts", "storing maps"
    ]  # fmt: skip
    assert lines[-1].startswith("storing about ")


def test_the_own_variant_is_the_prediction_and_maps_peak_near_it(kept: Path) -> None:
    with Store.read(kept) as store:
        own = store.variant_predictions().of_variant(own_variant(1, DEFAULT.locate))
        for record in store.records():
            assert record.predicted is not None
            np.testing.assert_array_equal(own[record.pair], record.predicted)
            maps = store.maps(record.pair)
            assert maps is not None
            assert list(maps.source) == list(maps.target)
            side = maps.source["all"].shape[-1]
            for heat, (x, y) in zip(maps.source["all"], record.source_points, strict=True):
                row, column = divmod(int(heat.argmax()), side)
                place = 256 / side  # pixels of a drawing, which is 256 wide and high
                assert np.hypot(place * (column + 0.5) - x, place * (row + 0.5) - y) < 40


def test_ablate_prints_tables_and_writes_numbers_and_pictures(
    homologue: Any, kept: Path, tmp_path: Path
) -> None:
    out = homologue("ablate", kept, "--csv", tmp_path / "a.csv", "--plots", tmp_path / "plots").out
    for words in ("crops: PCK@0.1 (bbox-kp)", "layers", "log-mean, window 0.05", "<- the run"):
        assert words in out
    assert {one.name for one in (tmp_path / "plots").iterdir()} == {
        "crops.png", "layers.png", "reading.png"
    }  # fmt: skip
    with (tmp_path / "a.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * 8 * 6
    result = homologue("ablate", kept, "--alpha", "0.2", "--json").json
    assert result["alpha"] == 0.2
    assert [one["crops"] for one in result["studies"]["crops"]] == [1, 2, 3, 4]
    scored = homologue("score", kept, "--alpha", "0.2", "--json").json
    own = next(one for one in result["variants"] if {**one, **result["own"]} == one)
    assert own["pck"]["per_point"] == scored["pck"]["bbox-kp"]["per_point"]["0.2"]
    assert own["interval"]["per_image"] == scored["interval"]["bbox-kp"]["per_image"]["0.2"]


def test_relocating_unchanged_gives_the_same_bits_and_goes_on(
    homologue: Any, kept: Path, tmp_path: Path
) -> None:
    command = ("relocate", kept, "--run", tmp_path)
    half = homologue(*command, "--shard", "1/2", "--json").json
    assert half["pairs"] == 1
    whole = homologue(*command, "--json").json
    assert (whole["pairs"], whole["failed"]) == (2, 0)
    assert predictions(tmp_path) == predictions(kept)
    with Store.read(kept) as origin, Store.read(tmp_path) as made:
        settings = made.configuration["settings"]
        assert settings.pop("relocated") == origin.hash
        assert settings == origin.configuration["settings"]
        assert made.hash != origin.hash
    refused(homologue(*command, "--crops", "2"), "settings.locate.crops (4, not 2)")


def test_relocating_otherwise_is_the_variant_that_was_kept(
    homologue: Any, kept: Path, tmp_path: Path
) -> None:
    changes = ("--crops", "2", "--read-out", "softmax", "--window", "0", "--keep", "parts")
    homologue("relocate", kept, "--run", tmp_path / "other", *changes)
    own = own_variant(1, DEFAULT.locate)
    with Store.read(kept) as store:
        (variant,) = [
            one for one in store.variant_predictions().variants
            if (one.crops, one.read_out, one.window, one.layers) == (2, "softmax", 0, own.layers)
        ]  # fmt: skip
        expected = store.variant_predictions().of_variant(variant)
    with Store.read(tmp_path / "other") as store:
        for record in store.records():
            np.testing.assert_array_equal(record.predicted, expected[record.pair])
        assert store.keep == ("parts",)
    later = homologue("relocate", kept, "--run", tmp_path / "later", "--timestep", "300").out
    assert "100.0" in later or "PCK" in later
    assert predictions(tmp_path / "later") != predictions(kept)


def test_what_cannot_be_relocated_is_refused(homologue: Any, kept: Path, tmp_path: Path) -> None:
    identity = (*EMOJI, "--matcher", "identity", "--run", tmp_path / "identity")
    assert homologue(*identity).code == 0
    new = ("--run", tmp_path / "new")
    refused(
        homologue("relocate", tmp_path / "identity", *new), "no embeddings", "--keep embeddings"
    )
    refused(homologue("relocate", tmp_path / "none", *new), "holds no run")
    refused(
        homologue("relocate", kept, *new, "--dtype", "bfloat16"), "another dtype", "need the model"
    )
    refused(homologue("relocate", kept, *new, "--read-out", "max"), "read_out must be one of")
    refused(homologue("relocate", kept, "--run", kept), "another settings.relocated")
    assert not (tmp_path / "new").exists()
    refused(homologue("ablate", tmp_path / "identity"), "no parts", "--keep parts")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--keep", "parts"), ("--keep needs --run",)),
        (("--keep", "heads"), ("'heads' is not an artifact", "embeddings, parts, maps")),
        (("--keep", "maps", "--matcher", "hog", "--run", "{}"), ("The matcher hog has no maps",)),
    ],
)
def test_what_cannot_be_kept_is_refused(
    homologue: Any, tmp_path: Path, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    placed = [argument.format(tmp_path / "run") for argument in arguments]
    refused(homologue(*EMOJI, *placed), *words)
    assert not (tmp_path / "run").exists()


def test_only_one_thing_goes_to_stdout(homologue: Any, kept: Path) -> None:
    refused(
        homologue("ablate", kept, "--json", "--csv", "-"), "--json and --csv - both write to stdout"
    )
    assert homologue("ablate", kept, "--csv", "-").out.startswith("run,benchmark,split,threshold")
    refused(homologue("ablate", kept, "--threshold", "bbox"), "has no threshold 'bbox'")
    refused(homologue("ablate", kept, "--alpha", "0"), "alpha must be a number above 0")


def test_of_a_run_that_is_not_finished_what_is_there_is_relocated(
    homologue: Any, tmp_path: Path
) -> None:
    half = ("--keep", "embeddings", "--run", tmp_path / "half", "--shard", "1/2")
    assert homologue(*EMOJI, *half).code == 0
    made = homologue("relocate", tmp_path / "half", "--run", tmp_path / "new", "--json").json
    assert (made["pairs"], made["planned"], made["failed"]) == (1, 2, 0)
    assert predictions(tmp_path / "new") == predictions(tmp_path / "half")


def test_other_data_are_refused(
    homologue: Any, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("homologue.evaluation.selection.selection_digest", lambda pairs: "0")
    refused(
        homologue("relocate", kept, "--run", tmp_path / "new"), "differ from those of", "--root"
    )
