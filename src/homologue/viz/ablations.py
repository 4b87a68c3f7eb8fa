"""Ablations as pictures: curves over embeddings and crops, bars for layers and ways to read."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator

from homologue.artifacts import Variant
from homologue.evaluation.ablate import (
    CROPS,
    EMBEDDINGS,
    LAYERS,
    READING,
    Ablation,
    value_name,
    way_name,
)
from homologue.metrics import AVERAGES
from homologue.viz.figures import plain_settings, save_figure
from homologue.viz.lettering import shortened

# Okabe and Ito's colours, one for each way to put the layers together.
_COLOURS = {"mean": "#0072B2", "softmax": "#E69F00", "log-mean": "#009E73"}
_OF = {EMBEDDINGS: "embeddings averaged", CROPS: "crops averaged"}


def save_ablations(
    folder: str | os.PathLike[str], ablation: Ablation, suffix: str = ".png"
) -> list[Path]:
    """A picture a study, called after it; raises HomologueError as `save_figure` does."""
    saved = []
    for study in ablation.studies:
        path = Path(folder) / f"{study}{suffix}"
        with plain_settings():
            save_figure(path, draw_study(ablation, study))
        saved.append(path)
    return saved


def draw_study(ablation: Ablation, study: str) -> Figure:
    """PCK of the variants of a study, read in every way, with both averages."""
    variants = ablation.studies[study]
    curves = study in _OF
    bars = 1 if study == READING else len(_COLOURS)
    high = 4.6 if curves else 1.9 + len(variants) * (0.14 + 0.2 * bars)
    figure = Figure((9, high), layout=ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.08))
    panels = figure.subplots(1, len(AVERAGES), sharey=True)
    for panel, average in zip(panels, AVERAGES, strict=True):
        if curves:
            _draw_curves(panel, ablation, study, average)
        else:
            _draw_bars(panel, ablation, study, average)
        panel.set_title(average.replace("_", " "))
        panel.grid(axis="both" if curves else "x", color="0.9")
        panel.set_axisbelow(True)
    run = ablation.run
    measured = f"PCK@{ablation.alpha:g} ({ablation.threshold}), percent, 95 % intervals over pairs"
    title = f"{shortened(run.name, 10, 350)} ({run.benchmark}, {run.split})\n{measured}"
    figure.suptitle(title, fontsize=10, parse_math=False)
    handles, labels = panels[0].get_legend_handles_labels()
    if study != READING:
        figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    return figure


def _draw_curves(panel: Axes, ablation: Ablation, study: str, average: str) -> None:
    """A line for each way to read; the run's own has its interval."""
    variants = ablation.studies[study]
    counts = [getattr(variant, study) for variant in variants]
    ways = [ablation.in_ways(variant) for variant in variants]
    for line in zip(*ways, strict=True):
        own = line[0].read_out == ablation.own.read_out and line[0].window == ablation.own.window
        values = _values(ablation, line, average)
        colour, dashes = _COLOURS[line[0].read_out], "-" if line[0].window else "--"
        if own:
            panel.fill_between(counts, values[1], values[2], color=colour, alpha=0.18, linewidth=0)
        label = way_name(line[0]) + (" (the run)" if own else "")
        panel.plot(
            counts, values[0], dashes, color=colour, label=label, marker="o" if own else None,
            markersize=4, linewidth=2.2 if own else 1.3,
        )  # fmt: skip
    panel.set_xlabel(_OF[study])
    panel.set_xlim(min(counts) - 0.2, max(counts) + 0.2)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))


def _draw_bars(panel: Axes, ablation: Ablation, study: str, average: str) -> None:
    """Bars from above; of layers one for each way to put heads and layers together."""
    variants = ablation.studies[study]
    for index, some in enumerate(_bars(ablation, study)):
        values = _values(ablation, some, average)
        count = len(_COLOURS) if study == LAYERS else 1
        thick = 0.8 / count
        places = np.arange(len(some)) + (index - (count - 1) / 2) * thick
        # An interval of quantiles may leave out the value where there are few pairs.
        whiskers = np.maximum([values[0] - values[1], values[2] - values[0]], 0)
        colours = [_COLOURS[variant.read_out] for variant in some]
        label = some[0].read_out + (
            " (the run)" if some[0].read_out == ablation.own.read_out else ""
        )
        panel.barh(places, values[0], thick * 0.9, color=colours, label=label)
        panel.errorbar(
            values[0], places, xerr=whiskers, fmt="none", ecolor="0.25", elinewidth=0.9, capsize=2
        )
    names = [
        value_name(study, variant) + (" (the run)" if variant == ablation.own else "")
        for variant in variants
    ]
    panel.set_yticks(range(len(variants)), names)
    panel.set(ylim=(len(variants) - 0.4, -0.6), xlim=(0, 100))
    if study == LAYERS:
        window = ablation.own.window
        panel.set_xlabel(f"window {window:g}" if window else "highest pixel")


def _bars(ablation: Ablation, study: str) -> list[list[Variant]]:
    """Which bars have one label: all of a study, or of layers those read out in one way."""
    if study != LAYERS:
        return [ablation.studies[study]]
    ways = [ablation.in_ways(variant) for variant in ablation.studies[LAYERS]]
    alike = [list(some) for some in zip(*ways, strict=True)]
    return [some for some in alike if some[0].window == ablation.own.window]


def _values(ablation: Ablation, variants: Sequence[Variant], average: str) -> Any:
    """(3, V) percent: value, low and high."""
    scores = [ablation.scores[variant] for variant in variants]
    rows = [[score.pck[average][0], *score.interval[average][:, 0]] for score in scores]
    return 100 * np.array(rows).T
