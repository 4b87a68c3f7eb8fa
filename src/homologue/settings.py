"""Settings as text: `fit.steps=50` becomes a value of the type of the dataclass field `steps`."""

import math
import re
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from homologue.errors import HomologueError
from homologue.renamed import current_name, current_value, note_old_name

_WHOLE = re.compile(r"[+-]?[0-9]+")
_MOST_DIGITS = 100
_KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}


@dataclass(frozen=True)
class Setting:
    """One field of a settings dataclass.

    Attributes:
        section: what the dataclass is called, such as `fit`.
        field: name of the field.
        kind: type of the field.
    """

    section: str
    field: str
    kind: Any

    @property
    def name(self) -> str:
        return f"{self.section}.{self.field}"

    def parse(self, text: str) -> Any:
        """The value that a text stands for.

        Raises:
            HomologueError: it stands for no value of the field's type.
        """
        return self._parse(str(self._current(text.strip())), self.kind)

    def check(self, value: Any) -> Any:
        """The value, a whole number as a float where the field is a float.

        Raises:
            HomologueError: it is of another type than the field, or not finite.
        """
        return self._check(self._current(value), self.kind)

    def _current(self, value: Any) -> Any:
        """The value by its current name; an old one is noted."""
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
            if not _WHOLE.fullmatch(text):
                raise self._wrong(text, kind)
            if len(text) > _MOST_DIGITS:  # Python refuses to convert some thousands
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
        return HomologueError(f"{self.name} is too large a number.")

    def _wrong(self, value: Any, kind: Any) -> HomologueError:
        return HomologueError(f"{self.name} must be {_KINDS[kind]}, not {value!r}.")


def settings_of(sections: Mapping[str, type]) -> dict[str, Setting]:
    """The settings of some dataclasses, by their names, `section.field`."""
    return {
        setting.name: setting
        for section, kind in sections.items()
        for setting in _settings_of(section, kind)
    }


def parse_settings(texts: Sequence[str], known: Mapping[str, Setting]) -> dict[str, Any]:
    """Values by name, of texts such as `fit.steps=50`.

    Raises:
        HomologueError: a text is no `NAME=VALUE`, its name is unknown or was there before, or its
            value is not of the setting's type.
    """
    values: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = known_name(name.strip(), known)
        if not equals:
            example = "fit.steps=50" if "fit.steps" in known else f"{next(iter(known))}=VALUE"
            raise HomologueError(f"{text!r} sets nothing: write NAME=VALUE, such as {example}.")
        if name not in known:
            raise unknown_setting(name, known)
        if name in values:
            raise HomologueError(f"The setting {name} is given twice: give it once.")
        values[name] = known[name].parse(value)
    return values


def known_name(name: str, known: Mapping[str, Setting]) -> str:
    """The current name of a setting that may have been given by an old one, which is noted."""
    current = current_name(name)
    if current == name or current not in known:
        return name
    note_old_name(f"The setting {name}", current)
    return current


def unknown_setting(name: str, known: Mapping[str, Setting]) -> HomologueError:
    """The error for a name that no setting has: it names the nearest one, and all."""
    near = [full for full, one in known.items() if one.field == current_name(name)]
    near = near or get_close_matches(name, known, n=1)
    if not near:
        by_field = {one.field: full for full, one in known.items()}
        field = name.rpartition(".")[2]
        near = [by_field[close] for close in get_close_matches(field, by_field, n=1)]
    hint = f": did you mean {' or '.join(near)}?" if near else "."
    return HomologueError(
        f"There is no setting {name!r}{hint} The settings are {', '.join(known)}."
    )


def setting_text(name: str, value: Any) -> str:
    """`NAME=VALUE`, as `parse_settings` reads it."""
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
    """`X` of `X | None`."""
    if get_origin(kind) in (Union, types.UnionType):
        return next(one for one in get_args(kind) if one is not type(None))
    return kind
