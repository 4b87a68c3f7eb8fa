"""Maps of crops put together, against the same done pixel by pixel."""

import math

import pytest
import torch
from torch import Tensor

from homologue.crops import Crop, whole_crop
from homologue.geometry import resize
from homologue.method.map_average import PastedMaps, combine, reduce_heads

SIDE = 12
CPU = torch.device("cpu")


def test_a_pixel_is_the_mean_over_the_crops_that_cover_it() -> None:
    stream = torch.Generator().manual_seed(0)
    crops = [Crop(0, 0, 7), Crop(4, 2, 7), Crop(5, 5, 7), Crop(1, 3, 7), Crop(4, 2, 5)]
    seen: list[list[tuple[Crop, list[Tensor]]]] = [[], []]
    pasted = PastedMaps(2, 3, SIDE, CPU)
    for index, crop in enumerate(crops):
        for row in (0, 1) if index != 3 else (1,):
            maps = [torch.rand(n, n, generator=stream) for n in (2, 4, 8)]
            pasted.add(row, crop, maps)
            seen[row].append((crop, maps))
    mean = pasted.mean()
    assert mean.shape == (2, 3, SIDE, SIDE)
    for row in range(2):
        expected = torch.full((3, SIDE, SIDE), torch.nan)
        for y in range(SIDE):
            for x in range(SIDE):
                values = [
                    [float(resize(m, crop.size)[y - crop.top, x - crop.left]) for m in maps]
                    for crop, maps in seen[row]
                    if crop.left <= x < crop.left + crop.size
                    and crop.top <= y < crop.top + crop.size
                ]
                if values:
                    expected[:, y, x] = torch.tensor(values).mean(dim=0)
        for layer in range(3):
            missing = expected[layer].isnan()
            assert 0 < int(missing.sum()) < SIDE * SIDE
            expected[layer][missing] = expected[layer][~missing].min()
        torch.testing.assert_close(mean[row], expected)


def test_the_whole_image_alone_is_its_own_mean() -> None:
    maps = torch.rand(SIDE, SIDE, generator=torch.Generator().manual_seed(1))
    pasted = PastedMaps(1, 1, SIDE, CPU)
    pasted.add(0, whole_crop(SIDE), [maps.half()])
    torch.testing.assert_close(pasted.mean()[0, 0], maps, atol=1e-3, rtol=0)
    pasted.add(0, whole_crop(SIDE), [maps.half()])
    torch.testing.assert_close(pasted.mean()[0, 0], maps, atol=1e-3, rtol=0)


def test_a_place_nobody_saw_is_never_the_highest_even_below_zero() -> None:
    pasted = PastedMaps(1, 1, 4, CPU)
    pasted.add(0, Crop(0, 0, 2), [torch.tensor([[-3.0, -1.0], [-2.0, -4.0]])])
    mean = pasted.mean()[0, 0]
    assert mean[:2, :2].tolist() == [[-3, -1], [-2, -4]]
    assert {*mean[2:].flatten().tolist(), *mean[:, 2:].flatten().tolist()} == {-4.0}


def test_rows_and_layers_stay_apart() -> None:
    pasted = PastedMaps(2, 2, 4, CPU)
    pasted.add(0, whole_crop(4), [torch.full((4, 4), 1.0), torch.full((4, 4), 2.0)])
    pasted.add(1, whole_crop(4), [torch.full((4, 4), 3.0), torch.full((4, 4), 4.0)])
    assert pasted.mean()[:, :, 0, 0].tolist() == [[1, 2], [3, 4]]


def test_heads_are_averaged_plainly_or_as_logarithms() -> None:
    heads = torch.tensor([[[1.0, 3.0]], [[0.5, 0.5]]])
    assert reduce_heads(heads, "mean").tolist() == [[0.75, 1.75]]
    assert reduce_heads(heads, "softmax").tolist() == [[0.75, 1.75]]
    expected = [(math.log(0.25) + math.log(0.5)) / 2, (math.log(0.75) + math.log(0.5)) / 2]
    assert reduce_heads(heads, "log-mean")[0].tolist() == pytest.approx(expected)


def test_combine_by_hand() -> None:
    # Two embeddings, two layers, 1 x 2 pixels.
    maps = torch.tensor([[[[0.0, 1.0]], [[2.0, 2.0]]], [[[2.0, 3.0]], [[0.0, 6.0]]]])
    # Means over the embeddings: [1, 2] and [1, 4].
    assert combine(maps, "mean").tolist() == [[1.0, 3.0]]

    def softmax(a: float, b: float) -> float:
        return math.exp(b) / (math.exp(a) + math.exp(b))

    right = (softmax(1, 2) + softmax(1, 4)) / 2
    assert combine(maps, "softmax").flatten().tolist() == pytest.approx([1 - right, right])
    right = softmax(1, 3)
    assert combine(maps, "log-mean").flatten().tolist() == pytest.approx([1 - right, right])


def test_softmax_goes_over_the_whole_image_not_over_rows() -> None:
    maps = torch.rand(3, 4, 6, 6, generator=torch.Generator().manual_seed(0))
    for read_out in ("softmax", "log-mean"):
        heat = combine(maps, read_out)  # type: ignore[arg-type]
        assert heat.shape == (6, 6)
        assert float(heat.sum()) == pytest.approx(1)
    flat = maps.mean(dim=0).reshape(4, 36).softmax(dim=1).mean(dim=0).reshape(6, 6)
    torch.testing.assert_close(combine(maps, "softmax"), flat)


def test_log_mean_wants_a_place_to_be_likely_in_every_map() -> None:
    both = torch.full((2, 1, 3, 3), 1e-3)
    both[:, 0, 1, 1] = 0.4  # second in both
    both[0, 0, 0, 0] = both[1, 0, 2, 2] = 0.9  # first in one only
    logs = torch.stack([reduce_heads(maps, "log-mean")[None] for maps in both])
    assert int(combine(logs, "log-mean").argmax()) == 4
    assert int(combine(both, "mean").argmax()) == 0
