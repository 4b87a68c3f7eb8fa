"""The transfer feature: tasks of a scene and state for the page."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from itertools import islice
from time import perf_counter
from typing import Any, cast

from starlette.routing import BaseRoute

from homologue.viewer.feature import Action
from homologue.viewer.features.match.engine import MatchEngine
from homologue.viewer.features.match.keys import FitKey, LocateKey
from homologue.viewer.features.transfer.actions import TransferActions
from homologue.viewer.features.transfer.results import TransferKey, TransferResults
from homologue.viewer.features.transfer.routes import TransferRoutes
from homologue.viewer.features.transfer.targets import NAME
from homologue.viewer.job_progress import ProgressReporter
from homologue.viewer.jobs import Task, Worker
from homologue.viewer.limits import Limits
from homologue.viewer.pictures import Picture, Pictures
from homologue.viewer.sessions.session import Session

_URGENCY = 8  # after all tasks of a pair of images


class TransferFeature:
    """Locates the points of the source in all targets; for the actions see `TransferActions`."""

    name = NAME

    def __init__(
        self,
        engine: MatchEngine,
        worker: Worker,
        pictures: Pictures,
        limits: Limits,
        sample: Callable[[str], Picture | None],
        session: Callable[[str], Session],
    ) -> None:
        """
        Args:
            engine: fits and locates points.
            worker: runs the tasks.
            pictures: stored images.
            limits: limits of targets and queued tasks.
            sample: returns a sample image by name, or None.
            session: returns a session by id.
        """
        self._engine, self._worker, self._limits = engine, worker, limits
        self._routes = TransferRoutes(pictures, session, self._results).routes
        self.actions: Mapping[str, Action] = TransferActions(
            limits, pictures, sample, self._results
        ).by_name

    def routes(self) -> Sequence[BaseRoute]:
        return self._routes

    def tasks(self, session: Session) -> list[Task]:
        """Return one task for each unfinished image, up to the length of the queue."""
        results, scene = self._results(session), session.scene
        if results.paused or not results.fits:
            return []
        settings = scene.settings
        timing_key = (NAME, settings.model, settings.preset, settings.strategy, len(results.fits))
        missing = (each for each in results.wanted(scene.source) if not results.is_done(each))
        keys = (key for key in map(results.task_key, missing) if key not in session.ended)
        return [
            Task(
                key, _URGENCY, partial(self._locate, results, results.fits, key.picture), timing_key
            )
            for key in islice(keys, self._limits.queue)
        ]

    def describe(self, session: Session) -> dict[str, Any]:
        """Return a summary of constant size; the page requests changes by `version`."""
        results, scene = self._results(session), session.scene
        wanted = results.wanted(scene.source)
        return {
            "version": results.version,
            "columns": results.tokens(scene),
            "pictures": len(wanted),
            "done": sum(map(results.is_done, wanted)) if results.fits else 0,
            "failed": sum(results.task_key(picture) in session.ended for picture in wanted),
            "held": results.paused,
        }

    def progress(self, session: Session) -> dict[str, Any] | None:
        """Return the image of the running job, its progress, and the seconds left for all."""
        for key, status in self._worker.statuses(session.id).items():
            if isinstance(key, TransferKey) and status.running:
                progress = asdict(status.progress) if status.progress else None
                return {"picture": key.picture, "told": progress, "left": self._left(session)}
        return None

    def _left(self, session: Session) -> float | None:
        results = self._results(session)
        missing = sum(not results.is_done(each) for each in results.wanted(session.scene.source))
        return None if results.seconds is None else results.seconds * missing

    def _locate(
        self,
        results: TransferResults,
        fits: Sequence[FitKey],
        picture: str,
        reporter: ProgressReporter,
    ) -> None:
        """Locate all points in one image; runs in the worker's thread."""
        start = perf_counter()
        self._engine.locate_all([LocateKey(fit, picture) for fit in fits], reporter)
        results.seconds = perf_counter() - start
        results.completed.append(picture)

    def _results(self, session: Session) -> TransferResults:
        """Return the results of a session, updated to its scene."""
        if NAME not in session.feature_state:
            session.feature_state[NAME] = TransferResults(self._engine.result)
        results = cast(TransferResults, session.feature_state[NAME])
        results.refresh(session.scene, session.ended)
        return results
