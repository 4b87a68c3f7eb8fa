"""Train short runs on kept views that differ in one thing, and measure nearest neighbours.

    python ablate_photographs.py RUN --photographs FOLDER --willow FOLDER --minutes 4 [--only ...]

Each variant starts from nothing in `RUN/ablation/NAME`, with its own representation and ROUNDS
rounds of views if these differ, and gets the same minutes of one processor core; a finished one is
not run again. Prints a Markdown table of PCK (neighbours.py) and minutes.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from ablate import CROSS, link, print_table

HERE = Path(__file__).parent
ROUNDS = 4
# For each variant, options of representation.py and of train.py.
VARIANTS: dict[str, tuple[list[str], list[str]]] = {
    "all": ([], []),
    "without likeness": ([], ["--without", "likeness"]),
    "without the losses across styles": ([], ["--without", *CROSS]),
    "without equivariance": ([], ["--without", "equivariance"]),
    "without lighting up": ([], ["--without", "lighting_up", "cross_lighting_up"]),
    "denoising alone": (
        [], ["--without", "equivariance", "lighting_up", "likeness", *CROSS],
    ),
    "64 components": (["--components", "64"], []),
    "128 components": (["--components", "128"], []),
    "trained at 320 px": (["--side", "320"], []),
}  # fmt: skip
GROUPS = ("plain seen", "plain unseen", "posed seen", "posed unseen", "cross")
COLUMNS = ("willow@0.05", "willow@0.1", *(f"{group}@0.1" for group in GROUPS))


def run(script: str, *arguments: object) -> None:
    command = [sys.executable, HERE / script, *map(str, arguments)]
    subprocess.run(command, check=True, stdout=sys.stderr)


def represented(args: argparse.Namespace, options: list[str]) -> Path:
    """The folder of a representation with these options, with its kept views."""
    name = "-".join(option.strip("-") for option in options) or "as-trained"
    folder: Path = args.run / "ablation" / "representations" / name
    folder.mkdir(parents=True, exist_ok=True)
    link(folder, args.run, "icons", "tokenizer")
    if not options:
        link(folder, args.run, "vae", "full.pt")
    elif not (folder / "full.pt").exists():
        run("representation.py", folder, "--photographs", args.photographs, *options)
    run("bank.py", folder, "--photographs", args.photographs, "--rounds", ROUNDS)
    (folder / "neighbours").mkdir(exist_ok=True)
    return folder


def trained(args: argparse.Namespace, variant: str) -> dict[str, float]:
    """The last line of the variant's validation."""
    of_representation, of_training = VARIANTS[variant]
    representation = represented(args, of_representation)
    folder = args.run / "ablation" / variant.replace(" ", "-")
    folder.mkdir(parents=True, exist_ok=True)
    link(folder, representation, "icons", "tokenizer", "vae", "full.pt", "bank", "neighbours")
    result = folder / "validation.jsonl"
    if not result.exists():  # train.py writes it at the end
        run(
            "train.py", folder, "--bank", "--willow", args.willow, "--noise", 0.3, "--workers", 1,
            "--minutes", args.minutes, "--validate-minutes", "inf", *of_training,
        )  # fmt: skip
    last: dict[str, float] = json.loads(result.read_text().splitlines()[-1])
    return last


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--photographs", type=Path, required=True, help="a folder per category")
    parser.add_argument("--willow", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=4)
    parser.add_argument("--only", nargs="*", default=list(VARIANTS), choices=VARIANTS)
    args = parser.parse_args()
    print_table(COLUMNS, args.only, lambda name: trained(args, name))


if __name__ == "__main__":
    main()
