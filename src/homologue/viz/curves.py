"""Figures of the PCK of runs: curves over alpha, and bars by category.

Bands and whiskers are 95 % intervals over pairs.
"""

import math
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from homologue.evaluation.reporting.tables import main_alpha, thresholds_of
from homologue.evaluation.runs import Run
from homologue.evaluation.scores import EVERYTHING, Scope, Score
from homologue.metrics import AVERAGES
from homologue.viz.canvas import shortened
from homologue.viz.figures import plain_settings, save_figure

# Okabe and Ito's palette, distinguishable with colour-blindness.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000")
_DASHES = ("-", "--", ":", "-.")
_HATCHES = ("", "////", "....", "xxxx")
_STEPS = 40
_BAR, _BAR_GAP = 0.14, 0.14  # inches
_MAX_HEIGHT, _MAX_COLUMNS = 9.0, 4  # inches of bars per column, and number of columns


def save_curves(
    path: str | os.PathLike[str], runs: Sequence[Run], alphas: Sequence[float], seed: int = 0
) -> None:
    """Save the figure of `draw_curves`; raise HomologueError as `save_figure` does."""
    with plain_settings():
        save_figure(path, draw_curves(runs, alphas, seed))


def save_categories(
    path: str | os.PathLike[str], runs: Sequence[Run], alphas: Sequence[float], seed: int = 0
) -> None:
    """Save the figure of `draw_categories`; raise HomologueError as `save_figure` does."""
    with plain_settings():
        save_figure(path, draw_categories(runs, alphas, seed))


def draw_curves(runs: Sequence[Run], alphas: Sequence[float], seed: int = 0) -> Figure:
    """Draw PCK over alpha, from 0 to twice the largest of `alphas`, for both averages.

    Args:
        runs: runs of one split; their first threshold is used.
        alphas: alphas of PCK.
        seed: seed of the bootstrap.
    """
    figure = Figure((9, 4.2 + 0.18 * len(runs)), layout="constrained")
    panels = figure.subplots(1, len(AVERAGES), sharey=True)
    threshold = next(iter(thresholds_of(runs)), "none")
    curve_alphas = tuple(np.linspace(0, 2 * max(alphas), _STEPS + 1).round(6).tolist())
    for panel, average in zip(panels, AVERAGES, strict=True):
        for index, run in enumerate(runs):
            score = run.scores.score(threshold, curve_alphas, seed=seed)
            _draw_curve(panel, curve_alphas, score, average, _style(index), _label(run))
        panel.set(xlabel=f"alpha ({threshold})", title=average.replace("_", " "))
        panel.set(xlim=(0, curve_alphas[-1]), ylim=(0, 100))
        panel.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        panel.xaxis.set_major_formatter("{x:g}")
        panel.grid(color="0.9")
    panels[0].set_ylabel("PCK, percent")
    figure.suptitle(_title(runs), parse_math=False)
    _add_legend(figure, panels[0], len(runs))
    return figure


def draw_categories(runs: Sequence[Run], alphas: Sequence[float], seed: int = 0) -> Figure:
    """Draw PCK per point of all pairs and of each category as bars.

    Args:
        runs: runs of one split; their first threshold is used.
        alphas: alphas of PCK; 0.1 is drawn if it is one of them, else the largest.
        seed: seed of the bootstrap.
    """
    categories = [scope for run in runs for scope in run.scores.scopes("category")]
    scopes = [EVERYTHING, *dict.fromkeys(categories)]
    pitch = _BAR * len(runs) + _BAR_GAP
    columns = min(_MAX_COLUMNS, math.ceil(len(scopes) * pitch / _MAX_HEIGHT))
    rows = math.ceil(len(scopes) / columns)
    height = rows * pitch + 1.2 + 0.2 * len(runs)
    figure = Figure((6 * columns, height), layout="constrained")
    panels = figure.subplots(1, columns, squeeze=False)[0]
    for column, panel in enumerate(panels):
        column_scopes = scopes[column * rows : (column + 1) * rows]
        _draw_bars(panel, runs, column_scopes, alphas, seed, rows)
    panels[0].axhline(0.5, color="0.5", linewidth=0.8)  # below the bars of all pairs
    at, threshold = main_alpha(alphas), next(iter(thresholds_of(runs)), "none")
    subtitle = f"PCK@{alphas[at]:g} ({threshold}) per point, percent; beside each name, its pairs"
    figure.suptitle(f"{_title(runs)}\n{subtitle}", fontsize=10, parse_math=False)
    _add_legend(figure, panels[0], len(runs))
    return figure


