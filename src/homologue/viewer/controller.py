"""The controller: owns the sessions, runs their actions and schedules their tasks."""

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


class Controller:
    """Owns the sessions and connects the features with the worker.

    The tasks of a session are derived from its scene: after each action and after each job, the
    features list the tasks that the scene needs, and the worker adopts the list. Undoing, moving a
    point and changing the settings therefore need no code to cancel or repeat jobs.
    """

    def __init__(self, limits: Limits, first_scene: Callable[[], Scene]) -> None:
        """`first_scene`: returns the scene of a new session."""
        self._limits, self._first_scene = limits, first_scene
        self._features: tuple[Feature, ...] = ()
        self._sessions: dict[str, Session] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._moments = count()
        self.worker = Worker(self)

    def start(self, features: Sequence[Feature]) -> None:
        """Start the worker; call this in the server's event loop."""
        self._features = tuple(features)
        self._loop = asyncio.get_running_loop()
        self.worker.start()

    def close(self) -> None:
        """End all event streams. Close the worker separately."""
        for session in self._sessions.values():
            session.channel.close()

    @property
    def listeners(self) -> int:
        """Number of open event streams."""
        return sum(len(session.channel) for session in self._sessions.values())

    def pictures_in_use(self) -> set[str]:
        """Return the ids of the images that the sessions show."""
        return {id_ for session in self._sessions.values() for id_ in session.scene.pictures}

    def create(self) -> Session:
        """Create a session.

        At the limit, the least recently used session without a listener is removed.

        Raises:
            BusyError: the limit is reached and all sessions have listeners.
        """
        if len(self._sessions) >= self._limits.sessions:
            unwatched = [each for each in self._sessions.values() if not len(each.channel)]
            if not unwatched:
                raise BusyError("There are too many open sessions: close some.")
            oldest = min(unwatched, key=lambda each: each.used)
            self.worker.remove(oldest.id)
            del self._sessions[oldest.id]
        session = Session(secrets.token_urlsafe(16), self._first_scene(), self._limits.history)
        self._sessions[session.id] = session
        self.sync(session)
        return session

    def get(self, id_: str) -> Session:
        """Return a session and mark it as used.

        Raises:
            MissingError: no session has this id.
        """
        if id_ not in self._sessions:
            raise MissingError(
                "This session has ended: the viewer was restarted, or too many sessions were "
                "opened."
            )
        session = self._sessions[id_]
        session.used = time.monotonic()
        return session

    def act(self, session: Session, fields: Fields) -> None:
        """Run the action that the field `do` names.

        Raises:
            HomologueError: the action is unknown, or its fields are invalid.
        """
        name = fields.text("do")
        for feature in self._features:
            if name in feature.actions:
                feature.actions[name](session, fields)
                self.sync(session)
                session.channel.publish("state")
                return
        raise HomologueError(f"There is no action {name!r}.")

    def sync(self, session: Session) -> None:
        """Pass the tasks that the session needs now to the worker."""
        tasks: list[Task] = [task for feature in self._features for task in feature.tasks(session)]
        tasks.sort(key=lambda task: task.urgency)
        self.worker.set_tasks(session.id, tasks[: self._limits.queue])

    def describe(self, session: Session) -> dict[str, Any]:
        """Return the state of a session for the page.

        `moment` increases with every call: of two states, the one with the larger moment is newer,
        whichever arrives first.
        """
        return {
            "session": session.id,
            "revision": session.revision,
            "moment": next(self._moments),
            "undo": session.can_undo,
            "redo": session.can_redo,
            **{feature.name: feature.describe(session) for feature in self._features},
        }

    def read(self, session: Session, kind: Kind) -> Any:
        """Return the current content of an event of this kind."""
        if kind == "state":
            return self.describe(session)
        return {feature.name: feature.progress(session) for feature in self._features}

    # The worker calls the following methods in its own thread.

    def job_started(self, owner: str) -> None:
        self._call_in_loop(lambda: self._publish(owner, "state"))

    def job_progressed(self, owner: str) -> None:
        self._call_in_loop(lambda: self._publish(owner, "progress"))

    def job_ended(self, owner: str, key: Hashable, outcome: Outcome, message: str) -> None:
        self._call_in_loop(lambda: self._end(owner, key, outcome, message))

    def _call_in_loop(self, call: Callable[[], None]) -> None:
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:  # the loop is closed
            return

    def _publish(self, owner: str, kind: Kind) -> None:
        if owner in self._sessions:
            self._sessions[owner].channel.publish(kind)

    def _end(self, owner: str, key: Hashable, outcome: Outcome, message: str) -> None:
        session = self._sessions.get(owner)
        if session is None:
            return
        if outcome == "failed":
            session.ended[key] = message
        self.sync(session)
        session.channel.publish("state")
