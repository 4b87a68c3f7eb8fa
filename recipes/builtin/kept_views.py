"""Batches of kept views of photographs and drawings, see bank.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from alignment import SIDE, cell_sources
from bank import PHOTOGRAPH, rounds_of
from losses import sample_map
from matching import align
from objective import STYLES, TAUGHT, Batch
from torch import Tensor
from torch.nn import functional
from views import Views

PHOTOGRAPHS = 0.45  # share of the names of a batch
ALIKE = 12  # names that the second half of a batch is drawn from, for each of the first half
INSIDE = 0.3  # share of a cell that is on the icon, from which the cell is aligned


@dataclass(frozen=True)
class KeptSample:
    """The names of a batch, in the order of `IconSample`, and the pictures' rows in the bank."""

    names: list[str]
    rows: Tensor


class KeptViews:
    """All rounds of a bank in memory; tensors are on the default device of torch.

    Where `RUN/earlier` exists (earlier.py), the features of icons in an earlier model complement
    those of the representation.

    Attributes:
        names: of all pictures.
        channels: of the latents.
    """

    def __init__(self, run: Path) -> None:
        files = rounds_of(run)
        rounds = [torch.load(file, map_location="cpu", mmap=True) for file in files]
        if not rounds:
            raise SystemExit(f"There are no rounds in {run / 'bank'}: run bank.py.")
        self.names: list[str] = [name for part in rounds for name in part["names"]]
        styles = [style for part in rounds for style in part["styles"]]
        self.is_photograph = torch.tensor([style == PHOTOGRAPH for style in styles])
        self._latents, self._alpha, self._maps, self._full = (
            torch.cat([part[kind] for part in rounds]).to(self.is_photograph.device)
            for kind in ("latents", "alpha", "maps", "full")
        )
        self._earlier = self._read_earlier(run / "earlier", [file.name for file in files])
        self._subjects: dict[tuple[bool, str], dict[str, list[int]]] = {}
        for row, (name, style) in enumerate(zip(self.names, styles, strict=True)):
            # photographs of a name are as different as icons of two styles
            other = f"{style} {row}" if style == PHOTOGRAPH else style
            by_style = self._subjects.setdefault((style == PHOTOGRAPH, name), {})
            by_style.setdefault(other, []).append(row)
        self._keys = [key for key, by_style in self._subjects.items() if len(by_style) >= STYLES]
        self._alike = self._most_alike()
        self.channels = int(self._latents.shape[2])

    def batch(self, random: np.random.Generator, names: int) -> Batch:
        """Two views of each picture; the second half of the names look like the first."""
        keys = self._choose(random, names)
        picks = []
        for key in keys:
            by_style = self._subjects[self._keys[key]]
            chosen = random.permutation(list(by_style))[:STYLES]
            picks.append([int(random.choice(by_style[str(style)])) for style in chosen])
        rows = torch.tensor([pick[k] for k in range(STYLES) for pick in picks])
        taught = (torch.rand(names) < TAUGHT).repeat(STYLES)
        posed = self._latents.shape[1] - 1
        which = torch.tensor([random.permutation(posed)[:2].tolist() for _ in rows]) + 1
        as_it_is = (torch.rand(len(rows)) < 0.5) | ~taught
        a = self._views(rows, torch.where(as_it_is, 0, which[:, 0]))
        b = self._views(rows, torch.where(taught, which[:, 1], 0))
        names_in_order = [self._keys[key][1] for key in keys] * STYLES
        return Batch(KeptSample(names_in_order, rows), a, b, taught)  # type: ignore[arg-type]

    def features(self, sample: KeptSample, points: Tensor) -> Tensor:
        """Features (B, P, F) at points (B, P, 2) in picture frames.

        Those of the representation have unit length; so have those in the earlier model, but for
        photographs, where they are 0.
        """
        parts = [functional.normalize(sample_map(self._full[sample.rows].float(), points), dim=-1)]
        if self._earlier is not None:
            earlier = sample_map(self._earlier_maps(sample.rows), points)
            parts.append(functional.normalize(earlier, dim=-1))
        return torch.cat(parts, -1)

    def points(self, sample: KeptSample, others: list[int]) -> tuple[Tensor, Tensor, Tensor]:
        """Random points on icons, where they are on the icons `others`, weights; see `Alignment`.

        Photographs have weights of 0: their poses differ too much to be aligned.
        """
        flows = torch.zeros(len(others), 3, SIDE, SIDE)
        drawn = (~self.is_photograph[sample.rows]).nonzero()[:, 0]
        if len(drawn):
            maps = [self._full[sample.rows].float()]
            if self._earlier is not None:
                maps.append(self._earlier_maps(sample.rows))
            units = torch.cat([functional.normalize(part, dim=1) for part in maps], 1)
            full = (units / len(maps) ** 0.5).flatten(2).mT
            alpha = self._alpha[sample.rows, 0].float() / 255
            masks = functional.adaptive_avg_pool2d(alpha, SIDE).flatten(1) > INSIDE
            with torch.device("cpu"):  # where the constants of matching.py are
                there = torch.tensor(others)[drawn.cpu()]
                found, weights = align(full.cpu(), masks.cpu(), drawn.cpu(), there)
            flow = torch.cat([found, weights[:, :, None]], -1).mT.unflatten(-1, (SIDE, SIDE))
            flows[drawn] = flow.to(flows.device)
        here = cell_sources(flows[:, 2])
        there = sample_map(flows, here)
        return here, there[..., :2], there[..., 2]

    def _read_earlier(self, folder: Path, names: Sequence[str]) -> Tensor | None:
        """(icons, F, cells, cells) in the order of the icons in the bank."""
        if not folder.exists():
            return None
        missing = [name for name in names if not (folder / name).exists()]
        if missing:
            raise SystemExit(f"{folder} lacks {', '.join(missing)}: run earlier.py.")
        files = [torch.load(folder / name, map_location="cpu", mmap=True) for name in names]
        return torch.cat([file["features"] for file in files]).to(self.is_photograph.device)

    def _earlier_maps(self, rows: Tensor) -> Tensor:
        """(B, F, cells, cells) of pictures; 0 for photographs."""
        assert self._earlier is not None
        drawn = ~self.is_photograph
        order = drawn.cumsum(0) - 1
        maps = self._earlier[order[rows].clamp(min=0)].float()
        return maps * drawn[rows][:, None, None, None]

    def _views(self, rows: Tensor, views: Tensor) -> Views:
        return Views(
            self._latents[rows, views].float(),
            self._alpha[rows, views].float() / 255,
            self._maps[rows, views],
        )

    def _choose(self, random: np.random.Generator, names: int) -> list[int]:
        """Indices of names without repetition."""
        photographs = np.array([is_photograph for is_photograph, _ in self._keys])
        chosen: list[int] = []
        for _ in range((names + 1) // 2):
            pool = np.flatnonzero(photographs == (random.random() < PHOTOGRAPHS))
            chosen.append(int(random.choice(np.setdiff1d(pool, chosen))))
        for first in list(chosen[: names // 2]):
            others = np.setdiff1d(self._alike[first], chosen)
            chosen.append(int(random.choice(others)))
        return chosen

    def _most_alike(self) -> np.ndarray:
        """(names, ALIKE) indices, by mean features less the mean of all of the same kind."""
        rows: list[Sequence[int]] = [
            [row for rows in self._subjects[key].values() for row in rows] for key in self._keys
        ]
        means = torch.stack([self._full[list(r)].float().mean((0, 2, 3)) for r in rows])
        kinds = torch.tensor([is_photograph for is_photograph, _ in self._keys])
        for kind in (True, False):
            if (kinds == kind).any():
                means[kinds == kind] -= means[kinds == kind].mean(0)
        directions = functional.normalize(means, dim=-1)
        alike = (directions @ directions.T).fill_diagonal_(-2)
        best: np.ndarray = alike.topk(min(ALIKE, len(alike) - 1)).indices.cpu().numpy()
        return best


def already_encoded(latents: Tensor) -> Tensor:
    """Kept views hold latents in place of images."""
    return latents
