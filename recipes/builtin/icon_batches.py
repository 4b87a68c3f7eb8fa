"""The training icons, drawn so that a batch holds the same names in different styles."""

import hashlib
from pathlib import Path

import numpy as np
import torch
from icons import TRAINING_SETS, IconSet, load_set, shared_names
from torch import Tensor


def held_out(name: str) -> bool:
    """About 3 % of the names are kept from training, always the same ones."""
    return hashlib.sha256(name.encode()).digest()[0] < 8


class IconPool:
    """Icons of several sets whose name at least `at_least` of the sets draw."""

    def __init__(
        self,
        sets: list[IconSet],
        held_out_names: bool,
        seed: int | None = None,
        at_least: int = 3,
    ) -> None:
        self.sets = sets
        index = [{name: row for row, name in enumerate(s.names)} for s in sets]
        shared = shared_names(sets, at_least)
        self.names = [name for name in shared if held_out(name) == held_out_names]
        self.rows = {
            name: [(s, index[s][name]) for s in range(len(sets)) if name in index[s]]
            for name in self.names
        }
        self.random = np.random.default_rng(seed)

    @classmethod
    def training(
        cls, run: Path, held_out_names: bool = False, seed: int | None = None
    ) -> "IconPool":
        return cls([load_set(run, name) for name in TRAINING_SETS], held_out_names, seed)

    def __len__(self) -> int:
        return sum(len(rows) for rows in self.rows.values())

    def sample(self, names: int, styles: int) -> tuple[list[str], Tensor]:
        """`names` random names, each in `styles` different sets.

        Returns the names (names * styles of them, those of one style after the other's) and
        the icons (names * styles, S, S, 4) uint8.
        """
        chosen = [self.names[i] for i in self.random.choice(len(self.names), names, replace=False)]
        picks = [self.random.permutation(self.rows[name])[:styles] for name in chosen]
        icons = [self.sets[p[k][0]].pixels[p[k][1]] for k in range(styles) for p in picks]
        return chosen * styles, torch.from_numpy(np.stack(icons))
