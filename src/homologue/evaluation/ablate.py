"""Ablations of the read-out of one run: embeddings, crops, layers, and reading the point."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

from homologue.artifacts import ALL, Variant, own_variant
from homologue.config import LocateConfig, from_stored
from homologue.errors import HomologueError
from homologue.evaluation.pair_artifacts import VariantPredictions
from homologue.evaluation.record import Record
from homologue.evaluation.runs import Run
from homologue.evaluation.scores import Score, Scores

EMBEDDINGS, CROPS, LAYERS, READING = "embeddings", "crops", "layers", "reading"


@dataclass(frozen=True, eq=False)
class Ablation:
    """Scores of every variant of a run's read-out, under one threshold at one alpha.

    Attributes:
        scores: score of each variant.
        own: variant with the run's own settings.
    """

    run: Run
    threshold: str
    alpha: float
    scores: dict[Variant, Score]
    own: Variant

    @cached_property
    def studies(self) -> dict[str, list[Variant]]:
        """The variants that differ from the run's own in one setting, by that setting.

        `reading` has those that differ in `read_out` and `window`. A setting with a single value is
        left out.
        """
        studies = {
            EMBEDDINGS: sorted(self._like_own("embeddings"), key=lambda v: v.embeddings),
            CROPS: sorted(self._like_own("crops"), key=lambda v: v.crops),
            LAYERS: sorted(self._like_own("layers"), key=lambda v: v.layers == ALL),
            READING: self._like_own("read_out", "window"),
        }
        return {name: listed for name, listed in studies.items() if len(listed) > 1}

    def _like_own(self, *free: str) -> list[Variant]:
        """Return the variants that equal the run's own except in the attributes `free`."""
        return [
            variant
            for variant in self.scores
            if variant == replace(self.own, **{name: getattr(variant, name) for name in free})
        ]

    def in_ways(self, variant: Variant) -> list[Variant]:
        """Return the variant with each read-out, in the order of the study `reading`."""
        ways = self.studies[READING]
        return [replace(variant, read_out=way.read_out, window=way.window) for way in ways]


def ablate(
    run: Run,
    predictions: VariantPredictions,
    threshold: str | None = None,
    alpha: float = 0.1,
    seed: int = 0,
) -> Ablation:
    """Score a run's predictions by variant.

    Args:
        threshold: name of the threshold; default the benchmark's own.
        seed: seed of the bootstrap.

    Raises:
        HomologueError: the run has no predictions by variant, or does not have the threshold.
    """
    if not predictions.variants:
        raise HomologueError(
            f"The run {run.name} has no parts: make a run with `homologue evaluate "
            f"{run.benchmark} --split {run.split} --matcher attention --keep parts --run DIR`."
        )
    thresholds = run.scores.thresholds
    chosen = threshold or next(iter(thresholds), "none")
    if chosen not in thresholds:
        raise HomologueError(
            f"The run {run.name} has no threshold {chosen!r}: choose from "
            f"{', '.join(thresholds) or 'none'}."
        )
    scores = {
        variant: Scores(_with_predictions(run.records, predictions, variant)).score(
            chosen, [alpha], seed=seed
        )
        for variant in predictions.variants
    }
    settings = run.settings
    own = own_variant(settings["fit"]["embeddings"], from_stored(LocateConfig, settings["locate"]))
    return Ablation(run, chosen, alpha, scores, own)


def _with_predictions(
    records: Sequence[Record], predictions: VariantPredictions, variant: Variant
) -> Iterator[Record]:
    """Yield the records with the variant's predictions; failed pairs are unchanged."""
    predicted = predictions.of_variant(variant)
    for record in records:
        yield (
            record
            if record.predicted is None
            else replace(record, predicted=predicted[record.pair])
        )


def ablation_object(ablation: Ablation) -> dict[str, Any]:
    """Return all numbers as JSON values; PCK in percent, rounded to hundredths."""
    run = ablation.run
    return {
        "run": run.name,
        "benchmark": run.benchmark,
        "split": run.split,
        "matcher": run.matcher,
        "settings": dict(run.settings),
        "threshold": ablation.threshold,
        "alpha": ablation.alpha,
        "own": asdict(ablation.own),
        "studies": {
            name: [_row(ablation, variant) for variant in variants]
            for name, variants in ablation.studies.items()
        },
        "variants": [_row(ablation, variant) for variant in ablation.scores],
    }


def _row(ablation: Ablation, variant: Variant) -> dict[str, Any]:
    score = ablation.scores[variant]
    return {
        **asdict(variant),
        "pairs": score.pairs,
        "points": score.points,
        "pck": {average: _percent(pck[0]) for average, pck in score.pck.items()},
        "interval": {
            average: [_percent(end[0]) for end in ends] for average, ends in score.interval.items()
        },
    }


def _percent(fraction: float) -> float | None:
    return None if fraction != fraction else round(100 * float(fraction), 2)


def short_name(layers: str) -> str:
    """Return a layer's path without the suffix that most paths share."""
    return "all layers" if layers == ALL else layers.removesuffix(".transformer_blocks.0.attn2")


def way_name(variant: Variant) -> str:
    """Describe how a variant's maps become a point."""
    point = f"window {variant.window:g}" if variant.window else "highest pixel"
    return f"{variant.read_out}, {point}"


def value_name(study: str, variant: Variant) -> str:
    """Return the value of the setting that a study varies."""
    if study == READING:
        return way_name(variant)
    return short_name(variant.layers) if study == LAYERS else str(getattr(variant, study))
