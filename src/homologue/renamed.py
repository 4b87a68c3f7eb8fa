"""Old names of settings and arguments, which work for one more version.

Old names in stored files are accepted silently. Old names in commands, code and preset files are
accepted with a warning.
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from homologue.errors import HomologueWarning

T = TypeVar("T")
P = ParamSpec("P")

NAMES = {
    "optimise": "strategy",
    "over": "softmax_over",
    "largest_crop": "max_crop",
    "turn": "max_rotation",
    "noises": "noise_samples",
}
"""Current name of a setting or argument, by its old name."""

_VALUES = {("softmax_over", "places"): "positions"}


def current_name(name: str) -> str:
    """Return the current name of a setting, with or without its section.

    >>> current_name("fit.turn"), current_name("noises"), current_name("fit.steps")
    ('fit.max_rotation', 'noise_samples', 'fit.steps')
    """
    section, dot, field = name.rpartition(".")
    return f"{section}{dot}{NAMES.get(field, field)}"


def current_value(name: str, value: Any) -> Any:
    """Return the current value of a setting, by the current name of the setting.

    >>> current_value("fit.softmax_over", "places")
    'positions'
    """
    return _VALUES.get((name.rpartition(".")[2], value), value) if isinstance(value, str) else value


def current_settings(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return stored settings with their current names and values.

    >>> current_settings({"turn": 30.0, "over": "places", "steps": 10})
    {'max_rotation': 30.0, 'softmax_over': 'positions', 'steps': 10}
    """
    named = {current_name(name): value for name, value in stored.items()}
    return {name: current_value(name, value) for name, value in named.items()}


def note_old_name(old: str, new: str, stacklevel: int = 3) -> None:
    """Warn that a name or value has changed."""
    message = f"{old} is called {new} now: the old name works until the next version."
    warnings.warn(message, HomologueWarning, stacklevel=stacklevel)


def renamed_fields(kind: type[T]) -> type[T]:
    """Make a dataclass of settings accept old names as keyword arguments and attributes.

    An old name overrides the new name, because `dataclasses.replace(config, OLD=...)` passes both.
    """
    create = kind.__init__

    @wraps(create)
    def __init__(self: Any, *values: Any, **named: Any) -> None:  # noqa: N807
        old = {name: value for name, value in named.items() if name in NAMES}
        for name in old:
            note_old_name(name, NAMES[name])
        new = {name: value for name, value in named.items() if name not in NAMES}
        new |= {NAMES[name]: value for name, value in old.items()}
        for name, value in new.items():
            new[name] = current_value(name, value)
            if new[name] is not value:
                note_old_name(f"{name}={value}", f"{name}={new[name]}")
        create(self, *values, **new)

    def __getattr__(self: Any, name: str) -> Any:  # noqa: N807
        if NAMES.get(name) not in {field.name for field in fields(cast(Any, kind))}:
            raise AttributeError(f"{kind.__name__!r} object has no attribute {name!r}")
        note_old_name(name, NAMES[name])
        return getattr(self, NAMES[name])

    for method in (__init__, __getattr__):
        setattr(kind, method.__name__, method)
    return kind


def renamed_arguments(function: Callable[P, T]) -> Callable[P, T]:
    """Make a function accept the old names of its keyword arguments.

    Raises:
        TypeError: an argument is passed under both names.
    """

    @wraps(function)
    def call(*args: P.args, **named: P.kwargs) -> T:
        for old in NAMES.keys() & named.keys():
            new = NAMES[old]
            if new in named:
                raise TypeError(f"{function.__name__}() got both {new!r} and its old name {old!r}")
            note_old_name(f"The argument {old}", new)
            named[new] = named.pop(old)
        return function(*args, **named)

    return call
