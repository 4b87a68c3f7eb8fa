"""The configuration of a run: everything that its results depend on."""

import json
from typing import Any

from homologue.errors import HomologueError
from homologue.evaluation.prediction import Engine
from homologue.evaluation.selection import Selection, selection_digest

RESULTS_VERSION = 1
"""Incremented when the same settings give different results than before."""


def run_configuration(selection: Selection, engine: Engine, seed: int) -> dict[str, Any]:
    """Return the configuration of an engine's predictions for selected pairs, as JSON values.

    The data folder, the machine and the shard are left out: they do not change results.

    Raises:
        HomologueError: The matcher's settings cannot be written as JSON.
    """
    chosen = selection.filter
    configuration = {
        "benchmark": selection.benchmark.name,
        "split": selection.split,
        "kinds": list(chosen.kinds),
        "categories": list(chosen.categories),
        "limit": chosen.limit,
        # Only with `index`: earlier versions had no such option and wrote no such key.
        **({} if chosen.index is None else {"pair": chosen.index}),
        "selection": selection_digest(selection.pairs),
        "matcher": engine.name,
        "settings": dict(engine.settings),
        "seed": seed,
        "homologue": RESULTS_VERSION,
    }
    try:
        return dict(json.loads(json.dumps(configuration, allow_nan=False)))
    except (TypeError, ValueError) as error:
        raise HomologueError(
            f"The settings of the matcher {engine.name} cannot be written as JSON ({error}): "
            "use texts, finite numbers, lists and dictionaries."
        ) from None
