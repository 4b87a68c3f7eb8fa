"""Addresses of words: facts, maps, masks and files to keep."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from homologue.config import WordsConfig
from homologue.errors import HomologueError
from homologue.viewer.errors import MissingError
from homologue.viewer.features.words.attended import Attended
from homologue.viewer.features.words.engine import CONFIG, WordEngine
from homologue.viewer.features.words.keys import nearest_words_key
from homologue.viewer.headers import FOREVER, to_save
from homologue.viewer.sessions.session import Session
from homologue.words.maps import WordMaps, region_levels
from homologue.words.segment import check_way, encode_mask, segment
from homologue.words.words_json import describe


class WordRoutes:
    """What the page and people fetch. Maps are made one set at a time: of a large picture they are
    hundreds of megabytes."""

    def __init__(self, engine: WordEngine, session: Callable[[str], Session]) -> None:
        """`session`: gives a session by its id."""
        self._engine, self._session = engine, session
        self._turn = asyncio.Semaphore(1)

    def routes(self) -> Sequence[BaseRoute]:
        return [
            Route("/api/maps/words/{address}", self._maps),
            Route("/api/maps/words/{address}/{word}", self._layers),
            Route("/api/words/{address}", self._facts),
            Route("/api/words/{address}/words.json", self._file),
            Route("/api/words/{address}/mask.png", self._mask),
            Route("/api/sessions/{session}/names.json", self._names),
        ]

    async def _maps(self, request: Request) -> Response:
        packed = self._attended(request).packed
        return Response(packed, media_type="application/octet-stream", headers=FOREVER)

    async def _layers(self, request: Request) -> Response:
        found = self._attended(request)
        (word,) = _places(request.path_params["word"], found)
        packed = await self._made(lambda: found.pack_layers(word))
        return Response(packed, media_type="application/octet-stream", headers=FOREVER)

    async def _facts(self, request: Request) -> Response:
        found, threshold = self._attended(request), _threshold(request)
        return JSONResponse(await self._made(lambda: _facts(found, threshold)), headers=FOREVER)

    async def _file(self, request: Request) -> Response:
        """What `homologue words --json` prints, without the seconds."""
        found, threshold = self._attended(request), _threshold(request)
        content = await self._made(lambda: _describe(found, found.maps(threshold)))
        return JSONResponse(content, headers=to_save("words.json"))

    async def _mask(self, request: Request) -> Response:
        """What `homologue words --mask` writes, of the words whose places in the prompt are given;
        of all if none are."""
        found, threshold = self._attended(request), _threshold(request)
        by, given = (request.query_params.get(name) for name in ("by", "words"))
        by, chosen = by or "threshold", _places(given, found) if given else None
        check_way(by)
        mask = await self._made(lambda: encode_mask(segment(found.maps(threshold, chosen), by)))
        return Response(mask, media_type="image/png", headers=to_save("mask.png"))

    async def _names(self, request: Request) -> Response:
        """What `homologue words --embeddings --json` prints, of the points that were named."""
        scene = self._session(request.path_params["session"]).scene
        points = []
        for point in scene.points:
            key = nearest_words_key(scene, point)
            words = self._engine.names.get(key) if key else None
            if words is not None:
                named = [asdict(word) for word in words]
                points.append({"number": point.number, "point": [point.x, point.y], "words": named})
        content = {"model": scene.settings.model, "points": points}
        return JSONResponse(content, headers=to_save("names.json"))

    def _attended(self, request: Request) -> Attended:
        found = self._engine.attended.get(request.path_params["address"])
        if found is None:
            raise MissingError("These maps are not kept any more: send the sentence again.")
        return found

    async def _made(self, make: Callable[[], Any]) -> Any:
        async with self._turn:
            return await asyncio.to_thread(make)


def _facts(found: Attended, threshold: float) -> dict[str, Any]:
    """What the page shows of each word; values are in times the map's average."""
    maps = found.maps(threshold)
    levels = region_levels(maps.maps, threshold)
    regions = (maps.maps >= levels).sum(dim=(1, 2)) / maps.maps[0].numel()
    return {
        **_describe(found, maps),
        "names": maps.names,
        "lowest": _times(maps, maps.maps.amin(dim=(1, 2))),
        "highest": _times(maps, maps.maps.amax(dim=(1, 2))),
        "regions": regions.tolist(),
    }


def _times(maps: WordMaps, values: Any) -> list[float]:
    """Values of maps, whose sum is 1, in times their average."""
    times: list[float] = (values.double() * maps.maps.shape[-1] ** 2).tolist()
    return times


def _describe(found: Attended, maps: WordMaps) -> dict[str, Any]:
    return describe(
        maps, CONFIG, model=found.model, dtype=found.dtype, seed=found.seed, path=found.path
    )


def _threshold(request: Request) -> float:
    given = request.query_params.get("threshold", str(CONFIG.threshold))
    try:
        return WordsConfig(threshold=float(given)).threshold
    except ValueError:  # a HomologueError is one, too
        raise HomologueError(
            f"The threshold must be a number above 0 and at most 1, not {given[:40]!r}."
        ) from None


def _places(given: str, found: Attended) -> list[int]:
    """Places of words in the prompt, such as 0,2,3, in their order."""
    parts = given.split(",")
    if not all(part.isdecimal() and len(part) < 4 for part in parts):
        raise HomologueError(f"Words are given as 0,2,3, not {given[:40]!r}.")
    places = sorted({int(part) for part in parts})
    if places[-1] >= len(found.words):
        raise MissingError(f"The sentence has {len(found.words)} words, numbered from 0.")
    return places
