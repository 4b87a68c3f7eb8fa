"""A latent diffusion model as the method sees it: encode, add noise, look at the attention."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from diffusers import AutoencoderKL, AutoencoderTiny, DDIMScheduler, UNet2DConditionModel
from diffusers.models.attention_processor import Attention
from torch import Tensor

from homologue.config import TRAIN_TIMESTEPS, SoftmaxOver
from homologue.diffusion.autoencoders import encode_images, pixels_per_latent, scales_itself
from homologue.diffusion.capture import (
    ReadMaps,
    ReadQueries,
    precise_keys,
    processors,
    select_layers,
)
from homologue.diffusion.forward import forward_until
from homologue.diffusion.loading.architecture import check_conditions
from homologue.diffusion.recompute import recomputed, worth_recomputing
from homologue.diffusion.representation import RepresentationAutoencoder
from homologue.diffusion.row_by_row import RowByRow
from homologue.diffusion.watch import finite_attention, projections
from homologue.errors import check_finite

if TYPE_CHECKING:
    from homologue.diffusion.loading.sources import Origin


class LatentDiffusion:
    """UNet, VAE and noise schedule of one model, with frozen weights.

    Attributes:
        name: what it was loaded as.
        fingerprint: identifies the weights; embeddings fit only the model that they were made with.
        side: pixels of the square image that the model was made for (512 for Stable Diffusion 1).
        context_width: numbers in one token of the text context.
        device, dtype: of the UNet, at the time of construction.
        origin: where it was loaded from, if it was; its text encoder is looked for there.

    Raises:
        HomologueError: the UNet wants a condition that is never given, such as class labels.
    """

    def __init__(
        self,
        unet: UNet2DConditionModel,
        vae: AutoencoderKL | AutoencoderTiny | RepresentationAutoencoder,
        scheduler: DDIMScheduler,
        *,
        name: str,
        fingerprint: str,
        origin: "Origin | None" = None,
    ) -> None:
        check_conditions(unet.config, name)
        self.unet = unet.eval().requires_grad_(False)
        self.vae = vae.eval().requires_grad_(False)
        self._vae_dtype: torch.dtype = vae.dtype
        self.scheduler = scheduler
        self.name = name
        self.fingerprint = fingerprint
        self.origin = origin
        # Asked for once: diffusers walks over all parameters for each answer.
        self.device: torch.device = unet.device
        self.dtype: torch.dtype = unet.dtype
        self._selected: dict[str, tuple[str, ...]] = {}
        self._recomputed = worth_recomputing(unet)
        self._projections = projections(unet)
        self._vae_projections = projections(vae, " of the VAE")
        self.latent_side = int(unet.config.sample_size)
        self.side = self.latent_side * pixels_per_latent(vae)
        self.context_width = int(unet.config.cross_attention_dim)
        if getattr(vae.config, "force_upcast", False) and self.dtype == torch.float16:
            self.vae.float()
            self._vae_dtype = torch.float32

    def layers(self, selection: str) -> tuple[str, ...]:
        """Paths of the cross-attention layers that a selection such as `up[:4]` names."""
        if selection not in self._selected:
            self._selected[selection] = select_layers(self.unet, selection)
        return self._selected[selection]

    def attention_layer(self, path: str) -> Attention:
        return self.unet.get_submodule(path)

    @torch.no_grad()
    def encode(self, images: Tensor) -> Tensor:
        """Latents (B, C, h, w) of images (B, 3, side, side) in [0, 1]: the mean, scaled.

        Raises:
            NotFiniteError: the VAE computes NaN or infinities.
        """
        with finite_attention(self._vae_projections, self._vae_dtype):
            latents = encode_images(self.vae, images.to(self.device, self._vae_dtype))
        if not scales_itself(self.vae):
            latents = scale_latents(latents, self.vae.config)
        scaled = latents.to(self.dtype)
        check_finite(scaled, "the latents of the image", self.dtype)
        return scaled

    def add_noise(self, latents: Tensor, noise: Tensor, timestep: int) -> Tensor:
        """`sqrt(a) latents + sqrt(1 - a) noise`, with a from the schedule at the time step.

        Args:
            timestep: of 1000, see `own_timestep`.
        """
        own = self.own_timestep(timestep)
        times = torch.full((latents.shape[0],), own, device=latents.device)
        noisy: Tensor = self.scheduler.add_noise(latents, noise.to(latents), times)
        return noisy

    def own_timestep(self, timestep: int) -> int:
        """The step of the model's own schedule for a time step of 1000.

        Time steps in settings are of 1000, the steps that Stable Diffusion was trained with. A
        model trained with N steps gets the step at the same fraction of its schedule.
        """
        return timestep * len(self.scheduler.alphas_cumprod) // TRAIN_TIMESTEPS

    def attention(
        self,
        noisy: Tensor,
        timestep: int,
        context: Tensor,
        layers: Sequence[str],
        tokens: Sequence[int],
        softmax_over: SoftmaxOver = "tokens",
        pooled: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Attention of some tokens at every place, a layer: (B, heads, h, w, len(tokens)), float32.

        Raises:
            NotFiniteError: the model computes NaN or infinities.

        Args:
            noisy: (B, C, h, w).
            timestep: of 1000, see `own_timestep`.
            context: (B, T, D); gradients flow to it.
            layers: paths, in the order of the forward pass; the pass stops after the last.
            softmax_over: axis of the softmax, `tokens` or `positions`, see `FitConfig`.
            pooled: (1, P) the summary of the text that SDXL wants beside the context; None is no
                text.
        """
        store: dict[str, Tensor] = {}
        readers = {path: ReadMaps(path, store, tokens, softmax_over) for path in layers}
        alone = partial(self._as_if_alone, len(noisy))
        lean = recomputed(self._recomputed, alone) if torch.is_grad_enabled() else nullcontext()
        with processors(self.unet, readers), lean:
            self._forward(noisy, timestep, context, layers[-1], pooled)
        self._check(store, "the attention maps")
        return store

    @torch.no_grad()
    def queries(
        self, noisy: Tensor, timestep: int, context: Tensor, layers: Sequence[str]
    ) -> dict[str, Tensor]:
        """Queries (B, heads, N, d) of the layers, in the model's dtype; see `attention`."""
        store: dict[str, Tensor] = {}
        with processors(self.unet, {path: ReadQueries(path, store) for path in layers}):
            self._forward(noisy, timestep, context, layers[-1])
        self._check(store, "the queries")
        return store

    @torch.no_grad()
    def predict(self, noisy: Tensor, timestep: int, context: Tensor) -> Tensor:
        """What the whole UNet makes of noisy latents (B, C, h, w) and a context (1 or B, T, D).

        (B, C, h, w): the noise, the velocity or the latents, see the scheduler's `prediction_type`.

        Args:
            timestep: a step of the model's own schedule, an index of `alphas_cumprod`.
        """
        predicted: Tensor = self.unet(
            noisy.to(self.device, self.dtype),
            timestep,
            context.to(self.device, self.dtype).expand(len(noisy), -1, -1),
            added_cond_kwargs=self._added_conditions(len(noisy), None),
        ).sample
        return predicted

    def keys(self, context: Tensor, path: str) -> Tensor:
        """Keys (B, heads, T, d), float32, that a layer makes of a context (B, T, D)."""
        with self._as_if_alone(len(context)):
            return precise_keys(self.attention_layer(path), context)

    def _check(self, seen: dict[str, Tensor], what: str) -> None:
        """Raises NotFiniteError for the first layer with a value that is not finite."""
        for path, values in seen.items():
            check_finite(values, f"{what} of {path}", self.dtype)

    def _forward(
        self,
        noisy: Tensor,
        timestep: int,
        context: Tensor,
        last_layer: str,
        pooled: Tensor | None = None,
    ) -> None:
        added = self._added_conditions(noisy.shape[0], pooled)
        own = self.own_timestep(timestep)
        watched = finite_attention(self._projections, self.dtype)
        with self._as_if_alone(len(noisy)), watched:
            forward_until(self.unet, noisy, own, context.to(self.dtype), last_layer, added)

    def _as_if_alone(self, rows: int) -> AbstractContextManager[Any]:
        return RowByRow() if self.device.type == "cpu" and rows > 1 else nullcontext()

    @property
    def pooled_width(self) -> int:
        """Numbers in the summary of the text that SDXL wants beside the context; 0 for others."""
        config = self.unet.config
        if config.addition_embed_type != "text_time":
            return 0
        return int(config.projection_class_embeddings_input_dim) - 6 * int(
            config.addition_time_embed_dim
        )

    def _added_conditions(self, batch: int, pooled: Tensor | None) -> dict[str, Tensor] | None:
        """SDXL's further conditions: the pooled text, an uncropped image of the model's size."""
        if not self.pooled_width:
            return None
        size = [self.side, self.side]
        times = torch.tensor([*size, 0, 0, *size], device=self.device, dtype=self.dtype)
        text = times.new_zeros(1, self.pooled_width) if pooled is None else pooled.to(times)
        return {"text_embeds": text.expand(batch, -1), "time_ids": times.expand(batch, -1)}


def scale_latents(latents: Tensor, config: Any) -> Tensor:
    """Latents (B, C, h, w) of a VAE on the scale of its UNet, as the pipelines of diffusers do.

    Args:
        config: of the VAE. `latents_mean` and `latents_std`, a number for each channel, go before
            `shift_factor`; `scaling_factor` always applies.
    """
    mean, std = (config.get(name) for name in ("latents_mean", "latents_std"))
    factor = float(config.scaling_factor)
    if mean is None or std is None:
        return (latents - (config.get("shift_factor") or 0.0)) * factor
    centre, spread = (latents.new_tensor(value).view(1, -1, 1, 1) for value in (mean, std))
    return (latents - centre) * factor / spread
