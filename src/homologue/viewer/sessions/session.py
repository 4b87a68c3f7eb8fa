"""A session: the scene, its history and its listeners."""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

from homologue.viewer.channel import Channel
from homologue.viewer.sessions.scene import Scene


@dataclass(eq=False)
class Session:
    """The state of one user's work; used in the server's thread only.

    Attributes:
        scene: the current scene.
        max_undo: number of changes that can be undone.
        revision: number of changes of the scene.
        channel: notifies open pages of changes.
        feature_state: mutable state of features by feature name; not affected by undo.
        ended: tasks that are not restarted automatically, by key: the error message of a failed
            task, "" for a cancelled one.
        used: time of the last request, from `time.monotonic`.
    """

    id: str
    scene: Scene
    max_undo: int
    revision: int = 0
    channel: Channel = field(default_factory=Channel)
    feature_state: dict[str, Any] = field(default_factory=dict)
    ended: dict[Hashable, str] = field(default_factory=dict)
    used: float = field(default_factory=time.monotonic)
    _undo_stack: list[Scene] = field(default_factory=list)
    _redo_stack: list[Scene] = field(default_factory=list)

    @property
    def can_undo(self) -> bool:
        return bool(self._undo_stack)

    @property
    def can_redo(self) -> bool:
        return bool(self._redo_stack)

    def change(self, scene: Scene) -> None:
        """Replace the scene; the change can be undone."""
        if scene == self.scene:
            return
        self._undo_stack = [*self._undo_stack, self.scene][-self.max_undo :]
        self._redo_stack = []
        self._set(scene)

    def revise(self, change: Callable[[Scene], Scene]) -> None:
        """Apply a change to the scene and to its whole history, so that it cannot be undone."""
        self._undo_stack = [change(scene) for scene in self._undo_stack]
        self._redo_stack = [change(scene) for scene in self._redo_stack]
        self._set(change(self.scene))

    def undo(self, is_possible: Callable[[Scene], bool]) -> None:
        """Return to the last scene that is still possible."""
        self._step(self._undo_stack, self._redo_stack, is_possible)

    def redo(self, is_possible: Callable[[Scene], bool]) -> None:
        """Repeat the last undone change whose scene is still possible."""
        self._step(self._redo_stack, self._undo_stack, is_possible)

    def _step(
        self, origin: list[Scene], destination: list[Scene], is_possible: Callable[[Scene], bool]
    ) -> None:
        while origin:
            scene = origin.pop()
            if is_possible(scene):
                destination.append(self.scene)
                self._set(scene)
                return

    def _set(self, scene: Scene) -> None:
        self.scene = scene
        self.revision += 1
