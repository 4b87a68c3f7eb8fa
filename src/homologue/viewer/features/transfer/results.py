"""The results of a transfer, with versions, so that the page receives only changes."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from homologue.viewer.features.match.engine import FoundPoint
from homologue.viewer.features.match.keys import FitKey, LocateKey, fit_key
from homologue.viewer.features.transfer.names import file_names
from homologue.viewer.features.transfer.targets import Target, targets_of
from homologue.viewer.sessions.scene import Scene

_tokens = count(1)


@dataclass(frozen=True)
class TransferKey:
    """Key of the task that locates all points in one image.

    Attributes:
        picture: id of the image.
        tokens: tokens of the columns.
    """

    picture: str
    tokens: tuple[int, ...]


@dataclass(eq=False)
class PointColumn:
    """The located positions of one fitted point.

    Attributes:
        token: identifies the column in the state of the page.
        cells: version and located point by image.
    """

    token: int
    cells: dict[str, tuple[int, FoundPoint]] = field(default_factory=dict)


@dataclass(eq=False)
class TargetRow:
    """A target as displayed.

    Attributes:
        version: version of the last change of the row.
        target: the target.
        name: unique file name.
        problem: why it has no image or no result, else "".
    """

    version: int
    target: Target
    name: str
    problem: str


class TransferResults:
    """The results of a session, as a table of targets (rows) and fitted points (columns).

    The page stores received cells under the token of their column. When a point is added or moved,
    it receives a new token, and then the cells as they are computed.

    Used in the server's thread, except for `completed` and `seconds`, which the worker sets.

    Attributes:
        version: increases with every change.
        paused: whether a user paused the transfer.
        completed: images whose results have not been read from the engine yet.
        seconds: duration of the last image's task; None before the first.
    """

    def __init__(self, result: Callable[[LocateKey], FoundPoint | None]) -> None:
        """`result`: returns a located point by key, or None."""
        self._result = result
        self._columns: dict[FitKey, PointColumn] = {}
        self._rows: dict[int, TargetRow] = {}
        self._targets: Sequence[Target] = ()
        self._names: Sequence[str] = ()
        self._order_version = 0
        self.version = 0
        self.paused = False
        self.completed: deque[str] = deque()
        self.seconds: float | None = None

    def refresh(self, scene: Scene, ended: Mapping[Any, str]) -> None:
        """Update rows, columns and cells to a scene.

        Args:
            scene: the session's scene.
            ended: see `Session`.
        """
        fits = dict.fromkeys(fit_key(scene, point) for point in scene.points)
        targets = targets_of(scene).all
        pictures = dict.fromkeys(each.picture for each in targets if each.picture)
        old = {each.picture for each in self._targets}
        self._columns = {
            fit: self._columns.get(fit) or self._new_column(fit, pictures) for fit in fits if fit
        }
        while self.completed:
            self._update_cells(self.completed.popleft())
        for picture in pictures:
            if picture not in old:
                self._update_cells(picture)
        self._update_rows(targets, ended)

    def _new_column(self, fit: FitKey, pictures: Mapping[str, None]) -> PointColumn:
        self.version += 1
        column = PointColumn(next(_tokens))
        for picture in pictures:
            if found := self._result(LocateKey(fit, picture)):
                column.cells[picture] = self.version, found
        return column

    def _update_cells(self, picture: str) -> None:
        self.version += 1
        for fit, column in self._columns.items():
            found = self._result(LocateKey(fit, picture))
            if found and picture not in column.cells:
                column.cells[picture] = self.version, found

    def _update_rows(self, targets: Sequence[Target], ended: Mapping[Any, str]) -> None:
        if [each.id for each in targets] != list(self._rows):
            self.version += 1
            self._order_version = self.version
        if targets is not self._targets:
            self._names = file_names([each.name for each in targets])
        self._targets, rows = targets, {}
        for target, name in zip(targets, self._names, strict=True):
            row = self._rows.get(target.id)
            problem = target.problem or self._failure(target, ended)
            if row is None or (row.target, row.name, row.problem) != (target, name, problem):
                self.version += 1
                row = TargetRow(self.version, target, name, problem)
            rows[target.id] = row
        self._rows = rows

    def _failure(self, target: Target, ended: Mapping[Any, str]) -> str:
        if target.picture is None or self.is_done(target.picture):
            return ""
        return ended.get(self.task_key(target.picture), "")

    def wanted(self, source: str | None) -> list[str]:
        """Return the distinct images of the targets without the source's own."""
        pictures = dict.fromkeys(row.target.picture for row in self.rows)
        return [each for each in pictures if each is not None and each != source]

    def task_key(self, picture: str) -> TransferKey:
        return TransferKey(picture, tuple(column.token for column in self._columns.values()))

    @property
    def fits(self) -> tuple[FitKey, ...]:
        """Keys of the points' embeddings, in the order of the columns."""
        return tuple(self._columns)

    @property
    def rows(self) -> Sequence[TargetRow]:
        return tuple(self._rows.values())

    def tokens(self, scene: Scene) -> dict[str, int]:
        """Return the token of each point's column by point id."""
        fits = {point.id: fit_key(scene, point) for point in scene.points}
        return {id_: self._columns[fit].token for id_, fit in fits.items() if fit}

    def is_done(self, picture: str) -> bool:
        """Return whether all points are located in an image."""
        return all(picture in column.cells for column in self._columns.values())

    def found(self, fit: FitKey | None, picture: str) -> FoundPoint | None:
        """Return a located point, or None."""
        if fit is None or fit not in self._columns:
            return None
        cell = self._columns[fit].cells.get(picture)
        return cell[1] if cell else None

    def changes_since(self, version: int) -> dict[str, Any]:
        """Return the changes since a version that the page has.

        Returns:
            `version`: the current version. `order`: ids of all targets, or None if unchanged.
            `rows`: the changed `TargetRow` objects. `cells`: new cells by token of their column,
            as a flat list of target id, x, y, score.
        """
        return {
            "version": self.version,
            "order": list(self._rows) if self._order_version > version else None,
            "rows": [row for row in self.rows if row.version > version],
            "cells": {
                column.token: numbers
                for column in self._columns.values()
                if (numbers := self._cells_since(column, version))
            },
        }

    def _cells_since(self, column: PointColumn, version: int) -> list[float]:
        """Return new cells, and all cells of new rows."""
        numbers: list[float] = []
        for row in self.rows:
            since, found = column.cells.get(row.target.picture or "", (0, None))
            if found and max(since, row.version) > version:
                numbers += (
                    row.target.id,
                    round(found.x, 2),
                    round(found.y, 2),
                    round(found.score, 4),
                )
        return numbers
