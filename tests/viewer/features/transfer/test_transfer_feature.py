"""One source, many targets, as a client sees it."""

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


def begun(
    server: Running, places: list[list[float]], styles: tuple[str, ...] = STYLES, **settings: Any
) -> str:
    """A session with points on a fox, and foxes of other styles as targets."""
    session = server.session()
    if settings:
        server.act(session, "settings", **settings)
    for index, (x, y) in enumerate(places):
        server.act(session, "add", id=f"point-{index}", x=x, y=y)
    for style in styles:
        server.act(session, "add-target", sample=f"fox/{style}")
    return session


def done(server: Running, session: str) -> dict[str, Any]:
    """What the page is told when all pictures have been looked through."""

    def all_there(state: dict[str, Any]) -> bool:
        transfer = state["transfer"]
        return bool(transfer["done"] + transfer["failed"] == transfer["pictures"])

    return dict(server.wait(session, all_there)["transfer"])


def news(server: Running, session: str, since: int = 0) -> dict[str, Any]:
    answer = server.client.get(f"/api/sessions/{session}/transfer", params={"since": since})
    assert answer.status_code == 200
    return dict(answer.json())


def cells(told: dict[str, Any], token: int) -> dict[int, tuple[float, float, float]]:
    """Of a column: id of the target -> x, y, score."""
    flat = told["cells"].get(str(token), [])
    return {flat[i]: tuple(flat[i + 1 : i + 4]) for i in range(0, len(flat), 4)}


def names(server: Running, session: str) -> list[str]:
    told = news(server, session)
    rows = {row["id"]: row["name"] for row in told["rows"]}
    return [rows[id_] for id_ in told["order"]]


def test_points_are_found_where_the_library_finds_them(
    server: Running, builtin: LatentDiffusion, hasty: Preset
) -> None:
    session = begun(server, [EYE, NOSE])
    state = done(server, session)
    assert (state["pictures"], state["done"], state["failed"]) == (2, 2, 0)
    told = news(server, session)
    assert [row["name"] for row in told["rows"]] == ["fox, twemoji.png", "fox, openmoji.png"]
    for index, place in enumerate((EYE, NOSE)):
        column = cells(told, state["columns"][f"point-{index}"])
        for row, style in zip(told["rows"], STYLES, strict=True):
            pair = [sample("fox/noto"), sample(f"fox/{style}")]
            wanted = homologue.match(builtin, *pair, [place], preset=hasty).located
            x, y, score = column[row["id"]]
            assert [[x, y]] == pytest.approx(wanted.points.numpy(), abs=0.01)
            assert score == pytest.approx(float(wanted.scores[0]), abs=1e-4)


@pytest.mark.parametrize("way", ["exact", "joint"])
def test_all_ways_find_what_the_match_screen_finds(server: Running, way: str) -> None:
    session = begun(server, [[71.0, 99.0], [180.0, 90.0]], ("openmoji",), optimise=way)
    state = done(server, session)
    told = news(server, session)
    server.act(session, "target", sample="fox/openmoji")
    matched = server.settled(session)["match"]["points"]
    for id_, token in state["columns"].items():
        ((x, y, score),) = cells(told, token).values()
        found = matched[id_]["found"]
        assert (x, y) == pytest.approx((found["x"], found["y"]), abs=0.02)
        assert score == pytest.approx(found["score"], abs=2e-4)


def test_a_point_is_fitted_once_for_all_targets(
    server: Running,
    fits: list[tuple[float, float]],
) -> None:
    session = begun(server, [[61.25, 70.0]], (*STYLES, "fluent-emoji", "emojione"))
    done(server, session)
    assert fits == [(61.25, 70)]
    server.act(session, "move", id="point-0", x=62.5, y=70)
    done(server, session)
    server.act(session, "undo")
    assert done(server, session)["done"] == 4
    assert fits == [(61.25, 70), (62.5, 70)]


def test_only_what_is_new_is_told(server: Running) -> None:
    session = begun(server, [EYE])
    state = done(server, session)
    first = news(server, session)
    assert len(first["rows"]) == 2
    assert first["version"] == state["version"]
    nothing = news(server, session, first["version"])
    assert nothing == {"version": first["version"], "order": None, "rows": [], "cells": {}}
    server.act(session, "add", id="another", x=60, y=71)
    state = done(server, session)
    told = news(server, session, first["version"])
    assert (told["order"], told["rows"]) == (None, [])
    assert list(told["cells"]) == [str(state["columns"]["another"])]
    one = first["order"][0]
    server.act(session, "correct", target=one, point="another", x=1, y=2)
    after = news(server, session, told["version"])
    assert [row["id"] for row in after["rows"]] == [one]
    server.act(session, "remove-targets", targets=[one])
    assert news(server, session, after["version"])["order"] == first["order"][1:]


