"""Maps of layers and embeddings alone, and how they make up the heat map."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from homologue.api import layer_maps
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError
from homologue.images import RGBImage
from homologue.method.embeddings import PointEmbeddings
from homologue.method.fit import fit_embeddings
from homologue.method.layer_maps import split_maps
from homologue.method.locate import locate_embeddings
from homologue.method.views import ImageViews
from homologue.presets import Preset

POINTS = torch.tensor([[15.0, 40.0], [62.5, 12.25], [41.0, 31.0]], dtype=torch.float64)
WAYS = ("exact", "joint", "cached")


@pytest.fixture(scope="module", params=WAYS)
def embeddings(
    request: pytest.FixtureRequest, model: LatentDiffusion, source: RGBImage, quick: Preset
) -> PointEmbeddings:
    config = replace(quick.fit, strategy=request.param, steps=1, tokens=4)
    return fit_embeddings(ImageViews(model, source), POINTS, replace(quick, fit=config))


def test_the_mean_is_the_heat_map_that_points_are_read_from(
    model: LatentDiffusion, target: RGBImage, embeddings: PointEmbeddings
) -> None:
    located = locate_embeddings(ImageViews(model, target), embeddings, heatmaps=True)
    assert located.heatmaps is not None
    parts = layer_maps(model, target, embeddings)
    assert torch.equal(torch.stack([part.mean for part in parts]), located.heatmaps)


def test_there_is_a_map_for_each_layer_and_each_embedding(
    model: LatentDiffusion, source: RGBImage, embeddings: PointEmbeddings
) -> None:
    for part in layer_maps(model, source, embeddings):
        assert part.names == model.layers("up[:4]")
        assert part.layers.shape == (4, 64, 64)
        assert part.embeddings.shape == (2, 64, 64)
        assert float(min(part.layers.min(), part.embeddings.min())) >= 0
        torch.testing.assert_close(part.layers.sum(dim=(1, 2)), torch.ones(4))
        torch.testing.assert_close(part.embeddings.sum(dim=(1, 2)), torch.ones(2))


def test_other_settings_and_progress_are_passed_on(
    model: LatentDiffusion, source: RGBImage, embeddings: PointEmbeddings, quick: Preset
) -> None:
    told: list[tuple[str, int, int]] = []
    preset = replace(quick, locate=replace(quick.locate, crops=1, read_out="mean"))
    parts = layer_maps(
        model, source, embeddings, preset=preset, progress=lambda *args: told.append(args)
    )  # fmt: skip
    assert len(parts) == 3
    assert told[-1] == ("locate", 3, 3)


# Two embeddings and two layers of two places each.
MAPS = torch.tensor([[[1.0, 3.0], [2.0, 2.0]], [[5.0, 3.0], [6.0, 2.0]]]).unsqueeze(2)


def test_means_by_hand() -> None:
    parts = split_maps(MAPS, ("a", "b"), "mean")
    # Layer a: ((1, 3) + (5, 3)) / 2 = (3, 3); layer b: ((2, 2) + (6, 2)) / 2 = (4, 2).
    torch.testing.assert_close(parts.layers[:, 0], torch.tensor([[0.5, 0.5], [2 / 3, 1 / 3]]))
    # Embedding 1: ((1, 3) + (2, 2)) / 2 = (1.5, 2.5); embedding 2: (5.5, 2.5).
    torch.testing.assert_close(
        parts.embeddings[:, 0], torch.tensor([[1.5 / 4, 2.5 / 4], [5.5 / 8, 2.5 / 8]])
    )
    torch.testing.assert_close(parts.mean[0], torch.tensor([3.5 / 6, 2.5 / 6]))
    assert parts.names == ("a", "b")


def test_logarithms_by_hand() -> None:
    parts = split_maps(MAPS, ("a", "b"), "log-mean")

    def softmax(*numbers: float) -> Tensor:
        return torch.tensor(numbers).softmax(dim=0)

    torch.testing.assert_close(parts.layers[0, 0], softmax(3.0, 3.0))
    torch.testing.assert_close(parts.embeddings[1, 0], softmax(5.5, 2.5))
    torch.testing.assert_close(parts.mean[0], softmax(3.5, 2.5))


def test_embeddings_of_another_model_are_refused(
    model: LatentDiffusion, target: RGBImage, embeddings: PointEmbeddings
) -> None:
    foreign = replace(embeddings, fingerprint="beef")
    with pytest.raises(HomologueError, match="fitted with other weights"):
        layer_maps(model, target, foreign)
