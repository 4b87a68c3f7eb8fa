"""What belongs to a row depends on its points and its repeat, on nothing else."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from homologue.method.contexts import ContextRow, draw_noise, group_points, make_rows
from homologue.presets import DEFAULT

CACHED = replace(DEFAULT.fit, embeddings=2, tokens=4, start="random")
JOINT = replace(CACHED, strategy="joint")
POINTS = torch.tensor([[1.0, 2.0], [3.0, 4.0], [1.0, 2.5], [2.0, 1.0]], dtype=torch.float64)


def drawn(row: ContextRow) -> Tensor:
    return torch.cat([row.random_context(3, 5).flatten(), row.noise((2, 3), "uniform").flatten()])


def test_every_point_has_a_row_an_embedding_running_fastest() -> None:
    rows = make_rows(POINTS, CACHED, 0, "fit")
    assert [row.points.tolist() for row in rows] == [[p] for p in POINTS.tolist() for _ in range(2)]
    assert {row.tokens for row in rows} == {(1,)}


def test_numbers_do_not_depend_on_the_other_points_or_the_order() -> None:
    order = [2, 0, 3, 1]
    together = make_rows(POINTS, CACHED, 7, "fit")
    shuffled = make_rows(POINTS[order], CACHED, 7, "fit")
    for place, point in enumerate(order):
        alone = make_rows(POINTS[point : point + 1], CACHED, 7, "fit")
        for repeat in range(2):
            expected = drawn(alone[repeat])
            assert torch.equal(drawn(shuffled[2 * place + repeat]), expected)
    assert torch.equal(drawn(together[5]), drawn(make_rows(POINTS, CACHED, 7, "fit")[5]))


def test_more_embeddings_leave_the_first_ones_as_they_were() -> None:
    few, many = (
        make_rows(POINTS[:1], replace(CACHED, embeddings=n), 7, "fit") for n in (2, 5)
    )  # fmt: skip
    for one, other in zip(few, many, strict=False):
        assert torch.equal(drawn(one), drawn(other))


def test_point_repeat_seed_and_purpose_each_change_the_numbers() -> None:
    rows = make_rows(POINTS, CACHED, 7, "fit")
    rows += make_rows(POINTS, CACHED, 8, "fit") + make_rows(POINTS, CACHED, 7, "locate")
    starts = {tuple(drawn(row).tolist()) for row in rows}
    assert len(starts) == len(rows) == 24


def test_joint_fills_contexts_up_to_tokens_minus_one() -> None:
    assert group_points(7, JOINT) == [[0, 1, 2], [3, 4, 5], [6]]
    assert group_points(3, JOINT) == [[0, 1, 2]]
    assert group_points(1, JOINT) == [[0]]
    assert group_points(3, CACHED) == group_points(3, replace(CACHED, strategy="exact"))
    assert group_points(3, CACHED) == [[0], [1], [2]]


def test_joint_gives_each_point_a_token_after_the_first() -> None:
    rows = make_rows(POINTS, JOINT, 0, "fit")
    assert [row.tokens for row in rows] == [(1, 2, 3)] * 2 + [(1,)] * 2
    assert [row.points.tolist() for row in rows[::2]] == [POINTS[:3].tolist(), POINTS[3:].tolist()]
    assert torch.equal(drawn(rows[2]), drawn(make_rows(POINTS[3:], CACHED, 0, "fit")[0]))


@pytest.mark.parametrize(
    ("kind", "mean", "deviation"), [("gaussian", 0, 1), ("uniform", 0.5, 0.29)]
)
def test_noise_has_the_asked_for_distribution(kind: str, mean: float, deviation: float) -> None:
    noise = draw_noise((4, 100, 100), kind, torch.Generator().manual_seed(0))  # type: ignore[arg-type]
    assert noise.shape == (4, 100, 100)
    assert float(noise.mean()) == pytest.approx(mean, abs=0.02)
    assert float(noise.std()) == pytest.approx(deviation, abs=0.02)
    if kind == "uniform":
        assert 0 <= float(noise.min()) < float(noise.max()) < 1


def test_the_stream_goes_on_from_draw_to_draw() -> None:
    row, other = (make_rows(POINTS[:1], CACHED, 0, "fit")[0] for _ in range(2))
    first, second = row.noise((4,), "gaussian"), row.noise((4,), "gaussian")
    assert not torch.equal(first, second)
    assert torch.equal(other.noise((4,), "gaussian"), first)
    assert row.random_context(2, 3).shape == (2, 3)
