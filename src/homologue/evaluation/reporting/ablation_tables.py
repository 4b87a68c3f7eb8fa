"""Tables of an ablation: for a terminal, and a long table with one number per row."""

from collections.abc import Iterator
from dataclasses import asdict

from homologue.evaluation.ablate import READING, Ablation, value_name, way_name
from homologue.evaluation.reporting.long_tables import LongRow, LongTable
from homologue.evaluation.reporting.tables import Grid
from homologue.evaluation.scores import Score
from homologue.metrics import AVERAGES

_COLUMNS = {
    "run": str, "benchmark": str, "split": str, "threshold": str, "alpha": float,
    "embeddings": int, "crops": int, "layers": str, "read_out": str, "window": float,
    "own": int, "average": str, "value": float, "low": float, "high": float, "pairs": int,
    "points": int,
}  # fmt: skip


def ablation_grids(ablation: Ablation) -> list[Grid]:
    """Return two tables per study: the run's own read-out with intervals, and every read-out."""
    grids = []
    for study in ablation.studies:
        grids.append(_with_intervals(ablation, study))
        if study != READING:
            grids.append(_in_every_way(ablation, study))
    return grids


def ablation_table(ablation: Ablation) -> LongTable:
    """Return a row per variant and average; PCK in percent, `own` 1 for the run's own variant."""
    return LongTable(_COLUMNS, list(_rows(ablation)))


def _with_intervals(ablation: Ablation, study: str) -> Grid:
    run = ablation.run
    header = (study, *(average.replace("_", " ") for average in AVERAGES), "")
    rows = tuple(
        (
            value_name(study, variant),
            *(_interval(ablation.scores[variant], average) for average in AVERAGES),
            "<- the run" if variant == ablation.own else "",
        )
        for variant in ablation.studies[study]
    )
    unit = f"PCK@{ablation.alpha:g} ({ablation.threshold}) in percent [95 % interval over pairs]"
    return Grid(f"{run.name} ({run.benchmark}, {run.split}), {study}: {unit}", header, rows, 1)


def _in_every_way(ablation: Ablation, study: str) -> Grid:
    ways = [way_name(variant) for variant in ablation.studies[READING]]
    rows = tuple(
        (
            value_name(study, variant),
            *(_percent(ablation.scores[way]) for way in ablation.in_ways(variant)),
        )
        for variant in ablation.studies[study]
    )
    return Grid(f"{study}, in every way to read: per point, percent", (study, *ways), rows, 1)


def _rows(ablation: Ablation) -> Iterator[LongRow]:
    run = ablation.run
    shared = {
        "run": run.name, "benchmark": run.benchmark, "split": run.split,
        "threshold": ablation.threshold, "alpha": ablation.alpha,
    }  # fmt: skip
    for variant, score in ablation.scores.items():
        of_variant = {**shared, **asdict(variant), "own": int(variant == ablation.own)}
        for average in AVERAGES:
            ends = score.interval[average]
            numbers = (score.pck[average][0], ends[0, 0], ends[1, 0])
            value, low, high = (None if x != x else round(100 * float(x), 6) for x in numbers)
            yield {
                **of_variant, "average": average, "value": value, "low": low, "high": high,
                "pairs": score.pairs, "points": score.points,
            }  # fmt: skip


def _interval(score: Score, average: str) -> str:
    (value,), ((low,), (high,)) = score.pck[average], score.interval[average]
    return "-" if value != value else f"{100 * value:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def _percent(score: Score) -> str:
    value = score.pck["per_point"][0]
    return "-" if value != value else f"{100 * value:.1f}"
