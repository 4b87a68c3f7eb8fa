"""Losses are told to who wants them, and work that is stopped leaves nothing behind."""

from dataclasses import replace

import pytest
import torch

from homologue.diffusion.layers import cross_attention_layers
from homologue.diffusion.model import LatentDiffusion
from homologue.images import RGBImage
from homologue.method.fit import fit_embeddings
from homologue.method.locate import locate_embeddings
from homologue.method.views import ImageViews
from homologue.presets import Preset
from homologue.progress import Cancelled, LossProgress, report_loss, silent

POINTS = torch.tensor([[15.0, 40.0], [62.5, 12.25]], dtype=torch.float64)


class Curve:
    """Remembers everything it is told."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.steps: list[tuple[str, int, int]] = []

    def __call__(self, stage: str, done: int, total: int) -> None:
        self.steps.append((stage, done, total))

    def see_loss(self, loss: float) -> None:
        self.losses.append(loss)


def test_the_mean_is_told_to_who_wants_it() -> None:
    curve = Curve()
    assert isinstance(curve, LossProgress)
    assert not isinstance(silent, LossProgress)
    report_loss(curve, torch.tensor([[1.0, torch.nan], [4.0, 1.0]]))
    report_loss(silent, torch.tensor([1.0]))
    assert curve.losses == [2.0]


@pytest.mark.parametrize("way", ["exact", "joint", "cached"])
def test_the_last_loss_told_is_that_of_the_embeddings(
    model: LatentDiffusion, source: RGBImage, quick: Preset, way: str
) -> None:
    config = replace(quick.fit, strategy=way, steps=3, embeddings=1)  # type: ignore[arg-type]
    curve = Curve()
    fitted = fit_embeddings(
        ImageViews(model, source), POINTS, replace(quick, fit=config), progress=curve
    )
    assert len(curve.losses) == len([stage for stage, _, _ in curve.steps if stage == "fit"]) == 3
    assert curve.losses[-1] == pytest.approx(float(fitted.losses.mean()), rel=1e-6)


@pytest.mark.parametrize("way", ["exact", "cached"])
@pytest.mark.parametrize("stage", ["fit", "locate"])
def test_stopped_work_leaves_the_model_as_it_was(
    model: LatentDiffusion, source: RGBImage, quick: Preset, way: str, stage: str
) -> None:
    config = replace(quick.fit, strategy=way)  # type: ignore[arg-type]

    def stop(now: str, done: int, total: int) -> None:
        if now == stage:
            raise Cancelled

    layers = cross_attention_layers(model.unet)
    before = [model.attention_layer(layer).processor for layer in layers]
    whole = fit_embeddings(ImageViews(model, source), POINTS, replace(quick, fit=config))
    with pytest.raises(Cancelled):
        stopped = fit_embeddings(
            ImageViews(model, source), POINTS, replace(quick, fit=config), progress=stop
        )
        locate_embeddings(
            ImageViews(model, source), replace(stopped, locate=quick.locate), progress=stop
        )
    assert [model.attention_layer(layer).processor for layer in layers] == before
    again = fit_embeddings(ImageViews(model, source), POINTS, replace(quick, fit=config))
    assert torch.equal(again.contexts, whole.contexts)
