"""The matcher vision: nearest neighbours of a backbone's features, by name, alone and in fused."""

from dataclasses import replace
from math import floor
from pathlib import Path
from typing import Any, NoReturn

import pytest
import torch
from helpers.command_line import refused
from helpers.tiny_backbones import KINDS, tiny_backbone
from torch import Tensor
from torch.nn.functional import cosine_similarity, interpolate

from homologue.config import FusedConfig, VisionConfig
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError
from homologue.images import RGBImage
from homologue.matchers.base import MapMatcher
from homologue.matchers.latents import Latents
from homologue.matchers.nearest import GRID, grid_positions
from homologue.matchers.registry import Ingredients, make_matcher
from homologue.matchers.vision import Vision
from homologue.presets import DEFAULT, Preset, get_preset, with_settings
from homologue.vision.backbone import Backbone
from homologue.vision.loading import load_backbone

POINTS = torch.tensor([[20.0, 45], [62.5, 12.25], [33, 37], [71, 52]], dtype=torch.float64)
SIDES = {"dinov2": 70, "convnext": 64, "naflex": 96, "siglip": 96, "dinov3": 96}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("backbones")
    return {kind: tiny_backbone(root / kind, kind) for kind in KINDS}


@pytest.fixture(scope="module")
def backbones(folders: dict[str, Path]) -> dict[str, Backbone]:
    return {kind: load_backbone(folder, device="cpu") for kind, folder in folders.items()}


@pytest.fixture(scope="module")
def dinov2(backbones: dict[str, Backbone]) -> Backbone:
    return backbones["dinov2"]


def no_model() -> NoReturn:
    raise AssertionError("the diffusion model is not needed")


def read(features: Tensor, x: float, y: float) -> Tensor:
    """The value (C,) at a fraction of the width and height, interpolated between cell centres."""
    side = features.shape[-1]
    u, v = (min(max(part * side - 0.5, 0), side - 1) for part in (x, y))
    left, top = min(floor(u), side - 2), min(floor(v), side - 2)
    right, low = u - left, v - top
    upper = features[:, top, left] * (1 - right) + features[:, top, left + 1] * right
    lower = features[:, top + 1, left] * (1 - right) + features[:, top + 1, left + 1] * right
    return upper * (1 - low) + lower * low


def by_hand(
    backbone: Backbone, source: RGBImage, target: RGBImage, side: int, layers: tuple[int, ...]
) -> Tensor:
    """The mean over layers of the cosine similarity at the centres of a 48 x 48 grid's cells."""

    def maps(image: RGBImage) -> list[Tensor]:
        square = interpolate(image.pixels[None], (side, side), mode="bilinear", antialias=True)
        return backbone.maps(square[0].clamp(0, 1), layers)

    cells = [((i + 0.5) / GRID, (j + 0.5) / GRID) for j in range(GRID) for i in range(GRID)]
    similar = torch.zeros(len(POINTS), GRID * GRID)
    for here, there in zip(maps(source), maps(target), strict=True):
        candidates = torch.stack([read(there, x, y) for x, y in cells])
        for index, (x, y) in enumerate(POINTS.tolist()):
            value = read(here, x / source.width, y / source.height)
            similar[index] += cosine_similarity(candidates, value[None], dim=-1) / len(layers)
    return similar.view(-1, GRID, GRID)


@pytest.mark.parametrize("layers", [(-1,), (1, 2)])
@pytest.mark.parametrize("kind", ["dinov2", "convnext", "naflex"])
def test_maps_equal_a_computation_by_hand(
    backbones: dict[str, Backbone],
    kind: str,
    layers: tuple[int, ...],
    source: RGBImage,
    target: RGBImage,
) -> None:
    backbone, side = backbones[kind], SIDES[kind]
    matcher = Vision(backbone, VisionConfig(side=side, layers=layers))
    counted = tuple(index % (backbone.geometry.depth + 1) for index in layers)
    expected = by_hand(backbone, source, target, side, counted)
    found = matcher.fit_maps(source, POINTS)(target)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
    cells = grid_positions()[expected.flatten(1).argmax(dim=1)].double()
    places = cells * torch.tensor([target.width, target.height])
    torch.testing.assert_close(matcher.fit(source, POINTS)(target).points, places)


