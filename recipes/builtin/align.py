"""Find where the points of an icon lie in the same subject's icons of other sets.

    python align.py RUN [--checkpoint FILE] [--score]

No annotation: the teacher's features (teacher.py) beside the averaged model's own, helped by what
training poses hide from it, that icons of one name are drawn in about the same pose. A pair's
points are matched softly, an affine map and a smooth displacement are fitted to the matches and
narrow the next matching down.
Writes `RUN/alignment/flows.npy`, (pairs, 3, 16, 16) half precision: x, y of the counterpart of the
cell's centre in [-1, 1], and a weight; and `RUN/alignment/pairs.json`. `--score` prints instead how
often the keypoints of the `val` subjects are met (PCK@0.1 per point, pairs of training sets).
"""

import argparse
import itertools
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from alignment import SIDE
from diffusers import AutoencoderKL
from icon_batches import IconPool
from icons import TRAINING_SETS
from losses import sample_map
from matching import align
from model import averaged_model, tokenizer_of
from reading import Reader
from taught import kept
from teacher import Classifiers, Teacher
from torch import Tensor
from torch.nn import functional
from validate import correct, read_drawings, read_icons
from views import plain_views

OWN = 0.3  # weight of the model's own features beside the teacher's
CHUNK = 8  # names a pass


@dataclass(frozen=True)
class Icons:
    """About unit features (B, cells, F) and masks (B, cells) of plain icons."""

    feats: Tensor
    masks: Tensor

    @classmethod
    def read(cls, reader: Reader, icons: Tensor, teacher: Tensor) -> "Icons":
        """Of icons (B, S, S, 4) uint8, of which the teacher has the features (B, cells, WIDTH)."""
        views = plain_views(icons)
        own = reader.cell_features(views.images)
        feats = torch.cat([teacher, OWN**0.5 * own], -1) / (1 + OWN) ** 0.5
        return cls(feats, functional.adaptive_avg_pool2d(views.alpha, SIDE).flatten(1) > 0.3)


def flows(icons: Icons, pairs: list[tuple[int, int]]) -> Tensor:
    """(pairs, 3, SIDE, SIDE): x, y and weight."""
    a, b = torch.tensor(pairs).T
    found, weights = align(icons.feats, icons.masks, a, b)
    return torch.cat([found, weights[:, :, None]], -1).mT.unflatten(-1, (SIDE, SIDE))


def pairs_of(names: list[str]) -> list[tuple[int, int]]:
    """Ordered pairs of rows with the same name."""
    return [(i, j) for i, j in itertools.permutations(range(len(names)), 2)
            if names[i] == names[j]]  # fmt: skip


def align_all(reader: Reader, pool: IconPool, run: Path) -> None:
    folder, teacher = run / "alignment", kept(run, pool)
    names = [name for name in pool.names if len(pool.rows[name]) > 1]
    keys: list[tuple[str, str, str]] = []
    found = []
    for start in range(0, len(names), CHUNK):
        chunk = names[start : start + CHUNK]
        rows = [(name, of, row) for name in chunk for of, row in pool.rows[name]]
        pixels = np.stack([pool.sets[of].pixels[row] for _, of, row in rows])
        feats = np.stack([teacher[of][row].astype(np.float32) for _, of, row in rows])
        feats = torch.from_numpy(feats).flatten(1, 2)
        icons = Icons.read(reader, torch.from_numpy(pixels), feats)
        pairs = pairs_of([name for name, _, _ in rows])
        found.append(flows(icons, pairs).half().numpy())
        keys += [(rows[i][0], pool.sets[rows[i][1]].name, pool.sets[rows[j][1]].name)
                 for i, j in pairs]  # fmt: skip
        print(f"{start + len(chunk)} of {len(names)} names", flush=True)
    folder.mkdir(exist_ok=True)
    np.save(folder / "flows.npy", np.concatenate(found))
    (folder / "pairs.json").write_text(json.dumps(keys))
    print(f"{len(keys)} pairs, mean weight {np.concatenate(found)[:, 2].mean():.3f}")


def score(reader: Reader, run: Path) -> None:
    drawings = [d for d in read_drawings() if d.style in TRAINING_SETS]
    pixels = read_icons(run, drawings)
    icons = Icons.read(reader, pixels, Teacher(run, Classifiers()).features(pixels))
    pairs = pairs_of([drawing.subject for drawing in drawings])
    hits, sure = [], []
    for flow, (i, j) in zip(flows(icons, pairs), pairs, strict=True):
        one, other = drawings[i].keypoints, drawings[j].keypoints
        names = [name for name in one if name in other]
        points = torch.tensor([one[name] for name in names])
        truth = torch.tensor([other[name] for name in names])
        values = sample_map(flow[None], points[None])[0]
        hits += correct(values[:, :2], truth, torch.tensor(list(other.values())))
        sure += values[:, 2].tolist()
    right, weights = torch.tensor(hits).float(), torch.tensor(sure)
    weighted = (right * weights).sum() / weights.sum()
    print(f"PCK@0.1 {100 * right.mean():.1f}, by weight {100 * weighted:.1f}")


@torch.no_grad()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--score", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    pool = IconPool.training(args.run)
    tokenizer = tokenizer_of(args.run, pool.names)
    model, *_ = averaged_model(args.checkpoint or args.run / "model.pt", tokenizer)
    reader = Reader(model, AutoencoderKL.from_pretrained(args.run / "vae"), tokenizer)
    if args.score:
        score(reader, args.run)
    else:
        align_all(reader, pool, args.run)


if __name__ == "__main__":
    main()
