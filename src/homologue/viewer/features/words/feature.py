"""Words as a part of the viewer: which jobs a scene needs, what the page is told."""

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
    choice_of,
    choose,
    prompt_of,
    with_prompt,
)
from homologue.viewer.features.words.routes import WordRoutes
from homologue.viewer.fields import Fields
from homologue.viewer.jobs import Status, Task, Worker
from homologue.viewer.sessions.session import Session
from homologue.viewer.states import state_of, told_of
from homologue.words.spans import word_spans

# Of tasks: maps after the counterparts of points; names, for which a whole vocabulary may have to
# be read, after everything.
_MAPS, _NAMES = 1, 3
_LONGEST = 1000  # characters of a prompt; no model takes so many


class WordsFeature:
    """`read`: a prompt; `choose`: some of its words; `call-point`: asks what one would be called;
    `stop-words`."""

    name = NAME

    def __init__(self, engine: WordEngine, worker: Worker, routes: WordRoutes) -> None:
        self._engine, self._worker, self._routes = engine, worker, routes
        self.actions: Mapping[str, Action] = {
            "read": self._read,
            "choose": self._choose,
            "call-point": self._call,
            "stop-words": self._stop,
        }

    def routes(self) -> Sequence[BaseRoute]:
        return self._routes.routes()

    def tasks(self, session: Session) -> list[Task]:
        tasks = []
        key, named = _keys(session)
        if key and not self._engine.attended.get(key.address):
            work = partial(self._engine.attend, key)
            tasks.append(Task(key, _MAPS, work, ("words", key.model)))
        if named and self._engine.names.get(named) is None:
            work = partial(self._engine.name, named)
            tasks.append(Task(named, _NAMES, work, ("names", named.fitting.settings)))
        return [task for task in tasks if task.key not in session.ended]

    def describe(self, session: Session) -> dict[str, Any]:
        statuses = self._worker.statuses(session.id)
        key, named = _keys(session)
        found = self._engine.attended.get(key.address) if key else None
        words = self._engine.names.get(named) if named else None
        choice = choice_of(session)
        return {
            "prompt": prompt_of(session.scene),
            "address": key.address if key and found else None,
            "chosen": choice.words,
            **_state(key, found is not None, session, statuses),
            "named": {
                "point": choice.point if named else None,
                "words": None if words is None else [asdict(word) for word in words],
                **_state(named, words is not None, session, statuses),
            },
        }

    def progress(self, session: Session) -> dict[str, Any]:
        """What running jobs last told: of the maps, and of the name."""
        statuses = self._worker.statuses(session.id)
        key, named = _keys(session)
        return {"maps": told_of(key, statuses), "named": told_of(named, statuses)}

    def _read(self, session: Session, fields: Fields) -> None:
        """Takes a prompt, or begins again what was cancelled or failed of the same one."""
        prompt = fields.text("prompt", _LONGEST, least=0).strip()
        if not word_spans(prompt):
            raise HomologueError(
                f"The sentence {prompt!r} has no words; write what is in the picture."
            )
        session.change(with_prompt(session.scene, prompt))
        key, _ = _keys(session)
        session.ended.pop(key, None)

    def _choose(self, session: Session, fields: Fields) -> None:
        words = tuple(sorted(set(fields.wholes("words"))))
        choice = choice_of(session)
        count = len(word_spans(choice.prompt))
        if words and not 0 <= words[0] <= words[-1] < count:
            raise HomologueError(f"The sentence has {count} words, numbered from 0.")
        choose(session, replace(choice, words=words))

    def _call(self, session: Session, fields: Fields) -> None:
        """Asks for the name of a point, again if need be."""
        point = session.scene.point(fields.text("id")) if "id" in fields else None
        choose(session, replace(choice_of(session), point=point.id if point else None))
        _, key = _keys(session)
        session.ended.pop(key, None)

    def _stop(self, session: Session, fields: Fields) -> None:
        """Cancels what has not been found yet."""
        key, named = _keys(session)
        if key and not self._engine.attended.get(key.address):
            session.ended[key] = ""
        if named and self._engine.names.get(named) is None:
            session.ended[named] = ""


def _keys(session: Session) -> tuple[WordMapsKey | None, NearestWordsKey | None]:
    """Of the maps and of the name that the session asks for."""
    scene, asked = session.scene, choice_of(session).point
    point = next((point for point in scene.points if point.id == asked), None)
    return word_maps_key(scene, prompt_of(scene)), nearest_words_key(
        scene, point
    ) if point else None


def _state(
    key: Hashable, done: bool, session: Session, statuses: Mapping[Hashable, Status]
) -> dict[str, str]:
    """`state`: as in `state_of`, or `none` where nothing is asked for; `error`: why it failed."""
    state = "none" if key is None else state_of(key, done, session.ended, statuses)
    return {"state": state, "error": session.ended.get(key, "")}
