"""What the teacher sees in icons, as teacher.py kept it."""

import json
from pathlib import Path

import numpy as np
import torch
from icon_batches import IconPool, IconSample
from losses import sample_map
from torch import Tensor


def kept(run: Path, pool: IconPool) -> list[np.ndarray]:
    """(icons, 16, 16, WIDTH) half precision, a set each; zeros where a name is not trained on."""
    return [np.load(run / "teacher" / f"{s.name}.npy", mmap_mode="r") for s in pool.sets]


class Taught:
    """Features of icons, and names whose icons look alike to the teacher."""

    def __init__(self, run: Path, pool: IconPool) -> None:
        self._files = kept(run, pool)
        self._rows = {(name, of): row for name, rows in pool.rows.items() for of, row in rows}
        self.alike: dict[str, list[str]] = json.loads((run / "teacher" / "alike.json").read_text())

    def features(self, sample: IconSample, points: Tensor) -> Tensor:
        """(B, P, WIDTH) at points (B, P, 2) in icon frames."""
        maps = [
            self._files[of][self._rows[name, of]]
            for name, of in zip(sample.names, sample.sets, strict=True)
        ]
        every = torch.from_numpy(np.stack(maps).astype(np.float32))
        return sample_map(every.permute(0, 3, 1, 2), points)
