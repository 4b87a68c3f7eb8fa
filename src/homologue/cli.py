"""The command line and its commands."""

from typing import Annotated

import typer

from homologue import __version__
from homologue.commands.ablate import ablate
from homologue.commands.check import check
from homologue.commands.download import download
from homologue.commands.draw import draw
from homologue.commands.evaluate import evaluate
from homologue.commands.info import info
from homologue.commands.match import fit, locate, match
from homologue.commands.merge import merge
from homologue.commands.relocate import relocate
from homologue.commands.score import score
from homologue.commands.view import view
from homologue.commands.words import words
from homologue.renamed import note_old_name

COMMANDS = {
    "Correspondences": (match, fit, locate, words, view),
    "Benchmarks": (download, evaluate, merge, relocate),
    "Results of runs": (score, ablate, draw),
    "Model and machine": (check, info),
}
"""Commands by the title of their group in the help."""


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"homologue {__version__}")
        raise typer.Exit


def _current_option(name: str) -> str:
    """Return the current name of an option; print a note for a name of an earlier version."""
    if name != "optimise":
        return name
    note_old_name("--optimise", "--strategy")
    return "strategy"


app = typer.Typer(
    help="Find the same part of an object in another picture, with a text-to-image "
    "diffusion model.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "token_normalize_func": _current_option,
    },
)


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            metavar="",
            callback=_print_version,
            is_eager=True,
            help="Show the version and exit.",
        ),
    ] = False,
) -> None:
    pass


for _panel, _commands in COMMANDS.items():
    for _command in _commands:
        app.command(rich_help_panel=_panel)(_command)
