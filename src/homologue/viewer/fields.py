"""Validation of JSON request bodies."""

import json
import math
from collections.abc import Mapping
from typing import Any

from homologue.errors import HomologueError


class Fields:
    """The fields of a JSON object; each method returns a field of the requested type.

    Raises:
        HomologueError: a field is missing or invalid; the message names the field.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    @classmethod
    def parse(cls, data: bytes) -> "Fields":
        """Parse a request body."""
        try:
            values = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise HomologueError("The request body is not valid JSON.") from error
        if not isinstance(values, dict):
            raise HomologueError("The request body must be a JSON object.")
        return cls(values)

    def __contains__(self, name: str) -> bool:
        """Return whether a field is present and not null."""
        return self._values.get(name) is not None

    def text(self, name: str, max_length: int = 200, min_length: int = 1) -> str:
        value = self._values.get(name)
        if not isinstance(value, str) or not min_length <= len(value) <= max_length:
            raise HomologueError(
                f"{name!r} must be a text of {min_length} to {max_length} characters."
            )
        if any(0xD800 <= ord(character) < 0xE000 for character in value):
            raise HomologueError(f"{name!r} contains half of a surrogate pair.")
        return value

    def number(self, name: str) -> float:
        """Return a finite number with an absolute value below 1e15."""
        value = self._values.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise HomologueError(f"{name!r} must be a number.")
        if not (abs(value) < 1e15 and math.isfinite(value)):
            raise HomologueError(f"{name!r} must be a finite number.")
        return float(value)

    def integer(self, name: str) -> int:
        value = self.number(name)
        if value != int(value):
            raise HomologueError(f"{name!r} must be a whole number.")
        return int(value)

    def integers(self, name: str, max_count: int = 1000) -> list[int]:
        values = self._values.get(name)
        if not isinstance(values, list) or len(values) > max_count:
            raise HomologueError(f"{name!r} must be a list of at most {max_count} whole numbers.")
        return [Fields({name: value}).integer(name) for value in values]
