"""Find the folder of a data set and its required files."""

from collections.abc import Sequence
from pathlib import Path

from homologue.errors import HomologueError


def find_folder(
    benchmark: str, root: Path | None, names: Sequence[str], markers: Sequence[str]
) -> Path:
    """Return the folder of a data set.

    Args:
        benchmark: name of the benchmark, for errors.
        root: the folder of the data set or its parent.
        names: usual names of the folder, the most common first.
        markers: glob patterns, relative to the folder; at least one must match. The first is
            named in errors.

    Raises:
        HomologueError: `root` is None or not a folder, or no pattern matches.
    """
    if root is None:
        raise HomologueError(
            f"{benchmark} needs a root: give --root with the folder {names[0]} or its parent "
            f"(`homologue download {benchmark} --root DIR` explains how to get it)."
        )
    if not root.is_dir():
        problem = "is a file" if root.exists() else "does not exist"
        raise HomologueError(f"{root} {problem}; give the folder {names[0]} of {benchmark}.")
    subfolders = [root / name for name in names if (root / name).is_dir()]
    for folder in [*subfolders, root]:
        if any(next(folder.glob(marker), None) for marker in markers):
            return folder
    folder = subfolders[0] if subfolders else root
    raise HomologueError(
        f"{folder / markers[0]} is missing; give the folder {names[0]} of {benchmark} or its "
        f"parent (`homologue download {benchmark} --root DIR` explains how to get it)."
    )


def require_file(path: Path, benchmark: str) -> Path:
    """Return `path`; raise HomologueError if the file does not exist."""
    if not path.is_file():
        raise HomologueError(f"{path} is missing; {benchmark} needs it, see docs/benchmarks.md.")
    return path
