"""The controller with a minimal feature: sessions, tasks and state."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from starlette.routing import BaseRoute

from homologue.errors import HomologueError
from homologue.viewer.controller import Controller
from homologue.viewer.errors import BusyError, MissingError
from homologue.viewer.feature import Action, Feature
from homologue.viewer.fields import Fields
from homologue.viewer.job_progress import ProgressReporter
from homologue.viewer.jobs import Task
from homologue.viewer.limits import Limits
from homologue.viewer.sessions.scene import Scene, Settings
from homologue.viewer.sessions.session import Session


class CountFeature:
    """A feature whose tasks compute the numbers below the seed, and fail for 13."""

    name = "count"

    def __init__(self) -> None:
        self.computed: list[int] = []
        self.actions: Mapping[str, Action] = {"count": self._count}

    def routes(self) -> Sequence[BaseRoute]:
        return ()

    def tasks(self, session: Session) -> list[Task]:
        missing = set(range(session.scene.settings.seed)) - {*self.computed, *session.ended}
        return [Task(number, 0, self._compute(number)) for number in sorted(missing)]

    def describe(self, session: Session) -> Any:
        return sorted(self.computed)

    def progress(self, session: Session) -> Any:
        return None

    def _compute(self, number: int) -> Callable[[ProgressReporter], None]:
        def work(reporter: ProgressReporter) -> None:
            if number == 13:
                raise HomologueError("13 is bad luck.")
            self.computed.append(number)

        return work

    def _count(self, session: Session, fields: Fields) -> None:
        session.change(Scene(Settings("none", seed=fields.integer("to"))))


@contextmanager
def started(controller: Controller, *features: Feature) -> Iterator[None]:
    """Start the controller in the running event loop."""
    controller.start(features)
    try:
        yield
    finally:
        controller.worker.close()


async def until(ready: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not ready():
            await asyncio.sleep(0.005)


def make_controller(**limits: int) -> Controller:
    return Controller(Limits(**limits), lambda: Scene(Settings("none")))


def test_all_tasks_run_though_the_queue_is_short() -> None:
    async def run() -> tuple[list[int], dict[Any, str]]:
        controller, feature = make_controller(queue=3), CountFeature()
        with started(controller, feature):
            session = controller.create()
            controller.act(session, Fields({"do": "count", "to": 40}))
            assert len(controller.worker.statuses(session.id)) <= 3
            await until(lambda: len(feature.computed) == 39 and 13 in session.ended)
            return feature.computed, dict(session.ended)

    computed, ended = asyncio.run(run())
    assert computed == [number for number in range(40) if number != 13]
    assert ended == {13: "13 is bad luck."}


def test_tasks_of_an_undone_change_are_removed() -> None:
    async def run() -> None:
        controller, feature = make_controller(), CountFeature()
        with started(controller, feature):
            session = controller.create()
            controller.act(session, Fields({"do": "count", "to": 5}))
            session.undo(lambda scene: True)
            controller.sync(session)
            await until(lambda: not controller.worker.statuses(session.id))

    asyncio.run(run())


def test_a_feature_is_described_under_its_name_and_moments_increase() -> None:
    async def run() -> None:
        controller, feature = make_controller(), CountFeature()
        with started(controller, feature):
            session = controller.create()
            first, second = controller.describe(session), controller.describe(session)
            assert first["count"] == []
            assert first["session"] == session.id
            assert first["moment"] < second["moment"]
            assert controller.read(session, "progress") == {"count": None}
            with pytest.raises(HomologueError, match="no action 'jump'"):
                controller.act(session, Fields({"do": "jump"}))

    asyncio.run(run())


def test_sessions_are_limited_and_streams_end() -> None:
    async def run() -> None:
        controller = make_controller(sessions=2)
        with started(controller, CountFeature()):
            first, second = controller.create(), controller.create()
            controller.get(first.id)
            third = controller.create()
            with pytest.raises(MissingError):
                controller.get(second.id)
            streams = [each.channel.stream(lambda kind: kind) for each in (first, third)]
            for stream in streams:
                await anext(stream)
            assert controller.listeners == 2
            with pytest.raises(BusyError, match="too many open sessions"):
                controller.create()
            controller.close()
            for stream in streams:
                assert [event async for event in stream] == []
            assert controller.listeners == 0

    asyncio.run(run())