def _draw_curve(
    panel: Axes, alphas: Sequence[float], score: Score, average: str, style: Any, label: str
) -> None:
    low, high = 100 * score.interval[average]
    panel.fill_between(alphas, low, high, color=style["color"], alpha=0.18, linewidth=0)
    panel.plot(alphas, 100 * score.pck[average], linewidth=1.8, label=label, **style)


def _draw_bars(
    panel: Axes,
    runs: Sequence[Run],
    scopes: Sequence[Scope],
    alphas: Sequence[float],
    seed: int,
    rows: int,
) -> None:
    """Draw a group of bars per scope, top down, and a bar per run; `rows` scopes fit the panel."""
    threshold, at = next(iter(thresholds_of(runs)), "none"), main_alpha(alphas)
    thickness = 1 / (len(runs) + _BAR_GAP / _BAR)
    for index, run in enumerate(runs):
        scores = [run.scores.score(threshold, alphas, scope, seed) for scope in scopes]
        values = np.array([100 * score.pck["per_point"][at] for score in scores])
        ends = np.array([100 * score.interval["per_point"][:, at] for score in scores]).T
        positions = np.arange(len(scopes)) + (index - (len(runs) - 1) / 2) * thickness
        # With few pairs, an interval of quantiles may not contain the value.
        whiskers = np.maximum([values - ends[0], ends[1] - values], 0)
        bars = panel.barh(positions, values, thickness * 0.9, label=_label(run))
        for bar in bars:
            bar.set(facecolor=_style(index)["color"], edgecolor="white", linewidth=0)
            bar.set_hatch(_HATCHES[index // len(_COLOURS) % len(_HATCHES)])
        panel.errorbar(
            values, positions, xerr=whiskers, fmt="none", ecolor="0.25", elinewidth=0.9, capsize=1.5
        )
    panel.set(xlim=(0, 100), ylim=(rows - 0.5, -0.5))
    panel.set_yticks(range(len(scopes)), [_tick(runs, scope, threshold) for scope in scopes])
    for tick in panel.get_yticklabels():
        tick.set_parse_math(False)
    panel.grid(axis="x", color="0.9")
    panel.set_axisbelow(True)


def _tick(runs: Sequence[Run], scope: Scope, threshold: str) -> str:
    """Return the name of a category and its maximum number of pairs over the runs."""
    pairs = max(run.scores.score(threshold, (), scope).pairs for run in runs)
    return f"{shortened(scope.value or scope.by, 10, 180)}, {pairs:,}"


def _add_legend(figure: Figure, panel: Axes, runs: int) -> None:
    """Add a legend below the panels if there is more than one run."""
    if runs > 1:
        handles, labels = panel.get_legend_handles_labels()
        legend = figure.legend(handles, labels, loc="outside lower center", ncols=1, frameon=False)
        for text in legend.get_texts():
            text.set_parse_math(False)


def _style(index: int) -> dict[str, str]:
    cycle, position = divmod(index, len(_COLOURS))
    return {"color": _COLOURS[position], "linestyle": _DASHES[cycle % len(_DASHES)]}


def _label(run: Run) -> str:
    pairs = f" ({len(run.records):,} of {run.planned:,} pairs)" if run.unfinished else ""
    # Matplotlib omits labels that begin with an underscore from the legend.
    return "\u200b" + shortened(run.name, 10, 350) + pairs


def _title(runs: Sequence[Run]) -> str:
    title = f"{runs[0].benchmark}, {runs[0].split}"
    return f"{title}\n{_label(runs[0])}" if len(runs) == 1 else title
