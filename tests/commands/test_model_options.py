"""Groups of options are declared once and are the same in every command."""

import ast
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

import homologue
from homologue.cli import app
from homologue.commands.model_options import ModelOptions
from homologue.commands.option_groups import with_option_groups

NAMES = [
    "device", "dtype", "variant", "revision", "vae", "unet", "config", "channels_last", "offline",
]  # fmt: skip
PACKAGE = Path(homologue.__file__).parent


@pytest.mark.parametrize(
    "name", ["match", "fit", "locate", "evaluate", "relocate", "words", "view", "check", "info"]
)
def test_a_command_has_all_model_options_in_order(name: str) -> None:
    command = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]
    names = [parameter.name for parameter in command.params]
    start = names.index("device")
    assert names[start : start + len(NAMES)] == NAMES
    assert "loading" not in names
    chosen = {one.name: one for one in command.params if one.name in NAMES}
    assert all(
        one.opts == [f"--{one.name.replace('_', '-')}"] and one.help for one in chosen.values()
    )
    assert chosen["offline"].is_flag and not chosen["device"].is_flag


def test_a_command_receives_a_group_as_one_object() -> None:
    seen: list[tuple[str, int, ModelOptions]] = []
    made = typer.Typer()

    @made.command()
    @with_option_groups
    def look(
        image: str,
        *,
        loading: ModelOptions,
        number: Annotated[int, typer.Option()] = 1,
    ) -> None:
        """Look."""
        seen.append((image, number, loading))

    run = CliRunner().invoke
    assert run(made, ["a.png"]).exit_code == 0
    given = ["--device", "cpu", "--config", "sd2-512", "--offline", "--number", "2"]
    assert run(made, ["a.png", *given]).exit_code == 0
    assert seen == [
        ("a.png", 1, ModelOptions()),
        ("a.png", 2, ModelOptions(device="cpu", config="sd2-512", offline=True)),
    ]
    assert run(made, ["a.png", "--loading", "x"]).exit_code == 2


def test_the_help_lists_a_group_under_its_title() -> None:
    outcome = CliRunner().invoke(app, ["match", "--help"], env={"COLUMNS": "120"})
    lines = outcome.stdout.splitlines()
    titles = [line.split()[1] for line in lines if line.startswith("╭")]
    assert titles == ["Arguments", "Options", "Points", "Matcher", "Output", "Method", "Model"]
    assert "--optimise" not in outcome.stdout


def imported(file: Path) -> set[str]:
    """Modules that a file imports anywhere."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module or ""} | {f"{node.module}.{one.name}" for one in node.names}
    return names


def test_typer_stays_in_the_command_line() -> None:
    users = [file for file in PACKAGE.rglob("*.py") if "typer" in imported(file)]
    assert PACKAGE / "cli.py" in users
    assert {file.parent for file in users} == {PACKAGE, PACKAGE / "commands"}
    assert [file.name for file in users if file.parent == PACKAGE] == ["cli.py"]


def test_no_command_imports_another() -> None:
    commands = PACKAGE / "commands"
    registered = {command.callback.__module__ for command in app.registered_commands}
    assert {f"homologue.commands.{name}" for name in ("evaluate", "relocate")} <= registered
    for file in commands.glob("*.py"):
        others = registered - {f"homologue.commands.{file.stem}"}
        assert not others & imported(file), file
