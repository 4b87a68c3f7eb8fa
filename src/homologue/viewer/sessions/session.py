"""A session: its scene, what came before it, and who listens."""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

from homologue.viewer.channel import Channel
from homologue.viewer.sessions.scene import Scene


@dataclass(eq=False)
class Session:
    """Used by the server's thread only.

    Attributes:
        scene: what is on the table.
        revision: is raised by every change of the scene.
        aside: what parts of the viewer keep beside the scene, under their names: it stays when the
            scene changes or is undone.
        ended: keys of jobs that are not to be begun again by themselves: the sentence of those that
            failed, "" for those that were cancelled.
    """

    id: str
    scene: Scene
    most_undo: int
    revision: int = 0
    channel: Channel = field(default_factory=Channel)
    aside: dict[str, Any] = field(default_factory=dict)
    ended: dict[Hashable, str] = field(default_factory=dict)
    used: float = field(default_factory=time.monotonic)
    _before: list[Scene] = field(default_factory=list)
    _after: list[Scene] = field(default_factory=list)

    @property
    def can_undo(self) -> bool:
        return bool(self._before)

    @property
    def can_redo(self) -> bool:
        return bool(self._after)

    def change(self, scene: Scene) -> None:
        """Puts a new scene on the table; the old one can be had back."""
        if scene == self.scene:
            return
        self._before = [*self._before, self.scene][-self.most_undo :]
        self._after = []
        self._show(scene)

    def revise(self, change: Callable[[Scene], Scene]) -> None:
        """Changes the scene, and all that can be had back alike: this is not to be undone."""
        self._before = [change(scene) for scene in self._before]
        self._after = [change(scene) for scene in self._after]
        self._show(change(self.scene))

    def undo(self, possible: Callable[[Scene], bool]) -> None:
        """Back to the last scene that is still possible."""
        self._step(self._before, self._after, possible)

    def redo(self, possible: Callable[[Scene], bool]) -> None:
        self._step(self._after, self._before, possible)

    def _step(
        self, there: list[Scene], back: list[Scene], possible: Callable[[Scene], bool]
    ) -> None:
        while there:
            scene = there.pop()
            if possible(scene):
                back.append(self.scene)
                self._show(scene)
                return

    def _show(self, scene: Scene) -> None:
        self.scene = scene
        self.revision += 1
