"""Filters, order and summary of runs, and their routes."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.running import Running, running
from helpers.some_runs import FAILED, GIVEN, LAYERS, SIZES, make_data, make_run
from helpers.viewer_files import unpack
from PIL import Image
from typer.testing import CliRunner

from homologue.cli import app
from homologue.errors import HomologueError
from homologue.viewer.features.runs.columns import ALPHAS
from homologue.viewer.features.runs.open_runs import OpenRun, OpenRuns
from homologue.viewer.features.runs.query import parse_query
from homologue.viewer.features.runs.summary import summarise

ONE, TWO, THREE, FOUR, FIVE = (f"{source}.png-{target}.png" for source, target, *_ in GIVEN)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the run `hand`, which stores maps, and the data in `data`."""
    folder = tmp_path_factory.mktemp("runs")
    make_run(folder / "hand", make_data(folder / "data", GIVEN), keep=("maps",))
    return folder


@pytest.fixture(scope="module")
def run(folder: Path) -> OpenRun:
    return OpenRuns([folder / "hand"]).get("hand")


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[Running]:
    with running(lambda name: pytest.fail("no model is needed"), runs=OpenRuns([folder])) as one:
        yield one


def names(run: OpenRun, **asked: str) -> list[str]:
    return [run.record(int(index)).pair for index in run.order(parse_query(asked))]


def asked(site: Running, what: str, **parameters: Any) -> Any:
    answer = site.client.get(f"/api/runs/{what}", params={"run": "hand", **parameters})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_pairs_are_right_mixed_wrong_failed(run: OpenRun) -> None:
    assert names(run, verdict="mixed") == [ONE]
    assert names(run, verdict="right") == [TWO, FIVE]
    assert names(run, verdict="wrong") == [THREE]
    assert names(run, verdict="failed") == [FOUR]
    assert names(run, verdict="unscored") == []
    # An error of 5 pixels is right at 0.05, and one of 20 pixels at 0.2.
    assert names(run, verdict="right", alpha="0.05") == [TWO, FIVE]
    assert names(run, verdict="right", alpha="0.04") == []
    assert names(run, verdict="right", alpha="0.2") == [ONE, TWO, FIVE]


def test_filters(run: OpenRun) -> None:
    assert names(run, **{"by.category": "dog"}) == [THREE, FOUR, FIVE]
    assert names(run, **{"by.category": "bird"}) == []
    assert names(run, **{"by.nothing": "x"}) == []
    assert names(run, text="A.PNG-") == [ONE, THREE]
    assert names(run, error_from="0.2") == [ONE, THREE]
    assert names(run, error_to="0.05") == [TWO, FIVE]
    assert names(run, error_from="0.05", error_to="0.2") == [ONE, TWO, FIVE]
    assert names(run, score_from="0.7") == [ONE, TWO]
    assert names(run, score_to="0.75") == [ONE, THREE]
    assert names(run, score_to="0.75", verdict="wrong", text="c") == [THREE]


def test_order(run: OpenRun) -> None:
    assert names(run) == [ONE, TWO, THREE, FOUR, FIVE]
    assert names(run, order="down") == [FIVE, FOUR, THREE, TWO, ONE]
    assert names(run, sort="name") == sorted([ONE, TWO, THREE, FOUR, FIVE])
    # Pairs without a value come last in both directions; ties are sorted by position.
    assert names(run, sort="worst") == [TWO, FIVE, ONE, THREE, FOUR]
    assert names(run, sort="worst", order="down") == [THREE, ONE, TWO, FIVE, FOUR]
    assert names(run, sort="mean") == [TWO, FIVE, ONE, THREE, FOUR]
    assert names(run, sort="score") == [THREE, ONE, TWO, FOUR, FIVE]
    assert names(run, sort="pck", order="down") == [TWO, FIVE, ONE, THREE, FOUR]


def test_the_summary_by_hand(run: OpenRun) -> None:
    received = summarise(run, parse_query({}))
    assert (received["pairs"], received["failed"]) == (5, 1)
    assert received["scored"] == {"pairs": 4, "points": 6}
    assert received["verdicts"] == {"right": 2, "mixed": 1, "wrong": 1, "failed": 1, "unscored": 0}
    at = ALPHAS.index(0.1)
    assert received["pck"]["per_point"][at] == 66.67  # 4 of 6
    assert received["pck"]["per_image"][at] == 62.5  # of 1/2, 1, 0 and 1
    assert received["pck"]["per_point"][ALPHAS.index(0.3)] == 100.0
    assert received["mean_error"] == round((5 + 20 + 0 + 5 + 30 + 5) / 6 / 100, 4)
    assert received["median_error"] == 0.05
    assert received["categories"] == [
        {"name": "cat", "pairs": 2, "per_point": 75.0, "per_image": 75.0},
        {"name": "dog", "pairs": 3, "per_point": 50.0, "per_image": 50.0},
    ]


