"""Words through HTTP: the results equal those of the command, and nothing is computed twice."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.running import Running, png
from helpers.tiny_models import tiny_sd1
from helpers.tiny_text import add_text
from helpers.viewer_files import unpack
from numpy.typing import NDArray
from PIL import Image

import homologue
from homologue.__main__ import main
from homologue.diffusion.model import LatentDiffusion
from homologue.presets import Preset
from homologue.viewer.features.words import engine as words_engine
from homologue.viewer.features.words.engine import WordEngine
from homologue.viewer.features.words.models import reads_words
from homologue.viewer.samples import read_sample
from homologue.words import vocabulary
from homologue.words.nearest import nearest_words

PROMPT = "a fox's face, a red fox"
NAMES = ["a 1", "fox's", "face", "a 2", "red", "fox"]


@pytest.fixture(autouse=True)
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Store vocabularies in a folder of the test."""
    monkeypatch.setattr(vocabulary, "cached_assets_path", lambda *names: tmp_path)


@pytest.fixture
def attended_prompts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record the prompts whose maps are computed during a test."""
    seen: list[str] = []
    attend = words_engine.attend

    def record(model: Any, image: Any, prompt: str, **options: Any) -> Any:
        seen.append(prompt)
        return attend(model, image, prompt, **options)

    monkeypatch.setattr(words_engine, "attend", record)
    return seen


def settled(server: Running, session: str) -> dict[str, Any]:
    """Return the state of the words when all their tasks have ended."""

    def is_settled(state: dict[str, Any]) -> bool:
        states = {state["words"]["state"], state["words"]["named"]["state"]}
        idle = not server.viewer.controller.worker.statuses(
            session
        )  # the model is free for the test
        return idle and not states & {"waiting", "running"}

    return dict(server.wait(session, is_settled)["words"])


def read(server: Running, prompt: str, **settings: Any) -> tuple[str, dict[str, Any]]:
    """Create a session with the maps of a prompt over the fox; return it and its state."""
    session = server.session()
    if settings:
        server.act(session, "settings", **settings)
    server.act(session, "read", prompt=prompt)
    return session, settled(server, session)


def run(*arguments: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> str:
    """Return the standard output of a command."""
    monkeypatch.setattr(sys, "argv", ["homologue", *arguments])
    with pytest.raises(SystemExit) as exit_:
        main()
    captured = capsys.readouterr()
    assert not exit_.value.code, captured.err
    return str(captured.out)


def labels(data: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.mode == "P"
        return np.array(picture)


def test_files_are_those_of_the_command_line(
    server: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    drawing = read_sample("fox/noto")
    assert drawing is not None
    image, mask = str(tmp_path / "fox.png"), tmp_path / "mask.png"
    Path(image).write_bytes(drawing)
    _, words = read(server, PROMPT)
    address = f"/api/words/{words['address']}"

    def asked(*options: str) -> str:
        return run("words", image, PROMPT, *options, monkeypatch=monkeypatch, capsys=capsys)

    for threshold in ("0.5", "0.8"):
        wanted = json.loads(asked("--json", "--threshold", threshold))
        answer = server.client.get(f"{address}/words.json?threshold={threshold}")
        assert answer.headers["content-disposition"] == 'attachment; filename="words.json"'
        given = answer.json()
        assert given["image"] == {"path": "fox, noto", "width": 256, "height": 256}
        assert {**given, "image": 0} == {
            key: value for key, value in {**wanted, "image": 0}.items() if key != "seconds"
        }
    for by in ("threshold", "strongest"):
        asked("--words", "red,face", "--mask", str(mask), "--by", by, "--threshold", "0.6")
        # The command numbers the words as asked, the viewer as in the sentence: face, red.
        swapped = np.array([0, 2, 1], np.uint8)[labels(mask.read_bytes())]
        query = f"words=4,2&by={by}&threshold=0.6"
        answer = server.client.get(f"{address}/mask.png?{query}")
        assert answer.headers["content-type"] == "image/png"
        np.testing.assert_array_equal(labels(answer.content), swapped)
    asked("--mask", str(mask))
    assert server.client.get(f"{address}/mask.png").content == mask.read_bytes()


def test_maps_are_those_of_the_library(server: Running, builtin: LatentDiffusion) -> None:
    session, words = read(server, PROMPT, seed=3)
    drawing = read_sample("fox/noto")
    assert drawing is not None
    with Image.open(io.BytesIO(drawing)) as picture:
        wanted = homologue.attend(builtin, picture, PROMPT, layers=True, seed=3)
    header, maps = unpack(server.client.get(f"/api/maps/words/{words['address']}").content)
    assert [(one["kind"], one["name"]) for one in header["maps"]] == [  # type: ignore[index, attr-defined]
        ("word", name) for name in NAMES
    ]
    times = wanted.maps.double().numpy() * 128**2
    np.testing.assert_allclose(maps, times, atol=1e-4)
    facts = server.client.get(f"/api/words/{words['address']}?threshold=0.5").json()
    assert facts["names"] == NAMES
    assert [one["peak"] for one in facts["words"]] == wanted.peaks.tolist()
    assert facts["highest"] == pytest.approx(times.max(axis=(1, 2)).tolist())
    assert facts["lowest"] == pytest.approx(times.min(axis=(1, 2)).tolist())
    path = f"/api/maps/words/{words['address']}/2"
    header, maps = unpack(server.client.get(path).content)
    assert wanted.layers is not None
    assert [one["name"] for one in header["maps"]] == ["face", *wanted.layers]  # type: ignore[index, attr-defined]
    alone = wanted.of_layer(list(wanted.layers)[1]).maps[2].double().numpy()
    np.testing.assert_allclose(maps[2], alone / alone.mean(), atol=1e-4)
    assert server.state(session)["words"]["prompt"] == PROMPT


def test_only_what_changed_is_computed(server: Running, attended_prompts: list[str]) -> None:
    session, first = read(server, "a sly fox")
    server.act(session, "target", sample="cat/noto")
    server.act(session, "settings", preset="default")
    assert settled(server, session) == first
    server.act(session, "settings", preset="hasty")
    server.act(session, "source", sample="cat/noto")
    other = settled(server, session)
    assert other["address"] != first["address"]
    server.act(session, "read", prompt=" a sly cat ")
    assert settled(server, session)["prompt"] == "a sly cat"
    assert attended_prompts == ["a sly fox", "a sly fox", "a sly cat"]
    assert server.act(session, "undo")["words"]["address"] == other["address"]
    for _ in range(4):
        state = server.act(session, "undo")
    assert state["words"] == first
    state = server.act(session, "undo")
    assert (state["words"]["prompt"], state["words"]["state"], state["undo"]) == ("", "none", False)
    assert len(attended_prompts) == 3


def test_selected_words_belong_to_a_sentence_and_survive_undo(server: Running) -> None:
    session, _ = read(server, PROMPT)
    assert server.act(session, "choose", words=[4, 2, 4])["words"]["chosen"] == [2, 4]
    server.act(session, "read", prompt="a dog")
    assert server.state(session)["words"]["chosen"] == []
    assert server.act(session, "undo")["words"]["chosen"] == [2, 4]
    assert server.act(session, "choose", words=[])["words"]["chosen"] == []
    assert server.refused(session, "choose", words=[6]) == (
        400, "The sentence has 6 words, numbered from 0."
    )  # fmt: skip
    for words in ("0", [0.5], [[0]], [True], [-1], None, list(range(2000))):
        assert server.refused(session, "choose", words=words)[0] == 400


@pytest.mark.parametrize(
    ("prompt", "complaint"),
    [
        ("", "The sentence '' has no words"),
        (" ?! ", "The sentence '?!' has no words"),
        ("a" * 1001, "'prompt' must be a text of 0 to 1000 characters"),
        (7, "'prompt' must be a text"),
    ],
)
def test_an_invalid_sentence_changes_nothing(server: Running, prompt: Any, complaint: str) -> None:
    session = server.session()
    status, message = server.refused(session, "read", prompt=prompt)
    assert status == 400
    assert message.startswith(complaint)
    assert not server.state(session)["undo"]


def test_a_sentence_that_is_too_long_fails_with_the_reason(server: Running) -> None:
    session, words = read(server, "a fox " * 8)
    assert words["state"] == "failed"
    assert words["error"] == (
        "The prompt has 16 tokens and the context of builtin has room for 14; shorten it to end "
        "with 'fox a fox'."
    )
    assert server.act(session, "read", prompt="a fox")["words"]["state"] != "failed"


def test_half_of_a_surrogate_pair_is_refused_in_a_prompt(server: Running) -> None:
    session = server.session()
    data = b'{"do": "read", "prompt": "a \\ud83e fox"}'
    answer = server.client.post(f"/api/sessions/{session}", content=data)
    assert (answer.status_code, answer.json()["error"]) == (
        400, "'prompt' contains half of a surrogate pair."
    )  # fmt: skip
    server.act(session, "read", prompt="a \U0001f98a fox")
    assert settled(server, session)["state"] == "done"


def test_a_cancelled_sentence_restarts_when_it_is_sent_again(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = server.session()
    server.settled(session)
    attend = words_engine.attend

    def endless(*given: Any, progress: Any, **options: Any) -> Any:
        while True:
            progress("words", 1, 6)

    monkeypatch.setattr(words_engine, "attend", endless)
    server.act(session, "read", prompt="a wily fox")
    server.wait(session, lambda state: state["words"]["state"] == "running")
    assert server.act(session, "stop-words")["words"]["state"] == "cancelled"
    server.wait(session, lambda state: not server.viewer.controller.worker.statuses(session))
    assert server.state(session)["words"]["state"] == "cancelled"
    monkeypatch.setattr(words_engine, "attend", attend)
    server.act(session, "read", prompt="a wily fox")
    assert settled(server, session)["state"] == "done"


def test_points_are_located_before_word_maps(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = server.session()
    server.settled(session)
    started: list[str] = []
    attend = words_engine.attend

    def waiting(*given: Any, progress: Any, **options: Any) -> Any:
        started.append("sentence")
        if len(started) > 1:
            return attend(*given, progress=progress, **options)
        while True:
            progress("words", 1, 6)

    monkeypatch.setattr(words_engine, "attend", waiting)
    server.act(session, "read", prompt="a red fox")
    server.wait(session, lambda state: bool(started))
    server.act(session, "add", id="aaaa", x=77.5, y=120.25)
    state = server.settled(session)
    assert state["match"]["points"]["aaaa"]["found"] is not None
    assert settled(server, session)["state"] == "done"
    assert len(started) > 1


def test_removed_word_maps_are_computed_again(server: Running, attended_prompts: list[str]) -> None:
    session, words = read(server, "a lost fox")
    (engine,) = [each._engine for each in server.viewer.features if each.name == "words"]  # type: ignore[attr-defined]
    engine.word_maps.remove(words["address"])
    for path in ("", "/words.json", "/mask.png"):
        answer = server.client.get(f"/api/words/{words['address']}{path}")
        assert answer.status_code == 404
        assert answer.json()["error"].startswith("These maps are no longer stored")
    assert server.state(session)["words"]["state"] == "waiting"
    server.act(session, "read", prompt="a lost fox")
    assert settled(server, session) == words
    assert attended_prompts == ["a lost fox"] * 2


@pytest.mark.parametrize(
    "query",
    [
        "threshold=0", "threshold=1.5", "threshold=nan", "threshold=x", "by=none", "words=1,x",
        "words=-1", "words=,", f"words={'9' * 5000}",
    ],
)  # fmt: skip
def test_invalid_queries_are_refused(server: Running, query: str) -> None:
    _, words = read(server, "a fox")
    answer = server.client.get(f"/api/words/{words['address']}/mask.png?{query}")
    assert answer.status_code == 400
    assert len(answer.json()["error"]) < 200


@pytest.mark.parametrize("word", ["2", "-1", "x", "9" * 5000, "1%00", "..%2f0"])
def test_unknown_words_are_refused(server: Running, word: str) -> None:
    _, words = read(server, "a fox")
    path = f"/api/maps/words/{words['address']}"
    assert server.client.get(f"{path}/1").status_code == 200
    assert server.client.get(f"{path}/{word}").status_code in {400, 404}
    assert server.client.get(f"/api/words/{words['address']}/mask.png?words=0,2").status_code == 404


def test_nearest_words_are_those_of_the_library(
    server: Running, builtin: LatentDiffusion, hasty: Preset
) -> None:
    session = server.session()
    server.act(session, "add", id="ear1", x=64, y=30)
    server.act(session, "add", id="nose", x=128, y=212)
    server.act(session, "call-point", id="nose")
    named = settled(server, session)["named"]
    assert (named["point"], named["state"]) == ("nose", "done")
    drawing = read_sample("fox/noto")
    assert drawing is not None
    with Image.open(io.BytesIO(drawing)) as picture:
        fitted = homologue.fit(builtin, picture, [[128, 212]], preset=hasty)
    (wanted,) = nearest_words(builtin, fitted)
    assert [one["word"] for one in named["words"]] == [one.word for one in wanted]
    values = [one.similarity for one in wanted]
    assert [one["similarity"] for one in named["words"]] == pytest.approx(values, abs=1e-4)
    answer = server.client.get(f"/api/sessions/{session}/names.json")
    assert answer.headers["content-disposition"] == 'attachment; filename="names.json"'
    assert answer.json() == {
        "model": "builtin",
        "points": [{"number": 2, "point": [128, 212], "words": named["words"]}],
    }
    assert server.act(session, "delete", id="nose")["words"]["named"]["point"] is None
    assert server.act(session, "undo")["words"]["named"]["words"] == named["words"]
    assert server.act(session, "call-point")["words"]["named"]["state"] == "none"
    assert server.refused(session, "call-point", id="none")[0] == 400


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_every_family_has_a_map_for_each_word(
    families: Running, worded: dict[str, LatentDiffusion], family: str
) -> None:
    picture = families.upload(png(80, 60, seed=4)).json()
    session = families.session()
    families.act(session, "source", picture=picture["id"])
    families.act(session, "settings", model=worded[family].name)
    families.act(session, "read", prompt="a cat wearing cats, a Hat")
    words = settled(families, session)
    assert (words["state"], words["error"]) == ("done", "")
    facts = families.client.get(f"/api/words/{words['address']}").json()
    assert facts["names"] == ["a 1", "cat", "wearing", "cats", "a 2", "Hat"]
    assert [word["tokens"] for word in facts["words"]] == [[1], [2], [3], [4, 5, 6], [8], [9]]
    _, maps = unpack(families.client.get(f"/api/maps/words/{words['address']}").content)
    assert maps.shape == (6, worded[family].side, worded[family].side)
    wanted = homologue.attend(
        worded[family], Image.open(io.BytesIO(png(80, 60, seed=4))), "a cat wearing cats, a Hat"
    )
    scale = worded[family].side ** 2
    np.testing.assert_allclose(maps, wanted.maps.numpy() * scale, rtol=1e-3, atol=1e-3)
    families.act(session, "add", id="aaaa", x=40, y=30)
    families.act(session, "call-point", id="aaaa")
    named = settled(families, session)["named"]
    assert sorted(one["word"] for one in named["words"]) == [
        "cat", "dog", "eyes", "hat", "shirt", "wear", "wearing", "with"
    ]  # fmt: skip


def test_a_model_without_a_text_encoder_fails_with_the_reason(
    families: Running, worded: dict[str, LatentDiffusion], mute: Path
) -> None:
    session, words = read(families, "a cat")
    assert words["state"] == "failed"
    assert words["error"].startswith(f"{mute} has no text encoder to read words with")
    reads = families.client.get("/api/options").json()["worded"]
    assert reads == {
        str(mute): False,
        **{model.name: True for model in worded.values()},
        "builtin": True,
    }
    families.act(session, "settings", model=worded["sd2"].name)
    assert settled(families, session)["state"] == "done"


def test_models_with_a_text_encoder_are_detected(tmp_path: Path, mute: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"")
    spoken = add_text(tiny_sd1(tmp_path / "spoken"), "sd1")
    broken = add_text(tiny_sd1(tmp_path / "broken"), "sd1")
    (broken / "model_index.json").write_text("{")
    names = [str(tmp_path / "model.safetensors"), str(spoken), str(broken), str(mute)]
    assert list(reads_words([*names, "someone/model", "builtin"]).values()) == [
        False, True, False, False, True, True
    ]  # fmt: skip


def test_stored_maps_are_limited(server: Running) -> None:
    (engine,) = [each._engine for each in server.viewer.features if each.name == "words"]  # type: ignore[attr-defined]
    assert isinstance(engine, WordEngine)
    _, words = read(server, PROMPT)
    stored = engine.word_maps.get(words["address"])
    assert stored is not None
    # Six maps of 128 x 128 at 2 bytes; layers with sides 4, 4, 8 and 8 at 4 bytes.
    layers = sum(maps.shape[1] * maps.shape[2] for maps in stored.layers.values())
    assert stored.size == pytest.approx(6 * (128 * 128 * 2 + 4 * layers), rel=0.01)
    assert engine.word_maps._max_size == server.viewer.limits.word_bytes


def test_no_two_features_share_an_action(server: Running) -> None:
    names = [name for each in server.viewer.features for name in each.actions]
    assert sorted(set(names)) == sorted(names)
