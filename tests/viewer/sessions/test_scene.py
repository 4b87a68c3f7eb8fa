"""Changes of scenes, undo and redo."""

from dataclasses import replace

import pytest

from homologue.errors import HomologueError
from homologue.viewer.sessions.scene import Point, Scene, Settings
from homologue.viewer.sessions.session import Session

EMPTY = Scene(Settings("builtin"), "a", "b")


def numbers(scene: Scene) -> list[tuple[str, int]]:
    return [(point.id, point.number) for point in scene.points]


def test_a_new_point_takes_the_lowest_free_number() -> None:
    three = EMPTY.with_point("aaaa", 1, 2).with_point("bbbb", 3, 4).with_point("cccc", 5, 6)
    assert numbers(three) == [("aaaa", 1), ("bbbb", 2), ("cccc", 3)]
    again = three.without("bbbb").with_point("dddd", 7, 8)
    assert numbers(again) == [("aaaa", 1), ("cccc", 3), ("dddd", 2)]


def test_moving_changes_one_point_and_keeps_its_number() -> None:
    two = EMPTY.with_point("aaaa", 1, 2).with_point("bbbb", 3, 4)
    moved = two.with_moved("aaaa", 9, 8)
    assert moved.points == (Point("aaaa", 1, 9, 8), Point("bbbb", 2, 3, 4))
    assert two.point("aaaa").x == 1


def test_unknown_points_are_refused() -> None:
    for change in (EMPTY.point, EMPTY.without, lambda id_: EMPTY.with_moved(id_, 0, 0)):
        with pytest.raises(HomologueError, match="no point 'zzzz'"):
            change("zzzz")


def test_undo_and_redo_step_through_the_history() -> None:
    session = Session("s", EMPTY, max_undo=10)
    scenes = [EMPTY]
    for id_ in ("aaaa", "bbbb"):
        scenes.append(scenes[-1].with_point(id_, 1, 2))
        session.change(scenes[-1])
    assert session.revision == 2
    for scene in (scenes[1], scenes[0]):
        session.undo(lambda scene: True)
        assert session.scene == scene
    assert not session.can_undo
    session.undo(lambda scene: True)
    assert session.scene == EMPTY
    session.redo(lambda scene: True)
    assert session.scene == scenes[1]
    session.change(replace(EMPTY, points=()))
    assert not session.can_redo
    assert session.can_undo


def test_a_change_that_changes_nothing_cannot_be_undone() -> None:
    session = Session("s", EMPTY, max_undo=10)
    session.change(replace(EMPTY))
    assert (session.can_undo, session.revision) == (False, 0)


def test_undo_skips_scenes_that_are_no_longer_possible() -> None:
    session = Session("s", EMPTY, max_undo=10)
    session.change(replace(EMPTY, source="gone"))
    session.change(replace(EMPTY, source="c"))
    session.undo(lambda scene: scene.source != "gone")
    assert session.scene == EMPTY


def test_the_history_has_a_limited_length() -> None:
    session = Session("s", EMPTY, max_undo=3)
    for seed in range(1, 9):
        session.change(replace(EMPTY, settings=Settings("builtin", seed=seed)))
    undone = 0
    while session.can_undo:
        session.undo(lambda scene: True)
        undone += 1
    assert undone == 3
    assert session.scene.settings.seed == 5
