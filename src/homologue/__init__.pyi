from .api import Match, fit, layer_maps, locate, match, plot_match
from .benchmarking import evaluate
from .config import FitConfig, LocateConfig, WordsConfig
from .diffusion.loading.load import load
from .diffusion.model import LatentDiffusion
from .errors import HomologueError
from .evaluation.reporting.scored_runs import ScoredRuns, score
from .evaluation.runs import Run
from .images import RGBImage, read_image
from .matchers.base import Matcher, Prediction
from .method.embeddings import PointEmbeddings
from .method.layer_maps import LayerMaps
from .method.locate import Located
from .method.locator import Locator
from .presets import PRESETS, Preset, get_preset, read_preset, with_settings
from .self_check.check import check
from .self_check.report import CheckReport
from .words.attend import attend
from .words.maps import WordMaps
from .words.nearest import NamedBy, nearest_words

__version__: str

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
