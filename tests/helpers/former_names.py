"""Settings as the version before the names changed stored them."""

from collections.abc import Mapping
from typing import Any

from homologue.renamed import NAMES

_FORMER = {new: old for old, new in NAMES.items()}


def formerly(stored: Mapping[str, Any]) -> dict[str, Any]:
    named = {_FORMER.get(name, name): value for name, value in stored.items()}
    return {name: "places" if value == "positions" else value for name, value in named.items()}
