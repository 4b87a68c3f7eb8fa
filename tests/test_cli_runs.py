"""`homologue evaluate --run` and `homologue merge` as they are typed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from helpers.command_line import refused

from homologue.datasets.emoji import pairs as emoji
from homologue.evaluation.storage.store import Store
from homologue.images import RGBImage

EMOJI = ("evaluate", "emoji", "--split", "val", "--limit", "4")
IDENTITY = (*EMOJI, "--matcher", "identity")


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Keys of the pictures that are read."""
    seen: list[str] = []
    reading = emoji._read

    def noting(drawing: Any, pose: Any) -> RGBImage:
        seen.append(f"{drawing.style}/{drawing.subject}")
        return reading(drawing, pose)

    monkeypatch.setattr(emoji, "_read", noting)
    return seen


def test_a_run_has_the_configuration_and_is_not_done_twice(
    homologue: Any, tmp_path: Path, read: list[str]
) -> None:
    first = homologue(*IDENTITY, "--run", tmp_path / "run", "--json").json
    assert (first["pairs"], first["planned"], first["others"]) == (12, 12, [])
    assert read != []
    read.clear()
    second = homologue(*IDENTITY, "--run", tmp_path / "run", "--json").json
    assert read == []
    assert second == first
    in_memory = homologue(*IDENTITY, "--json").json
    for result in (first, in_memory):
        del result["seconds"]
    assert in_memory == first
    with Store.read(tmp_path / "run") as store:
        assert store.configuration["benchmark"] == "emoji"
        assert (store.configuration["split"], store.configuration["limit"]) == ("val", 4)
        assert (store.configuration["matcher"], store.configuration["seed"]) == ("identity", 0)
        assert (store.root, store.planned) == (None, 12)


def test_another_configuration_is_refused(homologue: Any, tmp_path: Path) -> None:
    homologue(*IDENTITY, "--run", tmp_path)
    for changed, words in (
        (("--seed", "1"), "another seed (0, not 1)"),
        (("--kind", "plain"), "another kinds ([], not"),
        (("--category", "fox"), "another categories ([], not"),
    ):
        refused(homologue(*IDENTITY, *changed, "--run", tmp_path), words)
    other = (*EMOJI, "--matcher", "random", "--run", tmp_path)
    refused(homologue(*other), 'another matcher ("identity", not "random")')
    with Store.read(tmp_path) as store:
        assert len(store.records()) == 12


def test_the_settings_of_attention_pin_the_result_down(homologue: Any, tmp_path: Path) -> None:
    command = (*EMOJI[:-1], "1", "--kind", "plain", "--matcher", "attention", "--run", tmp_path)
    result = homologue(*command, "--json").json
    settings = result["settings"]
    assert set(settings) == {
        "model", "fingerprint", "latents", "dtype", "preset", "optimise", "fit", "locate", "seed"
    }  # fmt: skip
    assert (settings["model"], settings["dtype"]) == ("builtin", "float32")
    assert settings["fit"]["steps"] == 10
    assert settings["locate"]["crops"] == 4
    refused(homologue(*command, "--dtype", "bfloat16"), "settings.dtype", "settings.fingerprint")
    refused(homologue(*command, "--preset", "paper"), "settings.fit.steps (10, not 129)")


def test_failed_pairs_are_kept_and_tried_again_when_asked_to(
    homologue: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: list[str]
) -> None:
    reading = emoji._read

    def failing(drawing: Any, pose: Any) -> RGBImage:
        if pose is not None:
            raise OSError("unreadable")
        return reading(drawing, pose)

    with monkeypatch.context() as broken:
        broken.setattr(emoji, "_read", failing)
        outcome = homologue(*IDENTITY, "--run", tmp_path, "--json")
    assert outcome.code == 2
    assert "4 pairs failed; the first: OSError: unreadable" in outcome.err
    result = json.loads(outcome.out)
    assert (result["pairs"], result["failed"]) == (12, 4)
    read.clear()
    assert homologue(*IDENTITY, "--run", tmp_path).code == 2
    assert read == []
    mended = homologue(*IDENTITY, "--run", tmp_path, "--retry-failed", "--json").json
    assert (mended["pairs"], mended["failed"]) == (12, 0)
    assert len(read) == 8  # a source and a target for each of the four


