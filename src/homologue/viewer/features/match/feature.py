"""Matching as a part of the viewer: which jobs a scene needs, what the page is told."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from homologue.errors import HomologueError
from homologue.viewer.errors import MissingError
from homologue.viewer.feature import Action
from homologue.viewer.features.match.engine import FoundPoint, MatchEngine
from homologue.viewer.features.match.keys import LocateKey, ViewsKey, locate_key
from homologue.viewer.features.match.points_file import points_file
from homologue.viewer.fields import Fields
from homologue.viewer.headers import FOREVER, to_save
from homologue.viewer.jobs import Status, Task, Worker
from homologue.viewer.pictures import Pictures
from homologue.viewer.sessions.scene import Point, Scene
from homologue.viewer.sessions.session import Session
from homologue.viewer.states import state_of, told_of

# Of tasks: counterparts first, then maps over the source, then what might be wanted next.
_COUNTERPART, _SOURCE_MAPS, _READINESS = 0, 1, 2


class MatchFeature:
    """`swap`, `cancel` and `retry`; the last two for one point, `id`, or for all."""

    name = "match"

    def __init__(
        self,
        engine: MatchEngine,
        worker: Worker,
        pictures: Pictures,
        session: Callable[[str], Session],
    ) -> None:
        """`session`: gives a session by its id."""
        self._engine, self._worker, self._pictures = engine, worker, pictures
        self._session = session
        self.actions: Mapping[str, Action] = {
            "swap": self._swap,
            "cancel": self._cancel,
            "retry": self._retry,
        }

    def routes(self) -> Sequence[BaseRoute]:
        return [
            Route("/api/maps/{address}", self._maps),
            Route("/api/sessions/{session}/points.json", self._points),
        ]

    def tasks(self, session: Session) -> list[Task]:
        scene = session.scene
        urgencies: dict[LocateKey, int] = {}
        for urgency, picture in ((_COUNTERPART, scene.target), (_SOURCE_MAPS, scene.source)):
            for point in scene.points:
                key = locate_key(scene, point, picture)
                if key and not self._engine.found.get(key):
                    urgencies.setdefault(key, urgency)
        tasks = [
            Task(key, urgency, partial(self._engine.find, key), _pace(scene, urgency))
            for key, urgency in urgencies.items()
        ]
        ready = _readiness(scene)
        if ready and not self._engine.ready.get(ready):
            work = partial(self._engine.prepare, ready)
            tasks.append(Task(ready, _READINESS, work, _pace(scene, _READINESS)))
        return [task for task in tasks if task.key not in session.ended]

    def describe(self, session: Session) -> dict[str, Any]:
        statuses = self._worker.statuses(session.id)
        scene = session.scene
        ready = _readiness(scene)
        return {
            "points": {
                point.id: self._describe_point(session, point, statuses) for point in scene.points
            },
            "ready": bool(ready and self._engine.ready.get(ready)),
            "problem": session.ended.get(ready, ""),
        }

    def _describe_point(
        self, session: Session, point: Point, statuses: Mapping[Hashable, Status]
    ) -> dict[str, Any]:
        scene = session.scene
        keys = {end: locate_key(scene, point, getattr(scene, end)) for end in ("target", "source")}
        key = keys["target"] or keys["source"]
        found = self._engine.found.get(key) if key else None
        return {
            "state": state_of(key, found is not None, session.ended, statuses),
            "error": session.ended.get(key, ""),
            "found": asdict(found) if found and key is keys["target"] else None,
            "maps": {
                end: one.address if one and self._engine.maps.get(one.address) else None
                for end, one in keys.items()
            },
        }

    def progress(self, session: Session) -> dict[str, Any]:
        """What running jobs last told: of each point, and of what is made ready."""
        statuses = self._worker.statuses(session.id)
        scene = session.scene
        points = {}
        for point in scene.points:
            for picture in (scene.source, scene.target):
                key = locate_key(scene, point, picture)
                if told := told_of(key, statuses):
                    points[point.id] = told
        return {"points": points, "ready": told_of(_readiness(scene), statuses)}

    def _swap(self, session: Session, fields: Fields) -> None:
        """Source and target change places; points that were found stay on what they mean."""
        scene = session.scene
        if scene.source is None or scene.target is None:
            raise HomologueError("There are no two pictures to swap: open both first.")
        moved = []
        for point in scene.points:
            key = locate_key(scene, point, scene.target)
            found = self._engine.found.get(key) if key else None
            if found:
                moved.append(replace(point, x=found.x, y=found.y))
        session.change(
            replace(scene, source=scene.target, target=scene.source, points=tuple(moved))
        )

    def _cancel(self, session: Session, fields: Fields) -> None:
        """Stops the points that have not been found yet."""
        for point in self._asked(session, fields):
            key = locate_key(session.scene, point, session.scene.target or session.scene.source)
            if key and not self._engine.found.get(key):
                session.ended.update(dict.fromkeys(_keys(session.scene, point), ""))

    def _retry(self, session: Session, fields: Fields) -> None:
        """Begins again what failed, was cancelled, or whose maps are not kept any more."""
        session.ended.pop(_readiness(session.scene), None)
        for point in self._asked(session, fields):
            for key in _keys(session.scene, point):
                session.ended.pop(key, None)
                if not self._engine.maps.get(key.address):
                    self._engine.found.drop(key)

    def _asked(self, session: Session, fields: Fields) -> Sequence[Point]:
        scene = session.scene
        return [scene.point(fields.text("id"))] if "id" in fields else scene.points

    async def _maps(self, request: Request) -> Response:
        packed = self._engine.maps.get(request.path_params["address"])
        if packed is None:
            raise MissingError("These heat maps are not kept any more: run the point again.")
        return Response(packed, media_type="application/octet-stream", headers=FOREVER)

    async def _points(self, request: Request) -> Response:
        session = self._session(request.path_params["session"])
        dtype = self._engine.dtype(session.scene.settings.model)
        content = points_file(session.scene, self._pictures, self._found, dtype)
        return JSONResponse(content, headers=to_save("points.json"))

    def _found(self, scene: Scene, point: Point) -> FoundPoint | None:
        key = locate_key(scene, point, scene.target)
        return self._engine.found.get(key) if key else None


def _keys(scene: Scene, point: Point) -> list[LocateKey]:
    """Of a point in both pictures."""
    keys = [locate_key(scene, point, picture) for picture in (scene.source, scene.target)]
    return [key for key in keys if key]


def _readiness(scene: Scene) -> ViewsKey | None:
    if scene.source is None:
        return None
    return ViewsKey(scene.source, scene.target, scene.settings)


def _pace(scene: Scene, urgency: int) -> Hashable:
    return scene.settings.model, scene.settings.preset, scene.settings.optimise, urgency
