"""Train short runs that differ in one thing, and validate them.

    python ablate.py RUN --minutes 12 [--only NAME ...]

Each variant starts from nothing in `RUN/ablation/NAME` and gets the same minutes; a finished one is
not run again. Prints a Markdown table: PCK@0.1 of nearest neighbours (validate.py), minutes, steps.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

HERE = Path(__file__).parent
CROSS = ("cross_style", "cross_lighting_up")
VARIANTS: dict[str, list[str]] = {
    "all": [],
    "without the teacher's likeness": ["--without", "likeness"],
    "without the losses across styles": ["--without", *CROSS],
    "without equivariance": ["--without", "equivariance"],
    "without lighting up": ["--without", "lighting_up", "cross_lighting_up"],
    "denoising alone": ["--without", "equivariance", "lighting_up", "likeness", *CROSS],
    "widths 48 and 80": ["--widths", "48", "80"],
    "widths 112 and 208": ["--widths", "112", "208"],
    "detail of 64 px": ["--image-side", "64"],
}
COLUMNS = ("plain_seen", "plain_unseen", "posed_seen", "posed_unseen", "held_out")


def folder_of(run: Path, variant: str) -> Path:
    """The variant's work folder, with links to what all share."""
    folder = run / "ablation" / variant.replace(" ", "-")
    folder.mkdir(parents=True, exist_ok=True)
    link(folder, run, "icons", "vae", "tokenizer", "teacher", "alignment")
    return folder


def link(folder: Path, run: Path, *names: str) -> None:
    """Link files of a run into a folder, except those that it has already."""
    for name in names:
        if not (folder / name).exists():
            (folder / name).symlink_to((run / name).absolute())


def trained(run: Path, variant: str, minutes: float, workers: int) -> dict[str, float]:
    """The last line of the variant's validation."""
    folder = folder_of(run, variant)
    result = folder / "validation.jsonl"
    if not result.exists():  # train.py writes it at the end
        once = ["--validate-minutes", "inf"]
        budget = ["--minutes", str(minutes), "--workers", str(workers), *once]
        train = [sys.executable, HERE / "train.py", folder, *budget, *VARIANTS[variant]]
        with (folder / "train.log").open("w") as log:
            subprocess.run(train, check=True, stdout=log)
    last: dict[str, float] = json.loads(result.read_text().splitlines()[-1])
    return last


def print_table(
    columns: Sequence[str], variants: Sequence[str], trained: Callable[[str], dict[str, float]]
) -> None:
    """Print a Markdown table, each row as soon as its variant is trained."""
    print("|", " | ".join(("", *columns, "minutes", "steps")), "|")
    print("|", " | ".join(["---"] * (len(columns) + 3)), "|")
    for variant in variants:
        found = trained(variant)
        figures = [f"{found[column]:.1f}" for column in columns]
        cells = (variant, *figures, f"{found['minutes']:.0f}", f"{found['step']:.0f}")
        print("|", " | ".join(cells), "|", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", nargs="*", default=list(VARIANTS), choices=VARIANTS)
    args = parser.parse_args()
    print_table(
        COLUMNS, args.only, lambda name: trained(args.run, name, args.minutes, args.workers)
    )


if __name__ == "__main__":
    main()
