"""Does the `paper` preset compute the same as the paper's released code?

    python benchmarks/parity.py FOLDER [--dtype float16] [--device cuda] [--json]

Prints the maximum absolute error of each quantity. FOLDER, such as `tests/data/parity/case1`, has

- a model: `unet/`, `vae/` and `scheduler/` in diffusers format;
- `golden.json` and `golden.safetensors`: values recorded from the released code with that model,
  with every noise and crop that it drew;
- the images, as tensors `source_image` and `target_image` of that file or as PNG files.

It calls the functions of `homologue match --preset paper` with the recorded random numbers.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.nn.functional import cosine_similarity

from homologue.config import FitConfig, LocateConfig, Noise
from homologue.crops import Crop, whole_crop
from homologue.diffusion.loading.load import load
from homologue.diffusion.model import LatentDiffusion
from homologue.geometry import resize
from homologue.heatmaps import argmax
from homologue.images import read_image
from homologue.method.contexts import ContextRow
from homologue.method.fit_unet import context_losses, optimise_contexts, read_heads
from homologue.method.locate import CropReading
from homologue.method.loss_scale import ScaledGradients
from homologue.method.map_average import combine
from homologue.method.readers import UnetReader
from homologue.method.task import FitTask
from homologue.method.views import Views
from homologue.presets import PAPER

Errors = dict[str, float]
IMAGES = ("source_image", "target_image")


@dataclass
class RecordedRow(ContextRow):
    """A context row with recorded initial context and noise instead of random ones."""

    context: Tensor = field(kw_only=True)
    noises: list[Tensor] = field(kw_only=True)

    def random_context(self, tokens: int, width: int) -> Tensor:
        return self.context

    def noise(self, shape: tuple[int, ...], kind: Noise) -> Tensor:
        return self.noises.pop(0)


def recorded_row(golden: dict[str, Tensor], side: int, noises: Sequence[Tensor]) -> RecordedRow:
    return RecordedRow(
        points=(golden["point_xy_normalised"].double() * side)[None],
        tokens=(1,),
        stream=torch.Generator(),
        context=golden["context"][0].clone(),
        noises=list(noises),
    )


def read_golden(folder: Path) -> dict[str, Tensor]:
    """Read the recorded tensors by name, and the images (3, side, side) in [0, 1]."""
    golden = load_file(folder / "golden.safetensors")
    for name in IMAGES:
        if name not in golden:
            # The released code ignores colour profiles.
            golden[name] = read_image(folder / f"{name}.png", profile="ignore").pixels
    return golden


def paper_settings(facts: dict[str, object], side: int) -> tuple[FitConfig, LocateConfig]:
    """Return the settings of the paper preset with the values recorded in `golden.json`."""
    fit = replace(
        PAPER.fit,
        timestep=int(str(facts["timestep_optimise"])),
        sigma=float(str(facts["sigma_px_at_512"])) / 512,
        learning_rate=float(str(facts["lr"])),
        steps=int(str(facts["steps"])),
        crop=1.0,
    )
    return fit, replace(PAPER.locate, timestep=int(str(facts["timestep_infer"])))


def largest(actual: Tensor, expected: Tensor) -> float:
    return float((actual.detach().double().cpu() - expected.double()).abs().max())


def map_errors(model: LatentDiffusion, golden: dict[str, Tensor], fit: FitConfig) -> Errors:
    """Compare the attention maps of one forward pass, at native size and at 64 x 64."""
    layers = model.layers(fit.layers)
    latent = model.encode(golden["source_image"][None])
    noisy = model.add_noise(latent, golden["noise"], fit.timestep)
    with torch.no_grad():
        context = golden["context"].to(model.device)
        maps = model.attention(noisy, fit.timestep, context, layers, [1])
    native = [read_heads(maps[layer], fit.heads)[0, ..., 0] for layer in layers]
    errors = {
        f"layer_{5 + i}_native": largest(m.flatten(1), golden[f"layer_{5 + i}_native"])
        for i, m in enumerate(native)
    }
    errors["maps_read"] = max(
        largest(m.flatten(1).mean(dim=0), golden[f"layer_{5 + i}_native"].mean(dim=0))
        for i, m in enumerate(native)
    )
    errors["maps_64"] = largest(torch.stack([resize(m, 64) for m in native]), golden["maps_64"])
    return errors


def fit_errors(model: LatentDiffusion, golden: dict[str, Tensor], fit: FitConfig) -> Errors:
    """Compare the loss, its gradient, and the context after the recorded number of steps."""
    views = Views(model, golden["source_image"].to(model.device))
    context = golden["context"].clone().to(model.device)
    row = recorded_row(golden, model.side, [])
    crop = whole_crop(model.side)
    noisy = model.add_noise(views.latent(crop)[None], golden["noise"], fit.timestep)
    context.grad = torch.zeros_like(context)
    loss = ScaledGradients(model, 1).add(
        context, [0], lambda _, given: context_losses(model, noisy, given, [row], [crop], fit)
    )
    gradient, wanted = context.grad.cpu(), golden["grad_context"]
    row = recorded_row(golden, model.side, [golden["noise"][0]] * fit.steps)
    optimised, _ = optimise_contexts(FitTask(views, fit), [row])
    return {
        "loss_relative": largest(loss, golden["loss"]) / float(golden["loss"].abs()),
        "grad_context_relative": largest(gradient, wanted) / float(wanted.abs().max()),
        "grad_cosine_below_1": 1
        - float(cosine_similarity(gradient.flatten(), wanted.flatten(), 0)),
        "grad_signs_wrong": float((gradient.sign() != wanted.sign()).double().mean()),
        "context_after_3_steps": largest(optimised, golden["context_after_3_steps"]),
    }


def target_errors(
    model: LatentDiffusion, golden: dict[str, Tensor], fit: FitConfig, read: LocateConfig
) -> Errors:
    """Compare the averaged maps of the target's crops, and the point by both read-outs."""
    crops = [
        Crop(left=int(x), top=int(y), size=int(h))
        for y, h, x, _ in golden["target_crops_y_h_x_w"].tolist()
    ]
    row = recorded_row(golden, model.side, [noise[0] for noise in golden["target_noises"]])
    views = Views(model, golden["target_image"].to(model.device))
    reader = UnetReader(views, fit, read)
    contexts = golden["context_after_3_steps"].to(model.device)
    read = replace(read, crops=len(crops))
    reading = CropReading(model, reader, fit, read)
    pasted = reading.read([row], contexts, lambda index, _: [crops[index]])[0].mean()
    pooled = torch.nn.functional.avg_pool2d(pasted[0], model.side // 64)
    plain, softmax = (argmax(combine(pasted, way)) for way in ("mean", "softmax"))
    return {
        "target_maps_64": largest(pooled, golden["target_maps_64"]),
        "prediction_xy": largest(plain, golden["prediction_xy"]),
        "prediction_softmax_xy": largest(softmax, golden["prediction_softmax_xy"]),
    }


def parity(folder: Path, dtype: str = "float32", device: str = "cpu") -> Errors:
    """Return the maximum error of each quantity; predictions are in pixels of the model's side."""
    model = load(folder, device=device, dtype=dtype)
    golden = read_golden(folder)
    fit, read = paper_settings(json.loads((folder / "golden.json").read_text()), model.side)
    return {
        **map_errors(model, golden, fit),
        **fit_errors(model, golden, fit),
        **target_errors(model, golden, fit, read),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dtype", default="float32", help="float32, float16 or bfloat16")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    arguments = parser.parse_args()
    errors = parity(arguments.folder, arguments.dtype, arguments.device)
    if arguments.json:
        print(json.dumps(errors))
    else:
        print("\n".join(f"{name:24} {error:.3g}" for name, error in errors.items()))


if __name__ == "__main__":
    main()
