"""What can be computed of a picture before anybody says which points are wanted.

Where queries are cached, or are what the optimisation starts from, all points share them; other
crops depend on the point, and there is nothing to prepare.
"""

from homologue.config import LocateConfig
from homologue.method.queries import pool_queries
from homologue.method.readers import QueryReader
from homologue.method.target_crops import shared_crops
from homologue.method.task import FitTask


def prepare_source(task: FitTask) -> None:
    """Has the views of a picture keep what fitting any of its points needs."""
    if task.config.strategy == "cached" or task.config.start == "queries":
        pool_queries(task)


def prepare_target(task: FitTask, config: LocateConfig) -> None:
    """Has the views of a picture keep what finding any point in it needs.

    Args:
        task: `views` are of the target; points are fitted with the same settings and seed.
        config: settings for reading the target.
    """
    if task.config.strategy != "cached" or config.follow:
        return
    reader = QueryReader(task.model, task.views, task.config, config, task.seed)
    for index, crop in enumerate(shared_crops(task.model.side, config, task.seed)):
        reader.queries(index, crop)
        task.progress("look", index + 1, config.crops)
