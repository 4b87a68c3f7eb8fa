"""The heat maps of a pair as files: where each layer looks for every point, in source and target.

A pair has a folder. For every point it has a sheet that lays the maps over the pictures
(`point-01.png`), and the plain maps (`point-01/source-all.png`, `point-01/target-all.png`,
`point-01/source-LAYER.png`, ...). `maps.json` names them all, with the layers' paths and the
values that black and white stand for.

A plain map is grey, has the proportions of its picture, and its longer side has 512 pixels.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray
from PIL import Image
from torch import Tensor

from homologue.artifacts import ALL
from homologue.errors import HomologueError
from homologue.files import check_writable, make_folder, replace_folder, write_atomically
from homologue.images import RGBImage
from homologue.viz.canvas import Colour, draw_disc, draw_picture, empty_page, resize, write
from homologue.viz.figures import plain_settings, save_figure
from homologue.viz.layout import ACROSS, CAPTION, GAP, MARGIN, Box
from homologue.viz.lettering import shortened
from homologue.viz.match import draw_heatmap_overlay, unit_range

INDEX = "maps.json"

_LONGEST = 512
_IN_A_ROW = 6
_LARGEST_CELL = 380
_LETTERS = 22
_POINT: Colour = (0.337, 0.706, 0.914)  # Okabe and Ito's sky blue, which the maps' colours lack
_LONGEST_NAME = 80


@dataclass(frozen=True)
class Side:
    """One picture of a pair with what is known of P points in it.

    Attributes:
        points: (P, 2), image frame.
        maps: (P, h, w) over the picture squashed to a square, not negative, by `all`, the map that
            points are read from, and by the paths of the layers.
    """

    image: RGBImage
    points: NDArray[np.float64]
    maps: Mapping[str, NDArray[Any]]

    @classmethod
    def of(cls, image: RGBImage, points: ArrayLike | Tensor, maps: Mapping[str, Any]) -> "Side":
        return cls(image, _array(points), {name: _array(one) for name, one in maps.items()})


def safe_name(text: str) -> str:
    """A name for a folder, on any system, that still reads like the text.

    >>> safe_name("cat: 1/left ear")
    'cat_1_left_ear'
    """
    name = re.sub(r"[^\w.-]+", "_", text).strip("._")
    return name[:_LONGEST_NAME] or "pair"


def save_maps(
    folder: str | os.PathLike[str], source: Side, target: Side, facts: Mapping[str, Any]
) -> None:
    """Writes the folder of a pair, all of it or nothing; an older one of this pair is replaced.

    Args:
        facts: go into `maps.json` too.

    Raises:
        HomologueError: the folder holds something else or cannot be written, or a map is not
            finite.
    """
    check_pair_folder(Path(folder))
    replace_folder(folder, lambda new: _write(new, source, target, facts))


def pair_folder(folder: Path, name: str) -> Path:
    """The folder of a pair in the folder of all, which is made.

    Raises:
        HomologueError: nothing can be written there, or it holds something else.
    """
    check_maps_folder(folder)
    check_pair_folder(folder / name)
    return folder / name


def check_maps_folder(folder: Path) -> None:
    """Makes the folder for maps; raises HomologueError if nothing can be written there."""
    check_writable(make_folder(folder) / INDEX)


def check_pair_folder(folder: Path) -> None:
    """Raises HomologueError if there is something that `save_maps` did not write."""
    if folder.exists() and not (folder / INDEX).is_file():
        raise HomologueError(f"{folder} is there and holds no maps: give another folder for them.")


def read_facts(folder: Path) -> dict[str, Any]:
    """What the `maps.json` of a pair's folder says; nothing where there is none.

    Raises:
        HomologueError: it is damaged.
    """
    file = folder / INDEX
    if not file.is_file():
        return {}
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise HomologueError(f"{file} cannot be read ({error}): remove {folder}.") from None
    return content if isinstance(content, dict) else {}


def _write(folder: Path, source: Side, target: Side, facts: Mapping[str, Any]) -> None:
    names = _short_names(list(target.maps))
    points = []
    for index in range(len(target.points)):
        name = f"point-{index + 1:02}"
        make_folder(folder / name)
        files = [
            _write_map(folder, f"{name}/{end}-{names[layer]}.png", side, layer, index, end)
            for layer in target.maps
            for end, side in (("source", source), ("target", target))
        ]
        with plain_settings():
            save_figure(folder / f"{name}.png", _sheet(source, target, names, index))
        points.append({
            "source": source.points[index].tolist(),
            "target": target.points[index].tolist(),
            "sheet": f"{name}.png",
            "maps": files,
        })  # fmt: skip
    content = {
        **facts,
        "layers": [
            {"layer": layer, "name": names[layer], "side": one.shape[-1]}
            for layer, one in target.maps.items()
        ],
        "points": points,
    }
    text = json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False)
    write_atomically(folder / INDEX, lambda file: file.write(text.encode()))


def _write_map(
    folder: Path, file: str, side: Side, layer: str, index: int, end: str
) -> dict[str, Any]:
    """Writes a plain map; what `maps.json` says of it."""
    heat = torch.from_numpy(side.maps[layer][index])
    if not bool(heat.isfinite().all()) or not float(heat.sum()) > 0:
        raise HomologueError(
            f"The map of {layer} over the {end} has values that are not finite, or none above 0: "
            "try --dtype float32."
        )
    width, height = _size(side.image)
    grey = (255 * unit_range(_stretched(heat, width, height))).round().to(torch.uint8)
    picture = Image.fromarray(grey.numpy())
    write_atomically(folder / file, lambda stream: picture.save(stream, format="PNG"))
    shares = heat / heat.sum()
    return {
        "file": file,
        "of": end,
        "layer": layer,
        "side": heat.shape[-1],
        "black": float(shares.min()),
        "white": float(shares.max()),
    }


def _size(image: RGBImage) -> tuple[int, int]:
    scale = _LONGEST / max(image.width, image.height)
    return max(1, round(image.width * scale)), max(1, round(image.height * scale))


def _stretched(heat: Tensor, width: int, height: int) -> Tensor:
    return resize(unit_range(heat)[None].float(), width, height)[0]


def _short_names(layers: Sequence[str]) -> dict[str, str]:
    """Names for files and captions: paths without what their ends have in common, if they differ.

    >>> list(_short_names(["all", "mid_block.attentions.0.transformer_blocks.0.attn2"]).values())
    ['all', 'mid_block.attentions.0']
    """
    short = {layer: layer.removesuffix(".transformer_blocks.0.attn2") for layer in layers}
    if len(set(short.values())) == len(short):
        return short
    return {layer: layer for layer in layers}


def _sheet(source: Side, target: Side, names: Mapping[str, str], index: int) -> Figure:
    """A point's maps over the pictures: those over the source above those over the target."""
    columns: list[str | None] = [None, *names]
    rows = [columns[i : i + _IN_A_ROW] for i in range(0, len(columns), _IN_A_ROW)]
    (width, above), (_, below) = _cells(source.image, target.image, max(map(len, rows)))
    pitch = above + GAP + below + CAPTION + GAP
    figure, page = empty_page(ACROSS + 2 * MARGIN, 2 * MARGIN + len(rows) * pitch)
    for number, row in enumerate(rows):
        left = -(len(row) * (width + GAP) - GAP) // 2
        top = MARGIN + number * pitch
        for column, layer in enumerate(row):
            x = left + column * (width + GAP)
            for side, box in (
                (source, Box(x, top, width, above)),
                (target, Box(x, top + above + GAP, width, below)),
            ):
                small = RGBImage(resize(side.image.pixels, box.width, box.height))
                draw_picture(page, box, _pixels(small, side, layer, index))
                centre = box.project(torch.from_numpy(side.points[index, None]), side.image)[0]
                draw_disc(page, centre, 5, _POINT)
            caption = _caption(layer, names)
            middle = (x + width / 2, top + above + GAP + below + CAPTION / 2 + 3)
            write(page, middle, shortened(caption, _LETTERS, width + GAP), _LETTERS, "0.25")
    return figure


def _caption(layer: str | None, names: Mapping[str, str]) -> str:
    if layer is None:
        return "source, target"
    return "all layers" if layer == ALL else names[layer].replace("attentions.", "")


def _pixels(small: RGBImage, side: Side, layer: str | None, index: int) -> Tensor:
    """The picture of a cell, or the picture with a map over it, (3, H, W) in [0, 1]."""
    if layer is None:
        return small.pixels
    overlay = draw_heatmap_overlay(small, side.maps[layer][index])
    return torch.from_numpy(overlay).permute(2, 0, 1) / 255


def _cells(source: RGBImage, target: RGBImage, columns: int) -> Iterator[tuple[int, int]]:
    """Sizes of the cells of both pictures, equally wide."""
    across = (ACROSS - (columns - 1) * GAP) / columns
    tallest = max(image.height / image.width for image in (source, target))
    width = max(1, int(min(across, _LARGEST_CELL, _LARGEST_CELL / tallest)))
    for image in (source, target):
        yield width, max(1, round(width * image.height / image.width))


def _array(values: ArrayLike | Tensor) -> NDArray[Any]:
    if isinstance(values, Tensor):
        values = values.detach().cpu().numpy()
    return np.asarray(values, dtype=np.float64)
