"""Compute in advance what all points of an image share.

With the strategy `cached`, or contexts that start from queries, all points use the same crops.
Other crops depend on the point, and nothing can be computed in advance.
"""

from homologue.config import LocateConfig
from homologue.method.queries import pool_queries
from homologue.method.readers import QueryReader
from homologue.method.target_crops import shared_crops
from homologue.method.task import FitTask


def prepare_source(task: FitTask) -> None:
    """Cache in the task's views what fitting a point needs."""
    if task.config.strategy == "cached" or task.config.start == "queries":
        pool_queries(task)


def prepare_target(task: FitTask, config: LocateConfig) -> None:
    """Cache in the task's views what locating a point needs.

    Args:
        task: views of the target, and the settings and the seed of the fit.
        config: settings for reading the target.
    """
    if task.config.strategy != "cached" or config.follow:
        return
    reader = QueryReader(task.views, task.config, config, task.seed)
    for index, crop in enumerate(shared_crops(task.model.side, config, task.seed)):
        reader.queries(index, crop)
        task.progress("look", index + 1, config.crops)
