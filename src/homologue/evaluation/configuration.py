"""The configuration of a run: everything that its results depend on, and its digest."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from homologue.errors import HomologueError

# Scoring reads configurations, too, and does not need torch.
if TYPE_CHECKING:
    from homologue.datasets.base import Pair
    from homologue.evaluation.prediction import Engine
    from homologue.evaluation.selection import Selection

RESULTS_VERSION = 1
"""Incremented when the same settings give different results than before."""

_DERIVED_PREFIX = "legacy-"
"""Prefix of thresholds that are derived from digested data and were added later.

They are left out of the digest, so that earlier runs can be resumed."""


def run_configuration(selection: "Selection", engine: "Engine", seed: int) -> dict[str, Any]:
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


def selection_digest(pairs: "Sequence[Pair]") -> str:
    """Return 32 hexadecimal digits of the pairs' names, order, points and thresholds.

    Another version or another subset of the data has another digest. `legacy-image` and
    `legacy-bbox-kp` are left out, because they were added after runs had been stored.
    """
    digest = hashlib.blake2b(digest_size=16)
    for pair in pairs:
        lengths = pair.name, _digested(pair.thresholds), _digested(pair.aspects)
        digest.update(json.dumps(lengths).encode())
        for points in (pair.source_points, pair.target_points, pair.fit_points):
            digest.update(points.double().numpy().tobytes())
    return digest.hexdigest()


def _digested(lengths: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in lengths.items() if not name.startswith(_DERIVED_PREFIX)}


def canonical(configuration: Mapping[str, Any]) -> str:
    """Return the configuration as JSON text that does not depend on the order of keys."""
    return json.dumps(configuration, sort_keys=True, separators=(",", ":"), allow_nan=False)


def configuration_hash(text: str) -> str:
    """Return the SHA-256 of the canonical text."""
    return hashlib.sha256(text.encode()).hexdigest()
