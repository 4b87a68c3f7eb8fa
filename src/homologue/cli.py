"""The command line: the app with all its commands."""

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


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"homologue {__version__}")
        raise typer.Exit


def _current_option(name: str) -> str:
    """Return the current name of an option, with a note if it was renamed."""
    if name != "optimise":
        return name
    note_old_name("--optimise", "--strategy")
    return "strategy"


app = typer.Typer(
    help="Find the same part of an object in another image.",
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
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    pass


for _command in (
    match,
    fit,
    locate,
    download,
    evaluate,
    merge,
    score,
    ablate,
    relocate,
    draw,
    view,
    words,
    check,
    info,
):
    app.command()(_command)
