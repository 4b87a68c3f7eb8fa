"""The runs feature: its routes. It has no state in a session: a URL holds the whole query."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from homologue.errors import HomologueError
from homologue.viewer.errors import MissingError
from homologue.viewer.feature import Action
from homologue.viewer.features.runs.describe import describe_card, describe_pair, describe_run
from homologue.viewer.features.runs.export import csv_text, pair_rows
from homologue.viewer.features.runs.maps import RunMaps
from homologue.viewer.features.runs.open_runs import OpenRun, OpenRuns
from homologue.viewer.features.runs.pictures import End, RunPictures
from homologue.viewer.features.runs.query import Query, parse_integer, parse_query
from homologue.viewer.features.runs.summary import summarise
from homologue.viewer.fields import Fields
from homologue.viewer.headers import IMMUTABLE, attachment
from homologue.viewer.jobs import Task
from homologue.viewer.limits import Limits
from homologue.viewer.pictures import Pictures
from homologue.viewer.sessions.session import Session
from homologue.viewer.uploads import read_body


class RunsFeature:
    """Runs and pairs are looked up by name among the opened ones; a name never becomes a path."""

    name = "runs"
    actions: Mapping[str, Action] = {}

    def __init__(self, opened: OpenRuns, pictures: Pictures, limits: Limits) -> None:
        """
        Args:
            opened: the runs to browse.
            pictures: stores the images that are displayed at full size.
            limits: limits of pairs, thumbnails and file reads.
        """
        self._opened, self._limits = opened, limits
        self._pictures = RunPictures(limits, pictures)
        self._maps = RunMaps()

    def routes(self) -> Sequence[BaseRoute]:
        return [
            Route("/api/runs", self._list),
            Route("/api/runs/reload", self._reload, methods=["POST"]),
            Route("/api/runs/numbers", self._summary),
            Route("/api/runs/pairs", self._pairs),
            Route("/api/runs/pairs.{suffix}", self._file),
            Route("/api/runs/pair", self._pair),
            Route("/api/runs/thumb", self._thumbnail),
            Route("/api/runs/maps", self._map),
        ]

    def tasks(self, session: Session) -> list[Task]:
        return []

    def describe(self, session: Session) -> None:
        return None

    def progress(self, session: Session) -> None:
        return None

    async def _list(self, request: Request) -> Response:
        return JSONResponse([describe_run(opened) for opened in self._opened.all])

    async def _reload(self, request: Request) -> Response:
        """Read a run again, with the pairs that were added to it in the meantime."""
        name = Fields.parse(await read_body(request, self._limits.action_bytes)).text("run", 4096)
        return JSONResponse(describe_run(await asyncio.to_thread(self._opened.reload, name)))

    async def _summary(self, request: Request) -> Response:
        return JSONResponse(summarise(*self._run_and_query(request)))

    async def _pairs(self, request: Request) -> Response:
        """Return a window of the pairs that pass the filters."""
        run, query = self._run_and_query(request)
        offset = parse_integer(request.query_params, "offset", 0, 10**9)
        limit = parse_integer(request.query_params, "limit", 60, self._limits.pairs_at_once)
        order = run.order(query)
        window = order[offset : offset + limit]
        cards = [describe_card(run, int(index), query) for index in window]
        return JSONResponse({"total": len(order), "offset": offset, "pairs": cards})

    async def _file(self, request: Request) -> Response:
        """Return all pairs that pass the filters as a file."""
        suffix = request.path_params["suffix"]
        if suffix not in ("csv", "json"):
            raise MissingError(f"Lists are .csv or .json, not .{suffix}.")
        rows = await asyncio.to_thread(pair_rows, *self._run_and_query(request))
        headers = attachment(f"pairs.{suffix}")
        if suffix == "json":
            return JSONResponse(rows, headers=headers)
        return Response(csv_text(rows), media_type="text/csv; charset=utf-8", headers=headers)

    async def _pair(self, request: Request) -> Response:
        """Return a pair, its images or why they cannot be read, and its neighbours."""
        run, query = self._run_and_query(request)
        index = run.index(request.query_params.get("pair", ""))
        ends: tuple[End, End] = ("source", "target")
        pictures = [await self._picture(run, index, end) for end in ends]
        described = describe_pair(run, index, query)
        name = described["pair"]
        others = [
            other.run.name
            for other in self._opened.all
            if other.same_benchmark(run) and other.has(name)
        ]
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

    async def _thumbnail(self, request: Request) -> Response:
        """Return a thumbnail as JPEG, or JSON with the `problem` if the image cannot be read.

        The status is 200 in both cases: runs can be browsed without their data.
        """
        run, end = self._opened.get(request.query_params.get("run", "")), _end(request)
        record = run.record(run.index(request.query_params.get("pair", "")))
        try:
            thumbnail = await self._pictures.thumbnail(run, record, end)
        except HomologueError as error:
            return JSONResponse({"problem": str(error)})
        sides = {"Picture-Width": str(thumbnail.width), "Picture-Height": str(thumbnail.height)}
        return Response(thumbnail.data, media_type="image/jpeg", headers={**IMMUTABLE, **sides})

    async def _map(self, request: Request) -> Response:
        run = self._opened.get(request.query_params.get("run", ""))
        pair = request.query_params.get("pair", "")
        run.index(pair)  # raises for an unknown pair
        point = parse_integer(request.query_params, "point", 0, 10**6)
        packed = await asyncio.to_thread(self._maps.packed, run, pair, _end(request), point)
        return Response(packed, media_type="application/octet-stream", headers=IMMUTABLE)

    def _run_and_query(self, request: Request) -> tuple[OpenRun, Query]:
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
    """Return the rank of a pair in the list and the names of the pairs before and after it.

    A value is None if the pair is not in the list, or has no such neighbour.
    """
    order = run.order(query)
    ranks = (order == index).nonzero()[0]
    rank = int(ranks[0]) if len(ranks) else None

    def name(rank: int) -> str | None:
        return run.record(int(order[rank])).pair if 0 <= rank < len(order) else None

    return {
        "place": rank,
        "total": len(order),
        "previous": None if rank is None else name(rank - 1),
        "next": None if rank is None else name(rank + 1),
    }
