"""JSON as it is written: whole numbers exactly, no key twice."""

import json
import math
from typing import Any, TypeGuard

_LONGEST = 300
"""Characters of a whole number that fits a float; Python refuses to convert very long ones."""


def parse_json(text: str) -> Any:
    """The value of a JSON text.

    Whole numbers stay exact, however large: identifiers above 2^53 would be rounded as floats.
    NaN and infinities, which some programs write, become floats: see `is_number`.

    Raises:
        ValueError: the text is not JSON (`json.JSONDecodeError`, with the line), is nested too
            deeply, or has an object with the same key twice, of which only one could be kept.
    """
    try:
        return json.loads(text, parse_int=_whole, object_pairs_hook=_object)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def is_number(value: Any) -> TypeGuard[int | float]:
    """Whether a value of JSON is a finite number; true and false are none.

    >>> [is_number(value) for value in (3, 0.5, float("nan"), True, "3")]
    [True, True, False, False, False]
    """
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def shown(value: Any, longest: int = 60) -> str:
    """A value of JSON for an error message, cut to so many characters.

    >>> shown({"x": [1, 2.5, None]}), shown("a" * 20, longest=10)
    ('{"x": [1, 2.5, null]}', '"aaaaaa...')
    """
    text = json.dumps(value)
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= _LONGEST else float(digits)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"it has the key {shown(twice)} twice in one object")
    return made
