"""What the built-in model is taught besides pictures, on cases whose answer is known."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

sys.path.append(str(Path(__file__).parents[1] / "recipes" / "builtin"))

import losses
import matching
from taught import Taught


def unit(*shape: int) -> Tensor:
    return functional.normalize(torch.randn(*shape, generator=torch.manual_seed(0)), dim=-1)


def test_likeness_is_least_where_points_are_as_alike_as_they_are_taught() -> None:
    taught = unit(4, 6, 16)
    every = torch.ones(4, dtype=torch.bool)
    # Products scaled by the ratio of the temperatures make the same softmax.
    share = losses.TEMPERATURE / losses.TEACHER_TEMPERATURE
    same = losses.likeness(taught * share, taught, taught, every)
    assert torch.allclose(same, torch.zeros(4), atol=1e-5)
    other = losses.likeness(unit(5, 6, 16)[1:] * share, taught, taught, every)
    assert bool((other > 0.5).all())


def test_likeness_leaves_out_icons_that_are_not_taught_and_an_icon_itself() -> None:
    taught, feats = unit(3, 5, 8), unit(4, 5, 8)[1:]
    usable = torch.tensor([True, True, False])
    before = losses.likeness(feats, feats, taught, usable)
    changed = feats.clone()
    changed[2] = unit(6, 5, 8)[5]
    after = losses.likeness(feats, changed, taught, usable)
    assert torch.equal(before, after)
    assert not torch.equal(before, losses.likeness(feats, changed, taught, usable | True))
    alone = losses.likeness(feats[:2], feats[:2].flip(0), taught[:2], usable[:2])
    assert not torch.allclose(alone, before[:2])


@pytest.mark.parametrize("folders", [("teacher",), ("teacher", "own")])
def test_taught_features_are_of_unit_length_between_cells_too(
    tmp_path: Path, folders: tuple[str, ...]
) -> None:
    kept = {}
    for number, folder in enumerate(folders):
        (tmp_path / folder).mkdir()
        kept[folder] = unit(number + 3, 16, 16, 5)[-2:].numpy().astype(np.float16)
        np.save(tmp_path / folder / "noto.npy", kept[folder])
    (tmp_path / "teacher" / "alike.json").write_text(json.dumps({"fox": ["wolf"]}))
    pool = SimpleNamespace(sets=[SimpleNamespace(name="noto")], rows={"fox": [(0, 1)]})
    taught = Taught(tmp_path, pool)  # type: ignore[arg-type]

    sample = SimpleNamespace(names=["fox"], sets=[0])
    first = (torch.tensor([3, 7]) + 0.5) / 8 - 1  # centre of the cell of column 3, row 7
    points = torch.stack([first, first + 1 / 16])[None]
    found = taught.features(sample, points)  # type: ignore[arg-type]
    assert taught.alike == {"fox": ["wolf"]}
    assert torch.allclose(found.norm(dim=-1), torch.ones(1, 2), atol=1e-5)
    cells = [torch.from_numpy(kept[folder][1, 7, 3].astype(np.float32)) for folder in folders]
    expected = torch.cat([functional.normalize(cell, dim=0) for cell in cells])
    assert torch.allclose(found[0, 0], expected / len(folders) ** 0.5, atol=1e-3)


def test_alignment_finds_an_icon_that_is_shifted() -> None:
    feats = unit(1, 16, 16, 32)
    shifted = feats.roll((2, -1), (1, 2))  # two cells down, one to the left
    masks = torch.zeros(2, 16, 16, dtype=torch.bool)
    masks[0, 4:12, 4:12] = True
    masks[1] = masks[0].roll((2, -1), (0, 1))
    both = torch.cat([feats, shifted]).flatten(1, 2)
    found, weights = matching.align(both, masks.flatten(1), torch.tensor([0]), torch.tensor([1]))
    on = masks[0].flatten()
    wanted = matching.CENTRES[on] + torch.tensor([-1.0, 2.0]) / 8
    assert torch.allclose(found[0, on], wanted, atol=0.02)
    assert bool((weights[0, on] > 0.9).all())
    assert not weights[0, ~on].any()


def test_alignment_is_not_sure_of_what_is_alike_everywhere() -> None:
    feats = unit(1, 1, 8).expand(2, 256, 8)
    masks = torch.ones(2, 256, dtype=torch.bool)
    weights = matching.align(feats, masks, torch.tensor([0]), torch.tensor([1]))[1]
    assert float(weights.max()) < 0.3
