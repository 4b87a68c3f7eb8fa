"""Presets: named settings of `fit`, `locate` and the other matchers."""

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from homologue.config import (
    STRATEGIES,
    FeaturesConfig,
    FitConfig,
    FusedConfig,
    LocateConfig,
    Strategy,
    VisionConfig,
    choice,
)
from homologue.errors import HomologueError
from homologue.files import open_for_reading
from homologue.renamed import current_name, current_value, renamed_arguments
from homologue.settings import (
    Setting,
    known_name,
    parse_settings,
    setting_text,
    settings_of,
    unknown_setting,
)


@dataclass(frozen=True)
class Preset:
    """Settings of `fit`, `locate` and the other matchers under one name."""

    name: str
    fit: FitConfig
    locate: LocateConfig
    features: FeaturesConfig = field(default_factory=FeaturesConfig)
    fused: FusedConfig = field(default_factory=FusedConfig)
    vision: VisionConfig = field(default_factory=VisionConfig)


SECTIONS: Mapping[str, type] = {
    "fit": FitConfig,
    "locate": LocateConfig,
    "features": FeaturesConfig,
    "fused": FusedConfig,
    "vision": VisionConfig,
}
"""The parts of a preset and their types."""


# The released code of Hedlin et al. 2023, quirks included, for comparison with its results.
PAPER = Preset(
    "paper",
    FitConfig(
        strategy="exact",
        layers="up-modules[:4]",
        heads="second-half",
        timestep=140,
        noise="uniform",
        objective="mse",
        sigma=27.97853316316864 / 512,
        pixel_centre=0.0,
        steps=129,
        learning_rate=0.0023755632081200314,
        embeddings=5,
        tokens=77,
        crop=0.9316549294381423,
    ),
    LocateConfig(
        timestep=40,
        noise="uniform",
        crops=20,
        crop=0.9316549294381423,
        follow=True,
        read_out="softmax",
        window=0,
    ),
)

# Chosen with the built-in model on images that no reported result uses: docs/settings.md.
DEFAULT = Preset(
    "default",
    FitConfig(
        strategy="cached",
        layers="up-modules[:4]",
        heads="all",
        timestep=40,
        noise="gaussian",
        objective="cross-entropy",
        sigma=0.035,
        pixel_centre=0.5,
        softmax_over="positions",
        steps=10,
        learning_rate=0.02,
        embeddings=1,
        tokens=16,
        start="queries",
        crop=0.8,
        max_crop=1.2,
        max_rotation=15.0,
        views=12,
        views_per_step=4,
    ),
    LocateConfig(
        timestep=40,
        noise="gaussian",
        crops=4,
        crop=0.93,
        follow=False,
        read_out="log-mean",
        window=0.05,
    ),
)

PRESETS = {preset.name: preset for preset in (DEFAULT, PAPER)}

SETTINGS: Mapping[str, Setting] = settings_of(SECTIONS)
"""The settings of a preset by name, such as `fit.steps`."""

_CHANGE = re.compile(rf"\+(?=(?:{'|'.join(SECTIONS)})\.)")


@renamed_arguments
def get_preset(
    preset: str | os.PathLike[str] | Preset, strategy: Strategy | str | None = None
) -> Preset:
    """Return a preset by name or from a TOML file, with another strategy if given.

    Args:
        preset: `default` or `paper`; the name of a changed preset, for example
            `default+fit.steps=50`; the path of a TOML file, see `read_preset`; or a preset.
        strategy: optimisation strategy (default: the preset's).

    Raises:
        HomologueError: the preset or strategy is unknown, or the file is invalid.
    """
    if isinstance(preset, Preset):
        return _with_strategy(preset, strategy)
    if isinstance(preset, os.PathLike):
        return read_preset(preset, strategy)
    base, *changes = _CHANGE.split(preset)
    if base not in PRESETS and _is_path(preset):  # A changed setting can have a path, too.
        return read_preset(preset, strategy)
    if not changes:
        return _with_strategy(_named(base), strategy)
    values = parse_settings(changes, SETTINGS)
    return _changed(_named(base), values, ", ".join(changes), strategy)


@renamed_arguments
def read_preset(path: str | os.PathLike[str], strategy: Strategy | str | None = None) -> Preset:
    """Read a preset from a TOML file. Its name is that of its base with the changed settings.

    The file has `base = "default"` (or `"paper"`) and the tables `[fit]`, `[locate]`,
    `[features]`, `[fused]` and `[vision]` with fields of `FitConfig`, `LocateConfig`,
    `FeaturesConfig`, `FusedConfig` and `VisionConfig`. Other settings are those of the base.

    Args:
        strategy: optimisation strategy (default: that of the file).

    Raises:
        HomologueError: the file cannot be read, is not TOML, or has an unknown key or an invalid
            value.
    """
    content = _read_toml(path)
    _with_strategy(DEFAULT, strategy)  # raises for an unknown strategy
    try:
        for key in content:
            if key not in ("base", *SECTIONS):
                tables = " or ".join(f"[{name}]" for name in SECTIONS)
                raise HomologueError(f"{key!r} is not base, {tables}: remove it.")
        base = content.get("base")
        if not isinstance(base, str) or base not in PRESETS:
            problem = "is missing" if base is None else f"is {base!r}"
            raise HomologueError(f'base {problem}: write base = "default" or base = "paper".')
        values = {}
        for section in SECTIONS:
            table = content.get(section, {})
            if not isinstance(table, dict):
                raise HomologueError(
                    f"{section} must be a table: write [{section}] above its keys."
                )
            for key, value in table.items():
                name = known_name(f"{section}.{key}", SETTINGS)
                if name not in SETTINGS:
                    raise unknown_setting(name, SETTINGS)
                if name in values:
                    raise HomologueError(
                        f"{name} and its old name {section}.{key} are both set: use only one."
                    )
                values[name] = SETTINGS[name].check(value)
        texts = ", ".join(setting_text(name, value) for name, value in values.items())
        return _changed(PRESETS[base], values, texts, strategy)
    except HomologueError as error:
        raise HomologueError(f"{os.fspath(path)}: {error}") from None