@pytest.mark.parametrize("kind", sorted(SIDES))
def test_a_picture_is_found_in_itself(
    backbones: dict[str, Backbone], kind: str, pattern: RGBImage
) -> None:
    points = 128 * grid_positions()[[700, 1200, 1810]].double()
    matcher = Vision(backbones[kind], VisionConfig(side=SIDES[kind], debias=0))
    torch.testing.assert_close(matcher.fit(pattern, points)(pattern).points, points)


def test_the_settings_have_all_that_results_depend_on(
    folders: dict[str, Path], dinov2: Backbone
) -> None:
    settings = dict(Vision(dinov2).settings)
    assert settings == {
        "backbone": str(folders["dinov2"]),
        "fingerprint": dinov2.fingerprint,
        "dtype": "float32",
        "scale": 1.0,
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
        "side": 56,
        "layers": [3],
        "debias": 0,
        "grid": GRID,
    }
    half = load_backbone(folders["dinov2"], device="cpu", dtype="bfloat16")
    other = dict(Vision(half, VisionConfig(side=70, layers=(1, -1))).settings)
    assert (other["dtype"], other["side"], other["layers"]) == ("bfloat16", 70, [1, 3])


def test_the_positional_component_is_removed_from_dinov3(
    backbones: dict[str, Backbone], source: RGBImage, target: RGBImage
) -> None:
    removed = {
        kind: Vision(backbones[kind], VisionConfig(side=side)).settings["debias"]
        for kind, side in SIDES.items()
    }
    assert removed == {"dinov2": 0, "convnext": 0, "naflex": 0, "siglip": 0, "dinov3": 20}
    backbone, side = backbones["dinov3"], SIDES["dinov3"]
    black = backbone.maps(torch.zeros(3, side, side), [3])[0].flatten(1).double()
    black = black / black.norm(dim=0)
    directions = torch.linalg.svd(black - black.mean(dim=1, keepdim=True))[0][:, :20]
    default = Vision(backbone, VisionConfig(side=side)).fit_maps(source, POINTS)
    for layers in ((-1,), (2, -1)):
        config = VisionConfig(side=side, layers=layers, debias=20)
        matcher = Vision(backbone, config)
        (maps,) = matcher._features(target)
        assert len(maps) == len(layers)
        along = maps[-1].flatten(1).double().T @ directions
        assert along.abs().max() < 1e-5
        torch.testing.assert_close(maps[-1].norm(dim=0), torch.ones(6, 6))
        if len(layers) == 1:
            assert torch.equal(default(target), matcher.fit_maps(source, POINTS)(target))