def test_shards_are_merged(homologue: Any, tmp_path: Path) -> None:
    whole = homologue(*IDENTITY, "--json").json
    parts = [tmp_path / f"part {index}" for index in (1, 2, 3)]
    counts = [
        homologue(*IDENTITY, "--run", part, "--shard", f"{index}/3", "--json").json["pairs"]
        for index, part in enumerate(parts, start=1)
    ]
    assert sum(counts) == 12
    assert max(counts) - min(counts) <= 2
    out = homologue("merge", tmp_path / "out", *parts[:2]).out
    assert out == f"{tmp_path / 'out'}: {sum(counts[:2])} of 12 pairs, 0 failed\n"
    facts = homologue("merge", tmp_path / "out", *parts, "--json").json
    assert facts == {"run": str(tmp_path / "out"), "pairs": 12, "planned": 12, "failed": 0}
    merged = homologue(*IDENTITY, "--run", tmp_path / "out", "--json").json
    for result in (whole, merged):
        del result["seconds"]
    assert merged == whole


def test_shards_may_share_a_folder_one_after_the_other(homologue: Any, tmp_path: Path) -> None:
    for index in (1, 2):
        homologue(*IDENTITY, "--run", tmp_path, "--shard", f"{index}/2")
    assert homologue(*IDENTITY, "--run", tmp_path, "--json").json["pairs"] == 12


def test_several_matchers_have_a_folder_each(homologue: Any, tmp_path: Path) -> None:
    both = (*IDENTITY, "--matcher", "random", "--run", tmp_path / "run")
    result = homologue(*both, "--json").json
    assert [one["matcher"] for one in (result, *result["others"])] == ["identity", "random"]
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"identity", "random"}
    refused(homologue(*IDENTITY, "--run", tmp_path / "run"), str(tmp_path / "run" / "identity"))
    alone = homologue(*IDENTITY, "--run", tmp_path / "run" / "identity", "--json").json
    assert alone["pck"] == result["pck"]
    homologue(*IDENTITY, "--run", tmp_path / "one")
    refused(homologue(*both[:-1], tmp_path / "one"), "the run of one matcher")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--retry-failed",), ("--retry-failed", "--run")),
        (("--shard", "4/3"), ("'4/3'", "i/n")),
        (("--engine", "cloud"), ("'cloud'", "local or ray")),
        (("--workers", "2"), ("--workers", "--engine ray")),
        (("--address", "auto"), ("--address", "--engine ray")),
        (("--run", "/dev/null"), ("/dev/null is a file; give a folder",)),
    ],
)
def test_bad_values_are_refused(
    homologue: Any, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    refused(homologue(*IDENTITY, *arguments), *words)


def test_merge_refuses_what_is_no_run(homologue: Any, tmp_path: Path) -> None:
    refused(homologue("merge", tmp_path / "out", tmp_path / "none"), "holds no run", "none")


def test_what_a_benchmark_leaves_out_is_said_beside_the_result(
    homologue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = lambda self, split: (f"2 pairs of {split} are bad.",)  # noqa: E731
    monkeypatch.setattr(emoji.EmojiBenchmark, "notes", notes)
    outcome = homologue(*IDENTITY, "--json")
    assert outcome.err == "2 pairs of val are bad.\n"
    assert outcome.json["pairs"] == 12


def test_the_command_line_imports_nothing_large() -> None:
    large = {"torch", "numpy", "rich.progress", "ray"}
    program = f"import sys, homologue.cli; print({large} & {{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "set()\n", done.stderr
