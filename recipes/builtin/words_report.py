"""The tables and the picture of docs/notes/words.md."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from captioned import Captioned
from matplotlib.patches import Rectangle
from torch import from_numpy

from homologue import WordMaps
from homologue.images import RGBImage
from homologue.viz.canvas import draw_disc, draw_picture, draw_text, empty_page, resize
from homologue.viz.figures import save_figure
from homologue.viz.heatmap_overlay import draw_heatmap_overlay
from homologue.viz.layout import GAP, MARGIN, Box

DOCS = Path(__file__).parents[2] / "docs"
BEGIN, END = "<!-- measured by recipes/builtin/{}: begin -->", "<!-- end -->"
HEAD = (
    "| | n | peak on the part | another word's | chance | difference, 95 % | area above | another"
    " word's | difference, 95 % |"
)
NAMED_HEAD = (
    "| | n | among the first ten | at other points | difference, 95 % | behind it | at other points"
    " | difference, 95 % |"
)
SIDE, COLUMNS = 180, 8  # of a picture of the sheet, in pixels, and how many in a row


@dataclass(frozen=True)
class Line:
    """A row of a table, in percent; the intervals are of the differences."""

    name: str
    count: int
    hit: float
    other_hit: float
    chance: float
    area: float
    other_area: float
    more_hits: tuple[float, float]
    more_area: tuple[float, float]

    def seen(self) -> str:
        return (
            f"| {self.name} | {self.count} | **{self.hit:.0f}** | {self.other_hit:.0f} |"
            f" {self.chance:.0f} | {_interval(self.more_hits)} | **{self.area:.1f}** |"
            f" {self.other_area:.1f} | {_interval(self.more_area)} |"
        )

    def named(self) -> str:
        return (
            f"| {self.name} | {self.count} | **{self.hit:.1f}** | {self.other_hit:.1f} |"
            f" {_interval(self.more_hits)} | **{self.area:.1f}** | {self.other_area:.1f} |"
            f" {_interval(self.more_area)} |"
        )


def _interval(ends: tuple[float, float]) -> str:
    return f"{ends[0]:+.1f} to {ends[1]:+.1f}"


def interval(values: Sequence[tuple[str, float]], rounds: int = 5000) -> tuple[float, float]:
    """95 % of the mean of values in percent, by drawing groups again."""
    groups: dict[str, list[float]] = {}
    for group, value in values:
        groups.setdefault(group, []).append(value)
    sums = np.array([sum(group) for group in groups.values()])
    counts = np.array([len(group) for group in groups.values()])
    drawn = np.random.default_rng(0).integers(0, len(sums), (rounds, len(sums)))
    means = 100 * sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def table(head: str, rows: Sequence[str]) -> str:
    rule = "|" + " --- |" * (head.count("|") - 1)
    return "\n".join([head, rule, *rows])


def report(
    model: str,
    fingerprint: str,
    parts: Sequence[Line],
    subjects: Line,
    readings: Sequence[Line],
    named: Sequence[Line],
    hits: Sequence[str],
    misses: Sequence[str],
) -> str:
    """Everything between the marks, in Markdown."""
    return "\n\n".join([
        f"Model `{model}`, fingerprint `{fingerprint}`. {verdict(parts[0])}",
        "**Parts**",
        table(HEAD, [one.seen() for one in parts]),
        "**Whole subjects**: the peak on the drawing rather than on the ground; the other word is"
        " another subject's name",
        table(HEAD.replace("the part", "the drawing"), [subjects.seen()]),
        "**Ways to read**, on the same drawings",
        table(HEAD, [one.seen() for one in readings]),
        "**Names of fitted points**",
        table(NAMED_HEAD, [one.named() for one in named]),
        f"**Right** ({len(hits)}): {'; '.join(hits)}.",
        f"**Wrong** ({len(misses)}): {'; '.join(misses)}.",
    ])  # fmt: skip


def verdict(parts: Line) -> str:
    """What the first table comes to, in words."""
    low, high = parts.more_hits
    if low > 0:
        meaning = "The word matters: the difference is above 0"
    elif high < 0:
        meaning = "Another word finds the part better: the difference is below 0"
    else:
        meaning = "No effect of the word is measured: the difference may be 0"
    return (
        f"The peak of the word's map lies on the part in {round(parts.hit * parts.count / 100)} of"
        f" {parts.count} drawings, {parts.hit:.0f} %; that of another word in its place in"
        f" {parts.other_hit:.0f} %; a peak anywhere would in {parts.chance:.0f} %. {meaning}"
        f" ({_interval(parts.more_hits)} percentage points)."
    )


def rewrite(text: str, script: str = "words.py") -> None:
    """Put a text between the marks of a script in docs/notes/words.md."""
    file = DOCS / "notes" / "words.md"
    begin = BEGIN.format(script)
    before, rest = file.read_text("utf-8").split(begin)
    after = rest[rest.index(END) :]
    file.write_text(f"{before}{begin}\n\n{text}\n\n{after}", "utf-8")


def draw_sheet(cells: Sequence[tuple[Captioned, RGBImage, WordMaps]]) -> None:
    """Draws docs/words.png: the map of each part, its peak, and the part's boxes."""
    rows = -(-len(cells) // COLUMNS)
    pitch = (SIDE + GAP, SIDE + GAP + 30)
    figure, page = empty_page(COLUMNS * pitch[0] + 2 * MARGIN, rows * pitch[1] + 2 * MARGIN)
    for index, (drawing, image, maps) in enumerate(cells):
        row, column = divmod(index, COLUMNS)
        left = round((column - COLUMNS / 2) * pitch[0] + GAP / 2)
        place = Box(left, MARGIN + row * pitch[1], SIDE, SIDE)
        small = RGBImage(resize(image.pixels, SIDE, SIDE))
        overlay = from_numpy(draw_heatmap_overlay(small, maps.maps[0])).permute(2, 0, 1) / 255
        draw_picture(page, place, overlay)
        for le, to, ri, bo in drawing.boxes[drawing.part]:
            corner = (left + le * SIDE, place.top + to * SIDE)
            frame = Rectangle(corner, (ri - le) * SIDE, (bo - to) * SIDE, zorder=4)
            frame.set(fill=False, edgecolor="white", linewidth=0.8)
            page.add_artist(frame)
        draw_disc(page, place.project(maps.peaks, maps)[0], 5, (0.337, 0.706, 0.914))
        draw_text(page, (left + SIDE / 2, place.bottom + 18), drawing.part, 20, "0.25")
    save_figure(DOCS / "words.png", figure)
