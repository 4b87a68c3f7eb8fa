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
    from homologue.benchmarking import evaluate
    from homologue.config import FitConfig, LocateConfig, WordsConfig
    from homologue.diffusion.loading.load import load
    from homologue.diffusion.model import LatentDiffusion
    from homologue.errors import HomologueError
    from homologue.evaluation.reporting.scored_runs import ScoredRuns, score
    from homologue.evaluation.runs import Run
    from homologue.images import RGBImage, read_image
    from homologue.matchers.base import Matcher, Prediction
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

# Module of each public name. A module is imported when a name is first used: torch and diffusers
# take seconds to import, and `homologue --help` and Ctrl-C need neither.
_MODULES = {
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
    "Matcher": "homologue.matchers.base",
    "NamedBy": "homologue.words.nearest",
    "PointEmbeddings": "homologue.method.embeddings",
    "Prediction": "homologue.matchers.base",
    "Preset": "homologue.presets",
    "RGBImage": "homologue.images",
    "Run": "homologue.evaluation.runs",
    "ScoredRuns": "homologue.evaluation.reporting.scored_runs",
    "WordMaps": "homologue.words.maps",
    "WordsConfig": "homologue.config",
    "attend": "homologue.words.attend",
    "check": "homologue.self_check.check",
    "evaluate": "homologue.benchmarking",
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
    "score": "homologue.evaluation.reporting.scored_runs",
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
    "Matcher",
    "NamedBy",
    "PointEmbeddings",
    "Prediction",
    "Preset",
    "RGBImage",
    "Run",
    "ScoredRuns",
    "WordMaps",
    "WordsConfig",
    "attend",
    "check",
    "evaluate",
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
    "score",
    "with_settings",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_MODULES])
