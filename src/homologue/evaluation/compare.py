"""Runs side by side: how much more one gets right than another, on the pairs that both have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from homologue.errors import HomologueError
from homologue.evaluation.record import Record
from homologue.evaluation.runs import Run
from homologue.metrics import AVERAGES, Difference, difference


@dataclass(frozen=True, eq=False)
class Comparison:
    """What `run` has more than `against`.

    Attributes:
        pairs: threshold -> pairs that are scored in both.
        differences: threshold -> average -> PCK, as shares.
    """

    run: Run
    against: Run
    alphas: tuple[float, ...]
    pairs: Mapping[str, int]
    differences: Mapping[str, Mapping[str, Difference]]


def compare(first: Run, other: Run, alphas: Sequence[float], seed: int = 0) -> Comparison:
    """`other` less `first`: paired, so that what makes a pair hard for both drops out.

    Raises:
        HomologueError: the runs are of different benchmarks or splits, or a pair has another truth
            in one than in the other.
    """
    if (first.benchmark, first.split) != (other.benchmark, other.split):
        raise HomologueError(
            f"The runs {first.name} and {other.name} are of {first.benchmark}, {first.split}, and "
            f"of {other.benchmark}, {other.split}; compare runs of one split of one benchmark."
        )
    rows, other_rows = _shared(first, other)
    alphas = tuple(alphas)
    pairs, differences = {}, {}
    for threshold in first.scores.thresholds:
        counts = first.scores.counts(threshold, alphas).at(rows)
        others = other.scores.counts(threshold, alphas).at(other_rows)
        both = (counts.points > 0) & (others.points > 0)
        pairs[threshold] = int(both.sum())
        differences[threshold] = {
            average: difference(counts.at(both), others.at(both), average, seed=seed)
            for average in AVERAGES
        }
    return Comparison(other, first, alphas, pairs, differences)


def comparison_object(comparison: Comparison) -> dict[str, Any]:
    """For JSON: in percent, rounded to hundredths; None where nothing is scored in both."""
    return {
        "run": comparison.run.name,
        "against": comparison.against.name,
        "pairs": dict(comparison.pairs),
        "difference": {
            threshold: {
                average: {
                    f"{alpha:g}": _difference_object(made, index)
                    for index, alpha in enumerate(comparison.alphas)
                }
                for average, made in of_average.items()
            }
            for threshold, of_average in comparison.differences.items()
        },
    }


def _difference_object(made: Difference, index: int) -> dict[str, Any] | None:
    if np.isnan(made.value[index]):
        return None
    ends = made.low[index], made.high[index]
    return {
        "value": round(100 * float(made.value[index]), 2),
        "interval": [round(100 * float(end), 2) for end in ends],
        "better": round(float(made.better[index]), 3),
        "worse": round(float(made.worse[index]), 3),
    }


def _shared(first: Run, other: Run) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where the pairs that both have are in the scores of each, in the same order."""
    rows = {record.pair: row for row, record in enumerate(first.scores.records)}
    found = [
        (rows[record.pair], row)
        for row, record in enumerate(other.scores.records)
        if record.pair in rows
    ]
    for here, there in found:
        if not _same_truth(first.scores.records[here], other.scores.records[there]):
            raise HomologueError(
                f"The pair {other.scores.records[there].pair} has other points in the run "
                f"{other.name} than in {first.name}: they saw different data; evaluate one again."
            )
    one, row = np.array(found, dtype=np.intp).reshape(-1, 2).T
    return one, row


def _same_truth(one: Record, other: Record) -> bool:
    # A run from before a threshold was added does not have it.
    shared = one.thresholds.keys() & other.thresholds.keys()
    measured = all(
        (one.thresholds[name], one.aspects.get(name))
        == (other.thresholds[name], other.aspects.get(name))
        for name in shared
    )
    return measured and np.array_equal(one.target_points, other.target_points, equal_nan=True)
