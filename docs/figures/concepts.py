"""Draw the pictures of docs/concepts.md: frame.png, crops.png, layers.png and pck.png.

python docs/figures/concepts.py [FOLDER]
"""

import sys
from pathlib import Path

from matplotlib.patches import Circle, Rectangle
from panels import PINK, Panel, draw_rows
from torch.nn.functional import pad

import homologue
from homologue.datasets.base import get_benchmark
from homologue.geometry import Crop
from homologue.images import RGBImage
from homologue.method.target_crops import shared_crops
from homologue.viz.canvas import as_pt, draw_disc, empty_page, write
from homologue.viz.figures import save_figure
from homologue.viz.pairs import RIGHT, WRONG

HERE = Path(__file__).parent
IMAGES = HERE.parents[1] / "examples" / "images"
POINT = [96.0, 145.0]  # the left eye in fox-noto.png, in pixels
INK = "0.25"


def draw_frame(path: Path) -> None:
    """A grid of 6 x 4 pixels, its coordinates and two points."""
    cell, left, top = 90, -270, 70
    figure, page = empty_page(720, 470)
    for row in range(4):
        for column in range(6):
            place = (left + column * cell, top + row * cell)
            shade = "0.93" if (row + column) % 2 else "0.86"
            page.add_artist(Rectangle(place, cell, cell, facecolor=shade, edgecolor="0.7"))
    for x in range(7):
        write(page, (left + x * cell, top - 22), str(x), 22, INK)
    for y in range(5):
        write(page, (left - 26, top + y * cell), str(y), 22, INK)
    for x, y, text in ((0.5, 0.5, "(0.5, 0.5)"), (3.5, 2.5, "(3.5, 2.5)"), (6, 4, "(6, 4)")):
        centre = (left + x * cell, top + y * cell)
        draw_disc(page, centre, 8, PINK)
        write(page, (centre[0], centre[1] + 30), text, 22, INK)
    write(page, (0, 22), "an image of 6 x 4 pixels", 24, "0.15", weight="bold")
    save_figure(path, figure)


def draw_crops(path: Path, target: RGBImage, found: homologue.Match) -> None:
    """The crops of the target that `default` reads, and the map that they make together."""
    preset, side = homologue.get_preset("default"), target.width
    crops: list[Crop] = shared_crops(side, preset.locate, seed=0)
    panels = [Panel("the whole image" if i == 0 else f"crop {i + 1}", target)
              for i in range(len(crops))]  # fmt: skip
    panels.append(Panel("average of their maps", target, heat=found.heatmaps[0]))
    figure, page, boxes = draw_rows([("Crops of a target", panels)], side=250)
    for box, crop in zip(boxes, crops, strict=False):
        scale = box.width / side
        corner = (box.left + crop.left * scale, box.top + crop.top * scale)
        frame = Rectangle(corner, crop.size * scale, crop.size * scale, fill=False, zorder=4)
        frame.set(edgecolor=RIGHT, linewidth=as_pt(5))
        page.add_artist(frame)
    save_figure(path, figure)


def draw_layers(path: Path, model: homologue.LatentDiffusion, found: homologue.Match) -> None:
    """The map of each layer for one point, and their combination."""
    (maps,) = homologue.layer_maps(model, found.target, found.embeddings)
    panels = [
        Panel(".".join(name.split(".")[:4]).replace("attentions.", ""), found.target, heat=heat)
        for name, heat in zip(maps.names, maps.layers, strict=True)
    ]
    panels.append(Panel("all layers", found.target, heat=found.heatmaps[0]))
    save_figure(path, draw_rows([("Layers", panels)], side=250)[0])


def draw_pck(path: Path) -> None:
    """A target's keypoints, their bounding box, and rings of 0.1 x its longest side.

    The predictions are made up: a right one is half a radius off, the wrong one 1.7 radii.
    """
    pairs = {pair.name: pair for pair in get_benchmark("emoji").pairs("val")}
    pair = pairs["plain-fox-noto-fox-twemoji"]
    margin = 40  # white pixels around the drawing, for the rings
    image = RGBImage(pad(pair.target.read().pixels, [margin] * 4, value=1.0))
    points = pair.target_points + margin
    panels = [
        Panel("keypoints and their bounding box", image),
        Panel("within 0.1 x its longest side: right", image),
    ]
    figure, page, boxes = draw_rows([("PCK@0.1 with the threshold bbox-kp", panels)], side=400)
    corners = boxes[0].project(points, image)
    low, high = corners.min(axis=0), corners.max(axis=0)
    page.add_artist(Rectangle(tuple(low), *(high - low), fill=False, edgecolor="0.1", zorder=4))
    for centre in corners:
        draw_disc(page, centre, 8, PINK)
    radius = 0.1 * pair.thresholds["bbox-kp"] * boxes[1].width / image.width
    for index, (x, y) in enumerate(boxes[1].project(points, image)):
        page.add_artist(Circle((x, y), radius, fill=False, edgecolor="0.1", zorder=4))
        wrong = pair.point_names[index] == "right_eye"
        draw_disc(page, (x + radius * (1.7 if wrong else 0.5), y), 8, WRONG if wrong else RIGHT)
    save_figure(path, figure)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    model = homologue.load("builtin", device="cpu")
    found = homologue.match(
        model, IMAGES / "fox-noto.png", IMAGES / "fox-twemoji-turned.png", [POINT], heatmaps=True
    )
    draw_frame(folder / "frame.png")
    draw_crops(folder / "crops.png", found.target, found)
    draw_layers(folder / "layers.png", model, found)
    draw_pck(folder / "pck.png")


if __name__ == "__main__":
    main()
