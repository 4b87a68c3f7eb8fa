"""The ASGI application: its life cycle, the shared routes and the error responses."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from homologue.errors import HomologueError
from homologue.viewer.errors import BusyError, MissingError, TooLargeError
from homologue.viewer.fields import Fields
from homologue.viewer.headers import IMMUTABLE, UNBUFFERED
from homologue.viewer.proxies import guess_base, shown_path
from homologue.viewer.samples import read_sample, sample_type
from homologue.viewer.security import Rules, SecurityMiddleware
from homologue.viewer.sessions.session import Session
from homologue.viewer.uploads import clean_name, read_body
from homologue.viewer.viewer import Viewer


def make_app(viewer: Viewer, rules: Rules) -> Starlette:
    """Create the application; its lifespan starts and closes the worker."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        viewer.controller.start(viewer.features)
        yield
        viewer.controller.worker.close()

    feature_routes = [route for feature in viewer.features for route in feature.routes()]
    return Starlette(
        routes=[*feature_routes, *_SharedRoutes(viewer).routes()],
        middleware=[Middleware(SecurityMiddleware, rules=rules, limits=viewer.limits)],
        exception_handlers={HomologueError: _error_response, 404: _missing_response},
        lifespan=lifespan,
    )


class _SharedRoutes:
    """The page, images and sessions."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer, self._controller, self._limits = viewer, viewer.controller, viewer.limits

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/", self._page),
            Route("/static/{name:path}", self._static),
            Route("/api/options", self._options),
            Route("/api/pictures", self._upload, methods=["POST"]),
            Route("/api/pictures/{picture}", self._picture),
            Route("/api/samples/{name:path}", self._sample),
            Route("/api/sessions", self._create, methods=["POST"]),
            Route("/api/sessions/{session}", self._describe),
            Route("/api/sessions/{session}", self._act, methods=["POST"]),
            Route("/api/sessions/{session}/events", self._events),
        ]

    async def _page(self, request: Request) -> Response:
        return self._viewer.page.response("index.html", request)

    async def _static(self, request: Request) -> Response:
        return self._viewer.page.response(request.path_params["name"], request)

    async def _options(self, request: Request) -> Response:
        return JSONResponse(self._viewer.options())

    async def _upload(self, request: Request) -> Response:
        name = clean_name(request.query_params.get("name", ""))
        picture = await self._viewer.uploads.receive(request, name)
        self._viewer.pictures.add(picture)
        return JSONResponse(picture.facts())

    async def _picture(self, request: Request) -> Response:
        picture = self._viewer.pictures.get(request.path_params["picture"])
        if picture is None:
            raise MissingError("This image is no longer stored: open it again.")
        return Response(picture.shown, media_type=picture.kind, headers=IMMUTABLE)

    async def _sample(self, request: Request) -> Response:
        name = request.path_params["name"]
        data = read_sample(name)
        if data is None:
            raise MissingError("There is no such sample.")
        return Response(data, media_type=sample_type(name), headers=IMMUTABLE)

    async def _create(self, request: Request) -> Response:
        return JSONResponse(self._controller.describe(self._controller.create()))

    async def _describe(self, request: Request) -> Response:
        return JSONResponse(self._controller.describe(self._session(request)))

    async def _act(self, request: Request) -> Response:
        session = self._session(request)
        body = await read_body(request, self._limits.action_bytes)
        self._controller.act(session, Fields.parse(body))
        return JSONResponse(self._controller.describe(session))

    async def _events(self, request: Request) -> Response:
        session = self._session(request)
        if self._controller.listeners >= self._limits.listeners:
            raise BusyError("Too many pages are open: close some.")
        events = session.channel.stream(lambda kind: self._controller.read(session, kind))
        return StreamingResponse(events, media_type="text/event-stream", headers=UNBUFFERED)

    def _session(self, request: Request) -> Session:
        return self._controller.get(request.path_params["session"])


async def _error_response(request: Request, error: Exception) -> Response:
    statuses = {TooLargeError: 413, BusyError: 503, MissingError: 404}
    status = next((code for kind, code in statuses.items() if isinstance(error, kind)), 400)
    # The unread rest of a body would be taken for the next request.
    headers = {"Connection": "close"} if status == 413 else {}
    return JSONResponse({"error": str(error)}, status, headers=headers)


async def _missing_response(request: Request, error: Exception) -> Response:
    message = f"The viewer has no page {request.scope['path']!r}"
    base = shown_path(guess_base(request.scope["path"]))
    if base:
        message += f"; if a proxy adds {base} to its paths, start it with --base-path {base}"
    return JSONResponse({"error": f"{message}."}, 404)
