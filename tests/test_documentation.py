"""The documentation: the site builds, and what it says of the program is true."""

import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path

import pytest
import typer

from homologue.cli import app
from homologue.presets import DEFAULT, PAPER

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)
IMAGES = ROOT / "examples" / "images"


@pytest.mark.slow
def test_the_site_builds_without_warnings(tmp_path: Path) -> None:
    if find_spec("sphinx") is None:
        pytest.skip("Sphinx is not installed: pip install '.[docs]'")
    if not (DOCS / "match.png").exists():
        pytest.skip("the pictures of docs/ are not part of the source distribution")
    ended = subprocess.run(
        [sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "-n", "-q",
         "-d", tmp_path / "doctrees", DOCS, tmp_path / "html"],
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    page = (tmp_path / "html" / "commands" / "match.html").read_text("utf-8")
    assert re.search(r"--point\b.*X,Y", page)
    assert "homologue.match" in (tmp_path / "html" / "api.html").read_text("utf-8")


def test_every_command_has_a_page() -> None:
    names = {path.stem for path in (DOCS / "commands").glob("*.md")} - {"index"}
    assert names == set(typer.main.get_command(app).commands)


@pytest.mark.parametrize("name", sorted(typer.main.get_command(app).commands))
def test_the_page_of_a_command_begins_with_its_help(name: str) -> None:
    text = typer.main.get_command(app).commands[name].help or ""
    first = " ".join(text.partition("\n\n")[0].split())
    page = (DOCS / "commands" / f"{name}.md").read_text("utf-8")
    index = (DOCS / "commands" / "index.md").read_text("utf-8")
    assert page.startswith(f"# homologue {name}\n\n{first}\n")
    assert f"| [`{name}`]({name}.md) | {first} |" in index


def commands_of(path: Path) -> list[list[str]]:
    """The words of every `homologue ...` line in a page's blocks of shell commands."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", path.read_text("utf-8"), re.M | re.S)
    shell = "\n".join(text for kind, text in blocks if kind in ("sh", "bash", ""))
    lines = shell.replace("\\\n", " ").splitlines()
    return [
        shlex.split(re.split(r" > | \[--", line)[0], comments=True)[1:]
        for line in lines
        if line.startswith("homologue ")
    ]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(DOCS).as_posix())
def test_commands_of_the_pages_have_the_options_that_they_use(path: Path) -> None:
    group = typer.main.get_command(app)
    for name, *words in commands_of(path):
        command = group.commands[name]
        known = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
        used = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        assert used <= known, f"{path.name}: homologue {name} {' '.join(words)}"


def test_the_settings_page_has_every_setting_and_its_value_in_both_presets() -> None:
    page = (DOCS / "settings.md").read_text("utf-8")
    for half in ("fit", "locate"):
        section = page.partition(f"### `{half}`")[2].partition("\n#")[0]
        rows = re.findall(r"^\| `(\w+)` \| `([^`]*)` \| `([^`]*)` \|", section, re.M)
        found = {name: (default, paper) for name, default, paper in rows}
        wanted = {
            one.name: tuple(shown(getattr(getattr(preset, half), one.name), one.type)
                            for preset in (DEFAULT, PAPER))
            for one in fields(getattr(DEFAULT, half))
        }  # fmt: skip
        assert found == wanted


def shown(value: object, kind: object) -> str:
    """A setting as TOML has it."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(float(str(value)) if kind is float else value)


def test_the_map_of_the_design_page_is_right() -> None:
    section = (DOCS / "design.md").read_text("utf-8").partition("## Where is what")[2]
    rows = re.findall(r"^\| [^|]+ \| (`[^|]+) \| ([^|]*) \|$", section, re.M)
    assert len(rows) > 15
    for files, names in rows:
        paths = [ROOT / "src" / "homologue" / name for name in re.findall(r"`([^`]+)`", files)]
        text = "".join(path.read_text("utf-8") for path in paths)
        assert [name for name in re.findall(r"`([^`]+)`", names) if name not in text] == []


def test_links_between_files_lead_somewhere() -> None:
    files = [*PAGES, *ROOT.glob("*.md"), *(ROOT / "recipes").rglob("*.md")]
    for path in files:
        for target in re.findall(r"\]\(([^)\s#]+)[^)\s]*\)", path.read_text("utf-8")):
            if not re.match(r"[a-z]+:", target) and not target.endswith(".png"):
                assert (path.parent / target).exists(), f"{path.name} links {target}"


def code_cells(path: Path) -> list[str]:
    """The code of a notebook, without lines for IPython such as `%pip install`."""
    notebook = json.loads(path.read_text("utf-8"))
    return [
        re.sub(r"^(\s*)[%!].*$", r"\1pass", "".join(cell["source"]), flags=re.M)
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]


def test_the_notebook_stores_no_outputs() -> None:
    notebook = json.loads((ROOT / "examples" / "quickstart.ipynb").read_text("utf-8"))
    assert [cell for cell in notebook["cells"] if cell.get("outputs")] == []
    names = [cell["id"] for cell in notebook["cells"]]
    assert len(names) == len(set(names))


# The cells run in one plain process: a kernel for them would add IPython and 20 more packages.
@pytest.mark.slow
def test_the_cells_of_the_notebook_run_with_the_built_in_model(tmp_path: Path) -> None:
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "images").symlink_to(IMAGES, target_is_directory=True)
    code = "\n\n".join(code_cells(ROOT / "examples" / "quickstart.ipynb"))
    script = tmp_path / "cells.py"
    script.write_text(code, "utf-8")
    # Without a GPU, whatever the machine has, the model is the built-in one.
    settings = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "MPLBACKEND": "agg"}
    ended = subprocess.run(
        [sys.executable, "-W", "error", script],
        cwd=tmp_path, env=settings, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("builtin cpu torch.float32\n")
    assert "left eye: (" in ended.stdout
    assert re.search(r"^attention: PCK@0.1 \d", ended.stdout, re.M)
    assert (tmp_path / "kitten.safetensors").exists()
