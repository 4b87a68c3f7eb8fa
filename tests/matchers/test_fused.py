"""The matcher fused: an average of the similarity maps of its members."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from homologue.config import FusedConfig
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError
from homologue.images import RGBImage
from homologue.matchers.attention_matcher import Attention
from homologue.matchers.base import MapMatcher
from homologue.matchers.fused import Fused, weighted_mean
from homologue.matchers.nearest import GRID, on_grid, peaks, standardised
from homologue.matchers.registry import Ingredients, make_matcher
from homologue.presets import DEFAULT, Preset

POINTS = torch.tensor([[10.0, 20], [40, 30]], dtype=torch.float64)
IMAGE = RGBImage(torch.rand(3, 40, 80))


class Fixed:
    """A matcher with the same maps for every target."""

    def __init__(self, name: str, maps: Tensor) -> None:
        self.name, self._maps = name, maps
        self.settings = {"of": name}

    def fit(self, source: RGBImage, points: Tensor) -> Any:
        raise AssertionError("only the maps are used")

    def fit_maps(self, source: RGBImage, points: Tensor) -> Callable[[RGBImage], Tensor]:
        return lambda target: self._maps


def with_peaks(*peaks: tuple[int, int, float]) -> Tensor:
    maps = torch.zeros(1, GRID, GRID)
    for row, column, height in peaks:
        maps[0, row, column] = height
    return maps


def test_scale_and_offset_of_a_member_do_not_matter() -> None:
    one, two = torch.rand(2, 1, GRID, GRID).unbind()
    alike = [Fixed("a", one), Fixed("b", two)], [Fixed("a", 100 * one + 7), Fixed("b", two / 9)]
    config = FusedConfig(("a", "b"), confidence=1.5)
    found = [Fused(members, config).fit_maps(IMAGE, POINTS[:1])(IMAGE) for members in alike]
    torch.testing.assert_close(*found, atol=1e-4, rtol=1e-4)


def test_two_members_outvote_one() -> None:
    members = [
        Fixed("a", with_peaks((4, 8, 1.0), (30, 30, 0.7))),
        Fixed("b", with_peaks((30, 30, 1.0))),
        Fixed("c", with_peaks((30, 30, 1.0), (4, 8, 0.2))),
    ]
    config = FusedConfig(("a", "b", "c"), window=0)
    found = Fused(members, config).fit(IMAGE, POINTS[:1])(IMAGE).points
    assert found.tolist() == [[pytest.approx(80 * 30.5 / GRID), pytest.approx(40 * 30.5 / GRID)]]


def test_a_confident_member_weighs_more() -> None:
    sure, unsure = with_peaks((4, 8, 1.0)), torch.rand(1, GRID, GRID)
    maps = torch.stack([standardised(sure), standardised(unsure)])
    equal, weighted = weighted_mean(maps, 0), weighted_mean(maps, 2)
    torch.testing.assert_close(equal, maps.mean(dim=0))
    highest = maps.amax(dim=(-2, -1), keepdim=True) ** 2
    torch.testing.assert_close(weighted, (highest * maps).sum(0) / highest.sum(0))
    assert weighted[0, 4, 8] > equal[0, 4, 8]


def test_a_peak_between_cells_is_found_between_them() -> None:
    x = (torch.arange(GRID) + 0.5) / GRID
    centre = torch.tensor([0.4321, 0.7123])
    distance = (x[None, :] - centre[0]) ** 2 + (x[:, None] - centre[1]) ** 2
    maps = -distance[None] + 5
    exact, cell = peaks(maps, 0.0625), peaks(maps, 0)
    torch.testing.assert_close(exact[0], centre.double(), atol=3e-3, rtol=0)
    assert float((cell[0] - centre).abs().max()) > 5e-3
    torch.testing.assert_close(peaks(9 * maps - 3, 0.0625), exact, atol=1e-5, rtol=0)


def test_a_constant_map_says_nothing() -> None:
    assert standardised(torch.full((2, 5, 5), 3.0)).abs().max() == 0
    maps = torch.stack([torch.zeros(1, 5, 5), standardised(torch.rand(1, 5, 5))])
    assert weighted_mean(maps, 1).argmax() == maps[1].argmax()


def test_maps_of_all_sizes_keep_their_places() -> None:
    small = torch.tensor([[[0.0, 0], [0, 1]]])
    assert on_grid(small, 8)[0, -1, -1] == 1
    large = torch.zeros(1, 96, 96)
    large[0, 20:22, 40:42] = 1
    assert on_grid(large, 48)[0, 10, 20] == 1


def test_the_registry_makes_it_from_the_preset(
    model: LatentDiffusion, source: RGBImage, target: RGBImage, quick: Preset
) -> None:
    preset = replace(quick, fused=FusedConfig(("attention", "features", "latents")))
    fused = make_matcher("fused", Ingredients(lambda: model, preset, seed=3))
    assert isinstance(fused, MapMatcher)
    assert list(fused.settings["members"]) == ["attention", "features", "latents"]
    assert fused.settings["members"]["attention"] == dict(Attention(model, quick, 3).settings)
    found = fused.fit(source, POINTS)(target)
    assert found.points.shape == (2, 2)
    assert torch.equal(found.points, fused.fit(source, POINTS)(target).points)
    for index in range(2):  # a point does not depend on the others
        (alone,) = fused.fit(source, POINTS[[index]])(target).points
        torch.testing.assert_close(alone, found.points[index])


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        (("attention",), "at least two different matchers, not attention"),
        (("features", "features"), "at least two different matchers"),
        (("fused", "features"), "fused cannot be a member of itself"),
        (("identity", "features"), "identity has no similarity maps"),
        (("none", "features"), "There is no matcher 'none'"),
    ],
)
def test_members_that_do_not_fit_are_refused(
    model: LatentDiffusion, members: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(HomologueError, match=sentence):
        preset = replace(DEFAULT, fused=FusedConfig(members))
        make_matcher("fused", Ingredients(lambda: model, preset))
