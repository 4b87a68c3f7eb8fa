"""Sides and layers that a backbone has."""

from types import SimpleNamespace
from typing import Any

import pytest

from homologue.errors import HomologueError
from homologue.vision.families import FAMILIES, Geometry, family_of, geometry

BASE = Geometry(patch=14, prefix=1, depth=12, side=518)
"""That of facebook/dinov2-base."""


def config(**values: Any) -> Any:
    return SimpleNamespace(**values)


@pytest.mark.parametrize(("side", "found"), [(0, 518), (28, 28), (840, 840)])
def test_multiples_of_the_patch_size(side: int, found: int) -> None:
    assert BASE.check_side(side) == found


@pytest.mark.parametrize(
    ("side", "near"), [(500, "490 or 504"), (14, "28"), (27, "28"), (29, "28 or 42")]
)
def test_other_sides_are_refused_with_the_nearest_ones(side: int, near: str) -> None:
    sentence = rf"side is {side}, which is not a multiple .* patch size, 14, .*: set it to {near}\."
    with pytest.raises(HomologueError, match=sentence):
        BASE.check_side(side)


def test_layers_are_counted_from_both_ends() -> None:
    assert BASE.check_layers([-1, 1, -12 + 8, 6]) == (12, 1, 9, 6)


@pytest.mark.parametrize(
    ("layers", "sentence"),
    [
        ([13], "has 13, and the backbone has 12 layers: give numbers from 1 to 12, or from -12"),
        ([1, -13], "has -13, and the backbone has 12 layers"),
        ([12, -1], "names layer 12 twice"),
    ],
)
def test_other_layers_are_refused(layers: list[int], sentence: str) -> None:
    with pytest.raises(HomologueError, match=sentence):
        BASE.check_layers(layers)


def test_geometry_of_published_backbones() -> None:
    def of(model_type: str, **values: Any) -> Geometry:
        return geometry(config(**values), FAMILIES[model_type], "it")

    vit = {"num_hidden_layers": 12}
    assert of("dinov2", patch_size=14, image_size=518, **vit) == BASE
    registers = {"patch_size": 16, "image_size": 224, "num_register_tokens": 4}
    assert of("dinov3_vit", **registers, **vit) == Geometry(16, 5, 12, 512)
    assert of("dinov3_convnext", depths=[3, 3, 9, 3]) == Geometry(32, 1, 4, 768)
    assert of("siglip", patch_size=16, image_size=384, **vit) == Geometry(16, 0, 12, 384)
    # The side of SigLIP so400m-patch14-384 is not a multiple of its patch size.
    assert of("siglip", patch_size=14, image_size=384, **vit) == Geometry(14, 0, 12, 378)
    assert of("siglip2", patch_size=16, num_patches=256, **vit) == Geometry(16, 0, 12, 512)


def test_only_squares_are_supported() -> None:
    wide = config(patch_size=14, image_size=[518, 560], num_hidden_layers=12)
    with pytest.raises(HomologueError, match=r"it has the image_size \[518, 560\]"):
        geometry(wide, FAMILIES["dinov2"], "it")
    both = config(patch_size=[14, 14], image_size=(518, 518), num_hidden_layers=12)
    assert geometry(both, FAMILIES["dinov2"], "it") == BASE


@pytest.mark.parametrize("model_type", ["bert", None, ["dinov2"]])
def test_other_architectures_are_refused(model_type: Any) -> None:
    with pytest.raises(HomologueError, match=r"it is a model of the type .* DINOv2, DINOv2 with"):
        family_of({"model_type": model_type}, "it")
