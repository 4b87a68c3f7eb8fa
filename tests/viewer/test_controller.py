"""A part plugged into the desk: what it wants is computed, whatever becomes of the queue."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from starlette.routing import BaseRoute

from homologue.errors import HomologueError
from homologue.viewer.controller import Desk
from homologue.viewer.errors import BusyError, MissingError
from homologue.viewer.feature import Action, Feature
from homologue.viewer.fields import Fields
from homologue.viewer.jobs import Task
from homologue.viewer.limits import Limits
from homologue.viewer.reports import Report
from homologue.viewer.sessions.scene import Scene, Settings
from homologue.viewer.sessions.session import Session


class Counting:
    """Wants the numbers below the seed to be computed, and refuses 13."""

    name = "count"

    def __init__(self) -> None:
        self.computed: list[int] = []
        self.actions: Mapping[str, Action] = {"count": self._count}

    def routes(self) -> Sequence[BaseRoute]:
        return ()

    def tasks(self, session: Session) -> list[Task]:
        wanted = set(range(session.scene.settings.seed)) - {*self.computed, *session.ended}
        return [Task(number, 0, self._compute(number)) for number in sorted(wanted)]

    def describe(self, session: Session) -> Any:
        return sorted(self.computed)

    def progress(self, session: Session) -> Any:
        return None

    def _compute(self, number: int) -> Callable[[Report], None]:
        def work(report: Report) -> None:
            if number == 13:
                raise HomologueError("13 is bad luck.")
            self.computed.append(number)

        return work

    def _count(self, session: Session, fields: Fields) -> None:
        session.change(Scene(Settings("none", seed=fields.whole("to"))))


@contextmanager
def started(desk: Desk, *parts: Feature) -> Iterator[None]:
    """From within a loop."""
    desk.start(parts)
    try:
        yield
    finally:
        desk.worker.close()


async def until(ready: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not ready():
            await asyncio.sleep(0.005)


def desk(**limits: int) -> Desk:
    return Desk(Limits(**limits), lambda: Scene(Settings("none")))


def test_all_is_computed_though_the_queue_is_short() -> None:
    async def run() -> tuple[list[int], dict[Any, str]]:
        one, part = desk(queue=3), Counting()
        with started(one, part):
            session = one.create()
            one.act(session, Fields({"do": "count", "to": 40}))
            assert len(one.worker.statuses(session.id)) <= 3
            await until(lambda: len(part.computed) == 39 and 13 in session.ended)
            return part.computed, dict(session.ended)

    computed, ended = asyncio.run(run())
    assert computed == [number for number in range(40) if number != 13]
    assert ended == {13: "13 is bad luck."}


def test_what_an_undone_change_wanted_is_no_longer_queued() -> None:
    async def run() -> None:
        one, part = desk(), Counting()
        with started(one, part):
            session = one.create()
            one.act(session, Fields({"do": "count", "to": 5}))
            session.undo(lambda scene: True)
            one.sync(session)
            await until(lambda: not one.worker.statuses(session.id))

    asyncio.run(run())


def test_a_part_is_described_under_its_name_and_moments_only_grow() -> None:
    async def run() -> None:
        one, part = desk(), Counting()
        with started(one, part):
            session = one.create()
            first, second = one.describe(session), one.describe(session)
            assert first["count"] == []
            assert first["session"] == session.id
            assert first["moment"] < second["moment"]
            assert one.read(session, "progress") == {"count": None}
            with pytest.raises(HomologueError, match="no action 'jump'"):
                one.act(session, Fields({"do": "jump"}))

    asyncio.run(run())


def test_sessions_come_and_go() -> None:
    async def run() -> None:
        one = desk(sessions=2)
        with started(one, Counting()):
            first, second = one.create(), one.create()
            one.get(first.id)
            third = one.create()
            with pytest.raises(MissingError):
                one.get(second.id)
            streams = [each.channel.stream(lambda kind: kind) for each in (first, third)]
            for stream in streams:
                await anext(stream)
            assert one.listeners == 2
            with pytest.raises(BusyError, match="too many open sessions"):
                one.create()
            one.close()
            for stream in streams:
                assert [event async for event in stream] == []
            assert one.listeners == 0

    asyncio.run(run())
