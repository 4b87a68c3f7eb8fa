"""Path traversal in names of uploads, targets, runs and pairs."""

import csv
import io
from collections.abc import Iterator
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from helpers.attacking import FileMonitor
from helpers.running import Running, png, running
from helpers.some_runs import GIVEN, make_data, make_run

from homologue.viewer.features.runs.open_runs import OpenRuns


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..\\..\\boot.ini"])
def test_the_name_of_an_upload_is_only_a_name(server: Running, name: str) -> None:
    picture = server.upload(png(9, 9, seed=1), name).json()
    assert "/" not in picture["name"]
    assert "\\" not in picture["name"]
    session = server.session()
    for end in ("source", "target"):
        assert server.refused(session, end, picture=name)[0] == 404
        assert server.refused(session, end, sample=name)[0] == 404


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A viewer of the run `hand`, with its pictures beside it."""
    folder = tmp_path_factory.mktemp("attacked")
    make_run(folder / "hand", make_data(folder / "data", GIVEN), keep=("maps",))
    with running(lambda name: pytest.fail("no model is needed"), runs=OpenRuns([folder])) as one:
        yield one


PAIR = "a.png-b.png"
OUTSIDE = "../../../../../etc/passwd"


@pytest.mark.parametrize(
    ("what", "query"),
    [
        ("pairs", {"run": OUTSIDE}),
        ("pairs", {"run": "/etc"}),
        ("pairs", {"run": "../hand"}),
        ("pairs", {"run": "hand/../hand"}),
        ("pairs", {"offset": "-1"}),
        ("pairs", {"offset": "1e9"}),
        ("pairs", {"offset": "9" * 5000}),
        ("pairs", {"offset": str(2**63)}),
        ("pairs", {"limit": "1000000"}),
        ("pairs", {"limit": "\u0663"}),
        ("pairs", {"sort": "__class__"}),
        ("pairs", {"verdict": "__init__"}),
        ("pairs", {"threshold": OUTSIDE}),
        ("pairs", {"text": "x" * 1000}),
        ("numbers", {"alpha": "nan"}),
        ("numbers", {"error_from": "inf"}),
        ("numbers", {"score_to": "1e"}),
        ("pairs.exe", {}),
        ("pairs...%2f..%2fcsv", {}),
        ("pair", {"pair": OUTSIDE}),
        ("pair", {"pair": "a.png"}),
        ("thumb", {"pair": OUTSIDE, "end": "source"}),
        ("thumb", {"pair": f"{PAIR}/..", "end": "source"}),
        ("thumb", {"pair": "a.png", "end": "source"}),
        ("thumb", {"pair": PAIR, "end": "../source"}),
        ("thumb", {"pair": PAIR, "end": "path"}),
        ("maps", {"pair": OUTSIDE, "end": "source"}),
        ("maps", {"pair": PAIR, "end": "__dict__"}),
        ("maps", {"pair": PAIR, "end": "source", "point": "-1"}),
        ("maps", {"pair": PAIR, "end": "source", "point": "999999"}),
        ("maps", {"pair": PAIR, "end": "source", "point": "9" * 5000}),
    ],
)
def test_runs_are_looked_up_and_nothing_else(
    site: Running, file_monitor: FileMonitor, what: str, query: dict[str, str]
) -> None:
    site.client.get("/api/runs/maps", params={"run": "hand", "pair": PAIR, "end": "source"})
    file_monitor.on, file_monitor.opened = True, []
    answer = site.client.get(f"/api/runs/{what}", params={"run": "hand", **query})
    file_monitor.on = False
    assert answer.status_code in {400, 404}
    assert len(answer.text) < 6000
    assert file_monitor.opened == []


def test_a_run_is_read_again_only_by_its_name(site: Running, file_monitor: FileMonitor) -> None:
    file_monitor.on, file_monitor.opened = True, []
    for name in (OUTSIDE, "/etc", "../hand", ".", "", "x" * 5000, 7, None, ["hand"]):
        answer = site.client.post("/api/runs/reload", json={"run": name})
        assert answer.status_code in {400, 404}, name
    file_monitor.on = False
    assert file_monitor.opened == []
    assert site.client.post("/api/runs/reload", json={"run": "hand"}).status_code == 200


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "a/../../../b.png",
        "..\\..\\boot.ini",
        "C:\\photos\\cat.png",
        "C:cat.png",
        "C:D:..",
        "\\\\host\\share\\cat.png",
        "./.././..",
        "....//....//x.png",
        "a\nb/\x00/../c.png",
        "/" * 400,
        "../" * 133,
    ],
)
def test_the_name_of_a_target_stays_in_its_folder(server: Running, name: str) -> None:
    session = server.session()
    picture = server.upload(png(9, 9, seed=1)).json()
    server.act(session, "add-target", name=name, picture=picture["id"])
    server.act(session, "add", id="aaaa", x=9, y=9)
    base = f"/api/sessions/{session}/transfer"
    named = [one["name"] for one in server.client.get(base).json()["rows"]]
    images = server.client.get(f"{base}/coco.json").json()["images"]
    table = csv.reader(io.StringIO(server.client.get(f"{base}/points.csv").text))
    for shown in [*named, *(one["file_name"] for one in images), *(row[0] for row in table)]:
        assert ".." not in PurePosixPath(shown).parts
        assert not PurePosixPath(shown).is_absolute()
        assert not PureWindowsPath(shown).anchor
        assert shown.isprintable() and shown
