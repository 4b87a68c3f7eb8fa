"""Transfer through HTTP."""

import io
from dataclasses import replace
from typing import Any

import pytest
from helpers.running import Running, encoded, noise, png, running
from helpers.viewer_files import sample
from PIL import Image

import homologue
from homologue.diffusion.model import LatentDiffusion
from homologue.presets import Preset
from homologue.viewer.features.match.engine import MatchEngine
from homologue.viewer.limits import Limits
from homologue.viewer.sessions.scene import Settings

STYLES = ("twemoji", "openmoji")
EYE, NOSE = [96.0, 145.0], [130.0, 212.0]


def start_transfer(
    server: Running, places: list[list[float]], styles: tuple[str, ...] = STYLES, **settings: Any
) -> str:
    """Create a session with points on a fox, and foxes of other styles as targets."""
    session = server.session()
    if settings:
        server.act(session, "settings", **settings)
    for index, (x, y) in enumerate(places):
        server.act(session, "add", id=f"point-{index}", x=x, y=y)
    for style in styles:
        server.act(session, "add-target", sample=f"fox/{style}")
    return session


def finished(server: Running, session: str) -> dict[str, Any]:
    """Return the state of the transfer when all pictures are finished."""

    def is_done(state: dict[str, Any]) -> bool:
        transfer = state["transfer"]
        return bool(transfer["done"] + transfer["failed"] == transfer["pictures"])

    return dict(server.wait(session, is_done)["transfer"])


def changes(server: Running, session: str, since: int = 0) -> dict[str, Any]:
    answer = server.client.get(f"/api/sessions/{session}/transfer", params={"since": since})
    assert answer.status_code == 200
    return dict(answer.json())


def cells(received: dict[str, Any], token: int) -> dict[int, tuple[float, float, float]]:
    """Return x, y and score of a column by target id."""
    flat = received["cells"].get(str(token), [])
    return {flat[i]: tuple(flat[i + 1 : i + 4]) for i in range(0, len(flat), 4)}


def names(server: Running, session: str) -> list[str]:
    received = changes(server, session)
    rows = {row["id"]: row["name"] for row in received["rows"]}
    return [rows[id_] for id_ in received["order"]]


def test_points_are_found_where_the_library_finds_them(
    server: Running, builtin: LatentDiffusion, hasty: Preset
) -> None:
    session = start_transfer(server, [EYE, NOSE])
    state = finished(server, session)
    assert (state["pictures"], state["done"], state["failed"]) == (2, 2, 0)
    received = changes(server, session)
    assert [row["name"] for row in received["rows"]] == ["fox, twemoji.png", "fox, openmoji.png"]
    for index, place in enumerate((EYE, NOSE)):
        column = cells(received, state["columns"][f"point-{index}"])
        for row, style in zip(received["rows"], STYLES, strict=True):
            pair = [sample("fox/noto"), sample(f"fox/{style}")]
            wanted = homologue.match(builtin, *pair, [place], preset=hasty).located
            x, y, score = column[row["id"]]
            assert [[x, y]] == pytest.approx(wanted.points.numpy(), abs=0.01)
            assert score == pytest.approx(float(wanted.scores[0]), abs=1e-4)


@pytest.mark.parametrize("strategy", ["exact", "joint"])
def test_all_strategies_find_the_points_of_the_match_screen(server: Running, strategy: str) -> None:
    session = start_transfer(
        server, [[71.0, 99.0], [180.0, 90.0]], ("openmoji",), strategy=strategy
    )
    state = finished(server, session)
    received = changes(server, session)
    server.act(session, "target", sample="fox/openmoji")
    matched = server.settled(session)["match"]["points"]
    for id_, token in state["columns"].items():
        ((x, y, score),) = cells(received, token).values()
        found = matched[id_]["found"]
        assert (x, y) == pytest.approx((found["x"], found["y"]), abs=0.02)
        assert score == pytest.approx(found["score"], abs=2e-4)


