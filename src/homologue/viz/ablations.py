"""Figures of ablations: curves over numbers of embeddings and crops, bars of other studies."""

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
from homologue.viz.canvas import shortened
from homologue.viz.figures import plain_settings, save_figure

# Okabe and Ito's palette, by read-out.
_COLOURS = {"mean": "#0072B2", "softmax": "#E69F00", "log-mean": "#009E73"}
_AXIS_LABELS = {EMBEDDINGS: "embeddings averaged", CROPS: "crops averaged"}


def save_ablations(
    folder: str | os.PathLike[str], ablation: Ablation, suffix: str = ".png"
) -> list[Path]:
    """Save a figure per study, named after it; raise HomologueError as `save_figure` does."""
    saved = []
    for study in ablation.studies:
        path = Path(folder) / f"{study}{suffix}"
        with plain_settings():
            save_figure(path, draw_study(ablation, study))
        saved.append(path)
    return saved


def draw_study(ablation: Ablation, study: str) -> Figure:
    """Draw the PCK of the variants of a study, for all read-outs and both averages."""
    variants = ablation.studies[study]
    curves = study in _AXIS_LABELS
    bars = 1 if study == READING else len(_COLOURS)
    height = 4.6 if curves else 1.9 + len(variants) * (0.14 + 0.2 * bars)
    figure = Figure((9, height), layout=ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.08))
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
    subtitle = f"PCK@{ablation.alpha:g} ({ablation.threshold}), percent, 95 % intervals over pairs"
    title = f"{shortened(run.name, 10, 350)} ({run.benchmark}, {run.split})\n{subtitle}"
    figure.suptitle(title, fontsize=10, parse_math=False)
    handles, labels = panels[0].get_legend_handles_labels()
    if study != READING:
        figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    return figure


def _draw_curves(panel: Axes, ablation: Ablation, study: str, average: str) -> None:
    """Draw a line per read-out; that of the run has its interval."""
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
    panel.set_xlabel(_AXIS_LABELS[study])
    panel.set_xlim(min(counts) - 0.2, max(counts) + 0.2)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))


def _draw_bars(panel: Axes, ablation: Ablation, study: str, average: str) -> None:
    """Draw the bars of a study top down; for the layers, one per read-out."""
    variants = ablation.studies[study]
    for index, bars in enumerate(_bar_groups(ablation, study)):
        values = _values(ablation, bars, average)
        count = len(_COLOURS) if study == LAYERS else 1
        thickness = 0.8 / count
        positions = np.arange(len(bars)) + (index - (count - 1) / 2) * thickness
        # With few pairs, an interval of quantiles may not contain the value.
        whiskers = np.maximum([values[0] - values[1], values[2] - values[0]], 0)
        colours = [_COLOURS[variant.read_out] for variant in bars]
        label = bars[0].read_out + (
            " (the run)" if bars[0].read_out == ablation.own.read_out else ""
        )
        panel.barh(positions, values[0], thickness * 0.9, color=colours, label=label)
        panel.errorbar(
            values[0],
            positions,
            xerr=whiskers,
            fmt="none",
            ecolor="0.25",
            elinewidth=0.9,
            capsize=2,
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


def _bar_groups(ablation: Ablation, study: str) -> list[list[Variant]]:
    """Group the variants of a study by label: by read-out for the layers, else a single group."""
    if study != LAYERS:
        return [ablation.studies[study]]
    ways = [ablation.in_ways(variant) for variant in ablation.studies[LAYERS]]
    groups = [list(group) for group in zip(*ways, strict=True)]
    return [group for group in groups if group[0].window == ablation.own.window]


def _values(ablation: Ablation, variants: Sequence[Variant], average: str) -> Any:
    """Return PCK in percent, (3, V): value, lower and upper end of the interval."""
    scores = [ablation.scores[variant] for variant in variants]
    rows = [[score.pck[average][0], *score.interval[average][:, 0]] for score in scores]
    return 100 * np.array(rows).T
