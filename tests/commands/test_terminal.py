"""Every command, on terminals that lack characters and on streams that cannot be written."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from helpers.tiny_models import tiny_sd1
from helpers.tiny_text import add_text
from PIL import Image

from homologue.__main__ import main

pytestmark = pytest.mark.linux

FOX, CAFE = "狐.png", os.fsdecode(b"caf\xe9.png")
SHOWN = {"ascii": r"\u72d0.png", "cp1252": r"\u72d0.png", "utf-8": FOX}


class Telling:
    """Runs a command line with a standard output of a given kind."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._patch, self._capsys = monkeypatch, capsys

    def __call__(self, arguments: list[str], encoding: str = "utf-8") -> tuple[int, str, str]:
        file = io.BytesIO()
        code, err = self._run(arguments, io.TextIOWrapper(file, encoding))
        return code, file.getvalue().decode(encoding), err

    def into(self, arguments: list[str], path: str | int) -> tuple[int, str]:
        """Into a file or descriptor; only the exit code and standard error are known."""
        stream = io.TextIOWrapper(io.BufferedWriter(io.FileIO(path, "w")), "utf-8")
        try:
            return self._run(arguments, stream)
        finally:
            with suppress(OSError):
                stream.close()

    def _run(self, arguments: list[str], stream: io.TextIOWrapper) -> tuple[int, str]:
        self._patch.setattr(sys, "argv", ["homologue", *arguments])
        with self._patch.context() as patch:
            patch.setattr(sys, "stdout", stream)
            with pytest.raises(SystemExit) as ended:
                main()
            stream.flush()
        return int(ended.value.code or 0), self._capsys.readouterr().err


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two images with names that are hard to write, models, pairs, fitted points and a run."""
    root = tmp_path_factory.mktemp("terminal")
    random = np.random.default_rng(0)
    for name in (FOX, CAFE):
        pixels = random.integers(0, 256, (8, 12, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((60, 40)).save(root / name)
    add_text(tiny_sd1(root / "model"), "sd1")
    pair = {"source_points": [[9, 9]], "target_points": [[8, 8]], "threshold": 20}
    lines = [
        {"source": FOX, "target": CAFE, "category": "狐", **pair},
        {"source": CAFE, "target": FOX, "category": os.fsdecode(b"caf\xe9"), **pair},
    ]
    (root / "own.jsonl").write_text("\n".join(map(json.dumps, lines)))
    with pytest.MonkeyPatch.context() as patch:
        for arguments in (
            [
                "fit", root / FOX, "--point", "9,9", "--model", root / "model",
                "-o", root / CAFE[:-4],
            ],
            [
                "evaluate", "pairs", "--root", root / "own.jsonl", "--matcher", "attention",
                "--model", root / "model", "--run", root / f"run {CAFE}",
                "--keep", "embeddings,parts",
            ],
        ):  # fmt: skip
            patch.setattr(sys, "argv", ["homologue", *map(str, arguments)])
            with pytest.raises(SystemExit) as ended:
                main()
            assert not ended.value.code
    return root


@pytest.fixture
def tell(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Telling]:
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    return Telling(monkeypatch, capsys)


def commands(root: Path) -> dict[str, tuple[list[str], list[str]]]:
    """Under its name, each command with what it is given and the files that it writes."""
    source, target, model = str(root / FOX), str(root / CAFE), ["--model", str(root / "model")]
    run, fitted = str(root / f"run {CAFE}"), str(root / CAFE[:-4])
    pairs = ["--root", str(root / "own.jsonl"), "--matcher", "identity"]
    made = {
        "match": [[source, target, "--point", "9,9", *model, "--plot", "a.png"], ["a.png"]],
        "fit": [[source, "--point", "9,9", *model, "-o", "a.safetensors"], ["a.safetensors"]],
        "locate": [[fitted, source, target], []],
        "words": [
            [source, "a cat", *model, "--plot", "a.svg", "--mask", "b.png"], ["a.svg", "b.png"],
        ],
        "info": [model, []],
        "evaluate": [
            ["pairs", *pairs, "--run", CAFE, "--save", "a.json"], [f"{CAFE}/run.sqlite", "a.json"],
        ],
        "relocate": [[run, "--run", "a", "--crops", "1"], ["a/run.sqlite"]],
        "score": [
            [run, "--by", "category", "--csv", "a.csv", "--plots", "b"], ["a.csv", "b/pck.png"],
        ],
        "ablate": [[run, "--csv", "a.csv", "--plots", "b"], ["a.csv", "b/layers.png"]],
        "draw": [[run, "-o", CAFE], [CAFE]],
        "merge": [[CAFE, run], [f"{CAFE}/run.sqlite"]],
    }  # fmt: skip
    return {name: ([name, *given], files) for name, (given, files) in made.items()}


NAMES = (
    "match", "fit", "locate", "words", "info", "evaluate", "relocate", "score", "ablate", "draw",
    "merge",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_every_name_is_printed_escaped_where_it_must_be(
    tell: Telling, folder: Path, name: str, encoding: str
) -> None:
    arguments, files = commands(folder)[name]
    code, out, err = tell(arguments, encoding)
    assert (code, err) == (0, "")
    assert [file for file in files if not Path(file).exists()] == []
    if name in {"match", "fit", "locate", "words"}:
        assert SHOWN[encoding] in out
    if name in {"match", "locate", "score", "draw", "merge"}:
        assert r"caf\udce9" in out


@pytest.mark.parametrize("name", [name for name in NAMES if name not in {"draw"}])
def test_json_is_ascii(tell: Telling, folder: Path, name: str) -> None:
    arguments, _ = commands(folder)[name]
    code, out, err = tell([*arguments, "--json"], "ascii")
    assert (code, err) == (0, "")
    assert out.count("\n") == 1
    assert json.loads(out)


@pytest.mark.parametrize("name", NAMES)
def test_a_full_disk_behind_stdout_is_one_sentence_and_files_are_kept(
    tell: Telling, folder: Path, name: str
) -> None:
    arguments, files = commands(folder)[name]
    code, err = tell.into(arguments, "/dev/full")
    assert code == 2
    assert err.startswith("homologue: standard output could not be written (the disk is full)")
    assert err.count("\n") == 1
    assert [file for file in files if not Path(file).exists()] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_reader_that_has_left_ends_a_command_as_unix_has_it(
    tell: Telling, folder: Path, name: str
) -> None:
    arguments, files = commands(folder)[name]
    reading, writing = os.pipe()
    os.close(reading)
    assert tell.into(arguments, writing) == (141, "")
    assert [file for file in files if not Path(file).exists()] == []


def test_targets_that_nobody_would_hear_of_are_not_located(
    tell: Telling, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from homologue.commands import match

    read: list[Path] = []
    whole = match.read_picture
    monkeypatch.setattr(match, "read_picture", lambda path: (read.append(path), whole(path))[1])
    (arguments, _) = commands(folder)["locate"]
    assert tell.into(arguments, "/dev/full")[0] == 2
    assert read == [folder / FOX]
    read.clear()
    assert tell(arguments)[0] == 0
    assert read == [folder / FOX, folder / CAFE]


def test_errors_name_files_that_stderr_cannot_encode(tell: Telling, folder: Path) -> None:
    (arguments, _) = commands(folder)["locate"]
    code, out, err = tell([*arguments, "無.png"], "cp1252")
    assert code == 2
    assert "無.png does not exist" in err
    assert out.count("score") == 2


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("words", "b.png"),
        ("score", "a.csv"),
        ("score", "b"),
        ("ablate", "a.csv"),
        ("evaluate", "a.json"),
    ],
)
def test_a_result_that_cannot_be_written_does_not_cost_the_others(
    tell: Telling, folder: Path, name: str, full: str
) -> None:
    arguments, files = commands(folder)[name]
    if full == "b":
        Path("b").touch()  # where a folder is to be made
    else:
        Path(full).symlink_to("/dev/full")
    code, out, err = tell(arguments)
    assert code == 2
    assert err.count("\n") == 1
    assert full in err
    assert len(out) > 50
    others = [file for file in files if file.partition("/")[0] != full]
    assert others
    assert [file for file in others if not Path(file).exists()] == []


def told(command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """What a shell gets, with `homologue` in the place of $H."""
    return subprocess.run(
        ["/bin/bash", "-c", command], capture_output=True, text=True, timeout=120,
        env={**os.environ, "H": f"{sys.executable} -m homologue", **environment},
    )  # fmt: skip


def test_streams_that_a_shell_closes_or_fills() -> None:
    """As the interpreter itself sees them, its flush at the end included."""
    full, closed = told("$H --version >/dev/full"), told("$H --version >&-")
    for ended, words in ((full, "the disk is full"), (closed, "it is closed")):
        assert ended.returncode == 2
        assert words in ended.stderr
        assert ended.stderr.count("\n") == 1
    for command in ("$H --version 2>/dev/full", "$H --version 2>&-", "$H --version <&- 2>&-"):
        ended = told(command)
        assert ended.returncode == 0
        assert ended.stdout.startswith("homologue 0.")
    # What went to a stream that is closed must not turn up in the results.
    ended = told("$H score nowhere 2>&-")
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", "")
    unbuffered = told("$H --help >/dev/full", PYTHONUNBUFFERED="1")
    assert (unbuffered.returncode, unbuffered.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "cp1252"},
        {"PYTHONIOENCODING": "ascii:strict"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
)
def test_a_terminal_without_the_character(tmp_path: Path, environment: dict[str, str]) -> None:
    ended = told(f"$H score '{tmp_path}/狐'; $H score -h", **environment)
    assert ended.returncode == 0
    assert "Traceback" not in ended.stderr
    assert "holds no run" in ended.stderr
    assert "Usage" in ended.stdout


@pytest.mark.slow
def test_a_limit_on_files_says_what_of_a_run_is_kept(tmp_path: Path) -> None:
    command = f"$H evaluate emoji --kind plain --limit 40 --matcher identity --run {tmp_path}/run"
    stopped = told(f"ulimit -f 300; {command}")
    assert stopped.returncode == 2
    assert stopped.stderr.count("\n") == 1
    assert "disk" in stopped.stderr
    assert "of 40 pairs are in" in stopped.stderr
    assert "run the same command again to resume." in stopped.stderr
    ended = told(f"{command} --json")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["pairs"] == 40
