"""The viewer's addresses."""

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
from homologue.viewer.headers import AT_ONCE, FOREVER
from homologue.viewer.proxies import guess_base, shown_path
from homologue.viewer.samples import read_sample
from homologue.viewer.security import Guard, Rules
from homologue.viewer.uploads import clean_name, read_body
from homologue.viewer.viewer import Viewer


def make_app(viewer: Viewer, rules: Rules) -> Starlette:
    """The whole server; the worker runs as long as the application does."""

    @asynccontextmanager
    async def living(app: Starlette) -> AsyncIterator[None]:
        viewer.desk.start(viewer.parts)
        yield
        viewer.desk.worker.close()

    own = [route for part in viewer.parts for route in part.routes()]
    return Starlette(
        routes=[*own, *_routes(viewer)],
        middleware=[Middleware(Guard, rules=rules, limits=viewer.limits)],
        exception_handlers={HomologueError: _explain, 404: _explain_missing},
        lifespan=living,
    )


def _routes(viewer: Viewer) -> list[BaseRoute]:
    desk, limits = viewer.desk, viewer.limits

    async def page(request: Request) -> Response:
        return viewer.page.answer("index.html", request)

    async def static(request: Request) -> Response:
        return viewer.page.answer(request.path_params["name"], request)

    async def options(request: Request) -> Response:
        return JSONResponse(viewer.options())

    async def upload(request: Request) -> Response:
        name = clean_name(request.query_params.get("name", ""))
        picture = await viewer.uploads.receive(request, name)
        viewer.pictures.add(picture)
        return JSONResponse(picture.facts())

    async def show(request: Request) -> Response:
        picture = viewer.pictures.get(request.path_params["picture"])
        if picture is None:
            raise MissingError("This picture is no longer kept: open it again.")
        return Response(picture.shown, media_type=picture.kind, headers=FOREVER)

    async def sample(request: Request) -> Response:
        data = read_sample(request.path_params["name"])
        if data is None:
            raise MissingError("There is no such sample.")
        return Response(data, media_type="image/png", headers=FOREVER)

    async def create(request: Request) -> Response:
        return JSONResponse(desk.describe(desk.create()))

    async def describe(request: Request) -> Response:
        return JSONResponse(desk.describe(desk.get(request.path_params["session"])))

    async def act(request: Request) -> Response:
        session = desk.get(request.path_params["session"])
        desk.act(session, Fields.parse(await read_body(request, limits.action_bytes)))
        return JSONResponse(desk.describe(session))

    async def listen(request: Request) -> Response:
        session = desk.get(request.path_params["session"])
        if desk.listeners >= limits.listeners:
            raise BusyError("Too many pages are open: close some.")
        events = session.channel.stream(lambda kind: desk.read(session, kind))
        return StreamingResponse(events, media_type="text/event-stream", headers=AT_ONCE)

    return [
        Route("/", page),
        Route("/static/{name:path}", static),
        Route("/api/options", options),
        Route("/api/pictures", upload, methods=["POST"]),
        Route("/api/pictures/{picture}", show),
        Route("/api/samples/{name:path}", sample),
        Route("/api/sessions", create, methods=["POST"]),
        Route("/api/sessions/{session}", describe),
        Route("/api/sessions/{session}", act, methods=["POST"]),
        Route("/api/sessions/{session}/events", listen),
    ]


async def _explain(request: Request, error: Exception) -> Response:
    statuses = {TooLargeError: 413, BusyError: 503, MissingError: 404}
    status = next((code for kind, code in statuses.items() if isinstance(error, kind)), 400)
    # A body that was not read to its end would be taken for the next request.
    headers = {"Connection": "close"} if status == 413 else {}
    return JSONResponse({"error": str(error)}, status, headers=headers)


async def _explain_missing(request: Request, error: Exception) -> Response:
    sentence = f"The viewer has no page {request.scope['path']!r}"
    base = shown_path(guess_base(request.scope["path"]))
    if base:
        sentence += f"; if a proxy puts {base} before its paths, start it with --base-path {base}"
    return JSONResponse({"error": f"{sentence}."}, 404)
