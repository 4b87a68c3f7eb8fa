"""`homologue evaluate` as it is typed."""

import json
import sys
from pathlib import Path

import pytest

from homologue.__main__ import main


def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str
) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["homologue", "evaluate", *arguments])
    with pytest.raises(SystemExit) as exit_:
        main()
    captured = capsys.readouterr()
    return int(exit_.value.code or 0), captured.out, captured.err


@pytest.fixture
def evaluate(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    return lambda *arguments: run(capsys, monkeypatch, *arguments)


FEW = ("emoji", "--split", "val", "--limit", "2")


def test_a_table_of_several_matchers(evaluate) -> None:  # type: ignore[no-untyped-def]
    names = ("identity", "random", "hog", "latents", "features", "features+latents")
    code, out, err = evaluate(*FEW, *(part for name in names for part in ("--matcher", name)))
    assert (code, err) == (0, "")
    assert "PCK@0.1 (bbox-kp)" in out
    assert all(name in out for name in (*names, "plain unseen", "posed unseen", "cross"))


def test_json_and_saved_predictions(evaluate, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "predictions.json"
    code, out, err = evaluate(
        *FEW, "--kind", "posed", "--alpha", "0.2", "--matcher", "identity", "--matcher", "random",
        "--seed", "3", "--json", "--save", str(file),
    )  # fmt: skip
    assert (code, err) == (0, "")
    result = json.loads(out)
    assert (result["benchmark"], result["matcher"], result["pairs"]) == ("emoji", "identity", 2)
    assert list(result["pck"]["bbox-kp"]["per_point"]) == ["0.2"]
    assert {group.split()[0] for group in result["groups"]} == {"posed"}
    (other,) = result["others"]
    assert (other["matcher"], other["seed"]) == ("random", 3)
    saved = json.loads(file.read_text())["runs"]
    assert [(one["matcher"], len(one["predictions"])) for one in saved] == [
        ("identity", 2), ("random", 2)
    ]  # fmt: skip


def test_attention_with_the_built_in_model(evaluate) -> None:  # type: ignore[no-untyped-def]
    code, out, err = evaluate(
        "emoji", "--split", "val", "--limit", "1", "--kind", "plain", "--subject", "fox",
        "--matcher", "attention", "--json",
    )  # fmt: skip
    assert code == 0, err
    result = json.loads(out)
    assert (result["model"], result["preset"], result["optimise"], result["seed"]) == (
        "builtin", "default", "cached", 0
    )  # fmt: skip
    assert (result["pairs"], result["failed"]) == (1, 0)
    assert result["pck"]["bbox-kp"]["per_point"]["0.1"] >= 50


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("spair",), ("'spair'", "emoji")),
        (("emoji", "--split", "all"), ("'all'", "val, test")),
        (("emoji", "--split", "val", "--kind", "odd"), ("'odd'", "plain, posed, cross")),
        (("emoji", "--split", "val", "--subject", "unicorn"), ("'unicorn'", "fox")),
        (("emoji", "--split", "val", "--limit", "0"), ("limit",)),
        (("emoji", "--split", "val", "--alpha", "-1"), ("alpha",)),
        (("emoji", "--split", "val", "--matcher", "sift"), ("'sift'", "attention")),
        (("emoji", "--split", "val", "--preset", "best"), ("'best'", "default")),
        (("emoji", "--split", "val", "--save", "missing/file.json"), ("missing",)),
    ],
)
def test_bad_values_are_refused(  # type: ignore[no-untyped-def]
    evaluate, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    code, out, err = evaluate(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("homologue: ")
    assert err.count("\n") == 1
    assert all(word in err for word in words)
