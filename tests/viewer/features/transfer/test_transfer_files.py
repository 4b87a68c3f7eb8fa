"""Exported files of a transfer and their names."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from helpers.running import Running, png
from test_transfer_feature import cells, changes, finished, start_transfer

from homologue.datasets.custom.benchmark import benchmark
from homologue.errors import HomologueError
from homologue.viewer.features.transfer.annotations import (
    AnnotatedPicture,
    AnnotatedPoint,
    lowest_score,
)
from homologue.viewer.features.transfer.files import coco, csv_text
from homologue.viewer.features.transfer.names import check_point_name, clean_path, file_names
from homologue.viewer.sessions.scene import Point, Scene, Settings

POINTS = (Point("aaaa", 1, 10, 20), Point("bbbb", 2, 30, 5, "left, ear"))
SCENE = Scene(Settings("builtin"), "s", points=POINTS)
PICTURES = [
    AnnotatedPicture("cat.png", 40, 30, (AnnotatedPoint((10, 20)), AnnotatedPoint((30, 5)))),
    AnnotatedPicture(
        "sub/dog.png",
        50,
        60,
        (AnnotatedPoint((12.34567, 20), 0.25), AnnotatedPoint((22, 50.5), corrected=True)),
    ),
    AnnotatedPicture("cow.png", 10, 10, (AnnotatedPoint(), AnnotatedPoint(corrected=True))),
]


def test_coco() -> None:
    content = coco(SCENE, PICTURES)
    assert content["categories"][0]["keypoints"] == ["1", "left, ear"]
    assert content["images"][1] == {"id": 2, "file_name": "sub/dog.png", "width": 50, "height": 60}
    source, dog, cow = content["annotations"]
    assert source["keypoints"] == [10, 20, 2, 30, 5, 2]
    assert source["bbox"] == [10, 5, 20, 15]
    assert (source["area"], source["score"], source["num_keypoints"]) == (300, None, 2)
    assert dog["keypoints"] == [12.346, 20, 2, 22, 50.5, 2]
    assert dog["bbox"] == [12.346, 20, 9.654, 30.5]
    assert (dog["score"], dog["scores"]) == (0.25, [0.25, None])
    assert dog["corrected"] == [False, True]
    assert cow["corrected"] == [False, True]
    assert (cow["keypoints"], cow["num_keypoints"], cow["bbox"]) == ([0] * 6, 0, [0] * 4)
    assert content["info"]["strategy"] == content["info"]["optimise"] == "cached"


def test_csv() -> None:
    assert csv_text(POINTS, PICTURES).split("\r\n") == [
        "image,point,x,y,score,corrected",
        "cat.png,1,10,20,,0",
        'cat.png,"left, ear",30,5,,0',
        "sub/dog.png,1,12.346,20,0.25,0",
        'sub/dog.png,"left, ear",22,50.5,,1',
        "cow.png,1,,,,0",
        'cow.png,"left, ear",,,,1',
        "",
    ]


def test_lowest_score() -> None:
    assert lowest_score(PICTURES[1].points) == 0.25
    assert lowest_score(PICTURES[0].points) is None


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("a/b.png", "a/b.png"),
        ("../../etc/passwd", "etc/passwd"),
        ("/root/x.png", "root/x.png"),
        ("C:\\Users\\x.png", "Users/x.png"),
        ("a\n\x00b.png", "ab.png"),
        (" . / .. ", "picture"),
    ],
)
def test_paths_stay_in_their_folder(given: str, clean: str) -> None:
    assert clean_path(given) == clean


def test_file_names_are_unique_and_have_suffixes() -> None:
    given = ["a.png", "a.png", "b/a.png", "fox, noto", "a (2).png"]
    assert file_names(given) == [
        "a.png", "a (2).png", "b/a.png", "fox, noto.png", "a (2) (2).png"
    ]  # fmt: skip


def test_names_of_points() -> None:
    one, two = POINTS
    assert check_point_name("  nose\ttip ", one, POINTS) == "nose tip"
    assert check_point_name("1", one, POINTS) == ""
    for name in ("2", "77", "left, ear"):
        with pytest.raises(HomologueError, match=name):
            check_point_name(name, one, POINTS)
    assert check_point_name("left, ear", two, POINTS) == "left, ear"


def download(server: Running, session: str, name: str) -> Any:
    answer = server.client.get(f"/api/sessions/{session}/transfer/{name}")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment")
    return answer


def test_coco_is_read_by_the_dataset_reader(server: Running, tmp_path: Path) -> None:
    session = server.session()
    pictures = {"cat.png": png(60, 40, seed=1), "in/dog.png": png(50, 70, seed=2)}
    for name, data in pictures.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    source, target = (server.upload(data, name).json()["id"] for name, data in pictures.items())
    server.act(session, "source", picture=source)
    for index, (x, y) in enumerate([(10, 20), (30.5, 25), (60, 40)]):
        server.act(session, "add", id=f"point-{index}", x=x, y=y)
    server.act(session, "name", id="point-1", name="tail")
    server.act(session, "add-target", name="in/dog.png", picture=target)
    columns = finished(server, session)["columns"]
    received = changes(server, session)
    (dog,) = received["order"]
    server.act(session, "correct", target=dog, point="point-0", x=50, y=70)
    server.act(session, "hide", target=dog, point="point-2")
    file = tmp_path / "keypoints.json"
    file.write_bytes(download(server, session, "coco.json").content)
    there, back = benchmark(file).pairs("all")
    assert (there.source.key, there.target.key) == ("cat.png", "in/dog.png")
    assert there.point_names == ("1", "tail")
    assert there.source_points.tolist() == [[10, 20], [30.5, 25]]
    found = cells(received, columns["point-1"])[dog]
    assert there.target_points.tolist()[0] == [50, 70]
    assert there.target_points.tolist()[1] == pytest.approx(found[:2], abs=0.01)
    assert back.source_points.tolist() == there.target_points.tolist()
    annotation = json.loads(file.read_text())["annotations"][1]
    assert annotation["keypoints"][-3:] == [0, 0, 0]
    assert annotation["corrected"] == [True, False, True]
    rows = list(csv.reader(io.StringIO(download(server, session, "points.csv").text)))
    assert len(rows) == 1 + 6
    assert rows[4] == ["in/dog.png", "1", "50.0", "70.0", "", "1"]
    assert rows[6] == ["in/dog.png", "3", "", "", "", "1"]


def test_the_source_takes_its_name_from_the_targets(server: Running) -> None:
    session = start_transfer(server, [[96.0, 145.0]], ("noto",))
    picture = server.state(session)["scene"]["source"]["id"]
    server.act(session, "remove-targets", targets=changes(server, session)["order"])
    server.act(session, "add-target", name="foxes/1.png", picture=picture)
    content = download(server, session, "coco.json").json()
    assert [image["file_name"] for image in content["images"]] == ["foxes/1.png"]
    assert len(content["annotations"]) == 1
