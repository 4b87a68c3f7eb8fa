"""Compare two runs: the difference in PCK on the pairs that both have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from homologue.errors import HomologueError
from homologue.evaluation.bootstrap import Difference, paired_difference
from homologue.evaluation.record import Record
from homologue.evaluation.runs import Run
from homologue.metrics import AVERAGES


@dataclass(frozen=True, eq=False)
class Comparison:
    """Differences in PCK: `run` minus `against`.

    Attributes:
        alphas: a alphas.
        pairs: number of pairs that are scored in both runs, by threshold.
        differences: by threshold and average, as fractions (A,).
    """

    run: Run
    against: Run
    alphas: tuple[float, ...]
    pairs: Mapping[str, int]
    differences: Mapping[str, Mapping[str, Difference]]


def compare(first: Run, other: Run, alphas: Sequence[float], seed: int = 0) -> Comparison:
    """Compute the paired difference of PCK, `other` minus `first`.

    Args:
        seed: seed of the bootstrap.

    Raises:
        HomologueError: the benchmarks, the splits or the ground truth of a pair differ.
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
            average: paired_difference(counts.at(both), others.at(both), average, seed=seed)
            for average in AVERAGES
        }
    return Comparison(other, first, alphas, pairs, differences)


def comparison_object(comparison: Comparison) -> dict[str, Any]:
    """Return JSON values: percent, rounded to hundredths; None where no pair is scored in both."""
    return {
        "run": comparison.run.name,
        "against": comparison.against.name,
        "pairs": dict(comparison.pairs),
        "difference": {
            threshold: {
                average: {
                    f"{alpha:g}": _difference_object(difference, index)
                    for index, alpha in enumerate(comparison.alphas)
                }
                for average, difference in of_average.items()
            }
            for threshold, of_average in comparison.differences.items()
        },
    }


def _difference_object(difference: Difference, index: int) -> dict[str, Any] | None:
    if np.isnan(difference.value[index]):
        return None
    ends = difference.low[index], difference.high[index]
    return {
        "value": round(100 * float(difference.value[index]), 2),
        "interval": [round(100 * float(end), 2) for end in ends],
        "better": round(float(difference.better[index]), 3),
        "worse": round(float(difference.worse[index]), 3),
    }


def _shared(first: Run, other: Run) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the indices of the shared pairs in the scores of each run, in the same order."""
    rows = {record.pair: row for row, record in enumerate(first.scores.records)}
    shared = [
        (rows[record.pair], row)
        for row, record in enumerate(other.scores.records)
        if record.pair in rows
    ]
    for row, other_row in shared:
        pair = other.scores.records[other_row]
        if not _same_truth(first.scores.records[row], pair):
            raise HomologueError(
                f"The pair {pair.pair} has other points in the run "
                f"{other.name} than in {first.name}: the data differ; evaluate one run again."
            )
    indices, other_indices = np.array(shared, dtype=np.intp).reshape(-1, 2).T
    return indices, other_indices


def _same_truth(one: Record, other: Record) -> bool:
    # A run of an earlier version may lack a threshold that was added later.
    names = one.thresholds.keys() & other.thresholds.keys()
    same_lengths = all(
        (one.thresholds[name], one.aspects.get(name))
        == (other.thresholds[name], other.aspects.get(name))
        for name in names
    )
    return same_lengths and np.array_equal(one.target_points, other.target_points, equal_nan=True)