def test_removing_targets_can_be_undone_and_adding_them_need_not_be(server: Running) -> None:
    session = begun(server, [EYE])
    done(server, session)
    ids = news(server, session)["order"]
    server.act(session, "remove-targets", targets=ids)
    empty = news(server, session)
    assert (empty["order"], empty["rows"]) == ([], [])
    server.act(session, "add-target", sample="fox/emojione")
    server.act(session, "undo")  # of the removal: what came since stays
    told = news(server, session, empty["version"])
    assert told["order"][:2] == ids
    assert len(told["order"]) == 3
    assert {id_ for flat in told["cells"].values() for id_ in flat[::4]} >= set(ids)
    state = server.act(session, "undo")
    assert state["scene"]["points"] == []
    assert len(news(server, session)["order"]) == 3


def test_corrections_stand_whatever_the_model_says(server: Running) -> None:
    session = begun(server, [EYE, NOSE], ("openmoji",))
    done(server, session)
    (id_,) = news(server, session)["order"]
    server.act(session, "correct", target=id_, point="point-0", x=12.5, y=13)
    server.act(session, "hide", target=id_, point="point-1")
    corrections = news(server, session)["rows"][0]["corrections"]
    assert corrections == {
        "point-0": {"place": [12.5, 13], "source": EYE},
        "point-1": {"place": None, "source": NOSE},
    }
    server.act(session, "move", id="point-0", x=97, y=145)
    assert news(server, session)["rows"][0]["corrections"] == corrections
    server.act(session, "undo")
    server.act(session, "undo")
    assert list(news(server, session)["rows"][0]["corrections"]) == ["point-0"]
    server.act(session, "redo")
    server.act(session, "reset", target=id_, point="point-0")
    assert list(news(server, session)["rows"][0]["corrections"]) == ["point-1"]
    server.act(session, "reset", target=id_)
    assert news(server, session)["rows"][0]["corrections"] == {}
    server.act(session, "undo")
    server.act(session, "settings", seed=3)
    assert list(news(server, session)["rows"][0]["corrections"]) == ["point-1"]


@pytest.mark.parametrize(
    ("do", "fields", "complaint"),
    [
        ("correct", {"target": 0, "point": "point-0", "x": 1, "y": 1}, "no target 0"),
        ("correct", {"point": "none", "x": 1, "y": 1}, "no point 'none'"),
        ("correct", {"point": "point-0", "x": 257, "y": 1}, "outside fox, openmoji of 256 x 256"),
        ("hide", {"point": "none"}, "no point 'none'"),
        ("reset", {"target": 0}, "no target 0"),
        ("remove-targets", {"targets": [1.5]}, "whole number"),
        ("add-target", {"name": "a.png", "picture": "none"}, "a.png is no longer kept"),
        ("add-target", {"sample": "none/none"}, "no sample"),
        ("add-target", {"name": ""}, "text"),
        ("name", {"id": "point-0", "name": "7"}, "7 is the name of point 7"),
    ],
)
def test_actions_that_make_no_sense(
    server: Running, do: str, fields: dict[str, Any], complaint: str
) -> None:
    session = begun(server, [EYE], ("openmoji",))
    (id_,) = news(server, session)["order"]
    before = server.state(session)["revision"]
    status, sentence = server.refused(session, do, **{"target": id_, **fields})
    assert status in {400, 404}
    assert complaint in sentence
    assert server.state(session)["revision"] == before


def test_a_picture_that_was_refused_is_a_target_that_says_why(server: Running) -> None:
    session = begun(server, [EYE], ())
    problem = server.upload(b"no picture").json()["error"]
    server.act(session, "add-target", name="sub/a.png", problem=problem)
    (row,) = news(server, session)["rows"]
    assert (row["name"], row["picture"], row["problem"]) == ("sub/a.png", None, problem)
    assert done(server, session)["pictures"] == 0
    picture = server.upload(png(40, 30, seed=5)).json()
    server.act(session, "add-target", name="sub/a.png", picture=picture["id"])
    (again,) = news(server, session)["rows"]
    assert (again["id"], again["problem"]) == (row["id"], "")
    assert again["picture"]["width"] == 40
    assert done(server, session)["done"] == 1


