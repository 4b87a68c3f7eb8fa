"""The training icons, drawn so that a batch holds the same names in different styles."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from icons import OUTLINED, TRAINING_SETS, IconSet, load_set, shared_names
from torch import Tensor


def held_out(name: str) -> bool:
    """About 3 % of the names are kept from training, always the same ones."""
    return hashlib.sha256(name.encode()).digest()[0] < 8


@dataclass(frozen=True)
class IconSample:
    """Icons of `styles` sets a name: all names in one of their sets, then all in another...

    `names` and `sets` (index in the pool) an icon, `icons` (B, S, S, 4) uint8.
    """

    names: list[str]
    sets: list[int]
    icons: Tensor


class IconPool:
    """Icons of several sets whose name at least `at_least` of the sets draw.

    `outlined` are the same sets with a black line around every shape, in the same order.
    """

    def __init__(
        self,
        sets: list[IconSet],
        held_out_names: bool,
        outlined: list[IconSet] | None = None,
        at_least: int = 3,
    ) -> None:
        self.sets, self.outlined = sets, outlined
        index = [{name: row for row, name in enumerate(s.names)} for s in sets]
        shared = shared_names(sets, at_least)
        self.names = [name for name in shared if held_out(name) == held_out_names]
        self.rows = {
            name: [(s, index[s][name]) for s in range(len(sets)) if name in index[s]]
            for name in self.names
        }

    @classmethod
    def training(
        cls, run: Path, held_out_names: bool = False, outlined: bool = False
    ) -> "IconPool":
        sets = [load_set(run, name) for name in TRAINING_SETS]
        lines = [load_set(run, name, OUTLINED) for name in TRAINING_SETS] if outlined else None
        return cls(sets, held_out_names, lines)

    def __len__(self) -> int:
        return sum(len(rows) for rows in self.rows.values())

    def sample(
        self, random: np.random.Generator, names: int, styles: int, outlined: float = 0.0,
        alike: Mapping[str, Sequence[str]] | None = None,
    ) -> IconSample:  # fmt: skip
        """`names` random names, each in `styles` different sets, a share of them `outlined`.

        With names that look `alike`, the second half of the names are some of those of the first.
        """
        free = names if alike is None else (names + 1) // 2
        chosen = [self.names[i] for i in random.choice(len(self.names), free, replace=False)]
        if alike is not None:
            for name in chosen[: names - free]:
                others = [other for other in alike[name] if other not in chosen]
                chosen.append(str(random.choice(others)))
        picks = [random.permutation(self.rows[name])[:styles] for name in chosen]
        in_order = [(int(p[k][0]), int(p[k][1])) for k in range(styles) for p in picks]
        icons = []
        for of, row in in_order:
            lines = self.outlined is not None and random.random() < outlined
            icons.append((self.outlined if lines else self.sets)[of].pixels[row])
        batch = torch.from_numpy(np.stack(icons))
        return IconSample(chosen * styles, [of for of, _ in in_order], batch)
