"""Features of icons as a checkpoint sees them, kept for the next training to learn from.

    python own.py RUN --checkpoint FILE

What a model has learnt and what the teacher (teacher.py) knows fail differently: together they are
better than either, and so a better teacher of the next weights.
Writes `RUN/own/SET.npy`, as teacher.py does.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from alignment import SIDE
from diffusers import AutoencoderKL
from icon_batches import IconPool
from model import averaged_model, tokenizer_of
from reading import Reader
from taught import SAMPLED, WIDTH, main_directions, rows_of
from views import plain_views

CHUNK = 32  # icons a pass


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--checkpoint", type=Path, required=True)
    args = parser.parse_args()
    pool = IconPool.training(args.run)
    tokenizer = tokenizer_of(args.run, pool.names)
    model, *_ = averaged_model(args.checkpoint, tokenizer)
    reader = Reader(model, AutoencoderKL.from_pretrained(args.run / "vae"), tokenizer)
    some = plain_views(pool.sample(np.random.default_rng(0), SAMPLED, 1).icons).images
    every = torch.cat([reader.cell_features(part) for part in some.split(CHUNK)])
    directions = main_directions(every.flatten(0, 1))
    folder = args.run / "own"
    folder.mkdir(exist_ok=True)
    for icon_set, rows in zip(pool.sets, rows_of(pool), strict=True):
        kept = np.zeros((len(icon_set.names), SIDE, SIDE, WIDTH), np.float16)
        for start in range(0, len(rows), CHUNK):
            chunk = rows[start : start + CHUNK]
            images = plain_views(torch.from_numpy(icon_set.pixels[chunk])).images
            found = reader.cell_features(images) @ directions
            kept[chunk] = found.unflatten(1, (SIDE, SIDE)).half().numpy()
        np.save(folder / f"{icon_set.name}.npy", kept)
        print(f"{icon_set.name}: {len(rows)} icons", flush=True)


if __name__ == "__main__":
    main()
