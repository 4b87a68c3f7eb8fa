"""Reading JSON that anybody may have sent."""

import json
import math
from collections.abc import Mapping
from typing import Any

from homologue.errors import HomologueError


class Fields:
    """The fields of a JSON object, each asked for with the type that it has to have.

    Raises HomologueError, naming the field, for everything else.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    @classmethod
    def parse(cls, data: bytes) -> "Fields":
        try:
            values = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise HomologueError("The request is not JSON: send an object.") from error
        if not isinstance(values, dict):
            raise HomologueError("The request is no JSON object: send one.")
        return cls(values)

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def text(self, name: str, most: int = 200, least: int = 1) -> str:
        value = self._values.get(name)
        if not isinstance(value, str) or not least <= len(value) <= most:
            raise HomologueError(f"{name!r} must be a text of {least} to {most} characters.")
        if any(0xD800 <= ord(character) < 0xE000 for character in value):
            raise HomologueError(f"{name!r} has halves of characters: send whole ones.")
        return value

    def number(self, name: str) -> float:
        """A finite one."""
        value = self._values.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise HomologueError(f"{name!r} must be a number.")
        if not (abs(value) < 1e15 and math.isfinite(value)):
            raise HomologueError(f"{name!r} must be a finite number.")
        return float(value)

    def wholes(self, name: str, most: int = 1000) -> list[int]:
        """A list of whole numbers."""
        values = self._values.get(name)
        if not isinstance(values, list) or len(values) > most:
            raise HomologueError(f"{name!r} must be a list of at most {most} whole numbers.")
        return [Fields({name: value}).whole(name) for value in values]

    def whole(self, name: str) -> int:
        value = self.number(name)
        if value != int(value):
            raise HomologueError(f"{name!r} must be a whole number.")
        return int(value)
