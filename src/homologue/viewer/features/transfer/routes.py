"""The routes of a transfer: changes of the results, exported files, thumbnails."""

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from homologue.errors import HomologueError
from homologue.viewer.errors import MissingError
from homologue.viewer.features.transfer.annotations import AnnotatedPicture, annotate
from homologue.viewer.features.transfer.files import coco, csv_text
from homologue.viewer.features.transfer.results import TargetRow, TransferResults
from homologue.viewer.features.transfer.thumbnails import Thumbnails
from homologue.viewer.headers import IMMUTABLE, attachment
from homologue.viewer.pictures import Pictures
from homologue.viewer.sessions.scene import Scene
from homologue.viewer.sessions.session import Session


class TransferRoutes:
    """The routes of a transfer."""

    def __init__(
        self,
        pictures: Pictures,
        session: Callable[[str], Session],
        results: Callable[[Session], TransferResults],
    ) -> None:
        """
        Args:
            pictures: stored images.
            session: returns a session by id.
            results: returns the results of a session.
        """
        self._pictures, self._session, self._results = pictures, session, results
        self._thumbnails = Thumbnails()
        self.routes: Sequence[BaseRoute] = [
            Route("/api/thumbnails/{picture}", self._thumbnail),
            Route("/api/sessions/{session}/transfer", self._changes),
            Route("/api/sessions/{session}/transfer/coco.json", self._coco),
            Route("/api/sessions/{session}/transfer/points.csv", self._csv),
        ]

    async def _thumbnail(self, request: Request) -> Response:
        picture = self._pictures.get(request.path_params["picture"])
        if picture is None:
            raise MissingError("This image is no longer stored: open it again.")
        data, kind = await asyncio.to_thread(self._thumbnails.get, picture)
        return Response(data, media_type=kind, headers=IMMUTABLE)

    async def _changes(self, request: Request) -> Response:
        """Return the changes since the version `since`, see `TransferResults.changes_since`."""
        since = request.query_params.get("since", "0")
        if not re.fullmatch("[0-9]{1,15}", since):
            raise HomologueError("'since' must be a whole number.")
        results = self._results(self._session(request.path_params["session"]))
        changes = results.changes_since(int(since))
        return JSONResponse({**changes, "rows": [self._row(row) for row in changes["rows"]]})

    def _row(self, row: TargetRow) -> dict[str, Any]:
        picture = self._pictures.get(row.target.picture or "")
        corrections = row.target.corrections.items()
        return {
            "id": row.target.id,
            "name": row.name,
            "picture": picture.facts() if picture else None,
            "problem": row.problem,
            "corrections": {
                id_: {"place": each.position, "source": each.source} for id_, each in corrections
            },
        }

    async def _coco(self, request: Request) -> Response:
        scene, pictures = self._annotated(request)
        return JSONResponse(coco(scene, pictures), headers=attachment("keypoints.json"))

    async def _csv(self, request: Request) -> Response:
        scene, pictures = self._annotated(request)
        content = csv_text(scene.points, pictures)
        return Response(content, media_type="text/csv", headers=attachment("points.csv"))

    def _annotated(self, request: Request) -> tuple[Scene, list[AnnotatedPicture]]:
        session = self._session(request.path_params["session"])
        return session.scene, annotate(session.scene, self._results(session), self._pictures)