def test_a_picture_is_a_target_once_and_names_are_unique(server: Running) -> None:
    session = server.session()
    one, two = (server.upload(png(40, 30, seed=seed)).json()["id"] for seed in (5, 6))
    for picture in (one, one, two):
        server.act(session, "add-target", name="../C:/dog/a.png", picture=picture)
    assert names(server, session) == ["dog/a.png", "dog/a (2).png"]


def test_points_have_names_that_nobody_else_has(server: Running) -> None:
    session = begun(server, [EYE, NOSE], ())

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


def test_stopping_and_going_on(server: Running) -> None:
    session = begun(server, [EYE], (), preset="patient", optimise="exact")
    server.act(session, "hold")
    server.act(session, "cancel")
    for style in STYLES:
        server.act(session, "add-target", sample=f"fox/{style}")
    state = server.wait(session, lambda state: not server.viewer.desk.worker.statuses(session))
    assert (state["transfer"]["held"], state["transfer"]["done"]) == (True, 0)
    server.act(session, "settings", preset="hasty", optimise="preset")
    server.act(session, "go-on")
    assert done(server, session)["done"] == 2


def test_a_model_that_cannot_be_loaded_fails_each_target_and_can_be_tried_again(
    server: Running,
) -> None:
    session = begun(server, [EYE], model="broken")
    state = done(server, session)
    assert (state["failed"], state["done"]) == (2, 0)
    problems = [row["problem"] for row in news(server, session)["rows"]]
    assert all("/nowhere/broken" in problem for problem in problems)
    first, _ = news(server, session)["order"]
    before = news(server, session)["version"]
    server.act(session, "go-on", target=first)
    done(server, session)
    assert {row["id"] for row in news(server, session, before)["rows"]} == {first}
    server.act(session, "settings", model="builtin")
    assert done(server, session)["done"] == 2
    assert [row["problem"] for row in news(server, session)["rows"]] == ["", ""]


def test_what_somebody_waits_for_goes_first(server: Running) -> None:
    parts = {part.name: part for part in server.viewer.parts}
    session = server.viewer.desk.get(begun(server, [EYE]))
    others = [
        task for name, part in parts.items() if name != "transfer" for task in part.tasks(session)
    ]
    for style in ("emojione", "noto-v1"):
        server.act(session.id, "add-target", sample=f"fox/{style}")
    server.act(session.id, "add", id="another", x=33, y=44)
    later = parts["transfer"].tasks(session)
    assert later
    assert all(task.urgency > other.urgency for task in later for other in others)
    done(server, session.id)


def test_many_targets_do_not_push_out_the_pictures_of_the_match(server: Running) -> None:
    (engine,) = [part._engine for part in server.viewer.parts if part.name == "match"]  # type: ignore[attr-defined]
    assert isinstance(engine, MatchEngine)
    session = begun(server, [[99.0, 98.0]], ())
    scene = server.settled(session)["scene"]
    for seed in range(12):
        picture = server.upload(png(40, 30, seed=100 + seed)).json()["id"]
        server.act(session, "add-target", name=f"{seed}.png", picture=picture)
    assert done(server, session)["done"] == 12
    kept = [picture for _, picture in engine._views]
    assert {scene["source"]["id"], scene["target"]["id"]} <= set(kept)


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
            "There is no room for third.png: all pictures together may have 0.286102 MiB; remove "
            "some, or scale them down."
        )
        assert all(server.viewer.pictures.get(id_) for id_ in ids)
        server.act(session, "remove-targets", targets=news(server, session)["order"])
        assert server.upload(png(150, 200, seed=3), "third.png").status_code == 200
        for name in "abc":
            server.act(session, "add-target", name=name, problem="No.")
        sentence = server.refused(session, "add-target", name="d", problem="No.")[1]
        assert sentence == "At most 3 targets: d is left out."


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


def test_the_source_among_the_targets_is_not_looked_through(server: Running) -> None:
    session = begun(server, [EYE], ("noto", "openmoji"))
    assert done(server, session)["pictures"] == 1
    server.act(session, "clear")
    server.act(session, "source", sample="fox/openmoji")
    server.act(session, "add", id="point-9", x=50, y=60)
    assert done(server, session)["pictures"] == 1
    (token,) = server.state(session)["transfer"]["columns"].values()
    first, _ = news(server, session)["order"]
    assert list(cells(news(server, session), token)) == [first]
