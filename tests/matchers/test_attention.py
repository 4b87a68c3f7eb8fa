"""The public functions: whatever the image comes as, the same answer."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import homologue
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError
from homologue.images import RGBImage
from homologue.matchers.attention import fit, locate, match
from homologue.method.locate import Located
from homologue.presets import Preset

POINTS = [[15, 40], [62.5, 12.25]]


@pytest.fixture(scope="module")
def fast(quick: Preset) -> Preset:
    return replace(
        quick, fit=replace(quick.fit, embeddings=1), locate=replace(quick.locate, crops=2)
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, source: RGBImage, target: RGBImage) -> Path:
    root = tmp_path_factory.mktemp("images")
    source.to_pil().save(root / "source.png")
    target.to_pil().save(root / "target.png")
    return root


def assert_same(one: Located, other: Located) -> None:
    assert torch.equal(one.points, other.points)
    assert torch.equal(one.scores, other.scores)


def as_tensor(path: Path) -> torch.Tensor:
    array = np.array(Image.open(path))
    return torch.from_numpy(array).permute(2, 0, 1).float() / 255


def test_match_is_fit_and_locate(model: LatentDiffusion, folder: Path, fast: Preset) -> None:
    source, target = folder / "source.png", folder / "target.png"
    both = match(model, source, target, POINTS, preset=fast, seed=3, heatmaps=True)
    embeddings = fit(model, source, POINTS, preset=fast, seed=3)
    located = locate(model, target, embeddings, heatmaps=True)
    assert torch.equal(both.embeddings.contexts, embeddings.contexts)
    assert_same(both.located, located)
    assert both.located.heatmaps is not None
    assert located.heatmaps is not None
    assert torch.equal(both.located.heatmaps, located.heatmaps)
    assert set(both.seconds) == {"fit", "locate"}
    assert min(both.seconds.values()) > 0
    assert located.path == str(target)
    assert embeddings.source.path == str(source)
    assert (located.width, located.height) == (50, 70)


@pytest.mark.parametrize(
    "given",
    [str, Path, Image.open, lambda p: np.array(Image.open(p)), as_tensor, homologue.read_image],
    ids=["text", "path", "pil", "array", "tensor", "read"],
)
def test_every_kind_of_image_gives_the_same_answer(
    model: LatentDiffusion, folder: Path, fast: Preset, given: Callable[[Path], Any]
) -> None:
    expected = match(model, folder / "source.png", folder / "target.png", POINTS, preset=fast)
    other = match(
        model, given(folder / "source.png"), given(folder / "target.png"), POINTS, preset=fast
    )
    assert torch.equal(other.embeddings.contexts, expected.embeddings.contexts)
    assert other.embeddings.source.digest == expected.embeddings.source.digest
    assert_same(other.located, expected.located)


@pytest.mark.parametrize("kind", [np.array, torch.tensor, lambda points: points])
def test_every_kind_of_points_gives_the_same_answer(
    model: LatentDiffusion, source: RGBImage, fast: Preset, kind: Callable[[Any], Any]
) -> None:
    embeddings = fit(model, source, kind(POINTS), preset=fast)
    assert embeddings.points.tolist() == POINTS
    assert embeddings.points.dtype == torch.float64
    assert torch.equal(embeddings.contexts, fit(model, source, POINTS, preset=fast).contexts)


def test_the_seed_decides(model: LatentDiffusion, source: RGBImage, fast: Preset) -> None:
    first, again, other = (fit(model, source, POINTS, preset=fast, seed=s) for s in (0, 0, 1))
    assert torch.equal(first.contexts, again.contexts)
    assert not torch.allclose(first.contexts, other.contexts, atol=0.1)
    assert (first.seed, other.seed) == (0, 1)


def test_optimise_goes_before_the_preset(
    model: LatentDiffusion, source: RGBImage, target: RGBImage, fast: Preset
) -> None:
    matched = match(model, source, target, POINTS, preset=fast, optimise="joint")
    assert matched.embeddings.fit == replace(fast.fit, optimise="joint")
    assert matched.embeddings.contexts.shape[0] == 1
    assert matched.located.points.shape == (2, 2)


def test_a_target_is_read_as_it_was_fitted_for_unless_told_otherwise(
    model: LatentDiffusion, source: RGBImage, target: RGBImage, fast: Preset
) -> None:
    embeddings = fit(model, source, POINTS, preset=fast)
    assert embeddings.locate == fast.locate
    assert_same(locate(model, target, embeddings), locate(model, target, embeddings, preset=fast))
    pixels = replace(fast, locate=replace(fast.locate, window=0))
    found = locate(model, target, embeddings, preset=pixels).points
    in_square = found * torch.tensor([64 / 50, 64 / 70], dtype=torch.float64)
    torch.testing.assert_close(in_square % 1, torch.full((2, 2), 0.5).double())


def test_saved_embeddings_find_the_same_points(
    model: LatentDiffusion, source: RGBImage, target: RGBImage, fast: Preset, tmp_path: Path
) -> None:
    embeddings = fit(model, source, POINTS, preset=fast)
    embeddings.save(tmp_path / "points.safetensors")
    loaded = homologue.PointEmbeddings.load(tmp_path / "points.safetensors")
    assert_same(locate(model, target, loaded), locate(model, target, embeddings))


def test_both_images_are_read_before_anything_is_fitted(
    model: LatentDiffusion, source: RGBImage, fast: Preset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the model was used")

    monkeypatch.setattr(model, "encode", refuse)
    with pytest.raises(HomologueError, match=r"missing\.png"):
        match(model, source, "missing.png", POINTS, preset=fast)
    with pytest.raises(HomologueError, match="outside the image of 80 x 60 pixels"):
        match(model, source, source, [[81, 3]], preset=fast)
    with pytest.raises(HomologueError, match="There is no preset 'nothing'"):
        match(model, source, source, POINTS, preset="nothing")
