"""Find the same part of a thing in another picture.

import homologue

model = homologue.load("builtin")
found = homologue.match(model, "cat.png", "fox.png", [[120, 80]])
print(found.points, found.scores)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from homologue.api import Match, fit, layer_maps, locate, match, plot_match
    from homologue.config import FitConfig, LocateConfig, WordsConfig
    from homologue.diffusion.loading.load import load
    from homologue.diffusion.model import LatentDiffusion
    from homologue.errors import HomologueError
    from homologue.images import RGBImage, read_image
    from homologue.method.embeddings import PointEmbeddings
    from homologue.method.layer_maps import LayerMaps
    from homologue.method.locate import Located
    from homologue.method.locator import Locator
    from homologue.presets import PRESETS, Preset, get_preset, read_preset, with_settings
    from homologue.self_check.check import check
    from homologue.self_check.results import CheckReport
    from homologue.words.attend import attend
    from homologue.words.maps import WordMaps
    from homologue.words.nearest import NamedBy, nearest_words

__version__ = "0.1.0"

# Where each public name lives. They are imported when they are first used: torch and diffusers take
# seconds, and the command line wants to answer `--help` and Ctrl-C before.
_HOMES = {
    "CheckReport": "homologue.self_check.results",
    "PRESETS": "homologue.presets",
    "FitConfig": "homologue.config",
    "HomologueError": "homologue.errors",
    "LatentDiffusion": "homologue.diffusion.model",
    "LayerMaps": "homologue.method.layer_maps",
    "LocateConfig": "homologue.config",
    "Located": "homologue.method.locate",
    "Locator": "homologue.method.locator",
    "Match": "homologue.api",
    "NamedBy": "homologue.words.nearest",
    "PointEmbeddings": "homologue.method.embeddings",
    "Preset": "homologue.presets",
    "RGBImage": "homologue.images",
    "WordMaps": "homologue.words.maps",
    "WordsConfig": "homologue.config",
    "attend": "homologue.words.attend",
    "check": "homologue.self_check.check",
    "fit": "homologue.api",
    "get_preset": "homologue.presets",
    "layer_maps": "homologue.api",
    "load": "homologue.diffusion.loading.load",
    "locate": "homologue.api",
    "match": "homologue.api",
    "nearest_words": "homologue.words.nearest",
    "plot_match": "homologue.api",
    "read_image": "homologue.images",
    "read_preset": "homologue.presets",
    "with_settings": "homologue.presets",
}

__all__ = [
    "PRESETS",
    "CheckReport",
    "FitConfig",
    "HomologueError",
    "LatentDiffusion",
    "LayerMaps",
    "LocateConfig",
    "Located",
    "Locator",
    "Match",
    "NamedBy",
    "PointEmbeddings",
    "Preset",
    "RGBImage",
    "WordMaps",
    "WordsConfig",
    "attend",
    "check",
    "fit",
    "get_preset",
    "layer_maps",
    "load",
    "locate",
    "match",
    "nearest_words",
    "plot_match",
    "read_image",
    "read_preset",
    "with_settings",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
