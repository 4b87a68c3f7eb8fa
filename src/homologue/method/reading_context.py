"""The text context under which cached queries and features are computed."""

import warnings
from dataclasses import replace
from typing import TypeVar
from weakref import WeakSet

import torch
from torch import Tensor

from homologue.config import FeaturesConfig, FitConfig
from homologue.diffusion.loading.prompts import empty_prompt, encode_prompt
from homologue.diffusion.model import LatentDiffusion
from homologue.diffusion.text import TextContext
from homologue.errors import HomologueError, HomologueWarning
from homologue.seeds import generator

Config = TypeVar("Config", bound=FitConfig | FeaturesConfig)

_warned: WeakSet[LatentDiffusion] = WeakSet()


def reading_context(
    model: LatentDiffusion, config: FitConfig | FeaturesConfig, tokens: int
) -> TextContext:
    """Return the context that the settings name, see `FitConfig.context`.

    Args:
        tokens: length of the contexts `noise` and `zeros`; an encoded prompt has the length of the
            model's text encoder.

    Raises:
        HomologueError: the model has no text encoder for the context `prompt`.
    """
    kind = with_available_context(model, config).context
    if kind == "empty":
        return empty_prompt(model)
    if kind == "prompt":
        return encode_prompt(model, config.prompt)
    fixed = fixed_context(model, tokens)
    return TextContext(fixed if kind == "noise" else torch.zeros_like(fixed), None)


def with_available_context(model: LatentDiffusion, config: Config) -> Config:
    """Replace the context `empty` by `noise` if the model has no text encoder.

    Warns:
        HomologueWarning: the context was replaced; once for each model.
    """
    if config.context != "empty" or "context" in config.unused:
        return config
    try:
        empty_prompt(model)
    except HomologueError as error:
        if model not in _warned:
            _warned.add(model)
            warnings.warn(
                f"Fixed noise is used in place of the empty prompt: {error}",
                HomologueWarning,
                stacklevel=2,
            )
        return replace(config, context="noise")
    return config


def fixed_context(model: LatentDiffusion, tokens: int) -> Tensor:
    """Return the context `noise`: (1, tokens, width) from N(0, 1), always the same."""
    stream = generator(0, "fixed context")
    context = torch.randn(1, tokens, model.context_width, generator=stream)
    return context.to(model.device)
