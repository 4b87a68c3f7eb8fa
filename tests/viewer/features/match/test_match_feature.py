"""Matching through HTTP: the results equal those of the library, and nothing is computed twice."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.running import Running, encoded, noise, png, running
from helpers.viewer_files import sample, unpack

import homologue
from homologue.diffusion.model import LatentDiffusion
from homologue.points import read_points
from homologue.presets import Preset, with_settings
from homologue.viewer.sessions.scene import Settings


def found(state: dict[str, Any], id_: str) -> tuple[float, float, float]:
    facts = state["match"]["points"][id_]["found"]
    return facts["x"], facts["y"], facts["score"]


def test_a_new_session_has_two_pictures(server: Running) -> None:
    state = server.state(server.session())
    assert [state["scene"][end]["name"] for end in ("source", "target")] == [
        "fox, noto", "fox, twemoji"
    ]  # fmt: skip
    assert state["scene"]["points"] == []
    assert (state["undo"], state["redo"]) == (False, False)


def test_counterparts_are_those_of_the_library(
    server: Running, builtin: LatentDiffusion, hasty: Preset
) -> None:
    session = server.session()
    places = [[96.0, 145.0], [130.0, 212.0]]
    for index, (x, y) in enumerate(places):
        server.act(session, "add", id=f"point-{index}", x=x, y=y)
    state = server.settled(session)
    pair = [sample("fox/noto"), sample("fox/twemoji")]
    for index, place in enumerate(places):
        wanted = homologue.match(builtin, *pair, [place], preset=hasty, heatmaps=True)
        x, y, score = found(state, f"point-{index}")
        assert [[x, y]] == pytest.approx(wanted.located.points.numpy(), abs=1e-3)
        assert score == pytest.approx(float(wanted.located.scores[0]), abs=1e-5)
        address = state["match"]["points"][f"point-{index}"]["maps"]["target"]
        header, maps = unpack(server.client.get(f"/api/maps/{address}").content)
        assert header["side"] == 128
        assert wanted.located.heatmaps is not None
        expected = wanted.located.heatmaps[0] * 128 * 128
        torch.testing.assert_close(
            torch.from_numpy(maps[0]), expected.double(), atol=float(expected.max()) / 1e4, rtol=0
        )
        assert [one["kind"] for one in header["maps"]] == [
            "mean",
            *4 * ["layer"],
            *2 * ["embedding"],
        ]  # type: ignore[index, attr-defined]


def test_a_point_is_its_own_counterpart_in_the_source_map(server: Running) -> None:
    session = server.session()
    server.act(session, "add", id="left-ear", x=64, y=16)
    server.settled(session)
    state = server.act(session, "target", sample="fox/noto")
    state = server.settled(session)
    maps = state["match"]["points"]["left-ear"]["maps"]
    assert maps["source"] == maps["target"]
    _, values = unpack(server.client.get(f"/api/maps/{maps['source']}").content)
    peak = divmod(int(values[0].argmax()), 128)
    assert peak[1] * 2 == pytest.approx(64, abs=40)
    assert peak[0] * 2 == pytest.approx(16, abs=40)


def test_only_what_changed_is_fitted(server: Running, fits: list[tuple[float, float]]) -> None:
    session = server.session()
    server.act(session, "add", id="aaaa", x=60.25, y=70)
    first = server.settled(session)
    server.act(session, "add", id="bbbb", x=161.5, y=71)
    both = server.settled(session)
    assert fits == [(60.25, 70), (161.5, 71)]
    assert found(both, "aaaa") == found(first, "aaaa")
    server.act(session, "move", id="bbbb", x=150.5, y=72)
    moved = server.settled(session)
    assert fits[2:] == [(150.5, 72)]
    assert found(moved, "bbbb") != found(both, "bbbb")
    server.act(session, "target", sample="fox/openmoji")
    other = server.settled(session)
    assert len(fits) == 3
    assert found(other, "aaaa") != found(moved, "aaaa")
    undone = server.act(session, "undo")
    assert found(undone, "aaaa") == found(moved, "aaaa")
    undone = server.act(session, "undo")
    assert found(undone, "bbbb") == found(both, "bbbb")
    assert len(fits) == 3


def test_undo_and_redo_restore_points_with_their_results(server: Running) -> None:
    session = server.session()
    server.act(session, "add", id="aaaa", x=100, y=100)
    done = server.settled(session)
    server.act(session, "delete", id="aaaa")
    back = server.act(session, "undo")
    assert found(back, "aaaa") == found(done, "aaaa")
    assert back["redo"]
    assert server.act(session, "redo")["scene"]["points"] == []
    server.act(session, "undo")
    assert server.act(session, "clear")["scene"]["points"] == []
    assert len(server.act(session, "undo")["scene"]["points"]) == 1


def test_other_settings_give_other_results_and_earlier_results_are_stored(
    server: Running, fits: list[tuple[float, float]]
) -> None:
    session = server.session()
    server.act(session, "add", id="aaaa", x=90.125, y=91)
    first = server.settled(session)
    server.act(session, "settings", seed=1)
    second = server.settled(session)
    assert found(second, "aaaa") != found(first, "aaaa")
    server.act(session, "settings", strategy="joint")
    server.settled(session)
    assert len(fits) == 3
    back = server.act(session, "settings", strategy="preset", seed=0)
    assert found(back, "aaaa") == found(first, "aaaa")
    assert back["scene"]["settings"] == {
        "model": "builtin", "preset": "hasty", "strategy": None, "seed": 0,
    }  # fmt: skip
    assert len(fits) == 3


def test_swapping_moves_points_to_their_counterparts(server: Running) -> None:
    session = server.session()
    server.act(session, "add", id="aaaa", x=96, y=145)
    before = server.settled(session)
    after = server.act(session, "swap")
    assert after["scene"]["source"] == before["scene"]["target"]
    assert after["scene"]["target"] == before["scene"]["source"]
    (point,) = after["scene"]["points"]
    assert (point["x"], point["y"]) == found(before, "aaaa")[:2]
    assert point["number"] == 1


def test_a_new_source_has_no_points(server: Running) -> None:
    session = server.session()
    server.act(session, "add", id="aaaa", x=96, y=145)
    state = server.act(session, "source", sample="cat/noto")
    assert state["scene"]["points"] == []
    assert len(server.act(session, "undo")["scene"]["points"]) == 1


def test_uploaded_pictures_have_their_own_frame(server: Running) -> None:
    session = server.session()
    picture = server.upload(encoded(noise(300, 50), "JPEG"), "../wide.jpg").json()
    assert (picture["name"], picture["width"], picture["height"]) == ("wide.jpg", 300, 50)
    server.act(session, "source", picture=picture["id"])
    server.act(session, "add", id="aaaa", x=300, y=50)
    state = server.settled(session)
    assert state["match"]["points"]["aaaa"]["state"] == "done"
    status, message = server.refused(session, "add", id="bbbb", x=50, y=51)
    assert (status, message) == (400, "(50, 51) lies outside the source of 300 x 50 pixels.")
    shown = server.client.get(f"/api/pictures/{picture['id']}")
    assert shown.headers["content-type"] == "image/png"
    assert "immutable" in shown.headers["cache-control"]


def test_an_uploaded_picture_replaces_both_samples(server: Running) -> None:
    own = server.upload(png(40, 30, seed=8)).json()["id"]
    for end, other in (("source", "target"), ("target", "source")):
        session = server.session()
        scene = server.act(session, end, picture=own)["scene"]
        assert (scene[end]["id"], scene[other]) == (own, None)
        scene = server.act(session, other, sample="cat/noto")["scene"]
        assert (scene[end]["id"], scene[other]["name"]) == (own, "cat, noto")
    session = server.session()
    server.act(session, "add", id="aaaa", x=9, y=9)  # the samples are in use
    assert server.act(session, "target", picture=own)["scene"]["source"]["name"] == "fox, noto"


def test_without_a_target_a_point_has_maps_over_its_source(server: Running) -> None:
    session = server.session()
    own = server.upload(png(60, 30, seed=9)).json()["id"]
    server.act(session, "source", picture=own)
    server.act(session, "add", id="aaaa", x=30, y=15)
    state = server.wait(
        session, lambda state: state["match"]["points"]["aaaa"]["maps"]["source"] is not None
    )
    point = state["match"]["points"]["aaaa"]
    assert (point["state"], point["found"], point["maps"]["target"]) == ("done", None, None)
    status, message = server.refused(session, "swap")
    assert (status, message) == (
        400, "There are no two images to swap: open both first."
    )  # fmt: skip
    server.act(session, "target", sample="cat/noto")
    assert server.settled(session)["match"]["points"]["aaaa"]["found"] is not None


def test_the_same_picture_is_stored_once(server: Running) -> None:
    data = png(40, 30, seed=7)
    assert server.upload(data, "a.png").json()["id"] == server.upload(data, "b.png").json()["id"]


def test_cancelling_one_point_and_running_it_again(server: Running, builtin: Any) -> None:
    session = server.session()
    server.act(session, "settings", preset="patient", strategy="exact")
    server.act(session, "add", id="aaaa", x=80, y=80)
    server.act(session, "add", id="bbbb", x=81, y=81)
    server.wait(session, lambda state: state["match"]["points"]["aaaa"]["state"] == "running")
    state = server.act(session, "cancel", id="aaaa")
    assert state["match"]["points"]["aaaa"]["state"] == "cancelled"
    state = server.wait(
        session, lambda state: state["match"]["points"]["bbbb"]["state"] == "running"
    )
    assert state["match"]["points"]["aaaa"]["state"] == "cancelled"
    state = server.act(session, "cancel")
    assert {one["state"] for one in state["match"]["points"].values()} == {"cancelled"}
    server.settled(session)
    server.act(session, "settings", preset="hasty", strategy="preset")
    state = server.settled(session)
    assert {one["state"] for one in state["match"]["points"].values()} == {"done"}
    server.act(session, "settings", preset="patient", strategy="exact")
    state = server.state(session)
    assert state["match"]["points"]["aaaa"]["state"] == "cancelled"
    state = server.act(session, "retry", id="aaaa")
    assert state["match"]["points"]["aaaa"]["state"] in {"waiting", "running"}
    assert state["match"]["points"]["bbbb"]["state"] == "cancelled"
    server.act(session, "clear")
    server.settled(session)


def test_a_model_that_cannot_be_loaded_fails_with_the_reason(server: Running) -> None:
    session = server.session()
    server.act(session, "settings", model="broken")
    server.act(session, "add", id="aaaa", x=80, y=80)
    state = server.settled(session)
    point = state["match"]["points"]["aaaa"]
    assert point["state"] == "failed"
    assert "/nowhere/broken" in point["error"]
    state = server.act(session, "settings", model="builtin")
    assert server.settled(session)["match"]["points"]["aaaa"]["state"] == "done"


def test_progress_is_published_while_a_job_runs(server: Running) -> None:
    session = server.session()
    server.act(session, "settings", preset="patient")
    server.act(session, "add", id="aaaa", x=33.5, y=80)
    stages: list[dict[str, Any]] = []
    with server.client.stream("GET", f"/api/sessions/{session}/events") as events:
        assert events.headers["content-type"].startswith("text/event-stream")
        kind = ""
        for line in events.iter_lines():
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            if line.startswith("data: "):
                content = json.loads(line.removeprefix("data: "))
                progress = kind == "progress" and content["match"]["points"].get("aaaa")
                if progress:
                    stages.append(progress)
                if kind == "state" and content["match"]["points"]["aaaa"]["state"] == "done":
                    break
    fit = [each for each in stages if each["stage"] == "fit"]
    assert len(fit) >= 3
    assert [each["done"] for each in fit] == sorted(each["done"] for each in fit)
    assert {each["total"] for each in fit} == {100}
    assert all(each["loss"] > 0 and each["left"] >= 0 for each in fit)
    assert fit[-1]["loss"] < fit[0]["loss"]


def test_the_start_of_a_job_is_published(server: Running) -> None:
    session = server.session()
    server.act(session, "settings", preset="patient", strategy="exact")
    states = []
    with server.client.stream("GET", f"/api/sessions/{session}/events") as events:
        kind = ""
        for line in events.iter_lines():
            kind = line.removeprefix("event: ") if line.startswith("event: ") else kind
            if kind == "state" and line.startswith("data: "):
                points = json.loads(line.removeprefix("data: "))["match"]["points"]
                states.append(tuple(one["state"] for one in points.values()))
                if not points:
                    for index in range(2):
                        server.act(session, "add", id=f"point-{index}", x=70 + index, y=88)
                if states[-1] == ("running", "waiting"):
                    server.act(session, "cancel", id="point-0")
                if states[-1] == ("cancelled", "running"):
                    break
    assert ("running", "waiting") in states
    server.act(session, "clear")
    server.settled(session)


def test_the_points_file_is_read_by_the_command_line(server: Running, tmp_path: Path) -> None:
    session = server.session()
    server.act(session, "add", id="aaaa", x=96.5, y=145.25)
    state = server.settled(session)
    server.act(session, "add", id="bbbb", x=1, y=2)
    answer = server.client.get(f"/api/sessions/{session}/points.json")
    assert answer.headers["content-disposition"] == 'attachment; filename="points.json"'
    file = tmp_path / "points.json"
    file.write_bytes(answer.content)
    assert read_points(file).tolist() == [[96.5, 145.25], [1, 2]]
    content = answer.json()
    x, y, score = found(state, "aaaa")
    assert content["matches"][0] == {
        "number": 1, "source": [96.5, 145.25], "target": [x, y], "score": score
    }  # fmt: skip
    assert content["strategy"] == content["optimise"] == "cached"
    assert content["source"] == {"path": "fox, noto", "width": 256, "height": 256}


@pytest.mark.parametrize(
    ("action", "complaint"),
    [
        ({"do": "explode"}, "no action 'explode'"),
        ({}, "'do' must be a text"),
        ({"do": "add", "id": "aaaa", "x": "1", "y": 2}, "'x' must be a number"),
        ({"do": "add", "id": "A B", "x": 1, "y": 2}, "'id' of a point"),
        ({"do": "add", "id": "aaaa", "x": -1, "y": 2}, "outside the source"),
        ({"do": "move", "id": "none", "x": 1, "y": 2}, "no point 'none'"),
        ({"do": "delete", "id": "none"}, "no point 'none'"),
        ({"do": "settings", "model": "/etc/passwd"}, "not started with the model"),
        ({"do": "settings", "preset": "none"}, "no preset 'none'"),
        # Files and settings that the viewer was not started with.
        ({"do": "settings", "preset": "/etc/passwd"}, "no preset '/etc/passwd'"),
        ({"do": "settings", "preset": "mine.toml"}, "no preset 'mine.toml'"),
        ({"do": "settings", "preset": "hasty+fit.steps=9999"}, "no preset 'hasty+fit.steps=9999'"),
        ({"do": "settings", "strategy": "none"}, "strategy must be one of"),
        ({"do": "settings", "seed": 1.5}, "whole number"),
    ],
)
def test_invalid_actions_are_refused(
    server: Running, action: dict[str, Any], complaint: str
) -> None:
    session = server.session()
    before = server.state(session)["revision"]
    answer = server.client.post(f"/api/sessions/{session}", json=action)
    assert answer.status_code == 400
    assert complaint in answer.json()["error"]
    assert server.state(session)["revision"] == before


def test_unknown_names_are_not_found(server: Running) -> None:
    session = server.session()
    for path in ("sessions/none", "pictures/none", "maps/none", "samples/none/noto", "nothing"):
        assert server.client.get(f"/api/{path}").status_code == 404
    assert server.refused(session, "source", picture="none")[0] == 404
    assert server.refused(session, "source", sample="none/none")[0] == 404


@pytest.mark.slow
def test_the_number_of_points_is_limited(server: Running) -> None:
    session = server.session()
    limit = server.viewer.limits.points
    for index in range(limit):
        server.act(session, "add", id=f"point-{index}", x=1, y=1)
    status, message = server.refused(session, "add", id="one-more", x=1, y=1)
    assert (status, message) == (400, f"At most {limit} points: delete some first.")
    again = server.act(session, "add", id="point-0", x=5, y=5)
    assert len(again["scene"]["points"]) == limit
    server.act(session, "clear")


def test_the_former_name_of_the_strategy_is_read(server: Running) -> None:
    session = server.session()
    settings = server.act(session, "settings", optimise="joint")["scene"]["settings"]
    assert settings["strategy"] == "joint"
    settings = server.act(session, "settings", optimise="preset")["scene"]["settings"]
    assert settings["strategy"] is None


def test_removed_maps_can_be_computed_again(server: Running) -> None:
    session = server.session()
    server.act(session, "add", id="aaaa", x=44.5, y=80)
    state = server.settled(session)
    (engine,) = [each._engine for each in server.viewer.features if each.name == "match"]  # type: ignore[attr-defined]
    for address in state["match"]["points"]["aaaa"]["maps"].values():
        engine.maps.remove(address)
    state = server.state(session)
    assert state["match"]["points"]["aaaa"]["maps"] == {"target": None, "source": None}
    assert state["match"]["points"]["aaaa"]["state"] == "done"
    server.act(session, "retry", id="aaaa")
    again = server.settled(session)
    assert None not in again["match"]["points"]["aaaa"]["maps"].values()


def test_points_are_fitted_separately_with_every_strategy(server: Running, hasty: Preset) -> None:
    session = server.session()
    server.act(session, "settings", strategy="exact")
    for index in range(2):
        server.act(session, "add", id=f"point-{index}", x=70 + index, y=99)
    state = server.settled(session)
    pair = [sample("fox/noto"), sample("fox/twemoji")]
    model = server.viewer.models.get("builtin", lambda *args: None)
    preset = replace(hasty, fit=replace(hasty.fit, strategy="exact"))
    wanted = homologue.match(model, *pair, [[71, 99]], preset=preset)
    assert found(state, "point-1")[:2] == pytest.approx(wanted.located.points[0].numpy(), abs=0.01)


def test_a_modified_preset_can_be_chosen_beside_the_named_ones(
    builtin: LatentDiffusion, hasty: Preset
) -> None:
    changed = with_settings(hasty, ["fit.steps=1", "locate.crops=1"])
    with running(lambda name: builtin, Settings("builtin", changed.name)) as one:
        presets = one.client.get("/api/options").json()["presets"]
        assert presets[changed.name] == hasty.fit.strategy
        session = one.session()
        one.act(session, "add", id="aaaa", x=96.5, y=145.25)
        x, y, score = found(one.settled(session), "aaaa")
        assert one.state(session)["scene"]["settings"]["preset"] == changed.name
        pair = [sample("fox/noto"), sample("fox/twemoji")]
        wanted = homologue.match(builtin, *pair, [[96.5, 145.25]], preset=changed.name)
        assert [[x, y]] == pytest.approx(wanted.located.points.numpy(), abs=1e-3)
        one.act(session, "settings", preset="hasty")
        assert found(one.settled(session), "aaaa") != (x, y, score)