def test_a_point_is_fitted_once_for_all_targets(
    server: Running,
    fits: list[tuple[float, float]],
) -> None:
    session = start_transfer(server, [[61.25, 70.0]], (*STYLES, "fluent-emoji", "emojione"))
    finished(server, session)
    assert fits == [(61.25, 70)]
    server.act(session, "move", id="point-0", x=62.5, y=70)
    finished(server, session)
    server.act(session, "undo")
    assert finished(server, session)["done"] == 4
    assert fits == [(61.25, 70), (62.5, 70)]


def test_only_changes_are_sent(server: Running) -> None:
    session = start_transfer(server, [EYE])
    state = finished(server, session)
    first = changes(server, session)
    assert len(first["rows"]) == 2
    assert first["version"] == state["version"]
    nothing = changes(server, session, first["version"])
    assert nothing == {"version": first["version"], "order": None, "rows": [], "cells": {}}
    server.act(session, "add", id="another", x=60, y=71)
    state = finished(server, session)
    received = changes(server, session, first["version"])
    assert (received["order"], received["rows"]) == (None, [])
    assert list(received["cells"]) == [str(state["columns"]["another"])]
    one = first["order"][0]
    server.act(session, "correct", target=one, point="another", x=1, y=2)
    after = changes(server, session, received["version"])
    assert [row["id"] for row in after["rows"]] == [one]
    server.act(session, "remove-targets", targets=[one])
    assert changes(server, session, after["version"])["order"] == first["order"][1:]


def test_removing_targets_can_be_undone_and_adding_them_need_not_be(server: Running) -> None:
    session = start_transfer(server, [EYE])
    finished(server, session)
    ids = changes(server, session)["order"]
    server.act(session, "remove-targets", targets=ids)
    empty = changes(server, session)
    assert (empty["order"], empty["rows"]) == ([], [])
    server.act(session, "add-target", sample="fox/emojione")
    server.act(session, "undo")  # undoes the removal; the new target stays
    received = changes(server, session, empty["version"])
    assert received["order"][:2] == ids
    assert len(received["order"]) == 3
    assert {id_ for flat in received["cells"].values() for id_ in flat[::4]} >= set(ids)
    state = server.act(session, "undo")
    assert state["scene"]["points"] == []
    assert len(changes(server, session)["order"]) == 3


def test_corrections_override_the_model(server: Running) -> None:
    session = start_transfer(server, [EYE, NOSE], ("openmoji",))
    finished(server, session)
    (id_,) = changes(server, session)["order"]
    server.act(session, "correct", target=id_, point="point-0", x=12.5, y=13)
    server.act(session, "hide", target=id_, point="point-1")
    corrections = changes(server, session)["rows"][0]["corrections"]
    assert corrections == {
        "point-0": {"place": [12.5, 13], "source": EYE},
        "point-1": {"place": None, "source": NOSE},
    }
    server.act(session, "move", id="point-0", x=97, y=145)
    assert changes(server, session)["rows"][0]["corrections"] == corrections
    server.act(session, "undo")
    server.act(session, "undo")
    assert list(changes(server, session)["rows"][0]["corrections"]) == ["point-0"]
    server.act(session, "redo")
    server.act(session, "reset", target=id_, point="point-0")
    assert list(changes(server, session)["rows"][0]["corrections"]) == ["point-1"]
    server.act(session, "reset", target=id_)
    assert changes(server, session)["rows"][0]["corrections"] == {}
    server.act(session, "undo")
    server.act(session, "settings", seed=3)
    assert list(changes(server, session)["rows"][0]["corrections"]) == ["point-1"]