def test_categories_are_those_of_the_other_filters(run: OpenRun) -> None:
    received = summarise(run, parse_query({"by.category": "cat", "verdict": "right"}))
    assert received["pairs"] == 1
    assert {one["name"]: one["pairs"] for one in received["categories"]} == {"cat": 1, "dog": 1}


def test_an_empty_selection_has_no_scores(run: OpenRun) -> None:
    received = summarise(run, parse_query({"text": "nowhere"}))
    assert (received["pairs"], received["scored"]) == (0, {"pairs": 0, "points": 0})
    assert set(received["pck"]["per_point"]) == {None}
    assert (received["mean_error"], received["categories"]) == (None, [])


def test_the_summary_equals_that_of_score(tmp_path: Path) -> None:
    folder = str(tmp_path / "run")
    options = ["--split", "val", "--limit", "4", "--matcher", "identity", "--run", folder]
    assert CliRunner().invoke(app, ["evaluate", "emoji", *options]).exit_code == 0
    alphas = [option for alpha in ALPHAS for option in ("--alpha", str(alpha))]
    scored = json.loads(CliRunner().invoke(app, ["score", folder, "--json", *alphas]).stdout)
    (run,) = OpenRuns([folder]).all
    parts = {"category": scored["per_category"], "group": scored["groups"], **scored["per_tag"]}
    compare(run, {}, scored)
    for by, of in parts.items():
        for value, wanted in of.items():
            compare(run, {f"by.{by}": value}, wanted)
    assert len(parts) >= 6


def compare(run: OpenRun, asked: dict[str, str], wanted: dict[str, Any]) -> None:
    received = summarise(run, parse_query(asked))
    assert received["pairs"] == wanted["pairs"]
    assert received["scored"] == wanted["scored"]["bbox-kp"]
    for average, shares in wanted["pck"]["bbox-kp"].items():
        assert received["pck"][average] == list(shares.values())
    assert received["mean_error"] == wanted["mean_error"]["bbox-kp"]
    assert received["median_error"] == wanted["median_error"]["bbox-kp"]


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"alpha": "0.123"}, "'alpha' must be one of"),
        ({"alpha": "nan"}, "'alpha' must be a number"),
        ({"error_from": "inf"}, "'error_from' must be a number"),
        ({"verdict": "odd"}, "'verdict' must be one of right, mixed"),
        ({"sort": "__class__"}, "'sort' must be one of"),
        ({"text": 201 * "x"}, "up to 200"),
        ({"threshold": "bbox"}, "has no threshold 'bbox': choose from given"),
        ({"offset": "-1"}, "'offset' must be a whole number"),
        ({"limit": "121"}, "'limit' must be a whole number from 0 to 120"),
    ],
)
def test_invalid_parameters_are_refused(
    site: Running, parameters: dict[str, str], sentence: str
) -> None:
    answer = site.client.get("/api/runs/pairs", params={"run": "hand", **parameters})
    assert answer.status_code == 400
    assert sentence in answer.json()["error"]


def test_names_are_looked_up_and_never_paths(site: Running, folder: Path) -> None:
    for what in ("pairs", "numbers", "pairs.csv", "pair", "thumb", "maps"):
        for run in ("", "..", str(folder / "hand"), "../hand", "hand/"):
            answer = site.client.get(f"/api/runs/{what}", params={"run": run, "pair": ONE})
            assert answer.status_code == 404
    for pair in ("", "..", "../data/a.png", str(folder / "data" / "a.png")):
        for what in ("pair", "thumb", "maps"):
            parameters = {"run": "hand", "pair": pair, "end": "source"}
            assert site.client.get(f"/api/runs/{what}", params=parameters).status_code == 404
    assert site.client.get("/api/runs/pairs.exe", params={"run": "hand"}).status_code == 404


def test_runs_are_described(site: Running) -> None:
    (received,) = site.client.get("/api/runs").json()
    assert received["name"] == "hand"
    assert (received["pairs"], received["planned"], received["failed"]) == (5, 5, 1)
    assert received["thresholds"] == ["given"]
    assert received["labels"] == {"category": ["cat", "dog"]}
    assert (received["maps"], received["scored"], received["seed"]) == (True, True, 3)
    assert received["pck"] == {"per_point": 66.67, "per_image": 62.5}
    assert site.client.get("/api/options").json()["runs"] == 1


