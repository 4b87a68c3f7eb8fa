"""Where a point of an icon lies in the same subject's icon of another set, as align.py found."""

import json
from pathlib import Path

import numpy as np
import torch
from icon_batches import IconPool, IconSample
from losses import POINTS, sample_map
from torch import Tensor

SIDE = 16  # cells a side of a flow


def cell_sources(weights: Tensor) -> Tensor:
    """POINTS random points (B, POINTS, 2) in [-1, 1], by cells' weights (B, SIDE, SIDE)."""
    cells = torch.multinomial(weights.flatten(1) + 1e-6, POINTS, replacement=True)
    corner = torch.stack([cells % SIDE, cells // SIDE], -1)
    return (corner + torch.rand(corner.shape)) * 2 / SIDE - 1


class Alignment:
    """Flows of the pairs of icons: icon points to points of the other icon, and weights."""

    def __init__(self, folder: Path, pool: IconPool) -> None:
        self.flows = np.load(folder / "flows.npy", mmap_mode="r")  # pairs, 3, SIDE, SIDE
        keys = json.loads((folder / "pairs.json").read_text())
        self.rows = {(name, a, b): row for row, (name, a, b) in enumerate(keys)}
        self.sets = [icon_set.name for icon_set in pool.sets]

    def points(self, sample: IconSample, others: list[int]) -> tuple[Tensor, Tensor, Tensor]:
        """Random points (B, P, 2) on icons, where they are on the icons `others`, weights (B, P).

        Both in icon frames, [-1, 1]; weights are 0 where an icon has no counterpart.
        """
        flows = torch.zeros(len(others), 3, SIDE, SIDE)
        for icon, other in enumerate(others):
            sets = self.sets[sample.sets[icon]], self.sets[sample.sets[other]]
            row = self.rows.get((sample.names[icon], *sets))
            if row is not None:
                flows[icon] = torch.from_numpy(self.flows[row].astype(np.float32))
        here = cell_sources(flows[:, 2])
        found = sample_map(flows, here)
        return here, found[..., :2], found[..., 2]
