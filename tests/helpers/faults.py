"""Faults of a model; each function damages a model in place."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from homologue.diffusion.model import LatentDiffusion

Fault = Callable[[LatentDiffusion], object]


def scaled(factor: float) -> Fault:
    """Multiply the VAE's scaling factor."""

    def fault(model: LatentDiffusion) -> None:
        scaling = model.vae.config.scaling_factor * factor
        model.vae.register_to_config(scaling_factor=scaling)

    return fault


def not_a_number(name: str) -> Fault:
    """Put one NaN into a weight, such as `unet.conv_in.weight`."""

    def fault(model: LatentDiffusion) -> None:
        part, _, rest = name.partition(".")
        getattr(model, part).get_parameter(rest).data.flatten()[3] = float("nan")

    return fault


def shuffled(*words: str) -> Fault:
    """Shuffle the values of each weight of the UNet, or of weights whose name has a word."""

    def fault(model: LatentDiffusion) -> None:
        _shuffle(p for n, p in model.unet.named_parameters() if any(w in n for w in words or [""]))

    return fault


def shuffled_vae(model: LatentDiffusion) -> None:
    _shuffle(model.vae.parameters())


def exchanged(model: LatentDiffusion) -> None:
    """Exchange weights of equal shape between layers of the UNet."""
    by_shape: dict[tuple[int, ...], list[Tensor]] = {}
    for parameter in model.unet.parameters():
        by_shape.setdefault(tuple(parameter.shape), []).append(parameter)
    stream = torch.Generator().manual_seed(0)
    for parameters in by_shape.values():
        values = [parameter.data.clone() for parameter in parameters]
        for parameter, index in zip(
            parameters, torch.randperm(len(values), generator=stream), strict=True
        ):
            parameter.data = values[index]


def untrained(model: LatentDiffusion) -> None:
    torch.manual_seed(0)
    model.unet = type(model.unet).from_config(model.unet.config).eval().requires_grad_(False)


def declared_epsilon(model: LatentDiffusion) -> None:
    model.scheduler.register_to_config(prediction_type="epsilon")


def _shuffle(parameters: Iterable[Tensor]) -> None:
    stream = torch.Generator().manual_seed(0)
    for parameter in parameters:
        flat = parameter.data.flatten()
        order = torch.randperm(flat.numel(), generator=stream)
        parameter.data = flat[order].view_as(parameter)
