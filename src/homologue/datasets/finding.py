"""Where a data set lies: its own folder or the parent, under any of its usual names."""

from collections.abc import Sequence
from pathlib import Path

from homologue.errors import HomologueError


def find_folder(
    benchmark: str, root: Path | None, names: Sequence[str], signs: Sequence[str]
) -> Path:
    """The folder of a data set.

    Args:
        root: the folder, or the one that it is in.
        names: that the folder usually has, the commonest first.
        signs: glob patterns of which one has to match something below the folder, the usual first.

    Raises:
        HomologueError: there is no root, or the first sign is missing.
    """
    if root is None:
        raise HomologueError(
            f"{benchmark} needs a root: give --root with the folder {names[0]} or its parent "
            f"(`homologue download {benchmark} --root DIR` says how to get it)."
        )
    if not root.is_dir():
        what = "is a file" if root.exists() else "does not exist"
        raise HomologueError(f"{root} {what}; give the folder {names[0]} of {benchmark}.")
    inside = [root / name for name in names if (root / name).is_dir()]
    for folder in [*inside, root]:
        if any(next(folder.glob(sign), None) for sign in signs):
            return folder
    folder = inside[0] if inside else root
    raise HomologueError(
        f"{folder / signs[0]} is missing; give the folder {names[0]} of {benchmark} or its parent "
        f"(`homologue download {benchmark} --root DIR` says how to get it)."
    )


def require(path: Path, benchmark: str) -> Path:
    """The path of a file that the data set cannot do without."""
    if not path.is_file():
        raise HomologueError(f"{path} is missing; {benchmark} needs it, see docs/benchmarks.md.")
    return path
