"""The addresses of a transfer: what is new of it, its files, small pictures."""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from homologue.errors import HomologueError
from homologue.viewer.errors import MissingError
from homologue.viewer.features.transfer.files import coco, table
from homologue.viewer.features.transfer.filled import Filled, filled
from homologue.viewer.features.transfer.results import TargetRow, TransferResults
from homologue.viewer.features.transfer.thumbnails import Thumbnails
from homologue.viewer.headers import FOREVER, to_save
from homologue.viewer.pictures import Pictures
from homologue.viewer.sessions.scene import Scene
from homologue.viewer.sessions.session import Session


class TransferRoutes:
    """`session` gives a session by its id, `board` that of a session."""

    def __init__(
        self,
        pictures: Pictures,
        session: Callable[[str], Session],
        board: Callable[[Session], TransferResults],
    ) -> None:
        self._pictures, self._session, self._board = pictures, session, board
        self._thumbnails = Thumbnails()
        self.routes: Sequence[BaseRoute] = [
            Route("/api/thumbnails/{picture}", self._thumbnail),
            Route("/api/sessions/{session}/transfer", self._news),
            Route("/api/sessions/{session}/transfer/coco.json", self._coco),
            Route("/api/sessions/{session}/transfer/points.csv", self._table),
        ]

    async def _thumbnail(self, request: Request) -> Response:
        picture = self._pictures.get(request.path_params["picture"])
        if picture is None:
            raise MissingError("This picture is no longer kept: open it again.")
        data, kind = await asyncio.to_thread(self._thumbnails.of, picture)
        return Response(data, media_type=kind, headers=FOREVER)

    async def _news(self, request: Request) -> Response:
        """What is new since the version `since`, see `Board.news_since`."""
        since = request.query_params.get("since", "0")
        if not re.fullmatch("[0-9]{1,15}", since):
            raise HomologueError("'since' must be a whole number.")
        news = self._board(self._session(request.path_params["session"])).news_since(int(since))
        return JSONResponse({**news, "rows": [self._row(row) for row in news["rows"]]})

    def _row(self, row: TargetRow) -> dict[str, Any]:
        picture = self._pictures.get(row.target.picture or "")
        corrections = {id_: asdict(one) for id_, one in row.target.corrections.items()}
        return {
            "id": row.target.id,
            "name": row.name,
            "picture": picture.facts() if picture else None,
            "problem": row.problem,
            "corrections": corrections,
        }

    async def _coco(self, request: Request) -> Response:
        scene, sheet = self._filled(request)
        return JSONResponse(coco(scene, sheet), headers=to_save("keypoints.json"))

    async def _table(self, request: Request) -> Response:
        scene, sheet = self._filled(request)
        content = table(scene.points, sheet)
        return Response(content, media_type="text/csv", headers=to_save("points.csv"))

    def _filled(self, request: Request) -> tuple[Scene, list[Filled]]:
        session = self._session(request.path_params["session"])
        return session.scene, filled(session.scene, self._board(session), self._pictures)
