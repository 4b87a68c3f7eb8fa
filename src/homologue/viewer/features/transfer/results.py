"""What is known of a session's targets, and since when, so that a page is told only what is new."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from homologue.viewer.features.match.engine import FoundPoint
from homologue.viewer.features.match.keys import FitKey, LocateKey
from homologue.viewer.features.transfer.names import file_names
from homologue.viewer.features.transfer.targets import Target, sheet_of
from homologue.viewer.sessions.scene import Point, Scene

_tokens = count(1)


@dataclass(frozen=True)
class Carrying:
    """A job: all points in one picture. `tokens` are those of the columns."""

    picture: str
    tokens: tuple[int, ...]


@dataclass(eq=False)
class Column:
    """Where one fitted point is in each picture, and the version since which that is known."""

    token: int
    cells: dict[str, tuple[int, FoundPoint]] = field(default_factory=dict)


@dataclass(eq=False)
class TargetRow:
    """A target as the page has it, and the version since which it is so."""

    version: int
    target: Target
    name: str
    problem: str


class TransferResults:
    """Used by the server's thread, but for `news` and `seconds`.

    The page keeps the cells that it was told of under the tokens of their columns. So when a point
    is added or moved, there is nothing to tell but the new column's token; and then its cells, one
    by one, as they become known.

    Attributes:
        version: is raised with every change.
        held: whether a person has stopped the search.
        news: pictures that a job has looked through; the worker adds to it.
        seconds: that the last picture took.
    """

    def __init__(self, known: Callable[[LocateKey], FoundPoint | None]) -> None:
        """`known`: gives what was found under a key, if anything."""
        self._known = known
        self._columns: dict[FitKey, Column] = {}
        self._rows: dict[int, TargetRow] = {}
        self._targets: Sequence[Target] = ()
        self._names: Sequence[str] = ()
        self._listed = 0
        self.version = 0
        self.held = False
        self.news: deque[str] = deque()
        self.seconds: float | None = None

    def refresh(self, scene: Scene, ended: Mapping[Any, str]) -> None:
        """Brings the board into line with a scene. `ended`: sentences of jobs that failed."""
        fittings = dict.fromkeys(fitting_of(scene, point) for point in scene.points)
        targets = sheet_of(scene).targets
        pictures = dict.fromkeys(one.picture for one in targets if one.picture)
        old = {one.picture for one in self._targets}
        self._columns = {
            fitting: self._columns.get(fitting) or self._new_column(fitting, pictures)
            for fitting in fittings
            if fitting
        }
        while self.news:
            self._learn(self.news.popleft())
        for picture in pictures:
            if picture not in old:
                self._learn(picture)
        self._set_rows(targets, ended)

    def _new_column(self, fitting: FitKey, pictures: Mapping[str, None]) -> Column:
        self.version += 1
        column = Column(next(_tokens))
        for picture in pictures:
            if found := self._known(LocateKey(fitting, picture)):
                column.cells[picture] = self.version, found
        return column

    def _learn(self, picture: str) -> None:
        self.version += 1
        for fitting, column in self._columns.items():
            found = self._known(LocateKey(fitting, picture))
            if found and picture not in column.cells:
                column.cells[picture] = self.version, found

    def _set_rows(self, targets: Sequence[Target], ended: Mapping[Any, str]) -> None:
        if [one.id for one in targets] != list(self._rows):
            self.version += 1
            self._listed = self.version
        if targets is not self._targets:
            self._names = file_names([one.name for one in targets])
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
        return ended.get(self.job(target.picture), "")

    def wanted(self, source: str | None) -> list[str]:
        """The pictures to look through: all but the source's own, each once."""
        pictures = dict.fromkeys(row.target.picture for row in self.rows)
        return [one for one in pictures if one is not None and one != source]

    def job(self, picture: str) -> Carrying:
        return Carrying(picture, tuple(column.token for column in self._columns.values()))

    @property
    def fittings(self) -> tuple[FitKey, ...]:
        return tuple(self._columns)

    @property
    def rows(self) -> Sequence[TargetRow]:
        return tuple(self._rows.values())

    def tokens(self, scene: Scene) -> dict[str, int]:
        """Of the columns of a scene's points, under the ids of these."""
        fittings = {point.id: fitting_of(scene, point) for point in scene.points}
        return {id_: self._columns[one].token for id_, one in fittings.items() if one}

    def is_done(self, picture: str) -> bool:
        """Whether all points are known in a picture."""
        return all(picture in column.cells for column in self._columns.values())

    def found(self, fitting: FitKey | None, picture: str) -> FoundPoint | None:
        if fitting is None or fitting not in self._columns:
            return None
        cell = self._columns[fitting].cells.get(picture)
        return cell[1] if cell else None

    def news_since(self, version: int) -> dict[str, Any]:
        """What a page does not know yet that knows what there was at a version.

        `order` has the ids of all targets if they have changed; `cells` has of each column, under
        its token: id of a target, x, y, score, and so on.
        """
        return {
            "version": self.version,
            "order": list(self._rows) if self._listed > version else None,
            "rows": [row for row in self.rows if row.version > version],
            "cells": {
                column.token: numbers
                for column in self._columns.values()
                if (numbers := self._cells_since(column, version))
            },
        }

    def _cells_since(self, column: Column, version: int) -> list[float]:
        """Of rows that are new, all."""
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


def fitting_of(scene: Scene, point: Point) -> FitKey | None:
    """None while there is no source."""
    if scene.source is None:
        return None
    return FitKey(scene.source, scene.settings, point.x, point.y)
