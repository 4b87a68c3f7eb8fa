"""Parse settings such as `fit.steps=50` to the types of the fields of a dataclass."""

import math
import re
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from homologue.errors import HomologueError
from homologue.renamed import current_name, current_value, note_old_name

_INTEGER = re.compile(r"[+-]?[0-9]+")
_MAX_DIGITS = 100
_KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a string"}


@dataclass(frozen=True)
class Setting:
    """One field of a settings dataclass.

    Attributes:
        section: name of the dataclass in settings, such as `fit`.
        field: name of the field.
        kind: type of the field.
    """

    section: str
    field: str
    kind: Any

    @property
    def name(self) -> str:
        """Full name, such as `fit.steps`."""
        return f"{self.section}.{self.field}"

    def parse(self, text: str) -> Any:
        """Parse a text.

        Raises:
            HomologueError: the text is not a value of the field's type.
        """
        return self._parse(str(self._current(text.strip())), self.kind)

    def check(self, value: Any) -> Any:
        """Check the type of a value; an integer is converted if the field is a float.

        Raises:
            HomologueError: the value has another type than the field, or is not finite.
        """
        return self._check(self._current(value), self.kind)

    def _current(self, value: Any) -> Any:
        """Return the current name of a renamed value, with a note to the user."""
        current = current_value(self.field, value)
        if current is not value:
            note_old_name(f"{self.name}={value}", f"{self.name}={current}")
        return current

    def _parse(self, text: str, kind: Any) -> Any:
        kind = _without_none(kind)
        if get_origin(kind) is tuple:
            parts = [part.strip() for part in text.split(",")] if text else []
            return tuple(self._parse(part, get_args(kind)[0]) for part in parts)
        if kind is bool:
            if text.lower() not in ("true", "false"):
                raise self._wrong(text, kind)
            return text.lower() == "true"
        if kind is int:
            if not _INTEGER.fullmatch(text):
                raise self._wrong(text, kind)
            if len(text) > _MAX_DIGITS:  # Python does not convert strings of some thousand digits
                raise self._too_large()
            return self._check(int(text), kind)
        if kind is float:
            try:
                number = float(text)
            except ValueError:
                raise self._wrong(text, kind) from None
            return self._check(number, kind)
        return self._check(text, kind)

    def _check(self, value: Any, kind: Any) -> Any:
        kind = _without_none(kind)
        if get_origin(kind) is tuple:
            if not isinstance(value, list | tuple):
                raise HomologueError(f"{self.name} must be a list, not {value!r}.")
            return tuple(self._check(part, get_args(kind)[0]) for part in value)
        if get_origin(kind) is Literal:
            if not isinstance(value, str) or value not in get_args(kind):
                choices = ", ".join(map(str, get_args(kind)))
                raise HomologueError(f"{self.name} must be one of {choices}, not {value!r}.")
            return value
        # In Python a bool is an int.
        whole = isinstance(value, int) and not isinstance(value, bool)
        if whole and abs(value) >= 2**63:
            raise self._too_large()
        if kind is float and (whole or isinstance(value, float)):
            if not math.isfinite(value):
                raise HomologueError(f"{self.name} must be a finite number, not {value}.")
            return float(value)
        if (kind is int and not whole) or not isinstance(value, kind):
            raise self._wrong(value, kind)
        return value

    def _too_large(self) -> HomologueError:
        return HomologueError(f"{self.name} is too large.")

    def _wrong(self, value: Any, kind: Any) -> HomologueError:
        return HomologueError(f"{self.name} must be {_KINDS[kind]}, not {value!r}.")


def settings_of(sections: Mapping[str, type]) -> dict[str, Setting]:
    """Return the settings of dataclasses by their names, `section.field`."""
    return {
        setting.name: setting
        for section, kind in sections.items()
        for setting in _settings_of(section, kind)
    }


def parse_settings(texts: Sequence[str], known: Mapping[str, Setting]) -> dict[str, Any]:
    """Parse texts such as `fit.steps=50` to values by name.

    Raises:
        HomologueError: a text is not `NAME=VALUE`, its name is unknown or repeated, or its value
            does not have the type of the setting.
    """
    values: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = known_name(name.strip(), known)
        if not equals:
            example = "fit.steps=50" if "fit.steps" in known else f"{next(iter(known))}=VALUE"
            raise HomologueError(f"{text!r} is not a setting: write NAME=VALUE, such as {example}.")
        if name not in known:
            raise unknown_setting(name, known)
        if name in values:
            raise HomologueError(f"The setting {name} is given twice: give it once.")
        values[name] = known[name].parse(value)
    return values


def known_name(name: str, known: Mapping[str, Setting]) -> str:
    """Return the current name of a renamed setting, with a note to the user; others as they are."""
    current = current_name(name)
    if current == name or current not in known:
        return name
    note_old_name(f"The setting {name}", current)
    return current


def unknown_setting(name: str, known: Mapping[str, Setting]) -> HomologueError:
    """Return the error for an unknown setting, with the most similar names."""
    near = [full for full, setting in known.items() if setting.field == current_name(name)]
    near = near or get_close_matches(name, known, n=1)
    if not near:
        by_field = {setting.field: full for full, setting in known.items()}
        field = name.rpartition(".")[2]
        near = [by_field[match] for match in get_close_matches(field, by_field, n=1)]
    hint = f"did you mean {' or '.join(near)}?" if near else f"choose from {', '.join(known)}."
    return HomologueError(f"There is no setting {name!r}: {hint}")


def setting_text(name: str, value: Any) -> str:
    """Format a setting as `NAME=VALUE` for `parse_settings`."""
    if isinstance(value, bool):
        return f"{name}={str(value).lower()}"
    if isinstance(value, tuple):
        return f"{name}={','.join(map(str, value))}"
    return f"{name}={value}"


def _settings_of(section: str, kind: type) -> Iterator[Setting]:
    types_ = get_type_hints(kind)
    for field in fields(kind):
        yield Setting(section, field.name, types_[field.name])


def _without_none(kind: Any) -> Any:
    """Return `X` of the type `X | None`; other types as they are."""
    if get_origin(kind) in (Union, types.UnionType):
        return next(option for option in get_args(kind) if option is not type(None))
    return kind
