"""The matching feature: tasks of a scene, state for the page, actions and routes."""

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
from homologue.viewer.headers import IMMUTABLE, attachment
from homologue.viewer.jobs import Status, Task, Worker
from homologue.viewer.pictures import Pictures
from homologue.viewer.sessions.scene import Point, Scene
from homologue.viewer.sessions.session import Session
from homologue.viewer.states import job_progress, job_state

# Urgency of tasks: counterparts, then maps over the source, then views for later points.
_COUNTERPART, _SOURCE_MAPS, _VIEWS = 0, 1, 2


class MatchFeature:
    """Actions: `swap`, `cancel`, `retry`; the last two for the point `id`, or for all points."""

    name = "match"

    def __init__(
        self,
        engine: MatchEngine,
        worker: Worker,
        pictures: Pictures,
        session: Callable[[str], Session],
    ) -> None:
        """`session`: returns a session by id."""
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
            Task(key, urgency, partial(self._engine.locate, key), _timing_key(scene, urgency))
            for key, urgency in urgencies.items()
        ]
        views = _views_key(scene)
        if views and not self._engine.ready.get(views):
            work = partial(self._engine.prepare, views)
            tasks.append(Task(views, _VIEWS, work, _timing_key(scene, _VIEWS)))
        return [task for task in tasks if task.key not in session.ended]

    def describe(self, session: Session) -> dict[str, Any]:
        statuses = self._worker.statuses(session.id)
        scene = session.scene
        views = _views_key(scene)
        return {
            "points": {
                point.id: self._describe_point(session, point, statuses) for point in scene.points
            },
            "ready": bool(views and self._engine.ready.get(views)),
            "problem": session.ended.get(views, ""),
        }

    def _describe_point(
        self, session: Session, point: Point, statuses: Mapping[Hashable, Status]
    ) -> dict[str, Any]:
        scene = session.scene
        keys = {end: locate_key(scene, point, getattr(scene, end)) for end in ("target", "source")}
        key = keys["target"] or keys["source"]
        found = self._engine.found.get(key) if key else None
        return {
            "state": job_state(key, found is not None, session.ended, statuses),
            "error": session.ended.get(key, ""),
            "found": asdict(found) if found and key is keys["target"] else None,
            "maps": {
                end: each.address if each and self._engine.maps.get(each.address) else None
                for end, each in keys.items()
            },
        }

    def progress(self, session: Session) -> dict[str, Any]:
        """Return the progress of each point, and of the views under `ready`."""
        statuses = self._worker.statuses(session.id)
        scene = session.scene
        points = {}
        for point in scene.points:
            for picture in (scene.source, scene.target):
                key = locate_key(scene, point, picture)
                if progress := job_progress(key, statuses):
                    points[point.id] = progress
        return {"points": points, "ready": job_progress(_views_key(scene), statuses)}

    def _swap(self, session: Session, fields: Fields) -> None:
        """Exchange source and target; located points move to their counterparts."""
        scene = session.scene
        if scene.source is None or scene.target is None:
            raise HomologueError("There are no two images to swap: open both first.")
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
        """Cancel the points that have not been located yet."""
        for point in self._selected(session, fields):
            key = locate_key(session.scene, point, session.scene.target or session.scene.source)
            if key and not self._engine.found.get(key):
                session.ended.update(dict.fromkeys(_keys(session.scene, point), ""))

    def _retry(self, session: Session, fields: Fields) -> None:
        """Restart points that failed, were cancelled, or whose maps are no longer stored."""
        session.ended.pop(_views_key(session.scene), None)
        for point in self._selected(session, fields):
            for key in _keys(session.scene, point):
                session.ended.pop(key, None)
                if not self._engine.maps.get(key.address):
                    self._engine.found.remove(key)

    def _selected(self, session: Session, fields: Fields) -> Sequence[Point]:
        """Return the point `id`, or all points."""
        scene = session.scene
        return [scene.point(fields.text("id"))] if "id" in fields else scene.points

    async def _maps(self, request: Request) -> Response:
        packed = self._engine.maps.get(request.path_params["address"])
        if packed is None:
            raise MissingError("These heat maps are no longer stored: run the point again.")
        return Response(packed, media_type="application/octet-stream", headers=IMMUTABLE)

    async def _points(self, request: Request) -> Response:
        session = self._session(request.path_params["session"])
        dtype = self._engine.dtype(session.scene.settings.model)
        content = points_file(session.scene, self._pictures, self._found, dtype)
        return JSONResponse(content, headers=attachment("points.json"))

    def _found(self, scene: Scene, point: Point) -> FoundPoint | None:
        key = locate_key(scene, point, scene.target)
        return self._engine.found.get(key) if key else None


def _keys(scene: Scene, point: Point) -> list[LocateKey]:
    """Return the keys of a point in both images."""
    keys = [locate_key(scene, point, picture) for picture in (scene.source, scene.target)]
    return [key for key in keys if key]


def _views_key(scene: Scene) -> ViewsKey | None:
    if scene.source is None:
        return None
    return ViewsKey(scene.source, scene.target, scene.settings)


def _timing_key(scene: Scene, urgency: int) -> Hashable:
    return scene.settings.model, scene.settings.preset, scene.settings.strategy, urgency
