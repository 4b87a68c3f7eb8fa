"""The words feature: tasks of a scene, state for the page and actions."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from starlette.routing import BaseRoute

from homologue.errors import HomologueError
from homologue.viewer.feature import Action
from homologue.viewer.features.words.engine import WordEngine
from homologue.viewer.features.words.keys import (
    NearestWordsKey,
    WordMapsKey,
    nearest_words_key,
    word_maps_key,
)
from homologue.viewer.features.words.prompt_state import (
    NAME,
    prompt_of,
    select,
    selection_of,
    with_prompt,
)
from homologue.viewer.features.words.routes import WordRoutes
from homologue.viewer.fields import Fields
from homologue.viewer.jobs import Status, Task, Worker
from homologue.viewer.sessions.session import Session
from homologue.viewer.states import job_progress, job_state
from homologue.words.spans import word_spans

# Urgency of tasks: maps after the counterparts of points; nearest words, which may need a whole
# vocabulary, after all other tasks of a pair.
_MAPS, _NEAREST = 1, 3
_MAX_PROMPT_LENGTH = 1000  # characters; longer than any model accepts


class WordsFeature:
    """Actions: `read` a prompt, `choose` some of its words, `call-point` for the words nearest to
    a point, `stop-words`."""

    name = NAME

    def __init__(self, engine: WordEngine, worker: Worker, routes: WordRoutes) -> None:
        self._engine, self._worker, self._routes = engine, worker, routes
        self.actions: Mapping[str, Action] = {
            "read": self._read,
            "choose": self._choose,
            "call-point": self._request_nearest,
            "stop-words": self._stop,
        }

    def routes(self) -> Sequence[BaseRoute]:
        return self._routes.routes()

    def tasks(self, session: Session) -> list[Task]:
        tasks = []
        maps_key, nearest_key = _keys(session)
        if maps_key and not self._engine.word_maps.get(maps_key.address):
            work = partial(self._engine.attend, maps_key)
            tasks.append(Task(maps_key, _MAPS, work, ("words", maps_key.model)))
        if nearest_key and self._engine.nearest.get(nearest_key) is None:
            work = partial(self._engine.find_nearest, nearest_key)
            timing_key = ("names", nearest_key.fit.settings)
            tasks.append(Task(nearest_key, _NEAREST, work, timing_key))
        return [task for task in tasks if task.key not in session.ended]

    def describe(self, session: Session) -> dict[str, Any]:
        statuses = self._worker.statuses(session.id)
        maps_key, nearest_key = _keys(session)
        maps = self._engine.word_maps.get(maps_key.address) if maps_key else None
        words = self._engine.nearest.get(nearest_key) if nearest_key else None
        selection = selection_of(session)
        return {
            "prompt": prompt_of(session.scene),
            "address": maps_key.address if maps_key and maps else None,
            "chosen": selection.words,
            **_state(maps_key, maps is not None, session, statuses),
            "named": {
                "point": selection.point if nearest_key else None,
                "words": None if words is None else [asdict(word) for word in words],
                **_state(nearest_key, words is not None, session, statuses),
            },
        }

    def progress(self, session: Session) -> dict[str, Any]:
        """Return the progress of the heat maps, and of the nearest words under `named`."""
        statuses = self._worker.statuses(session.id)
        maps_key, nearest_key = _keys(session)
        return {
            "maps": job_progress(maps_key, statuses),
            "named": job_progress(nearest_key, statuses),
        }

    def _read(self, session: Session, fields: Fields) -> None:
        """Set the prompt; the same prompt restarts a failed or cancelled task."""
        prompt = fields.text("prompt", _MAX_PROMPT_LENGTH, min_length=0).strip()
        if not word_spans(prompt):
            raise HomologueError(
                f"The sentence {prompt!r} has no words; write what is in the image."
            )
        session.change(with_prompt(session.scene, prompt))
        maps_key, _ = _keys(session)
        session.ended.pop(maps_key, None)

    def _choose(self, session: Session, fields: Fields) -> None:
        """Select the words with the indices `words`."""
        words = tuple(sorted(set(fields.integers("words"))))
        selection = selection_of(session)
        count = len(word_spans(selection.prompt))
        if words and not 0 <= words[0] <= words[-1] < count:
            raise HomologueError(f"The sentence has {count} words, numbered from 0.")
        select(session, replace(selection, words=words))

    def _request_nearest(self, session: Session, fields: Fields) -> None:
        """Request the nearest words of the point `id`, or of none; restart a failed task."""
        point = session.scene.point(fields.text("id")) if "id" in fields else None
        select(session, replace(selection_of(session), point=point.id if point else None))
        _, nearest_key = _keys(session)
        session.ended.pop(nearest_key, None)

    def _stop(self, session: Session, fields: Fields) -> None:
        """Cancel the unfinished tasks."""
        maps_key, nearest_key = _keys(session)
        if maps_key and not self._engine.word_maps.get(maps_key.address):
            session.ended[maps_key] = ""
        if nearest_key and self._engine.nearest.get(nearest_key) is None:
            session.ended[nearest_key] = ""


def _keys(session: Session) -> tuple[WordMapsKey | None, NearestWordsKey | None]:
    """Return the keys of the heat maps and of the nearest words that the session requests."""
    scene, id_ = session.scene, selection_of(session).point
    point = next((point for point in scene.points if point.id == id_), None)
    nearest_key = nearest_words_key(scene, point) if point else None
    return word_maps_key(scene, prompt_of(scene)), nearest_key


def _state(
    key: Hashable, done: bool, session: Session, statuses: Mapping[Hashable, Status]
) -> dict[str, str]:
    """Return `state`, see `job_state`, or `none` without a key; and `error` of a failed task."""
    state = "none" if key is None else job_state(key, done, session.ended, statuses)
    return {"state": state, "error": session.ended.get(key, "")}
