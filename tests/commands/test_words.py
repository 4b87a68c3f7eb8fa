"""`homologue words`: results on stdout; for bad input one sentence on stderr and code 2."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.tiny_models import tiny_sd1
from helpers.tiny_text import add_text
from PIL import Image

from homologue.__main__ import main
from homologue.words import vocabulary


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image of 60 x 40 pixels, and two models, one without a text encoder."""
    root = tmp_path_factory.mktemp("words")
    pixels = np.random.default_rng(0).integers(0, 256, (8, 12, 3), dtype=np.uint8)
    Image.fromarray(pixels).resize((60, 40)).save(root / "image.png")
    add_text(tiny_sd1(root / "model"), "sd1")
    tiny_sd1(root / "mute")
    return root


@pytest.fixture
def run(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Any:  # fmt: skip
    """Runs a command line in the folder: code, stdout, stderr."""
    monkeypatch.setattr(vocabulary, "cached_assets_path", lambda *names: tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["homologue", *arguments])
        with pytest.raises(SystemExit) as exit_:
            main()
        captured = capsys.readouterr()
        return int(exit_.value.code or 0), captured.out, captured.err

    return run


LOOK = ("words", "image.png", "a cat, a Hat", "--model", "model")


def test_a_line_for_each_word(run: Any) -> None:
    code, out, err = run(*LOOK)
    assert (code, err) == (0, "")
    title, *lines = out.splitlines()
    assert title == "image.png: a cat, a Hat"
    assert [line.split("  ")[1] for line in lines] == ["a 1", "cat", "a 2", "Hat"]
    assert all("peak (" in line and "centre (" in line and "box " in line for line in lines)


def test_json_says_where_each_word_is(run: Any) -> None:
    _, out, _ = run(*LOOK, "--words", "hat, a", "--layers", "--json", "--threshold", "0.7")
    found = json.loads(out)
    assert list(found) == [
        "image", "prompt", "model", "dtype", "seed", "settings", "words", "seconds"
    ]  # fmt: skip
    assert found["image"] == {"path": "image.png", "width": 60, "height": 40}
    assert found["settings"] == {
        "layers": "up-modules[:4]", "timesteps": [50, 200, 400], "noises": 2, "noise_samples": 2,
        "over": "tokens", "softmax_over": "tokens", "threshold": 0.7,
    }  # fmt: skip
    words = found["words"]
    assert [(w["word"], w["start"], w["end"], w["tokens"]) for w in words] == [
        ("Hat", 9, 12, [5]), ("a", 0, 1, [1]), ("a", 7, 8, [4])
    ]  # fmt: skip
    assert [word["label"] for word in words] == [1, 2, 3]
    for word in words:
        assert len(word["layers"]) == 4
        for place in (word, *word["layers"].values()):
            (x, y), (u, v), (left, top, right, bottom) = (
                place[name] for name in ("peak", "centre", "box")
            )
            assert 0 <= left < right <= 60 and 0 <= top < bottom <= 40
            assert left <= x <= right and top <= y <= bottom
            assert left <= u <= right and top <= v <= bottom


def test_the_layers_are_printed_below_their_word(run: Any) -> None:
    _, out, _ = run(*LOOK, "--words", "cat", "--layers")
    lines = out.splitlines()[1:]
    assert lines[0].split()[0] == "cat"
    assert [line.split()[-1] for line in lines[1:]] == [
        f"up_blocks.{block}.attentions.{i}.transformer_blocks.0.attn2"
        for block, i in ((1, 0), (1, 1), (1, 2), (2, 0))
    ]


def test_the_seed_decides(run: Any) -> None:
    found = [
        json.loads(run(*LOOK, "--json", "--seed", seed)[1])["words"] for seed in ("3", "3", "4")
    ]
    assert found[0] == found[1] != found[2]


def test_a_mask_and_a_plot(run: Any, tmp_path: Path) -> None:
    mask, plot = tmp_path / "mask.png", tmp_path / "plot.svg"
    code, _, err = run(*LOOK, "--words", "cat,hat", "--mask", str(mask), "--plot", str(plot))
    assert (code, err) == (0, "")
    with Image.open(mask) as picture:
        labels = np.array(picture)
    assert labels.shape == (40, 60)
    assert set(np.unique(labels)) <= {0, 1, 2}
    assert "<svg" in plot.read_text()
    run(*LOOK, "--words", "cat,hat", "--mask", str(mask), "--by", "strongest")
    with Image.open(mask) as picture:
        strongest = np.array(picture)
    assert set(np.unique(strongest)) <= {1, 2}


def test_bytes_that_are_no_text_are_refused(run: Any) -> None:
    code, out, err = run("words", "image.png", "a \udcff cat", "--model", "model")
    assert (code, out) == (2, "")
    assert "contains bytes that are not UTF-8; encode it in UTF-8." in err
    assert "Traceback" not in err


def test_fitted_points_are_named(run: Any, tmp_path: Path) -> None:
    file = str(tmp_path / "points.safetensors")
    run("fit", "image.png", "-p", "10,20", "-p", "30,5", "--model", "model", "-o", file)
    code, out, err = run("words", "--embeddings", file, "--top", "3")
    assert (code, err) == (0, "")
    title, *lines = out.splitlines()
    assert title == f"image.png: {file}"
    assert len(lines) == 2
    assert lines[0].startswith("   1  (    10.0,     20.0)  ")
    assert lines[0].count(",") == 1 + 2
    found = json.loads(run("words", "--embeddings", file, "--words", "cat,dog", "--json")[1])
    assert list(found) == ["embeddings", "model", "dtype", "points", "seconds"]
    assert [one["point"] for one in found["points"]] == [[10, 20], [30, 5]]
    for one in found["points"]:
        assert sorted(word["word"] for word in one["words"]) == ["cat", "dog"]
        first, second = (word["similarity"] for word in one["words"])
        assert 1 >= first >= second >= -1


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ((*LOOK, "--words", "cat,dog"), ("'dog' is not a word", "a, cat, Hat")),
        ((*LOOK[:2], " ".join(["cat"] * 80), *LOOK[3:]), ("80 tokens", "room for 75")),
        ((*LOOK[:2], "!?", *LOOK[3:]), ("no words",)),
        ((*LOOK[:3], "--model", "mute"), ("mute", "lacks text_encoder/")),
        (("words", "missing.png", "a cat"), ("missing.png does not exist",)),
        (("words", "image.png"), ("a prompt in quotes", "--embeddings")),
        (("words",), ("a prompt in quotes", "--embeddings")),
        ((*LOOK, "--threshold", "1.5"), ("threshold", "1.5")),
        ((*LOOK, "--by", "best"), ("threshold, strongest", "best")),
        ((*LOOK, "--mask", "mask.jpg"), ("mask.jpg", ".png")),
        ((*LOOK, "--mask", "nowhere/mask.png"), ("nowhere is missing",)),
        ((*LOOK, "--plot", "plot.doc"), ("plot.doc", ".png")),
        (("words", "--embeddings", "missing.safetensors"), ("missing.safetensors",)),
        ((*LOOK, "--embeddings", "e.safetensors"), ("cannot be combined with an image",)),
        (("words", "--embeddings", "e", "--mask", "m.png"), ("--mask", "leave them out")),
    ],
)  # fmt: skip
def test_bad_values_are_refused(
    run: Any, arguments: tuple[str, ...], parts: tuple[str, ...]
) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("homologue: ") and err.count("\n") == 1
    assert err.rstrip().endswith(".") and "Traceback" not in err
    for part in parts:
        assert part in err


def test_settings_are_changed_by_name(run: Any) -> None:
    _, out, _ = run(
        *LOOK, "--set", "words.timesteps=50, 300", "--set", "words.noise_samples=1", "--json"
    )
    settings = json.loads(out)["settings"]
    assert (settings["timesteps"], settings["noises"]) == ([50, 300], 1)
    for option, complaint in (
        ("words.timestep=50", "There is no setting 'words.timestep': did you mean words.timesteps"),
        ("words.noise_samples=0", "noise_samples must be at least 1, not 0"),
        ("words.timesteps=", "timesteps must have at least one time step"),
        ("words.threshold=0.3", "use --threshold"),
        ("words", "'words' is not a setting: write NAME=VALUE, such as words.layers=VALUE"),
    ):
        code, out, err = run(*LOOK, "--set", option)
        assert (code, out) == (2, "")
        assert complaint in err
    code, _, err = run(
        "words", "--embeddings", "none.safetensors", "--set", "words.noise_samples=1"
    )
    assert code == 2
    assert "--set; leave them out" in err
