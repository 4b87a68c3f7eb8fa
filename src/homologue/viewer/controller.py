"""Where sessions, parts and the worker meet."""

import asyncio
import secrets
import time
from collections.abc import Callable, Hashable, Sequence
from itertools import count
from typing import Any

from homologue.errors import HomologueError
from homologue.viewer.channel import Kind
from homologue.viewer.errors import BusyError, MissingError
from homologue.viewer.feature import Feature
from homologue.viewer.fields import Fields
from homologue.viewer.jobs import Outcome, Task, Worker
from homologue.viewer.limits import Limits
from homologue.viewer.sessions.scene import Scene
from homologue.viewer.sessions.session import Session


class Desk:
    """Keeps the sessions, carries out what is asked for, and has computed what scenes need.

    Nothing that is to be computed is ever queued by hand: after each change, and whenever a job
    ends, the parts say what a session's scene needs. So no job is lost, and undoing, moving and
    changing the settings need no code of their own to stop or repeat anything.
    """

    def __init__(self, limits: Limits, first_scene: Callable[[], Scene]) -> None:
        self._limits, self._first_scene = limits, first_scene
        self._parts: tuple[Feature, ...] = ()
        self._sessions: dict[str, Session] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._moments = count()
        self.worker = Worker(self)

    def start(self, parts: Sequence[Feature]) -> None:
        """From within the server's loop."""
        self._parts = tuple(parts)
        self._loop = asyncio.get_running_loop()
        self.worker.start()

    def close(self) -> None:
        """Ends the streams of events; the worker has to be closed besides."""
        for session in self._sessions.values():
            session.channel.close()

    @property
    def listeners(self) -> int:
        return sum(len(session.channel) for session in self._sessions.values())

    def pictures_in_use(self) -> set[str]:
        return {id_ for session in self._sessions.values() for id_ in session.scene.pictures}

    def create(self) -> Session:
        """A new session. One that nobody looks at makes room for it if there are too many.

        Raises BusyError if all are being looked at.
        """
        if len(self._sessions) >= self._limits.sessions:
            unseen = [one for one in self._sessions.values() if not len(one.channel)]
            if not unseen:
                raise BusyError("There are too many open sessions: close some.")
            oldest = min(unseen, key=lambda one: one.used)
            self.worker.forget(oldest.id)
            del self._sessions[oldest.id]
        session = Session(secrets.token_urlsafe(16), self._first_scene(), self._limits.history)
        self._sessions[session.id] = session
        self.sync(session)
        return session

    def get(self, id_: str) -> Session:
        """Raises MissingError if there is no such session."""
        if id_ not in self._sessions:
            raise MissingError(
                "This session is gone: the viewer was started anew, or had too many."
            )
        session = self._sessions[id_]
        session.used = time.monotonic()
        return session

    def act(self, session: Session, fields: Fields) -> None:
        """Carries out an action, which the field `do` names."""
        name = fields.text("do")
        for part in self._parts:
            if name in part.actions:
                part.actions[name](session, fields)
                self.sync(session)
                session.channel.publish("state")
                return
        raise HomologueError(f"There is no action {name!r}.")

    def sync(self, session: Session) -> None:
        """Lets the worker know what the session needs by now."""
        tasks: list[Task] = [task for part in self._parts for task in part.tasks(session)]
        tasks.sort(key=lambda task: task.urgency)
        self.worker.wish(session.id, tasks[: self._limits.queue])

    def describe(self, session: Session) -> dict[str, Any]:
        """All that the page has to know of a session; of two answers the one of the later moment
        holds, whichever arrives first."""
        return {
            "session": session.id,
            "revision": session.revision,
            "moment": next(self._moments),
            "undo": session.can_undo,
            "redo": session.can_redo,
            **{part.name: part.describe(session) for part in self._parts},
        }

    def read(self, session: Session, kind: Kind) -> Any:
        """What an event of a kind holds now."""
        if kind == "state":
            return self.describe(session)
        return {part.name: part.progress(session) for part in self._parts}

    # From here on: called by the worker, in its thread.

    def began(self, owner: str) -> None:
        self._later(lambda: self._tell(owner, "state"))

    def progressed(self, owner: str) -> None:
        self._later(lambda: self._tell(owner, "progress"))

    def ended(self, owner: str, key: Hashable, outcome: Outcome, sentence: str) -> None:
        self._later(lambda: self._end(owner, key, outcome, sentence))

    def _later(self, call: Callable[[], None]) -> None:
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:  # the loop is closed, and the viewer with it
            return

    def _tell(self, owner: str, kind: Kind) -> None:
        if owner in self._sessions:
            self._sessions[owner].channel.publish(kind)

    def _end(self, owner: str, key: Hashable, outcome: Outcome, sentence: str) -> None:
        session = self._sessions.get(owner)
        if session is None:
            return
        if outcome == "failed":
            session.ended[key] = sentence
        self.sync(session)
        session.channel.publish("state")
