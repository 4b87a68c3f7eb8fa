"""`homologue download`: fetch the data set of a benchmark."""

from pathlib import Path
from typing import Annotated

import typer

from homologue.errors import HomologueError


def download(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="cub, pf-pascal, pf-willow or spair-71k.")
    ],
    root: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the data set.")],
) -> None:
    """Download the data set of a benchmark, or print which files to get where."""
    from homologue.console import progress_bars
    from homologue.datasets.base import NAMES, get_benchmark
    from homologue.datasets.download import SOURCES
    from homologue.datasets.download import download as fetch

    if name not in SOURCES:
        raise HomologueError(_no_download(name, NAMES))
    try:
        get_benchmark(name, root)
    except HomologueError:
        with progress_bars() as progress:
            fetch(name, SOURCES[name], root, progress)
        get_benchmark(name, root)  # raises if files are missing
    print(f"{name} is in {root}: homologue evaluate {name} --root {root}")


def _no_download(name: str, names: tuple[str, ...]) -> str:
    if name == "emoji":
        return "emoji comes with the package and needs no download."
    if name == "pairs":
        return "pairs are your own data: see docs/benchmarks.md for their format."
    return f"There is no benchmark {name!r}: choose one of {', '.join(names)}."
