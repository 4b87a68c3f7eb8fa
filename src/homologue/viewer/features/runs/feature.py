"""Runs as a part of the viewer. They belong to no session: their addresses name all they show."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from homologue.errors import HomologueError
from homologue.viewer.errors import MissingError
from homologue.viewer.feature import Action
from homologue.viewer.features.runs.describing import describe_card, describe_pair, describe_run
from homologue.viewer.features.runs.listing import csv_text, listed
from homologue.viewer.features.runs.maps import RunMaps
from homologue.viewer.features.runs.numbers import numbers
from homologue.viewer.features.runs.opened import OpenRun, OpenRuns
from homologue.viewer.features.runs.pictures import End, RunPictures
from homologue.viewer.features.runs.query import Query, parse_query, parse_whole
from homologue.viewer.fields import Fields
from homologue.viewer.headers import FOREVER, to_save
from homologue.viewer.jobs import Task
from homologue.viewer.limits import Limits
from homologue.viewer.pictures import Pictures
from homologue.viewer.sessions.session import Session
from homologue.viewer.uploads import read_body


class RunsFeature:
    """Runs and pairs are looked up among those that were opened; names never become paths."""

    name = "runs"
    actions: Mapping[str, Action] = {}

    def __init__(self, opened: OpenRuns, shown: Pictures, limits: Limits) -> None:
        self._opened, self._limits = opened, limits
        self._pictures = RunPictures(limits, shown)
        self._maps = RunMaps()

    def routes(self) -> Sequence[BaseRoute]:
        return [
            Route("/api/runs", self._list),
            Route("/api/runs/reload", self._reload, methods=["POST"]),
            Route("/api/runs/numbers", self._numbers),
            Route("/api/runs/pairs", self._pairs),
            Route("/api/runs/pairs.{suffix}", self._file),
            Route("/api/runs/pair", self._pair),
            Route("/api/runs/thumb", self._thumb),
            Route("/api/runs/maps", self._map),
        ]

    def tasks(self, session: Session) -> list[Task]:
        return []

    def describe(self, session: Session) -> None:
        return None

    def progress(self, session: Session) -> None:
        return None

    async def _list(self, request: Request) -> Response:
        return JSONResponse([describe_run(one) for one in self._opened.all])

    async def _reload(self, request: Request) -> Response:
        """Reads a run again, to have what was added to it meanwhile."""
        name = Fields.parse(await read_body(request, self._limits.action_bytes)).text("run", 4096)
        return JSONResponse(describe_run(await asyncio.to_thread(self._opened.reload, name)))

    async def _numbers(self, request: Request) -> Response:
        return JSONResponse(numbers(*self._asked(request)))

    async def _pairs(self, request: Request) -> Response:
        """A window of the pairs that pass the filters."""
        run, query = self._asked(request)
        offset = parse_whole(request.query_params, "offset", 0, 10**9)
        limit = parse_whole(request.query_params, "limit", 60, self._limits.pairs_at_once)
        order = run.order(query)
        window = order[offset : offset + limit]
        cards = [describe_card(run, int(index), query) for index in window]
        return JSONResponse({"total": len(order), "offset": offset, "pairs": cards})

    async def _file(self, request: Request) -> Response:
        """The list of all pairs that pass the filters, to keep."""
        suffix = request.path_params["suffix"]
        if suffix not in ("csv", "json"):
            raise MissingError(f"Lists are .csv or .json, not .{suffix}.")
        rows = await asyncio.to_thread(listed, *self._asked(request))
        named = to_save(f"pairs.{suffix}")
        if suffix == "json":
            return JSONResponse(rows, headers=named)
        return Response(csv_text(rows), media_type="text/csv; charset=utf-8", headers=named)

    async def _pair(self, request: Request) -> Response:
        """A pair, its pictures or why there are none, and its neighbours in the list."""
        run, query = self._asked(request)
        index = run.place(request.query_params.get("pair", ""))
        ends: tuple[End, End] = ("source", "target")
        pictures = [await self._picture(run, index, end) for end in ends]
        described = describe_pair(run, index, query)
        name = described["pair"]
        others = [one.run.name for one in self._opened.all if one.alike(run) and one.has(name)]
        return JSONResponse({
            **described,
            **dict(zip(ends, pictures, strict=True)),
            **_neighbours(run, query, index),
            "runs": others,
        })  # fmt: skip

    async def _picture(self, run: OpenRun, index: int, end: End) -> dict[str, Any]:
        try:
            return await self._pictures.large(run, run.record(index), end)
        except HomologueError as error:
            return {"problem": str(error)}

    async def _thumb(self, request: Request) -> Response:
        """A picture as JPEG. One that there is not is told in JSON, and is no failure: runs can be
        looked at without their data."""
        run, end = self._opened.get(request.query_params.get("run", "")), _end(request)
        record = run.record(run.place(request.query_params.get("pair", "")))
        try:
            thumb = await self._pictures.thumb(run, record, end)
        except HomologueError as error:
            return JSONResponse({"problem": str(error)})
        sides = {"Picture-Width": str(thumb.width), "Picture-Height": str(thumb.height)}
        return Response(thumb.data, media_type="image/jpeg", headers={**FOREVER, **sides})

    async def _map(self, request: Request) -> Response:
        run = self._opened.get(request.query_params.get("run", ""))
        pair = request.query_params.get("pair", "")
        run.place(pair)
        point = parse_whole(request.query_params, "point", 0, 10**6)
        packed = await asyncio.to_thread(self._maps.packed, run, pair, _end(request), point)
        return Response(packed, media_type="application/octet-stream", headers=FOREVER)

    def _asked(self, request: Request) -> tuple[OpenRun, Query]:
        run = self._opened.get(request.query_params.get("run", ""))
        return run, parse_query(request.query_params)


def _end(request: Request) -> End:
    match request.query_params.get("end"):
        case "source":
            return "source"
        case "target":
            return "target"
    raise HomologueError("'end' must be source or target.")


def _neighbours(run: OpenRun, query: Query, index: int) -> dict[str, Any]:
    """Where the pair is in the list, and what is before and after it there; None where nothing."""
    order = run.order(query)
    places = (order == index).nonzero()[0]
    place = int(places[0]) if len(places) else None

    def name(at: int) -> str | None:
        return run.record(int(order[at])).pair if 0 <= at < len(order) else None

    return {
        "place": place,
        "total": len(order),
        "previous": None if place is None else name(place - 1),
        "next": None if place is None else name(place + 1),
    }
