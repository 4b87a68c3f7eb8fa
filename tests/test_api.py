"""The public functions: whatever the image comes as, the same answer."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import homologue
from homologue.api import fit, layer_maps, locate, match, plot_match
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError
from homologue.images import RGBImage
from homologue.method.locate import Located
from homologue.method.locator import Locator
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
    assert both.points is both.located.points
    assert both.scores is both.located.scores
    assert both.heatmaps is not None
    assert located.heatmaps is not None
    assert torch.equal(both.heatmaps, located.heatmaps)
    assert both.source_points.tolist() == POINTS
    assert (both.source.path, both.target.path) == (str(source), str(target))
    assert match(model, source, target, POINTS, preset=fast).heatmaps is None
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
    matched = match(model, source, target, POINTS, preset=fast, strategy="joint")
    assert matched.embeddings.fit == replace(fast.fit, strategy="joint")
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


@pytest.mark.parametrize("way", ["exact", "joint", "cached"])
@pytest.mark.parametrize("follow", [False, True])
def test_a_locator_gives_the_same_bits_as_the_functions(
    model: LatentDiffusion, source: RGBImage, target: RGBImage, fast: Preset, way: str, follow: bool
) -> None:
    preset = replace(fast, locate=replace(fast.locate, follow=follow))
    here, there = Locator(model).set_image(source), Locator(model).set_image(target)
    here.prepare(preset=preset, strategy=way, seed=3, target=False)
    there.prepare(preset=preset, strategy=way, seed=3, source=False)
    for point in POINTS:
        embeddings = here.fit([point], preset=preset, strategy=way, seed=3)
        alone = fit(model, source, [point], preset=preset, strategy=way, seed=3)
        assert torch.equal(embeddings.contexts, alone.contexts)
        assert embeddings.source == alone.source
        assert_same(there.locate(embeddings), locate(model, target, alone))
        assert_same(here.locate(embeddings), locate(model, source, alone))


def test_a_locator_encodes_its_image_once(
    model: LatentDiffusion, target: RGBImage, source: RGBImage, fast: Preset,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    embeddings = fit(model, source, POINTS, preset=fast)
    seen: list[int] = []
    encode = model.encode
    monkeypatch.setattr(model, "encode", lambda images: seen.append(1) or encode(images))
    locator = Locator(model).set_image(target)
    assert not seen
    first = locator.locate(embeddings)
    assert len(seen) == fast.locate.crops
    assert_same(locator.locate(embeddings), first)
    assert len(seen) == fast.locate.crops
    locator.set_image(source)
    assert not torch.equal(locator.locate(embeddings).points, first.points)
    assert len(seen) == 2 * fast.locate.crops


@pytest.mark.parametrize("way", ["exact", "joint"])
def test_crops_that_depend_on_a_point_do_not_pile_up(
    model: LatentDiffusion, source: RGBImage, fast: Preset, way: str
) -> None:
    locator = Locator(model).set_image(source)
    locator.fit(POINTS, preset=fast, strategy=way)
    assert locator.views._latents == {}


def test_a_locator_without_an_image_says_what_to_call(model: LatentDiffusion) -> None:
    with pytest.raises(HomologueError, match=r"call set_image\(IMAGE\) first"):
        Locator(model).fit(POINTS)


def test_layer_maps_of_any_image_have_the_heat_map_as_their_mean(
    model: LatentDiffusion, folder: Path, fast: Preset
) -> None:
    embeddings = fit(model, folder / "source.png", POINTS, preset=fast)
    parts = layer_maps(model, str(folder / "target.png"), embeddings)
    found = locate(model, folder / "target.png", embeddings, heatmaps=True)
    assert found.layer_maps is None
    assert found.heatmaps is not None
    assert torch.equal(torch.stack([part.mean for part in parts]), found.heatmaps)
    assert parts[0].names == model.layers(fast.fit.layers)


def test_a_match_is_drawn_as_the_command_draws_it(
    model: LatentDiffusion, source: RGBImage, target: RGBImage, fast: Preset, tmp_path: Path
) -> None:
    from homologue.viz.match import save_match

    found = match(model, source, target, POINTS, preset=fast, heatmaps=True)
    figure = plot_match(found, tmp_path / "found.png")
    save_match(tmp_path / "wanted.png", source, target, found.source_points, found.located)
    assert (tmp_path / "found.png").read_bytes() == (tmp_path / "wanted.png").read_bytes()
    assert figure.axes
    with pytest.raises(HomologueError, match="suffix"):
        plot_match(found, tmp_path / "found.txt")


def test_every_public_name_is_there_and_importing_homologue_is_cheap() -> None:
    for name in homologue.__all__:
        assert getattr(homologue, name).__name__ if name != "PRESETS" else homologue.PRESETS
    verbs = {"load", "fit", "locate", "match", "attend", "nearest_words", "plot_match"}
    assert {*verbs, "layer_maps", "Locator"} <= set(homologue.__all__)
    program = (
        "import sys, time; start = time.perf_counter(); import homologue; "
        "print(time.perf_counter() - start, 'torch' in sys.modules, 'numpy' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    seconds, *heavy = run.stdout.split()
    assert heavy == ["False", "False"], run.stderr
    assert float(seconds) < 0.3
