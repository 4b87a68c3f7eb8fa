"""A run with predictions by variant that can be scored by hand."""

from dataclasses import replace
from typing import Any

import numpy as np

from helpers.found import found, lost, run_of
from homologue.artifacts import own_variant, variants
from homologue.evaluation.pair_artifacts import VariantPredictions
from homologue.evaluation.runs import Run
from homologue.presets import DEFAULT

LAYER = "up_blocks.1.attentions.0.transformer_blocks.0.attn2"
CONFIG = replace(DEFAULT.locate, crops=2)
OWN = own_variant(2, CONFIG)
SETTINGS = {"fit": {"embeddings": 2}, "locate": vars(CONFIG)}


def made_up(**changed: Any) -> tuple[Run, VariantPredictions]:
    """Make a run of a pair with two points, a pair with one point, and a failed pair.

    The run's own variant is exact. With one embedding all points are 5 pixels off; with one crop
    only the second pair is; with the single layer the third point is NaN; the variants without a
    window are 50 pixels off.
    """
    one, two = found("a", 0.0, 0.0), found("b", 0.0, position=1)
    run = run_of([one, two, lost("c", 1, position=2)], settings=SETTINGS, **changed)
    asked = variants(2, CONFIG, [LAYER])
    parts: dict[str, list[Any]] = {"a": [], "b": []}
    for variant in asked:
        off = 5.0 * (variant.embeddings == 1) + 50.0 * (variant.window == 0)
        parts["a"].append(one.target_points + np.array([off, 0]))
        far = np.nan if variant.layers == LAYER else off + 5.0 * (variant.crops == 1)
        parts["b"].append(two.target_points + np.array([far, 0]))
    return run, VariantPredictions(asked, {pair: np.array(ways) for pair, ways in parts.items()})
