"""What the teacher, and a model before, see in icons, as teacher.py and own.py keep it."""

import json
from pathlib import Path

import numpy as np
import torch
from icon_batches import IconPool, IconSample
from losses import sample_map
from torch import Tensor
from torch.nn import functional

WIDTH = 128  # of the kept features: inner products of 12 icons were off by 0.008 in the mean
SAMPLED = 256  # icons that the directions are of


def main_directions(features: Tensor) -> Tensor:
    """(F, WIDTH): the directions of features (N, F) that hold most of their inner products."""
    return torch.linalg.eigh(features.T @ features)[1][:, -WIDTH:].clone()


def rows_of(pool: IconPool) -> list[list[int]]:
    """Of each set, the icons whose names are trained on."""
    rows: list[list[int]] = [[] for _ in pool.sets]
    for places in pool.rows.values():
        for of, row in places:
            rows[of].append(row)
    return rows


def kept(run: Path, pool: IconPool, folder: str = "teacher") -> list[np.ndarray]:
    """(icons, 16, 16, WIDTH) half precision, a set each; zeros where a name is not trained on."""
    return [np.load(run / folder / f"{s.name}.npy", mmap_mode="r") for s in pool.sets]


class Taught:
    """Features of icons, and names whose icons look alike to the teacher.

    The model's own features of before stand beside the teacher's where `RUN/own` is there.
    """

    def __init__(self, run: Path, pool: IconPool) -> None:
        folders = [folder for folder in ("teacher", "own") if (run / folder).exists()]
        self._files = [kept(run, pool, folder) for folder in folders]
        self._rows = {(name, of): row for name, rows in pool.rows.items() for of, row in rows}
        self.alike: dict[str, list[str]] = json.loads((run / "teacher" / "alike.json").read_text())

    def features(self, sample: IconSample, points: Tensor) -> Tensor:
        """Unit features (B, P, F) at points (B, P, 2) in icon frames."""
        places = list(zip(sample.names, sample.sets, strict=True))
        parts = []
        for files in self._files:
            maps = np.stack([files[of][self._rows[name, of]] for name, of in places])
            every = torch.from_numpy(maps.astype(np.float32)).permute(0, 3, 1, 2)
            # between cells they are means of unlike directions, and too short
            parts.append(functional.normalize(sample_map(every, points), dim=-1))
        return torch.cat(parts, -1) / len(parts) ** 0.5
