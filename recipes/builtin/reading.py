"""Features of icons as the attention method reads them: queries at a low time step."""

from collections.abc import Callable, Sequence

import torch
from alignment import SIDE
from diffusers import AutoencoderKL
from losses import cell_centres, features
from model import Model, token_ids
from torch import Tensor
from transformers import CLIPTokenizer
from unet import LAYERS, build_scheduler, captured_queries
from vae import CellEncoder

TIME_STEP = 40
NOISES = 2
ALL_LAYERS = range(len(LAYERS))

Encode = Callable[[Tensor], Tensor]
"""Images (B, 3, S, S) to latents."""


class Reader:
    """Queries of views under the empty prompt."""

    def __init__(
        self, model: Model, vae: AutoencoderKL | Encode, tokenizer: CLIPTokenizer,
        time_step: int = TIME_STEP, layers: Sequence[int] = ALL_LAYERS,
    ) -> None:  # fmt: skip
        self.model = model
        self.encode: Encode = CellEncoder(vae) if isinstance(vae, AutoencoderKL) else vae
        self.time_step, self.layers = time_step, layers
        self.scheduler = build_scheduler()
        self.context = model.text_encoder(token_ids(tokenizer, [""])).last_hidden_state

    def queries(self, images: Tensor, noises: int = NOISES) -> list[list[Tensor]]:
        """For each noise, the layers' queries (B, C, h, w) of images (B, 3, S, S)."""
        latents = self.encode(images)
        step = torch.full((len(images),), self.time_step, device=latents.device)
        generator = torch.Generator("cpu").manual_seed(0)
        passes = []
        for _ in range(noises):
            noise = torch.randn(latents.shape[1:], generator=generator, device="cpu")
            noise = noise.to(latents.device).expand_as(latents)
            noisy = self.scheduler.add_noise(latents, noise, step)
            with captured_queries(self.model.unet) as found:
                self.model.unet(noisy, step, self.context.expand(len(images), -1, -1))
            passes.append([found[layer] for layer in self.layers])
        return passes

    def cell_features(self, images: Tensor) -> Tensor:
        """Unit features (B, cells, F) of images (B, 3, S, S), under one noise."""
        return features(self.queries(images, 1)[0], cell_centres(SIDE).expand(len(images), -1, -1))
