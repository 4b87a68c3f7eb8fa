"""Small maps show what the large ones do."""

from dataclasses import replace

import pytest
import torch

from homologue.api import layer_maps
from homologue.config import Strategy
from homologue.diffusion.model import LatentDiffusion
from homologue.images import RGBImage
from homologue.method.fit import fit_embeddings
from homologue.method.locate import locate_embeddings
from homologue.method.observers import SmallMaps, stacked
from homologue.method.views import ImageViews
from homologue.presets import Preset

POINTS = torch.tensor([[15.0, 40.0], [62.5, 12.25], [41.0, 31.0]], dtype=torch.float64)


@pytest.mark.parametrize("way", ["exact", "joint", "cached"])
def test_they_are_means_of_the_large_ones_and_as_fine_as_the_layer(
    model: LatentDiffusion, source: RGBImage, target: RGBImage, quick: Preset, way: Strategy
) -> None:
    fit = replace(quick.fit, strategy=way)
    embeddings = fit_embeddings(ImageViews(model, source), POINTS, replace(quick, fit=fit))
    layers = model.layers(fit.layers)
    observer = SmallMaps(layers, quick.locate, fit.embeddings)
    locate_embeddings(
        ImageViews(model, target), replace(embeddings, locate=quick.locate), observer=observer
    )
    maps = stacked(observer.maps)
    assert list(maps) == ["all", *layers]
    sizes = [int(maps[layer].shape[-1]) for layer in layers]
    assert sizes == [2, 2, 2, 4]
    large = layer_maps(model, target, embeddings)
    for point, one in enumerate(large):
        every = zip(maps, [4, *sizes], [one.mean, *one.layers], strict=True)
        for name, size, whole in every:
            part = 64 // size
            blocks = whole.unflatten(0, (size, part)).unflatten(2, (size, part)).mean(dim=(1, 3))
            small = maps[name][point]
            assert (small.dtype, small.shape) == (torch.float16, (size, size))
            assert float(small.max()) == 1
            torch.testing.assert_close(small.float(), blocks / blocks.max(), atol=1e-3, rtol=1e-3)
