"""Store the averaged weights of a checkpoint in half precision, and restore them.

    python portable.py store RUN FOLDER       # of RUN/model.pt, with the tokenizer and the logs
    python portable.py restore FOLDER RUN     # writes RUN/before.pt and RUN/tokenizer

Training goes on with `python train.py RUN --start RUN/before.pt`. The state of the optimiser is not
stored.
The weights are split into safetensors files of at most LIMIT bytes.
"""

import argparse
import json
import shutil
from pathlib import Path

import torch
from progress import load, save
from safetensors.torch import load_file, save_file
from torch import Tensor

LIMIT = 11_900_000  # bytes of the tensors in a file
LOGS = ("model.jsonl", "validation.jsonl")


def parts_of(weights: dict[str, Tensor], limit: int = LIMIT) -> list[dict[str, Tensor]]:
    """The weights in half precision, in their order, split where a part would exceed the limit."""
    parts: list[dict[str, Tensor]] = [{}]
    size = 0
    for name, tensor in weights.items():
        halved = tensor.half() if tensor.is_floating_point() else tensor
        size += halved.nbytes
        if size > limit and parts[-1]:
            parts.append({})
            size = halved.nbytes
        parts[-1][name] = halved.contiguous()
    return parts


def store(run: Path, folder: Path) -> None:
    state = load(run / "model.pt")
    if state is None:
        raise SystemExit(f"There is no checkpoint {run / 'model.pt'}: run train.py.")
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("average-*.safetensors"):
        old.unlink()
    for number, part in enumerate(parts_of(state["average"])):
        save_file(part, folder / f"average-{number}.safetensors")
    facts = {"step": state["step"], "minutes": state["minutes"]}
    (folder / "state.json").write_text(json.dumps(facts) + "\n")
    shutil.copytree(run / "tokenizer", folder / "tokenizer", dirs_exist_ok=True)
    for name in LOGS:
        if (run / name).exists():
            shutil.copy(run / name, folder / name)


def restore(folder: Path, run: Path) -> None:
    weights: dict[str, Tensor] = {}
    for file in sorted(folder.glob("average-*.safetensors")):
        weights |= load_file(file)
    average = {name: t.float() if t.is_floating_point() else t for name, t in weights.items()}
    save({"average": average, **json.loads((folder / "state.json").read_text())}, run / "before.pt")
    shutil.copytree(folder / "tokenizer", run / "tokenizer", dirs_exist_ok=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=("store", "restore"))
    parser.add_argument("source", type=Path)
    parser.add_argument("destination", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    {"store": store, "restore": restore}[args.action](args.source, args.destination)


if __name__ == "__main__":
    main()