@pytest.mark.parametrize(
    ("do", "fields", "complaint"),
    [
        ("correct", {"target": 0, "point": "point-0", "x": 1, "y": 1}, "no target 0"),
        ("correct", {"point": "none", "x": 1, "y": 1}, "no point 'none'"),
        ("correct", {"point": "point-0", "x": 257, "y": 1}, "outside fox, openmoji of 256 x 256"),
        ("hide", {"point": "none"}, "no point 'none'"),
        ("reset", {"target": 0}, "no target 0"),
        ("remove-targets", {"targets": [1.5]}, "whole number"),
        ("add-target", {"name": "a.png", "picture": "none"}, "a.png is no longer stored"),
        ("add-target", {"sample": "none/none"}, "no sample"),
        ("add-target", {"name": ""}, "text"),
        ("name", {"id": "point-0", "name": "7"}, "7 is the name of point 7"),
    ],
)
def test_invalid_transfer_actions_are_refused(
    server: Running, do: str, fields: dict[str, Any], complaint: str
) -> None:
    session = start_transfer(server, [EYE], ("openmoji",))
    (id_,) = changes(server, session)["order"]
    before = server.state(session)["revision"]
    status, message = server.refused(session, do, **{"target": id_, **fields})
    assert status in {400, 404}
    assert complaint in message
    assert server.state(session)["revision"] == before


def test_a_refused_picture_is_a_target_with_a_problem(server: Running) -> None:
    session = start_transfer(server, [EYE], ())
    problem = server.upload(b"no picture").json()["error"]
    server.act(session, "add-target", name="sub/a.png", problem=problem)
    (row,) = changes(server, session)["rows"]
    assert (row["name"], row["picture"], row["problem"]) == ("sub/a.png", None, problem)
    assert finished(server, session)["pictures"] == 0
    picture = server.upload(png(40, 30, seed=5)).json()
    server.act(session, "add-target", name="sub/a.png", picture=picture["id"])
    (again,) = changes(server, session)["rows"]
    assert (again["id"], again["problem"]) == (row["id"], "")
    assert again["picture"]["width"] == 40
    assert finished(server, session)["done"] == 1


def test_a_picture_is_a_target_once_and_names_are_unique(server: Running) -> None:
    session = server.session()
    one, two = (server.upload(png(40, 30, seed=seed)).json()["id"] for seed in (5, 6))
    for picture in (one, one, two):
        server.act(session, "add-target", name="../C:/dog/a.png", picture=picture)
    assert names(server, session) == ["dog/a.png", "dog/a (2).png"]


def test_names_of_points_are_unique(server: Running) -> None:
    session = start_transfer(server, [EYE, NOSE], ())

    def called() -> list[str]:
        return [point["name"] for point in server.state(session)["scene"]["points"]]

    server.act(session, "name", id="point-0", name=" left \n eye ")
    assert called() == ["left eye", ""]
    assert server.refused(session, "name", id="point-1", name="left eye")[0] == 400
    server.act(session, "name", id="point-1", name="2")
    assert called() == ["left eye", ""]
    server.act(session, "move", id="point-0", x=1, y=1)
    assert called() == ["left eye", ""]
    server.act(session, "name", id="point-0", name="")
    assert called() == ["", ""]
    server.act(session, "undo")
    assert called() == ["left eye", ""]


def test_pause_and_resume(server: Running) -> None:
    session = start_transfer(server, [EYE], (), preset="patient", strategy="exact")
    server.act(session, "hold")
    server.act(session, "cancel")
    for style in STYLES:
        server.act(session, "add-target", sample=f"fox/{style}")
    state = server.wait(
        session, lambda state: not server.viewer.controller.worker.statuses(session)
    )
    assert (state["transfer"]["held"], state["transfer"]["done"]) == (True, 0)
    server.act(session, "settings", preset="hasty", strategy="preset")
    server.act(session, "go-on")
    assert finished(server, session)["done"] == 2


def test_targets_that_failed_can_be_retried(
    server: Running,
) -> None:
    session = start_transfer(server, [EYE], model="broken")
    state = finished(server, session)
    assert (state["failed"], state["done"]) == (2, 0)
    problems = [row["problem"] for row in changes(server, session)["rows"]]
    assert all("/nowhere/broken" in problem for problem in problems)
    first, _ = changes(server, session)["order"]
    before = changes(server, session)["version"]
    server.act(session, "go-on", target=first)
    finished(server, session)
    assert {row["id"] for row in changes(server, session, before)["rows"]} == {first}
    server.act(session, "settings", model="builtin")
    assert finished(server, session)["done"] == 2
    assert [row["problem"] for row in changes(server, session)["rows"]] == ["", ""]


