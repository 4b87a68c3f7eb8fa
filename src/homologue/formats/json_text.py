"""Parse JSON with exact integers and without duplicate keys."""

import json
import math
from typing import Any, TypeGuard

_MAX_DIGITS = 300
"""Maximum number of digits of an integer; longer ones become infinite floats."""


def parse_json(text: str) -> Any:
    """Parse a JSON text.

    Integers are exact, since identifiers above 2^53 would be rounded as floats. NaN and infinities
    are accepted and become floats; see `is_number`.

    Raises:
        ValueError: the text is not JSON (`json.JSONDecodeError`, with the line), is nested too
            deeply, or has an object with a duplicate key.
    """
    try:
        return json.loads(text, parse_int=_parse_int, object_pairs_hook=_unique_keys)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def is_number(value: Any) -> TypeGuard[int | float]:
    """Return whether a JSON value is a finite number; booleans are not.

    >>> [is_number(value) for value in (3, 0.5, float("nan"), True, "3")]
    [True, True, False, False, False]
    """
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def preview(value: Any, max_length: int = 60) -> str:
    """Format a JSON value for an error message, truncated to `max_length` characters.

    >>> preview({"x": [1, 2.5, None]}), preview("a" * 20, max_length=10)
    ('{"x": [1, 2.5, null]}', '"aaaaaa...')
    """
    text = json.dumps(value)
    return text if len(text) <= max_length else f"{text[: max_length - 3]}..."


def _parse_int(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MAX_DIGITS else float(digits)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        keys = [key for key, _ in pairs]
        duplicate = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"it has the key {preview(duplicate)} twice in one object")
    return value