def test_windows(site: Running) -> None:
    received = asked(site, "pairs", offset=1, limit=2, sort="worst")
    assert (received["total"], received["offset"]) == (5, 1)
    assert [one["pair"] for one in received["pairs"]] == [FIVE, ONE]
    assert asked(site, "pairs", offset=99)["pairs"] == []
    five, one = received["pairs"]
    assert one["points"] == [
        [[20, 30], [10, 40], [15, 40], True],
        [[25, 30], [15, 40], [35, 40], False],
    ]
    assert (one["right"], one["points_scored"], one["worst"], one["mean"]) == (1, 2, 0.2, 0.125)
    assert one["score"] == 0.7
    # The truth of its second point is not known.
    assert five["points"][1] == [[25, 30], None, [25, 25], None]
    failed = asked(site, "pairs", verdict="failed")["pairs"][0]
    assert (failed["error"], failed["worst"]) == ("OSError: lost", None)
    assert failed["points"] == [[[20, 30], [10, 40], None, None]]


def test_a_pair_and_its_neighbours(site: Running) -> None:
    received = asked(site, "pair", pair=ONE, sort="worst")
    assert (received["place"], received["total"]) == (2, 5)
    assert (received["previous"], received["next"]) == (FIVE, THREE)
    assert (received["threshold"], received["length"], received["aspect"]) == ("given", 100, 1)
    assert received["points"][1] == {
        "number": 2, "name": "2", "source": [25, 30], "target": [15, 40], "found": [35, 40],
        "right": False, "error": 0.2, "distance": 20, "score": 0.5,
    }  # fmt: skip
    assert (received["source"]["width"], received["source"]["height"]) == SIZES["a.png"]
    shown = site.client.get(f"/api/pictures/{received['target']['id']}")
    assert Image.open(io.BytesIO(shown.content)).size == SIZES["b.png"]
    outside = asked(site, "pair", pair=ONE, verdict="right")
    assert (outside["place"], outside["previous"], outside["next"]) == (None, None, None)
    ends = asked(site, "pair", pair=TWO, verdict="right"), asked(site, "pair", pair=FIVE)
    assert [(end["previous"], end["next"]) for end in ends] == [(None, FIVE), (FAILED, None)]


def test_thumbs(site: Running) -> None:
    parameters = {"run": "hand", "pair": ONE, "end": "target"}
    answer = site.client.get("/api/runs/thumb", params=parameters)
    assert answer.headers["content-type"] == "image/jpeg"
    assert "immutable" in answer.headers["cache-control"]
    sides = [int(answer.headers[f"picture-{side}"]) for side in ("width", "height")]
    assert tuple(sides) == SIZES["b.png"]
    assert Image.open(io.BytesIO(answer.content)).size == (320, 160)
    small = site.client.get("/api/runs/thumb", params={**parameters, "end": "source"})
    assert Image.open(io.BytesIO(small.content)).size == SIZES["a.png"]
    refused = site.client.get("/api/runs/thumb", params={**parameters, "end": "x"})
    assert refused.json() == {"error": "'end' must be source or target."}


def test_exported_lists(site: Running) -> None:
    rows = asked(site, "pairs.json", sort="worst", order="down")
    assert [row["pair"] for row in rows] == [THREE, ONE, TWO, FIVE, FOUR]
    assert (rows[1]["worst_error"], rows[1]["verdict"], rows[1]["alpha"]) == (0.2, "mixed", 0.1)
    parameters = {"run": "hand", "sort": "worst", "order": "down"}
    answer = site.client.get("/api/runs/pairs.csv", params=parameters)
    assert "pairs.csv" in answer.headers["content-disposition"]
    read = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["pair"] for row in read] == [row["pair"] for row in rows]
    assert (read[0]["right"], read[0]["points"], read[-1]["worst_error"]) == ("0", "1", "")
    empty = site.client.get("/api/runs/pairs.csv", params={**parameters, "text": "nowhere"})
    assert empty.text.startswith("pair,position,category")


def test_maps_all_first_then_layer_by_layer(site: Running) -> None:
    parameters = {"run": "hand", "pair": ONE, "end": "target", "point": 1}
    answer = site.client.get("/api/runs/maps", params=parameters)
    header, values = unpack(answer.content)
    assert header["side"] == 8
    assert [(one["kind"], one["name"]) for one in header["maps"]] == [  # type: ignore[index, attr-defined]
        ("all", "all"), *(("layer", layer) for layer in LAYERS)
    ]  # fmt: skip
    # The values 1 and 1/2 among 64: their average is 1.5 / 64.
    assert values[0][0, 1] == pytest.approx(64 / 1.5, rel=1e-3)
    assert np.unravel_index(values[1].argmax(), (8, 8)) == (0, 1)
    # The second column of the 4 x 4 layer becomes the third and fourth column.
    assert np.unravel_index(values[2].argmax(), (8, 8)) in ((0, 2), (0, 3))
    for wrong in ({"point": 2}, {"pair": FAILED}):
        refused = site.client.get("/api/runs/maps", params={**parameters, **wrong})
        assert refused.status_code == 404


