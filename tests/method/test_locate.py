"""Where points are found, and on what that depends."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from homologue.config import LocateConfig
from homologue.crops import Crop
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError
from homologue.heatmaps import argmax, gaussian, mass_near
from homologue.images import RGBImage
from homologue.method import locate as module
from homologue.method.contexts import ContextRow, make_rows
from homologue.method.embeddings import PointEmbeddings
from homologue.method.fit import fit_embeddings
from homologue.method.locate import CropReading, Located, locate_embeddings, read_point
from homologue.method.map_average import combine
from homologue.method.target_crops import make_plan
from homologue.method.views import ImageViews
from homologue.presets import DEFAULT, PAPER, Preset

POINTS = torch.tensor([[15.0, 40.0], [62.5, 12.25], [41.0, 31.0]], dtype=torch.float64)
WAYS = ("exact", "joint", "cached")
PLANS = {
    "shared": replace(DEFAULT.locate, crops=2),
    "following": replace(PAPER.locate, crops=5, crop=0.8),
}


def fitted(
    model: LatentDiffusion, source: RGBImage, quick: Preset, way: str, points: Tensor = POINTS
) -> PointEmbeddings:
    config = replace(quick.fit, strategy=way, steps=1, tokens=4)  # type: ignore[arg-type]
    return fit_embeddings(ImageViews(model, source), points, replace(quick, fit=config))


@pytest.fixture(scope="module")
def embeddings(
    model: LatentDiffusion, source: RGBImage, quick: Preset
) -> dict[str, PointEmbeddings]:
    return {way: fitted(model, source, quick, way) for way in WAYS}


def assert_same_bits(one: Located, other: Located, members: Sequence[int]) -> None:
    assert one.heatmaps is not None
    assert other.heatmaps is not None
    assert torch.equal(one.points, other.points[list(members)])
    assert torch.equal(one.scores, other.scores[list(members)])
    assert torch.equal(one.heatmaps, other.heatmaps[list(members)])


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("way", WAYS)
def test_heat_maps_are_distributions_and_points_are_read_from_them(
    model: LatentDiffusion, target: RGBImage, embeddings: dict[str, PointEmbeddings],
    way: str, plan: str,
) -> None:  # fmt: skip
    config = PLANS[plan]
    located = locate_embeddings(
        ImageViews(model, target), replace(embeddings[way], locate=config), heatmaps=True
    )
    assert located.heatmaps is not None
    assert located.heatmaps.shape == (3, 64, 64)
    assert float(located.heatmaps.min()) >= 0
    torch.testing.assert_close(located.heatmaps.sum(dim=(1, 2)), torch.ones(3))
    assert (located.width, located.height, located.path) == (50, 70, None)
    assert located.points.dtype == located.scores.dtype == torch.float64
    for heat, point, score in zip(located.heatmaps, located.points, located.scores, strict=True):
        read = read_point(heat, config, 64)
        torch.testing.assert_close(point, read * torch.tensor([50 / 64, 70 / 64]).double())
        torch.testing.assert_close(score, mass_near(heat, read, 6.4))
    assert len({tuple(point.tolist()) for point in located.points}) > 1


def test_plain_means_are_made_distributions_too(
    model: LatentDiffusion, target: RGBImage, embeddings: dict[str, PointEmbeddings]
) -> None:
    config = replace(PLANS["shared"], read_out="mean", window=0)
    located = locate_embeddings(
        ImageViews(model, target), replace(embeddings["cached"], locate=config), heatmaps=True
    )
    assert located.heatmaps is not None
    torch.testing.assert_close(located.heatmaps.sum(dim=(1, 2)), torch.ones(3))


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("way", ["exact", "cached"])
def test_a_point_does_not_depend_on_the_others(
    model: LatentDiffusion, source: RGBImage, target: RGBImage, quick: Preset,
    embeddings: dict[str, PointEmbeddings], way: str, plan: str,
) -> None:  # fmt: skip
    together = locate_embeddings(
        ImageViews(model, target), replace(embeddings[way], locate=PLANS[plan]), heatmaps=True
    )
    for members in ([1], [2, 0]) if way == "cached" else ([2, 0],):
        some = fitted(model, source, quick, way, POINTS[members])
        alone = locate_embeddings(
            ImageViews(model, target), replace(some, locate=PLANS[plan]), heatmaps=True
        )
        assert_same_bits(alone, together, members)


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize(("way", "rows"), [("exact", 4), ("cached", 1), ("cached", 4)])
def test_chunks_change_nothing(
    model: LatentDiffusion, target: RGBImage, embeddings: dict[str, PointEmbeddings],
    way: str, plan: str, rows: int, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    whole = locate_embeddings(
        ImageViews(model, target), replace(embeddings[way], locate=PLANS[plan]), heatmaps=True
    )
    monkeypatch.setattr(module, "_MAX_ROWS", rows)
    chunked = locate_embeddings(
        ImageViews(model, target), replace(embeddings[way], locate=PLANS[plan]), heatmaps=True
    )
    assert_same_bits(chunked, whole, range(3))


def test_joint_groups_are_read_group_by_group(
    model: LatentDiffusion, source: RGBImage, target: RGBImage, quick: Preset
) -> None:
    five = torch.cat([POINTS, torch.tensor([[7.0, 9.0], [70.0, 50.0]], dtype=torch.float64)])
    joint = fitted(model, source, quick, "joint", five)
    assert joint.groups.tolist() == [0, 0, 0, 1, 1]
    together = locate_embeddings(
        ImageViews(model, target), replace(joint, locate=quick.locate), heatmaps=True
    )
    for members in ([0, 1, 2], [3, 4]):
        part = fitted(model, source, quick, "joint", five[members])
        alone = locate_embeddings(
            ImageViews(model, target), replace(part, locate=quick.locate), heatmaps=True
        )
        assert_same_bits(alone, together, members)


@pytest.mark.parametrize("way", ["exact", "cached"])
def test_locating_again_gives_the_same_bits(
    model: LatentDiffusion, target: RGBImage, embeddings: dict[str, PointEmbeddings], way: str
) -> None:
    first = locate_embeddings(
        ImageViews(model, target),
        replace(embeddings[way], locate=PLANS["following"]),
        heatmaps=True,
    )
    torch.manual_seed(9)
    again = locate_embeddings(
        ImageViews(model, target),
        replace(embeddings[way], locate=PLANS["following"]),
        heatmaps=True,
    )
    assert_same_bits(again, first, range(3))


def test_heat_maps_are_kept_only_if_asked_for(
    model: LatentDiffusion, target: RGBImage, embeddings: dict[str, PointEmbeddings]
) -> None:
    told: list[Sequence[object]] = []
    located = locate_embeddings(
        ImageViews(model, target),
        replace(embeddings["cached"], locate=PLANS["shared"]),
        progress=lambda *args: told.append(args),
    )
    assert located.heatmaps is None
    # Three points in two crops, together.
    assert told == [("locate", 3, 6), ("locate", 6, 6)]


def test_embeddings_of_another_model_are_refused(
    model: LatentDiffusion, target: RGBImage, embeddings: dict[str, PointEmbeddings]
) -> None:
    foreign = replace(embeddings["cached"], model="other/model", fingerprint="beef")
    with pytest.raises(HomologueError) as caught:
        locate_embeddings(ImageViews(model, target), replace(foreign, locate=PLANS["shared"]))
    assert str(caught.value) == (
        "These embeddings were fitted with the model 'other/model' and cannot be used with 'sd1': "
        "load that model, or fit the points again with this one."
    )


def test_a_point_is_the_pixel_or_the_middle_of_its_window() -> None:
    heat = gaussian(torch.tensor([20.2, 41.9]), 64, 2.0)
    assert read_point(heat, replace(DEFAULT.locate, window=0), 64).tolist() == [20.5, 41.5]
    x, y = read_point(heat, replace(DEFAULT.locate, window=6 / 64), 64).tolist()
    assert (x, y) == (pytest.approx(20.2, abs=0.05), pytest.approx(41.9, abs=0.05))


class Scene:
    """A reader of a picture in which every row lights up at one known place.

    A context's first number says which of the places (rows, 2), in pixels of the square, is its
    own, so that a mix-up of rows shows.
    """

    def __init__(self, places: Tensor) -> None:
        self.seen: list[Sequence[Crop]] = []
        self._maps = gaussian(places, 64, 3.0)

    def __call__(
        self, index: int, crops: Sequence[Crop], contexts: Tensor, rows: Sequence[ContextRow]
    ) -> list[Tensor]:
        self.seen.append(crops)
        layers = []
        for cells in (16, 32, 16, 8):
            cut = torch.stack(
                [
                    crop.cut(self._maps[int(context[0, 0])][None])[0]
                    for crop, context in zip(crops, contexts, strict=True)
                ]
            )
            pooled = torch.nn.functional.adaptive_avg_pool2d(cut[:, None], cells)
            layers.append(pooled[..., None].expand(-1, 8, -1, -1, 1) * 0.5 + 1e-3)
        return layers


@pytest.mark.parametrize("read_out", ["mean", "softmax", "log-mean"])
@pytest.mark.parametrize("follow", [True, False])
def test_a_planted_place_is_found_through_all_crops(
    model: LatentDiffusion, quick: Preset, follow: bool, read_out: str
) -> None:
    places = torch.tensor([[20.0, 12.0], [40.0, 52.0], [61.0, 6.0], [32.0, 30.0]])
    config: LocateConfig = replace(
        quick.locate, crops=12, crop=0.75, follow=follow, read_out=read_out,  # type: ignore[arg-type]
    )  # fmt: skip
    rows = make_rows(places.double(), replace(quick.fit, embeddings=1), 0, "locate")
    contexts = torch.arange(4.0)[:, None, None].expand(4, 6, 768)
    scene = Scene(places)
    plan = make_plan(rows, 64, config, seed=0)
    (pasted,) = CropReading(model, scene, quick.fit, config).read(rows, contexts, plan)
    assert len(scene.seen) == 12
    heats = [combine(pasted.mean()[row : row + 1], config.read_out) for row in range(4)]
    for heat, place in zip(heats, places, strict=True):
        # Half a cell of the coarsest map in a crop of 48 is 3 pixels.
        assert float((argmax(heat) - place).norm()) < 3
        centre = read_point(heat, replace(config, window=8 / 64), 64)
        assert float((centre - place).norm()) < 3


def test_a_point_is_found_again_in_its_own_image(wide: LatentDiffusion, pattern: RGBImage) -> None:
    points = torch.tensor([[30.0, 40.0], [100.0, 20.0], [64.0, 64.0], [90.0, 110.0]]).double()
    fit = replace(
        DEFAULT.fit, layers="up[-3:]", steps=200, timestep=0, views=1, views_per_step=1,
        embeddings=1, sigma=0.06, start="random", learning_rate=0.05,
    )  # fmt: skip
    read = replace(DEFAULT.locate, crops=1, timestep=0)
    views = ImageViews(wide, pattern)
    embeddings = fit_embeddings(views, points, Preset("custom", fit, read))
    located = locate_embeddings(views, embeddings)
    away = (located.points - points).norm(dim=1)
    # The maps have cells of 8 pixels; a point placed at random is 60 away.
    assert float(away.max()) < 16
    assert float(away.mean()) < 10
    # A level map has pi / 100 of its mass within a tenth of the side.
    assert float(located.scores.min()) > 0.1
