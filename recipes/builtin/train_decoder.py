"""Write the VAE's encoder and train its decoder.

    python train_decoder.py RUN --minutes 0     # the encoder: all that train.py needs
    python train_decoder.py RUN --minutes 12    # the decoder, at any time

The decoder only matters for generated images. It is convolutional, so most of the training sees
64 px crops of augmented views, and the last part whole views, for the statistics of the group
norms. Resumes from `RUN/decoder.pt`; the diffusers folder `RUN/vae` follows it.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from export import Autoencoder, read_vae
from icon_batches import IconPool
from photographs import Photograph, list_photographs, read_squares
from progress import Clock, learning_rate, load, log, save
from torch import Tensor
from torch.nn import functional
from vae import CellEncoder, build_vae, initialise
from views import make_views, random_maps

from homologue.diffusion.representation import RepresentationAutoencoder

CELLS = 8  # side of a crop in latent cells
KEPT = 360  # pictures that the decoder of a representation is trained on
RANDOM = np.random.default_rng()
WHOLE_FROM = 0.75  # share of the budget after which whole views are seen


def random_views(pool: IconPool, count: int) -> Tensor:
    """(count, 3, SIDE, SIDE) in [-1, 1]."""
    icons = pool.sample(RANDOM, count, 1).icons
    maps = random_maps(torch.rand(count) < 0.5, torch.rand(count) < 0.5)
    return make_views(icons, maps, torch.full((count,), 0.5), torch.rand(count) < 0.5).images


class Examples:
    """Random views of icons with their latents, encoded at each step."""

    def __init__(self, pool: IconPool, vae: AutoencoderKL) -> None:
        self._pool, self._encode = pool, CellEncoder(vae)

    def __call__(self, count: int) -> tuple[Tensor, Tensor]:
        images = random_views(self._pool, count)
        return self._encode(images) / self._encode.scaling_factor, images


class KeptExamples:
    """Photographs and icons with their latents in a representation, encoded once."""

    @torch.no_grad()
    def __init__(
        self, pool: IconPool, photographs: list[Photograph], vae: RepresentationAutoencoder
    ) -> None:
        side = vae.config.sample_size
        icons = functional.interpolate(random_views(pool, KEPT // 3), size=side, mode="bilinear")
        count = min(KEPT - len(icons), len(photographs))
        chosen = RANDOM.choice(len(photographs), count, replace=False)
        self._images = torch.cat([icons, read_squares([photographs[i] for i in chosen], side)])
        self._latents = torch.cat([vae.encoder(part) for part in self._images.split(4)])

    def __call__(self, count: int) -> tuple[Tensor, Tensor]:
        rows = torch.randint(0, len(self._images), (count,))
        return self._latents[rows], self._images[rows]


def crop(latents: Tensor, images: Tensor) -> tuple[Tensor, Tensor]:
    """The same random square of latents and images."""
    top, left = torch.randint(0, latents.shape[-1] - CELLS + 1, (2,)).tolist()
    pixels = images.shape[-1] // latents.shape[-1]
    rows, columns = (slice(pixels * start, pixels * (start + CELLS)) for start in (top, left))
    return latents[..., top : top + CELLS, left : left + CELLS], images[..., rows, columns]


def gradient_difference(error: Tensor) -> Tensor:
    """Mean absolute horizontal and vertical difference of neighbouring errors."""
    return error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()


def prepared_vae(run: Path, pool: IconPool) -> Autoencoder:
    if (run / "vae").exists():
        return read_vae(run)
    vae = build_vae()
    initialise(vae, random_views(pool, 300))
    vae.save_pretrained(run / "vae")
    return vae


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--minutes", type=float, default=12)
    parser.add_argument("--photographs", type=Path, help="for the decoder of a representation")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    pool = IconPool.training(args.run)
    vae = prepared_vae(args.run, pool)
    if isinstance(vae, AutoencoderKL):
        examples: Examples | KeptExamples = Examples(pool, vae)
    else:
        examples = KeptExamples(pool, list_photographs(args.photographs), vae)
    optimizer = torch.optim.AdamW(vae.decoder.parameters(), weight_decay=1e-4)
    state = load(args.run / "decoder.pt") or {"step": 0, "minutes": 0.0}
    if "model" in state:
        vae.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
    clock, step = Clock(args.minutes, state["minutes"]), state["step"]

    while clock.minutes < args.minutes:
        step += 1
        optimizer.param_groups[0]["lr"] = learning_rate(6e-4, clock.fraction, step)
        whole = clock.fraction > WHOLE_FROM
        latents, images = examples(4 if whole else 12)
        if not whole:
            latents, images = crop(latents, images)
        latents = latents + 0.05 * torch.randn_like(latents)
        error = vae.decode(latents).sample - images
        optimizer.zero_grad()
        (error.abs().mean() + 0.5 * gradient_difference(error)).backward()
        torch.nn.utils.clip_grad_norm_(vae.decoder.parameters(), 1.0)
        optimizer.step()
        if step % 50 == 0:
            absolute = error.abs().mean().item()
            log(args.run / "decoder.jsonl", step=step, minutes=clock.minutes, absolute=absolute)
        if step % 200 == 0:
            weights = {"model": vae.state_dict(), "optimizer": optimizer.state_dict()}
            save({**weights, "step": step, "minutes": clock.minutes}, args.run / "decoder.pt")
            vae.save_pretrained(args.run / "vae")
    vae.save_pretrained(args.run / "vae")


if __name__ == "__main__":
    main()