def test_tasks_of_a_pair_go_first(server: Running) -> None:
    features = {each.name: each for each in server.viewer.features}
    session = server.viewer.controller.get(start_transfer(server, [EYE]))
    others = [
        task
        for name, each in features.items()
        if name != "transfer"
        for task in each.tasks(session)
    ]
    for style in ("emojione", "noto-v1"):
        server.act(session.id, "add-target", sample=f"fox/{style}")
    server.act(session.id, "add", id="another", x=33, y=44)
    later = features["transfer"].tasks(session)
    assert later
    assert all(task.urgency > other.urgency for task in later for other in others)
    finished(server, session.id)


def test_many_targets_do_not_displace_the_pictures_of_the_pair(server: Running) -> None:
    (engine,) = [each._engine for each in server.viewer.features if each.name == "match"]  # type: ignore[attr-defined]
    assert isinstance(engine, MatchEngine)
    session = start_transfer(server, [[99.0, 98.0]], ())
    scene = server.settled(session)["scene"]
    for seed in range(12):
        picture = server.upload(png(40, 30, seed=100 + seed)).json()["id"]
        server.act(session, "add-target", name=f"{seed}.png", picture=picture)
    assert finished(server, session)["done"] == 12
    recent = [picture for _, picture in engine._recent]
    assert {scene["source"]["id"], scene["target"]["id"]} <= set(recent)


def test_pictures_of_targets_are_in_use(builtin: LatentDiffusion, hasty: Preset) -> None:
    limits = replace(Limits(), picture_bytes=300_000, targets=3)
    with running(lambda name: builtin, Settings("builtin", "hasty"), limits=limits) as server:
        session = server.session()
        ids = []
        for seed in (1, 2):
            ids.append(server.upload(png(150, 100, seed=seed)).json()["id"])
            server.act(session, "add-target", name=f"{seed}.png", picture=ids[-1])
        answer = server.upload(png(150, 200, seed=3), "third.png")
        assert answer.status_code == 503
        assert answer.json()["error"] == (
            "There is no room for third.png: all images together may have 0.286102 MiB; remove "
            "some, or scale them down."
        )
        assert all(server.viewer.pictures.get(id_) for id_ in ids)
        server.act(session, "remove-targets", targets=changes(server, session)["order"])
        assert server.upload(png(150, 200, seed=3), "third.png").status_code == 200
        for name in "abc":
            server.act(session, "add-target", name=name, problem="No.")
        message = server.refused(session, "add-target", name="d", problem="No.")[1]
        assert message == "At most 3 targets: d is left out."


def test_thumbnails_are_small(server: Running) -> None:
    large = server.upload(encoded(noise(1600, 1200), "JPEG"), "large.jpg").json()["id"]
    answer = server.client.get(f"/api/thumbnails/{large}")
    assert answer.headers["content-type"] == "image/jpeg"
    assert "immutable" in answer.headers["cache-control"]
    with Image.open(io.BytesIO(answer.content)) as image:
        assert image.size == (400, 300)
    small = server.upload(png(90, 60)).json()["id"]
    shown = server.client.get(f"/api/thumbnails/{small}")
    assert shown.content == server.client.get(f"/api/pictures/{small}").content
    assert server.client.get("/api/thumbnails/none").status_code == 404


def test_versions_are_whole_numbers(server: Running) -> None:
    answer = server.client.get(f"/api/sessions/{server.session()}/transfer?since=-1")
    assert (answer.status_code, answer.json()["error"]) == (400, "'since' must be a whole number.")
    assert server.client.get("/api/sessions/none/transfer").status_code == 404


def test_the_source_among_the_targets_is_skipped(server: Running) -> None:
    session = start_transfer(server, [EYE], ("noto", "openmoji"))
    assert finished(server, session)["pictures"] == 1
    server.act(session, "clear")
    server.act(session, "source", sample="fox/openmoji")
    server.act(session, "add", id="point-9", x=50, y=60)
    assert finished(server, session)["pictures"] == 1
    (token,) = server.state(session)["transfer"]["columns"].values()
    first, _ = changes(server, session)["order"]
    assert list(cells(changes(server, session), token)) == [first]
