"""Save the attention maps of a pair: one map per point, layer and image.

Each pair has a folder. For each point it contains a sheet of the maps over the images
(`point-01.png`) and the plain maps (`point-01/source-all.png`, `point-01/target-all.png`,
`point-01/source-LAYER.png`, ...). `maps.json` lists all files, the paths of the layers and the
values of black and white.

A plain map is a grey image with the proportions of its source or target; its longer side has 512
pixels.
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
from homologue.viz.canvas import (
    SKY_BLUE,
    draw_disc,
    draw_picture,
    draw_text,
    empty_page,
    resize,
    shortened,
)
from homologue.viz.figures import plain_settings, save_figure
from homologue.viz.heatmap_overlay import draw_heatmap_overlay, unit_range
from homologue.viz.layout import CAPTION, CONTENT_WIDTH, GAP, MARGIN, Box

INDEX = "maps.json"

_LONGER_SIDE = 512
_COLUMNS = 6
_MAX_CELL_SIDE = 380
_FONT_SIZE = 22
_MAX_NAME_LENGTH = 80


@dataclass(frozen=True)
class ImageMaps:
    """An image of a pair, P points in it, and their attention maps.

    Attributes:
        image: the source or target.
        points: (P, 2) float64, `(x, y)` in pixels of the image.
        maps: maps by path of the layer, and by `all` for the average that points are located in.
            Each is (P, h, w), non-negative, over the image resized to a square.
    """

    image: RGBImage
    points: NDArray[np.float64]
    maps: Mapping[str, NDArray[Any]]

    @classmethod
    def of(
        cls, image: RGBImage, points: ArrayLike | Tensor, maps: Mapping[str, Any]
    ) -> "ImageMaps":
        """Convert arrays or tensors of any type to float64."""
        return cls(image, _array(points), {name: _array(array) for name, array in maps.items()})


def safe_name(text: str) -> str:
    """Return a folder name that is valid on any system and resembles the text.

    >>> safe_name("cat: 1/left ear")
    'cat_1_left_ear'
    """
    name = re.sub(r"[^\w.-]+", "_", text).strip("._")
    return name[:_MAX_NAME_LENGTH] or "pair"


def save_maps(
    folder: str | os.PathLike[str], source: ImageMaps, target: ImageMaps, facts: Mapping[str, Any]
) -> None:
    """Save the maps of a pair atomically; replace an older folder of the pair.

    Args:
        folder: folder of the pair.
        source: source image with its maps.
        target: target image with its maps.
        facts: further entries of `maps.json`.

    Raises:
        HomologueError: the folder has other content or cannot be written, or a map is not
            finite.
    """
    check_pair_folder(Path(folder))
    replace_folder(folder, lambda new: _write(new, source, target, facts))


def pair_folder(folder: Path, name: str) -> Path:
    """Return the folder of a pair below `folder`, which is created.

    Raises:
        HomologueError: `folder` cannot be written, or the folder has other content.
    """
    check_maps_folder(folder)
    check_pair_folder(folder / name)
    return folder / name


def check_maps_folder(folder: Path) -> None:
    """Create the folder; raise HomologueError if it cannot be written."""
    check_writable(make_folder(folder) / INDEX)


def check_pair_folder(folder: Path) -> None:
    """Raise HomologueError if the path exists and was not written by `save_maps`."""
    if folder.exists() and not (folder / INDEX).is_file():
        raise HomologueError(f"{folder} exists and holds no maps: give another folder.")


def read_facts(folder: Path) -> dict[str, Any]:
    """Return the content of `maps.json` in the folder of a pair; empty if it is missing.

    Raises:
        HomologueError: the file is damaged.
    """
    file = folder / INDEX
    if not file.is_file():
        return {}
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise HomologueError(f"{file} cannot be read ({error}): remove {folder}.") from None
    return content if isinstance(content, dict) else {}


def _write(folder: Path, source: ImageMaps, target: ImageMaps, facts: Mapping[str, Any]) -> None:
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
            {"layer": layer, "name": names[layer], "side": maps.shape[-1]}
            for layer, maps in target.maps.items()
        ],
        "points": points,
    }
    text = json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False)
    write_atomically(folder / INDEX, lambda file: file.write(text.encode()))


def _write_map(
    folder: Path, file: str, side: ImageMaps, layer: str, index: int, end: str
) -> dict[str, Any]:
    """Save a plain map and return its entry of `maps.json`."""
    heat = torch.from_numpy(side.maps[layer][index])
    if not bool(heat.isfinite().all()) or not float(heat.sum()) > 0:
        raise HomologueError(
            f"The map of {layer} over the {end} has values that are not finite, or no positive "
            "value: try --dtype float32."
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
    """Return width and height of a plain map."""
    scale = _LONGER_SIDE / max(image.width, image.height)
    return max(1, round(image.width * scale)), max(1, round(image.height * scale))


def _stretched(heat: Tensor, width: int, height: int) -> Tensor:
    """Resize a map (h, w), normalised to [0, 1], to (height, width)."""
    return resize(unit_range(heat)[None].float(), width, height)[0]


def _short_names(layers: Sequence[str]) -> dict[str, str]:
    """Return names for files and captions: paths without their common suffix, if still unique.

    >>> list(_short_names(["all", "mid_block.attentions.0.transformer_blocks.0.attn2"]).values())
    ['all', 'mid_block.attentions.0']
    """
    short = {layer: layer.removesuffix(".transformer_blocks.0.attn2") for layer in layers}
    if len(set(short.values())) == len(short):
        return short
    return {layer: layer for layer in layers}


def _sheet(source: ImageMaps, target: ImageMaps, names: Mapping[str, str], index: int) -> Figure:
    """Draw the maps of a point over the images, the source above the target."""
    columns: list[str | None] = [None, *names]
    rows = [columns[i : i + _COLUMNS] for i in range(0, len(columns), _COLUMNS)]
    (width, upper), (_, lower) = _cell_sizes(source.image, target.image, max(map(len, rows)))
    pitch = upper + GAP + lower + CAPTION + GAP
    figure, page = empty_page(CONTENT_WIDTH + 2 * MARGIN, 2 * MARGIN + len(rows) * pitch)
    for number, row in enumerate(rows):
        left = -(len(row) * (width + GAP) - GAP) // 2
        top = MARGIN + number * pitch
        for column, layer in enumerate(row):
            x = left + column * (width + GAP)
            for side, box in (
                (source, Box(x, top, width, upper)),
                (target, Box(x, top + upper + GAP, width, lower)),
            ):
                small = RGBImage(resize(side.image.pixels, box.width, box.height))
                draw_picture(page, box, _pixels(small, side, layer, index))
                centre = box.project(torch.from_numpy(side.points[index, None]), side.image)[0]
                draw_disc(page, centre, 5, SKY_BLUE)
            position = (x + width / 2, top + upper + GAP + lower + CAPTION / 2 + 3)
            text = shortened(_caption(layer, names), _FONT_SIZE, width + GAP)
            draw_text(page, position, text, _FONT_SIZE, "0.25")
    return figure


def _caption(layer: str | None, names: Mapping[str, str]) -> str:
    if layer is None:
        return "source, target"
    return "all layers" if layer == ALL else names[layer].replace("attentions.", "")


def _pixels(small: RGBImage, side: ImageMaps, layer: str | None, index: int) -> Tensor:
    """Return the image of a cell, with a map over it if `layer` is given, (3, H, W) in [0, 1]."""
    if layer is None:
        return small.pixels
    overlay = draw_heatmap_overlay(small, side.maps[layer][index])
    return torch.from_numpy(overlay).permute(2, 0, 1) / 255


def _cell_sizes(source: RGBImage, target: RGBImage, columns: int) -> Iterator[tuple[int, int]]:
    """Yield the width and height of the cells of both images, equally wide."""
    available = (CONTENT_WIDTH - (columns - 1) * GAP) / columns
    aspect = max(image.height / image.width for image in (source, target))
    width = max(1, int(min(available, _MAX_CELL_SIDE, _MAX_CELL_SIDE / aspect)))
    for image in (source, target):
        yield width, max(1, round(width * image.height / image.width))


def _array(values: ArrayLike | Tensor) -> NDArray[Any]:
    if isinstance(values, Tensor):
        values = values.detach().cpu().numpy()
    return np.asarray(values, dtype=np.float64)
