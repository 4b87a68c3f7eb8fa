"""What each thing that a reading averages over, and each way to read, is worth: from one run."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

from homologue.artifacts import ALL, Variant, own_variant
from homologue.config import LocateConfig, from_stored
from homologue.errors import HomologueError
from homologue.evaluation.kept import Parts
from homologue.evaluation.record import Record
from homologue.evaluation.runs import Run
from homologue.evaluation.scores import Score, Scores

EMBEDDINGS, CROPS, LAYERS, READING = "embeddings", "crops", "layers", "reading"


@dataclass(frozen=True, eq=False)
class Ablation:
    """A run read in every variant, scored under one threshold at one alpha.

    Attributes:
        scores: of each variant.
        own: the variant that is the run's own reading.
    """

    run: Run
    threshold: str
    alpha: float
    scores: dict[Variant, Score]
    own: Variant

    @cached_property
    def studies(self) -> dict[str, list[Variant]]:
        """The variants that differ from the run's own in one thing, by what that is.

        `reading` has those that differ in how maps become a point. A thing of which there is but
        one is left out.
        """
        varied = {
            EMBEDDINGS: sorted(self._like_own("embeddings"), key=lambda one: one.embeddings),
            CROPS: sorted(self._like_own("crops"), key=lambda one: one.crops),
            LAYERS: sorted(self._like_own("layers"), key=lambda one: one.layers == ALL),
            READING: self._like_own("read_out", "window"),
        }
        return {name: some for name, some in varied.items() if len(some) > 1}

    def _like_own(self, *free: str) -> list[Variant]:
        """The variants that are as the run's own but for some of their attributes."""
        return [
            variant
            for variant in self.scores
            if variant == replace(self.own, **{name: getattr(variant, name) for name in free})
        ]

    def in_ways(self, variant: Variant) -> list[Variant]:
        """The variant read in every way, in the order of the study `reading`."""
        ways = self.studies[READING]
        return [replace(variant, read_out=way.read_out, window=way.window) for way in ways]


def ablate(
    run: Run, parts: Parts, threshold: str | None = None, alpha: float = 0.1, seed: int = 0
) -> Ablation:
    """Scores a run's parts.

    Args:
        threshold: the benchmark's own by default.
        seed: of the bootstrap.

    Raises:
        HomologueError: the run has no parts, no scored points, or not this threshold.
    """
    if not parts.variants:
        raise HomologueError(
            f"The run {run.name} has no parts: make a run with `homologue evaluate "
            f"{run.benchmark} --split {run.split} --matcher attention --keep parts --run DIR`."
        )
    known = run.scores.thresholds
    chosen = threshold or next(iter(known), "none")
    if chosen not in known:
        raise HomologueError(
            f"The run {run.name} knows no threshold {chosen!r}: choose from "
            f"{', '.join(known) or 'none'}."
        )
    scores = {
        variant: Scores(_reread(run.records, parts, variant)).score(chosen, [alpha], seed=seed)
        for variant in parts.variants
    }
    settings = run.settings
    own = own_variant(settings["fit"]["embeddings"], from_stored(LocateConfig, settings["locate"]))
    return Ablation(run, chosen, alpha, scores, own)


def _reread(records: Sequence[Record], parts: Parts, variant: Variant) -> Iterator[Record]:
    """The records with what the variant found; a pair that failed stays so."""
    found = parts.by(variant)
    for record in records:
        yield record if record.predicted is None else replace(record, predicted=found[record.pair])


def ablation_object(ablation: Ablation) -> dict[str, Any]:
    """All numbers for JSON; PCK in percent, rounded to hundredths."""
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
            name: [_row(ablation, one) for one in some] for name, some in ablation.studies.items()
        },
        "variants": [_row(ablation, one) for one in ablation.scores],
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


def _percent(share: float) -> float | None:
    return None if share != share else round(100 * float(share), 2)


def short_name(layers: str) -> str:
    """A layer's path without what the paths of most have in common."""
    return "all layers" if layers == ALL else layers.removesuffix(".transformer_blocks.0.attn2")


def way_name(variant: Variant) -> str:
    """How the maps become a point, in words."""
    point = f"window {variant.window:g}" if variant.window else "highest pixel"
    return f"{variant.read_out}, {point}"


def value_name(study: str, variant: Variant) -> str:
    """What a variant of a study is, besides the run's own settings."""
    if study == READING:
        return way_name(variant)
    return short_name(variant.layers) if study == LAYERS else str(getattr(variant, study))
