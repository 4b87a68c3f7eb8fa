"""`homologue download`: a data set brought to where `evaluate` finds it."""

from pathlib import Path
from typing import Annotated

import typer

from homologue.errors import HomologueError


def download(
    name: Annotated[str, typer.Argument(help="cub, pf-pascal, pf-willow or spair-71k.")],
    root: Annotated[Path, typer.Option(metavar="DIR", help="The folder that it goes into.")],
) -> None:
    """Fetch a benchmark's data set, or say what to put where."""
    from homologue.console import progress_bars
    from homologue.datasets.base import NAMES, get_benchmark
    from homologue.datasets.download import SOURCES
    from homologue.datasets.download import download as fetch

    if name not in SOURCES:
        raise HomologueError(_nothing_to_fetch(name, NAMES))
    try:
        get_benchmark(name, root)
    except HomologueError:
        with progress_bars() as progress:
            fetch(name, SOURCES[name], root, progress)
        get_benchmark(name, root)  # refuses what is still incomplete
    print(f"{name} is in {root}: homologue evaluate {name} --root {root}")


def _nothing_to_fetch(name: str, names: tuple[str, ...]) -> str:
    if name == "emoji":
        return "emoji comes with the package; there is nothing to fetch."
    if name == "pairs":
        return "pairs are your own; write them as docs/benchmarks.md says."
    return f"There is no benchmark {name!r}: choose one of {', '.join(names)}."
