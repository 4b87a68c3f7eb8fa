"""Settings compared on the same points: `fit.timestep=40,140,261` is three presets."""

from collections.abc import Sequence
from itertools import product

from homologue.errors import HomologueError
from homologue.presets import Preset, with_settings

MOST = 64
"""Combinations that are compared at once."""


def varied_presets(preset: Preset, vary: Sequence[str]) -> list[tuple[str, Preset]]:
    """A preset for each combination of values, and the settings that it varies.

    Args:
        vary: such as `fit.timestep=40,140,261`; of several, all combinations. Values that hold
            commas themselves, as a selection of layers may, are separated by semicolons.

    Raises:
        HomologueError: a setting or a value is unknown or there twice, or there are more than 64
            combinations.

    >>> from homologue.presets import DEFAULT
    >>> [text for text, _ in varied_presets(DEFAULT, ["fit.timestep=40,140", "locate.crops=1"])]
    ['fit.timestep=40 locate.crops=1', 'fit.timestep=140 locate.crops=1']
    """
    lists = [_settings(text) for text in vary]
    combinations = list(product(*lists)) if lists else []
    if len(combinations) > MOST:
        raise HomologueError(
            f"--vary asks for {len(combinations)} combinations of settings; give at most {MOST}."
        )
    return [(" ".join(one), with_settings(preset, one)) for one in combinations]


def _settings(text: str) -> list[str]:
    """`NAME=VALUE` of each value of a text."""
    name, equals, values = text.partition("=")
    listed = [value.strip() for value in values.split(";" if ";" in values else ",")]
    if not equals or not all(listed):
        raise HomologueError(
            f"{text!r} varies nothing: write NAME=VALUE,VALUE,..., such as fit.timestep=40,140,261."
        )
    if len(set(listed)) < len(listed):
        raise HomologueError(f"{text!r} has a value twice: give each once.")
    return [f"{name.strip()}={value}" for value in listed]
