"""Presets for all combinations of varied settings, such as `fit.timestep=40,140,261`."""

from collections.abc import Sequence
from itertools import product

from homologue.errors import HomologueError
from homologue.presets import Preset, with_settings

MAX_COMBINATIONS = 64


def varied_presets(preset: Preset, vary: Sequence[str]) -> list[tuple[str, Preset]]:
    """Return a text of the varied settings and a preset for each combination of values.

    Args:
        preset: preset to vary.
        vary: texts such as `fit.timestep=40,140,261`. Values that contain commas, such as
            selections of layers, are separated by semicolons.

    Raises:
        HomologueError: a setting is unknown, a value is invalid or repeated, or there are more than
            64 combinations.

    >>> from homologue.presets import DEFAULT
    >>> [text for text, _ in varied_presets(DEFAULT, ["fit.timestep=40,140", "locate.crops=1"])]
    ['fit.timestep=40 locate.crops=1', 'fit.timestep=140 locate.crops=1']
    """
    lists = [_settings(text) for text in vary]
    combinations = list(product(*lists)) if lists else []
    if len(combinations) > MAX_COMBINATIONS:
        raise HomologueError(
            f"--vary asks for {len(combinations)} combinations of settings; give at most "
            f"{MAX_COMBINATIONS}."
        )
    return [(" ".join(settings), with_settings(preset, settings)) for settings in combinations]


def _settings(text: str) -> list[str]:
    """Split `NAME=VALUE,VALUE,...` into texts `NAME=VALUE`."""
    name, equals, values = text.partition("=")
    listed = [value.strip() for value in values.split(";" if ";" in values else ",")]
    if not equals or not all(listed):
        raise HomologueError(
            f"{text!r} is not a list of values: write NAME=VALUE,VALUE,..., such as "
            "fit.timestep=40,140,261."
        )
    if len(set(listed)) < len(listed):
        raise HomologueError(f"{text!r} has a value twice: give each once.")
    return [f"{name.strip()}={value}" for value in listed]
