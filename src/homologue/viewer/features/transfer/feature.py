"""Transfer as a part of the viewer: which jobs a scene needs, what the page is told."""

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
from homologue.viewer.features.transfer.actions import Actions
from homologue.viewer.features.transfer.results import Carrying, TransferResults
from homologue.viewer.features.transfer.routes import TransferRoutes
from homologue.viewer.features.transfer.targets import NAME
from homologue.viewer.jobs import Task, Worker
from homologue.viewer.limits import Limits
from homologue.viewer.pictures import Picture, Pictures
from homologue.viewer.reports import Report
from homologue.viewer.sessions.session import Session

_URGENCY = 8  # after all that somebody waits for in front of two pictures


class TransferFeature:
    """See `Actions` for what people can do."""

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
        """`sample` gives a sample picture by name, `session` a session by its id."""
        self._engine, self._worker, self._limits = engine, worker, limits
        self._routes = TransferRoutes(pictures, session, self._board).routes
        self.actions: Mapping[str, Action] = Actions(limits, pictures, sample, self._board).by_name

    def routes(self) -> Sequence[BaseRoute]:
        return self._routes

    def tasks(self, session: Session) -> list[Task]:
        """A picture a task, as many as the queue takes."""
        board, scene = self._board(session), session.scene
        if board.held or not board.fittings:
            return []
        settings = scene.settings
        pace = (NAME, settings.model, settings.preset, settings.optimise, len(board.fittings))
        missing = (one for one in board.wanted(scene.source) if not board.is_done(one))
        keys = (key for key in map(board.job, missing) if key not in session.ended)
        return [
            Task(key, _URGENCY, partial(self._carry, board, board.fittings, key.picture), pace)
            for key in islice(keys, self._limits.queue)
        ]

    def describe(self, session: Session) -> dict[str, Any]:
        """Little, whatever there is: the page asks for the rest by the version that it knows."""
        board, scene = self._board(session), session.scene
        wanted = board.wanted(scene.source)
        return {
            "version": board.version,
            "columns": board.tokens(scene),
            "pictures": len(wanted),
            "done": sum(map(board.is_done, wanted)) if board.fittings else 0,
            "failed": sum(board.job(picture) in session.ended for picture in wanted),
            "held": board.held,
        }

    def progress(self, session: Session) -> dict[str, Any] | None:
        """The picture that is looked through, what its job told, and seconds to the end of all."""
        for key, status in self._worker.statuses(session.id).items():
            if isinstance(key, Carrying) and status.running:
                told = asdict(status.told) if status.told else None
                return {"picture": key.picture, "told": told, "left": self._left(session)}
        return None

    def _left(self, session: Session) -> float | None:
        board = self._board(session)
        missing = sum(not board.is_done(one) for one in board.wanted(session.scene.source))
        return None if board.seconds is None else board.seconds * missing

    def _carry(
        self, board: TransferResults, fittings: Sequence[FitKey], picture: str, report: Report
    ) -> None:
        """The work of a task, in the worker's thread."""
        start = perf_counter()
        self._engine.carry([LocateKey(fitting, picture) for fitting in fittings], report)
        board.seconds = perf_counter() - start
        board.news.append(picture)

    def _board(self, session: Session) -> TransferResults:
        """The session's, in line with its scene."""
        if NAME not in session.aside:
            session.aside[NAME] = TransferResults(self._engine.carried)
        board = cast(TransferResults, session.aside[NAME])
        board.refresh(session.scene, session.ended)
        return board