def test_a_run_is_read_again(tmp_path: Path) -> None:
    file = make_data(tmp_path / "data", GIVEN)
    make_run(tmp_path / "run", file, pairs=2)
    runs = OpenRuns([tmp_path / "run"])
    with running(lambda name: pytest.fail("no model is needed"), runs=runs) as site:
        (before,) = site.client.get("/api/runs").json()
        assert (before["pairs"], before["planned"]) == (2, 5)
        make_run(tmp_path / "run", file, pairs=4)
        assert site.client.get("/api/runs").json()[0]["pairs"] == 2
        received = site.client.post("/api/runs/reload", json={"run": "run"}).json()
        assert (received["pairs"], received["failed"]) == (4, 1)
        assert received["version"] != before["version"]
        pairs = site.client.get("/api/runs/pairs", params={"run": "run"}).json()
        assert pairs["total"] == 4
        assert site.client.post("/api/runs/reload", json={"run": "x"}).status_code == 404


def test_a_pair_opens_without_its_data(tmp_path: Path) -> None:
    file = make_data(tmp_path / "data", GIVEN)
    make_run(tmp_path / "run", file)
    moved = file.parent.rename(tmp_path / "elsewhere")
    with pytest.raises(HomologueError, match="does not exist"):
        OpenRuns([tmp_path / "run"]).get("run").data.check()
    with running(lambda name: None, runs=OpenRuns([tmp_path / "run"])) as site:
        parameters = {"run": "run", "pair": ONE, "end": "source"}
        received = site.client.get("/api/runs/pair", params=parameters).json()
        assert "data" in received["source"]["problem"]
        assert len(received["points"]) == 2
        thumb = site.client.get("/api/runs/thumb", params=parameters)
        assert thumb.json() == {"problem": received["source"]["problem"]}
        assert thumb.headers["cache-control"] == "no-store"
    (moved / "c.png").unlink()
    runs = OpenRuns([tmp_path / "run"], moved / file.name)
    # All pairs of the file are read together, so a missing picture of one pair is an error.
    with pytest.raises(HomologueError, match=r"c\.png"):
        runs.get("run").data.pair(runs.get("run").record(0), "run")


def test_other_data_are_refused(tmp_path: Path) -> None:
    make_run(tmp_path / "run", make_data(tmp_path / "data", GIVEN))
    shifted = [(source, target, category, (1.0, 2.0, 3.0)) for source, target, category, _ in GIVEN]
    other = make_data(tmp_path / "other", shifted)
    with running(lambda name: None, runs=OpenRuns([tmp_path / "run"], other)) as site:
        parameters = {"run": "run", "pair": ONE, "end": "source"}
        problem = site.client.get("/api/runs/thumb", params=parameters).json()["problem"]
        assert problem.startswith(f"The pair {ONE} of the run run is not what ")
        assert problem.endswith("give the data of the run with --root.")


def test_runs_of_one_benchmark_show_the_same_pair(tmp_path: Path) -> None:
    file = make_data(tmp_path / "data", GIVEN)
    make_run(tmp_path / "both/one", file)
    make_run(tmp_path / "both/other", file, pairs=1)
    with running(lambda name: None, runs=OpenRuns([tmp_path / "both"])) as site:
        assert [run["name"] for run in site.client.get("/api/runs").json()] == ["one", "other"]

        def runs_with(pair: str) -> Any:
            parameters = {"run": "one", "pair": pair}
            return site.client.get("/api/runs/pair", params=parameters).json()["runs"]

        assert runs_with(ONE) == ["one", "other"]
        assert runs_with(TWO) == ["one"]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["nowhere"], "nowhere holds no run"),
        (["damaged"], "is not a run of homologue"),
        (["run", "--root", "nowhere"], "nowhere does not exist"),
        (["--root", "nowhere"], "give a RUN"),
    ],
)
def test_the_command_names_what_is_wrong_with_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: list[str], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    make_run(tmp_path / "run", make_data(tmp_path / "data", GIVEN))
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged/run.sqlite").write_text("SQLite? No, but long enough to look at.")
    result = CliRunner().invoke(app, ["view", *given, "--no-browser"])
    assert isinstance(result.exception, HomologueError)
    assert sentence in str(result.exception)