def with_settings(preset: Preset, settings: Sequence[str]) -> Preset:
    """Return a preset with changed settings; its name lists them.

    Args:
        settings: texts such as `fit.steps=50` or `locate.timestep=40`, in any order, for any field
            of the parts of a preset, each at most once.

    Raises:
        HomologueError: a setting is unknown, given twice, has an invalid value, or has no effect
            because of another setting.

    >>> with_settings(PRESETS["default"], ["locate.crops=1", "fit.steps=050"]).name
    'default+fit.steps=50+locate.crops=1'
    """
    return _changed(preset, parse_settings(settings, SETTINGS), ", ".join(settings))


def with_prompt(preset: Preset, prompt: str, sections: Sequence[str] = ("fit",)) -> Preset:
    """Return a preset whose text context is a prompt; see `FitConfig.context`.

    Args:
        prompt: the text; the empty text is the model's empty prompt.
        sections: parts of the preset to change, among `fit` and `features`. A part that does not
            use the context is left unchanged, unless it is the only one.

    Raises:
        HomologueError: the context has no effect on the parts.
    """
    kind = "prompt" if prompt.strip() else "empty"
    used = [name for name in sections if "context" not in getattr(preset, name).unused]
    settings = [setting_text(f"{name}.context", kind) for name in used or sections]
    if kind == "prompt":
        settings += [setting_text(f"{name}.prompt", prompt) for name in used or sections]
    return with_settings(preset, settings)


def current_preset_name(name: str) -> str:
    """Return the current name of a preset of an earlier version.

    >>> current_preset_name("default+fit.steps=5+fit.turn=3.0")
    'default+fit.max_rotation=3.0+fit.steps=5'
    """
    base, *changes = _CHANGE.split(name)
    current = []
    for change in changes:
        setting, _, value = change.partition("=")
        setting = current_name(setting)
        current.append(f"{setting}={current_value(setting, value)}")
    return "+".join([base, *sorted(current, key=lambda text: text.partition("=")[0])])


def _is_path(text: str) -> bool:
    return text.endswith(".toml") or "/" in text or os.sep in text


def _named(name: str) -> Preset:
    if name not in PRESETS:
        raise HomologueError(
            f"There is no preset {name!r}: choose one of {', '.join(sorted(PRESETS))}."
        )
    return PRESETS[name]


def _with_strategy(preset: Preset, strategy: str | None) -> Preset:
    if strategy is None:
        return preset
    fit = replace(preset.fit, strategy=choice("strategy", strategy, STRATEGIES))
    return replace(preset, fit=fit)


def _read_toml(path: str | os.PathLike[str]) -> dict[str, Any]:
    with open_for_reading(path) as file:
        data = file.read()
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except ValueError as error:  # also of a number with thousands of digits
        raise HomologueError(f"{os.fspath(path)} is not a TOML file ({error}).") from None


def _changed(
    preset: Preset, values: Mapping[str, Any], texts: str, strategy: str | None = None
) -> Preset:
    """Return a preset with other values.

    Args:
        values: values by the names of the settings.
        texts: the settings as text, for errors.
        strategy: overrides the strategy of the preset and of `values`; not part of the name.
    """
    base = _with_strategy(preset, strategy)
    if strategy is not None:
        values = {name: value for name, value in values.items() if name != "fit.strategy"}
    configs: dict[str, Any] = {section: getattr(base, section) for section in SECTIONS}
    different: dict[str, dict[str, Any]] = {section: {} for section in configs}
    for name, value in values.items():
        setting = SETTINGS[name]
        if getattr(configs[setting.section], setting.field) != value:
            different[setting.section][setting.field] = value
    try:
        for section, changes in different.items():
            if changes:
                configs[section] = replace(configs[section], **changes)
    except HomologueError as error:
        raise HomologueError(f"{texts}: {error}") from None
    for section, changes in different.items():
        for name, value in changes.items():
            if reason := configs[section].unused.get(name):
                text = setting_text(f"{section}.{name}", value)
                raise HomologueError(f"{text} has no effect ({reason}): leave it out.")
    if not any(different.values()):
        return base
    return Preset(_changed_name(preset.name, different), **configs)


def _changed_name(name: str, different: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a name such as `default+fit.steps=50+locate.crops=1`, with sorted changes."""
    base, *before = _CHANGE.split(name)
    texts = {text.partition("=")[0]: text for text in before}
    for section, changes in different.items():
        for name, value in changes.items():
            full = f"{section}.{name}"
            texts[full] = setting_text(full, value)
            original = PRESETS.get(base)
            if original and getattr(getattr(original, section), name) == value:
                del texts[full]
    return "+".join([base, *(texts[full] for full in sorted(texts))])
