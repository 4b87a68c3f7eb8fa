"""The routes of words: values for the page, heat maps, masks and exported files."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from torch import Tensor

from homologue.config import WordsConfig
from homologue.errors import HomologueError
from homologue.viewer.errors import MissingError
from homologue.viewer.features.words.engine import CONFIG, WordEngine
from homologue.viewer.features.words.keys import nearest_words_key
from homologue.viewer.features.words.stored_maps import StoredWordMaps
from homologue.viewer.headers import IMMUTABLE, attachment
from homologue.viewer.sessions.session import Session
from homologue.words.maps import WordMaps, region_levels
from homologue.words.segment import check_way, encode_mask, segment
from homologue.words.words_json import describe


class WordRoutes:
    """The routes of words.

    Full-size maps are computed for one request at a time: those of a large image take hundreds
    of megabytes.
    """

    def __init__(self, engine: WordEngine, session: Callable[[str], Session]) -> None:
        """`session`: returns a session by id."""
        self._engine, self._session = engine, session
        self._slot = asyncio.Semaphore(1)

    def routes(self) -> Sequence[BaseRoute]:
        return [
            Route("/api/maps/words/{address}", self._maps),
            Route("/api/maps/words/{address}/{word}", self._layers),
            Route("/api/words/{address}", self._facts),
            Route("/api/words/{address}/words.json", self._file),
            Route("/api/words/{address}/mask.png", self._mask),
            Route("/api/sessions/{session}/names.json", self._nearest),
        ]

    async def _maps(self, request: Request) -> Response:
        packed = self._stored(request).packed
        return Response(packed, media_type="application/octet-stream", headers=IMMUTABLE)

    async def _layers(self, request: Request) -> Response:
        stored = self._stored(request)
        (word,) = _word_indices(request.path_params["word"], stored)
        packed = await self._in_thread(lambda: stored.pack_layers(word))
        return Response(packed, media_type="application/octet-stream", headers=IMMUTABLE)

    async def _facts(self, request: Request) -> Response:
        stored, threshold = self._stored(request), _threshold(request)
        content = await self._in_thread(lambda: _facts(stored, threshold))
        return JSONResponse(content, headers=IMMUTABLE)

    async def _file(self, request: Request) -> Response:
        """Return the output of `homologue words --json` without the run time."""
        stored, threshold = self._stored(request), _threshold(request)
        content = await self._in_thread(lambda: _describe(stored, stored.maps(threshold)))
        return JSONResponse(content, headers=attachment("words.json"))

    async def _mask(self, request: Request) -> Response:
        """Return the output of `homologue words --mask`; `words` selects words by index."""
        stored, threshold = self._stored(request), _threshold(request)
        by = request.query_params.get("by") or "threshold"
        words = request.query_params.get("words")
        indices = _word_indices(words, stored) if words else None
        check_way(by)
        mask = await self._in_thread(
            lambda: encode_mask(segment(stored.maps(threshold, indices), by))
        )
        return Response(mask, media_type="image/png", headers=attachment("mask.png"))

    async def _nearest(self, request: Request) -> Response:
        """Return the output of `homologue words --embeddings --json` for the requested points."""
        scene = self._session(request.path_params["session"]).scene
        points = []
        for point in scene.points:
            key = nearest_words_key(scene, point)
            words = self._engine.nearest.get(key) if key else None
            if words is not None:
                nearest = [asdict(word) for word in words]
                position = [point.x, point.y]
                points.append({"number": point.number, "point": position, "words": nearest})
        content = {"model": scene.settings.model, "points": points}
        return JSONResponse(content, headers=attachment("names.json"))

    def _stored(self, request: Request) -> StoredWordMaps:
        stored = self._engine.word_maps.get(request.path_params["address"])
        if stored is None:
            raise MissingError("These maps are no longer stored: send the sentence again.")
        return stored

    async def _in_thread(self, compute: Callable[[], Any]) -> Any:
        async with self._slot:
            return await asyncio.to_thread(compute)


def _facts(stored: StoredWordMaps, threshold: float) -> dict[str, Any]:
    """Return the values that the page shows of each word, in multiples of the map's average."""
    maps = stored.maps(threshold)
    levels = region_levels(maps.maps, threshold)
    regions = (maps.maps >= levels).sum(dim=(1, 2)) / maps.maps[0].numel()
    return {
        **_describe(stored, maps),
        "names": maps.names,
        "lowest": _relative(maps, maps.maps.amin(dim=(1, 2))),
        "highest": _relative(maps, maps.maps.amax(dim=(1, 2))),
        "regions": regions.tolist(),
    }


def _relative(maps: WordMaps, values: Tensor) -> list[float]:
    """Return values of maps, which sum to 1, in multiples of their average."""
    multiples: list[float] = (values.double() * maps.maps.shape[-1] ** 2).tolist()
    return multiples


def _describe(stored: StoredWordMaps, maps: WordMaps) -> dict[str, Any]:
    return describe(
        maps, CONFIG, model=stored.model, dtype=stored.dtype, seed=stored.seed, path=stored.path
    )


def _threshold(request: Request) -> float:
    text = request.query_params.get("threshold", str(CONFIG.threshold))
    try:
        return WordsConfig(threshold=float(text)).threshold
    except ValueError:  # includes HomologueError
        raise HomologueError(
            f"The threshold must be a number above 0 and at most 1, not {text[:40]!r}."
        ) from None


def _word_indices(text: str, stored: StoredWordMaps) -> list[int]:
    """Parse indices of words in the prompt, such as 0,2,3; return them sorted."""
    parts = text.split(",")
    if not all(part.isdecimal() and len(part) < 4 for part in parts):
        raise HomologueError(f"Words are given as 0,2,3, not {text[:40]!r}.")
    indices = sorted({int(part) for part in parts})
    if indices[-1] >= len(stored.words):
        raise MissingError(f"The sentence has {len(stored.words)} words, numbered from 0.")
    return indices
