"""What can be computed of a picture before anybody says which points are wanted.

Where queries are cached, or are what the optimisation starts from, all points share them; other
crops depend on the point, and there is nothing to prepare.
"""

from homologue.config import FitConfig, LocateConfig
from homologue.diffusion.model import LatentDiffusion
from homologue.method.queries import pool_queries
from homologue.method.readers import QueryReader
from homologue.method.target_crops import shared_crops
from homologue.method.views import Views
from homologue.progress import Progress


def prepare_source(
    model: LatentDiffusion, views: Views, config: FitConfig, seed: int, progress: Progress
) -> None:
    """Has the views of a picture keep what fitting any of its points needs."""
    if config.optimise == "cached" or config.start == "queries":
        pool_queries(model, views, config, seed, progress)


def prepare_target(
    model: LatentDiffusion,
    views: Views,
    fit: FitConfig,
    config: LocateConfig,
    seed: int,
    progress: Progress,
) -> None:
    """Has the views of a picture keep what finding any point in it needs."""
    if fit.optimise != "cached" or config.follow:
        return
    reader = QueryReader(model, views, fit, config, seed)
    for index, crop in enumerate(shared_crops(model.side, config, seed)):
        reader.queries(index, crop)
        progress("look", index + 1, config.crops)
