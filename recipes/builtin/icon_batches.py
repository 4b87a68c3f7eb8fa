"""The training icons, drawn so that a batch holds the same names in different styles."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from icons import OUTLINED, TRAINING_SETS, IconSet, load_set, shared_names
from torch import Tensor
from torch.nn import functional

LOPSIDED = 0.3  # a front view with a tilted hat stays below, an animal from the side above


def held_out(name: str) -> bool:
    """About 3 % of the names are kept from training, always the same ones."""
    return hashlib.sha256(name.encode()).digest()[0] < 8


def lopsidedness(icons: np.ndarray) -> Tensor:
    """How little each icon (B, S, S, 4) uint8 looks like its mirror image: (B,), 0 if it is it.

    The mean difference of the premultiplied channels over the icon, at a quarter of the size,
    mirrored about the middle of what is drawn, give or take a pixel.
    """
    rgba = torch.tensor(icons).permute(0, 3, 1, 2).float() / 255
    rgba[:, :3] *= rgba[:, 3:]
    small = functional.avg_pool2d(rgba, 4)
    side, alpha = small.shape[-1], small[:, 3]
    drawn = alpha.amax(1) > 0.3
    column = torch.arange(side) + 0.5
    low = torch.where(drawn, column, side).amin(1)
    high = torch.where(drawn, column, 0).amax(1)
    off = (low + high - side).round().long()  # the mirror image's distance from the icon
    least = torch.full((len(icons),), torch.inf)
    for nudge in (-1, 0, 1):
        from_column = (torch.arange(side) - off[:, None] - nudge) % side
        index = from_column[:, None, None].expand_as(small)
        away = (small - small.flip(-1).gather(-1, index)).abs().mean(1).sum((1, 2))
        least = torch.minimum(least, away / alpha.sum((1, 2)).clamp(min=1))
    return least


@dataclass(frozen=True)
class IconSample:
    """Icons of `styles` sets a name: all names in one of their sets, then all in another...

    `names` and `sets` (index in the pool) an icon, `icons` (B, S, S, 4) uint8; `lopsided`
    (B,) bool: no drawing of the name in the sample looks like its mirror image.
    """

    names: list[str]
    sets: list[int]
    icons: Tensor
    lopsided: Tensor


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
        self.lopsided = [lopsidedness(icon_set.pixels) > LOPSIDED for icon_set in sets]
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
        self, random: np.random.Generator, names: int, styles: int, outlined: float = 0.0
    ) -> IconSample:
        """`names` random names, each in `styles` different sets, a share of them `outlined`."""
        chosen = [self.names[i] for i in random.choice(len(self.names), names, replace=False)]
        picks = [random.permutation(self.rows[name])[:styles] for name in chosen]
        in_order = [(int(p[k][0]), int(p[k][1])) for k in range(styles) for p in picks]
        icons = []
        for of, row in in_order:
            lines = self.outlined is not None and random.random() < outlined
            icons.append((self.outlined if lines else self.sets)[of].pixels[row])
        batch = torch.from_numpy(np.stack(icons))
        lopsided = torch.tensor([bool(self.lopsided[of][row]) for of, row in in_order])
        of_names = lopsided.view(styles, names).all(0).repeat(styles)
        return IconSample(chosen * styles, [of for of, _ in in_order], batch, of_names)
