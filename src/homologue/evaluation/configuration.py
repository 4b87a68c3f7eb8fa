"""What a run's results follow from, and whether two runs may be one."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from homologue.config import FitConfig, LocateConfig, added_defaults
from homologue.presets import current_preset_name
from homologue.renamed import current_settings

# Scoring reads configurations too, and has no use for torch.
if TYPE_CHECKING:
    from homologue.datasets.base import Pair

RESULTS = 1
"""Raised when the same settings give other results than before."""

_FOLLOWING = "legacy-"
"""How thresholds begin that follow from what is digested, and came later: runs go on with them."""
_LONGEST_VALUE = 40  # characters of a value that an error message repeats


def configuration(
    *,
    benchmark: str,
    split: str,
    kinds: Sequence[str],
    categories: Sequence[str],
    limit: int | None,
    index: int | None = None,
    pairs: "Sequence[Pair]",
    matcher: str,
    settings: Mapping[str, Any],
    seed: int,
) -> dict[str, Any]:
    """All that the predictions for the selected `pairs` depend on.

    Where the data lie, the machine, and which part of the work is whose are left out: they change
    no result.
    """
    return {
        "benchmark": benchmark,
        "split": split,
        "kinds": list(kinds),
        "categories": list(categories),
        "limit": limit,
        # Runs that were begun before there was a choice of one pair lack it.
        **({} if index is None else {"pair": index}),
        "selection": selection_digest(pairs),
        "matcher": matcher,
        "settings": dict(settings),
        "seed": seed,
        "homologue": RESULTS,
    }


def selection_digest(pairs: "Sequence[Pair]") -> str:
    """32 hexadecimal digits of the pairs' names, order, points and thresholds.

    Another version of the data, or another part of it, has another digest. `legacy-image` and
    `legacy-bbox-kp` are left out: runs that were begun before there were any have the same pairs.
    """
    digest = hashlib.blake2b(digest_size=16)
    for pair in pairs:
        lengths = pair.name, _digested(pair.thresholds), _digested(pair.aspects)
        digest.update(json.dumps(lengths).encode())
        for points in (pair.source_points, pair.target_points, pair.fit_points):
            digest.update(points.double().numpy().tobytes())
    return digest.hexdigest()


def _digested(lengths: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in lengths.items() if not name.startswith(_FOLLOWING)}


def canonical(configuration: Mapping[str, Any]) -> str:
    """The same text for the same configuration, whatever order it was written in."""
    return json.dumps(configuration, sort_keys=True, separators=(",", ":"), allow_nan=False)


def configuration_hash(text: str) -> str:
    """SHA-256 of the canonical text."""
    return hashlib.sha256(text.encode()).hexdigest()


def differences(one: Any, other: Any) -> list[str]:
    """What differs, as `seed (0, not 1)`: the first of both values is that of `one`.

    >>> differences({"limit": 2, "settings": {"seed": 0}}, {"limit": 2, "settings": {"seed": 1}})
    ['settings.seed (0, not 1)']
    """
    there, here = dict(_leaves(_completed(one))), dict(_leaves(_completed(other)))
    names = [name for name in {**there, **here} if there.get(name) != here.get(name)]
    return [_difference(name, there.get(name), here.get(name)) for name in names]


def asked_otherwise(different: Sequence[str]) -> str:
    """What `differences` found, for a sentence about the run that they are the differences of."""
    # Another limit or category implies another selection, and is what there is to be said.
    named = [text for text in different if not text.startswith("selection")]
    if not named:
        return "on other pairs or points of the benchmark"
    return "with another " + ", another ".join(named)


def _completed(configuration: Any) -> Any:
    """The configuration of an earlier version as this version would write it.

    Settings that it did not know are at their defaults; settings that it called otherwise have
    their new names.

    >>> _completed({"settings": {"fit": {"turn": 3.0}}})
    {'settings': {'fit': {'flip': 0.0, 'upsample': 0, 'max_rotation': 3.0}}}
    """
    settings = configuration.get("settings") if isinstance(configuration, Mapping) else None
    if not isinstance(settings, Mapping):
        return configuration
    whole: dict[str, Any] = {
        section: {**added_defaults(kind), **current_settings(settings[section])}
        for section, kind in (("fit", FitConfig), ("locate", LocateConfig))
        if isinstance(settings.get(section), Mapping)
    }
    if isinstance(settings.get("preset"), str):
        whole["preset"] = current_preset_name(settings["preset"])
    return {**configuration, "settings": {**settings, **whole}}


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _leaves(part, f"{name}.{key}" if name else str(key))
    else:
        yield name, json.dumps(value)


def _difference(name: str, there: str | None, here: str | None) -> str:
    shown = [value or "none" for value in (there, here)]
    if max(map(len, shown)) > _LONGEST_VALUE:
        return name
    return f"{name} ({shown[0]}, not {shown[1]})"