@pytest.mark.parametrize(
    ("kind", "config", "sentence"),
    [
        ("dinov2", VisionConfig(side=100), "vision.side is 100, .* set it to 98 or 112"),
        ("convnext", VisionConfig(side=12), "vision.side is 12, .* patch size, 8, .* to 16"),
        ("dinov2", VisionConfig(layers=(4,)), "vision.layers has 4, and the backbone has 3 layers"),
        ("convnext", VisionConfig(layers=(-3,)), "vision.layers has -3, .* numbers from 1 to 2"),
        ("dinov2", VisionConfig(debias=40), "set vision.debias to at most 15"),
        ("dinov3", VisionConfig(side=64), "set vision.debias to at most 15, or 0"),
    ],
)
def test_settings_that_a_backbone_does_not_have(
    backbones: dict[str, Backbone], kind: str, config: VisionConfig, sentence: str
) -> None:
    with pytest.raises(HomologueError, match=sentence):
        Vision(backbones[kind], config)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"backbone": " "}, "backbone must be a Hub id or a folder"),
        ({"side": -14}, "side must be 0 or from 8 to 4096, not -14"),
        ({"side": 5000}, "side must be 0 or from 8 to 4096"),
        ({"layers": ()}, "layers must be numbers of layers from 1, .*, not empty"),
        ({"layers": (0, 1)}, "layers must be numbers of layers from 1, .*, not 0, 1"),
        ({"debias": -2}, "debias must be from -1"),
    ],
)
def test_invalid_settings(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(HomologueError, match=sentence):
        VisionConfig(**values)


def test_presets_name_a_backbone() -> None:
    texts = ["vision.backbone=./with+plus/dino", "vision.layers=-4,-1", "vision.side=518"]
    preset = with_settings(DEFAULT, texts)
    assert preset.vision == VisionConfig("./with+plus/dino", 518, (-4, -1))
    assert get_preset(preset.name).vision == preset.vision
    assert get_preset("default+vision.backbone=owner/name.toml").vision.backbone.endswith(".toml")


def test_the_registry_makes_it_without_the_diffusion_model(
    folders: dict[str, Path], source: RGBImage, target: RGBImage
) -> None:
    preset = with_settings(DEFAULT, [f"vision.backbone={folders['siglip']}"])
    matcher = make_matcher("vision", Ingredients(no_model, preset))
    assert isinstance(matcher, MapMatcher)
    assert matcher.settings["backbone"] == str(folders["siglip"])
    assert matcher.fit(source, POINTS)(target).points.shape == (4, 2)


def test_fused_averages_its_maps(
    model: LatentDiffusion, dinov2: Backbone, source: RGBImage, target: RGBImage, quick: Preset
) -> None:
    preset = replace(quick, fused=FusedConfig(("latents", "vision"), window=0))
    fused = make_matcher("fused", Ingredients(lambda: model, preset, backbone=lambda name: dinov2))
    vision, latents = Vision(dinov2, preset.vision), Latents(model)
    assert fused.settings["members"] == {"latents": latents.settings, "vision": vision.settings}
    maps = []
    for member in (latents, vision):
        found = member.fit_maps(source, POINTS)(target)
        centred = found - found.mean(dim=(1, 2), keepdim=True)
        maps.append(centred / centred.std(dim=(1, 2), correction=0, keepdim=True))
    best = grid_positions()[(maps[0] + maps[1]).flatten(1).argmax(dim=1)].double()
    places = best * torch.tensor([target.width, target.height])
    torch.testing.assert_close(fused.fit(source, POINTS)(target).points, places)


FEW = ("evaluate", "emoji", "--split", "val", "--limit", "1", "--device", "cpu")


def test_evaluate_with_a_backbone(
    homologue: Any, folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("homologue.commands.model_options.LoadOptions.load", no_model)
    vision = ("--matcher", "vision", "--set", "vision.side=70", "--run", tmp_path / "run")
    shorthand = (*FEW, *vision, "--backbone", folders["dinov2"], "--json")
    result = homologue(*shorthand).json
    settings = result["settings"]
    assert (settings["backbone"], settings["side"]) == (str(folders["dinov2"]), 70)
    setting = ("--set", f"vision.backbone={folders['dinov2']}", "--json")
    assert homologue(*FEW, *vision, *setting).json["pck"] == result["pck"]  # resumed
    refused(
        homologue(*FEW, *vision, "--backbone", folders["registers"]), "another settings.backbone"
    )


def test_evaluate_fused_with_a_backbone(homologue: Any, folders: dict[str, Path]) -> None:
    members = ("--matcher", "fused", "--with", "vision,hog", "--set", "vision.side=70")
    half = ("--dtype", "bfloat16", "--backbone", folders["dinov2"], "--json")
    settings = homologue(*FEW, *members, *half).json["settings"]
    assert settings["members"]["vision"]["dtype"] == "bfloat16"


def test_options_that_evaluate_refuses(
    homologue: Any, folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = folders["dinov2"]
    refused(homologue(*FEW, "--matcher", "hog", "--backbone", folder), "add --matcher vision")
    refused(homologue(*FEW, "--matcher", "hog", "--set", "vision.side=70"), "vision only")
    refused(homologue(*FEW, "--matcher", "vision", "--backbone", tmp_path), "lacks config.json")
    both = ("--matcher", "vision", "--set", "vision.backbone=a/b", "--backbone", folder)
    refused(homologue(*FEW, *both), "--backbone and --set vision.backbone", "give one of them")
    offline = ("--matcher", "vision", "--offline", "--backbone", "owner/name")
    refused(homologue(*FEW, *offline), "owner/name is not a local folder", "local_files_only")
