"""Silence the libraries that load a model."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from diffusers.utils import logging as diffusers_logging
from huggingface_hub.utils import logging as hub_logging
from huggingface_hub.utils.tqdm import (
    are_progress_bars_disabled,
    disable_progress_bars,
    enable_progress_bars,
)


@contextmanager
def quiet(*, bars: bool = False) -> Iterator[None]:
    """Silence the logs of diffusers and huggingface_hub inside the context.

    Their warnings (unexpected weights, settings of another scheduler, no network) either do not
    apply or are raised as a HomologueError.

    Args:
        bars: keep the progress bars of downloads, which are drawn on stderr.
    """
    diffusers_level, hub_level = diffusers_logging.get_verbosity(), hub_logging.get_verbosity()
    diffusers_bars = diffusers_logging.is_progress_bar_enabled()
    silence_hub = not bars and not are_progress_bars_disabled()
    diffusers_logging.set_verbosity(logging.CRITICAL)
    hub_logging.set_verbosity(logging.CRITICAL)
    diffusers_logging.disable_progress_bar()
    if silence_hub:
        disable_progress_bars()
    try:
        yield
    finally:
        diffusers_logging.set_verbosity(diffusers_level)
        hub_logging.set_verbosity(hub_level)
        if diffusers_bars:
            diffusers_logging.enable_progress_bar()
        if silence_hub:
            enable_progress_bars()


@contextmanager
def quiet_transformers(transformers: Any) -> Iterator[None]:
    """Silence the logs and progress bars of transformers inside the context.

    Args:
        transformers: the imported package, which not every command needs.
    """
    logs = transformers.utils.logging
    level, bars = logs.get_verbosity(), logs.is_progress_bar_enabled()
    logs.set_verbosity(logs.CRITICAL)
    logs.disable_progress_bar()
    try:
        yield
    finally:
        logs.set_verbosity(level)
        if bars:
            logs.enable_progress_bar()
