"""A latent diffusion model: encode images, add noise, read the attention."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from diffusers import AutoencoderKL, AutoencoderTiny, DDIMScheduler, UNet2DConditionModel
from diffusers.models.attention_processor import Attention
from torch import Tensor

from homologue.config import TRAIN_TIMESTEPS, SoftmaxOver
from homologue.diffusion.attention import ReadMaps, ReadQueries, precise_keys, processors
from homologue.diffusion.autoencoders import encode_images, pixels_per_latent, scales_itself
from homologue.diffusion.batch_invariance import RowByRow
from homologue.diffusion.checkpointing import recomputed, worth_recomputing
from homologue.diffusion.features import Feature, read_features
from homologue.diffusion.finite_attention import finite_attention, projections
from homologue.diffusion.forward import forward_until
from homologue.diffusion.in_place import in_place, residual_blocks
from homologue.diffusion.layers import select_layers
from homologue.diffusion.loading.architecture import check_conditions
from homologue.diffusion.representation import RepresentationAutoencoder
from homologue.diffusion.text import TextContext
from homologue.errors import check_finite
from homologue.memory import BatchLimits

if TYPE_CHECKING:
    from homologue.diffusion.loading.sources import Origin


class LatentDiffusion:
    """UNet, VAE and noise schedule of one model, with frozen weights.

    Attributes:
        name: the `name` argument of `load`.
        fingerprint: identifies the UNet's weights; embeddings can be used only with the model that
            they were fitted with.
        side: side in pixels of the square images that the model was trained on (512 for Stable
            Diffusion 1).
        latent_side: side of the latents of such an image.
        context_width: width of a token of the text context.
        device, dtype: device and precision of the UNet at the time of construction.
        origin: location that the model was loaded from, where its text encoder is found; None if
            it was not loaded by `load`.
        batch_limits: sizes of batches that did not exhaust the memory.

    Raises:
        HomologueError: the UNet needs a further condition, such as class labels.
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
        self.batch_limits = BatchLimits()
        # Stored because diffusers iterates over all parameters at every access.
        self.device: torch.device = unet.device
        self.dtype: torch.dtype = unet.dtype
        self._selected: dict[str, tuple[str, ...]] = {}
        self._recomputed = worth_recomputing(unet)
        self._blocks = residual_blocks(unet)
        self._vae_blocks = residual_blocks(vae)
        self._projections = projections(unet)
        self._vae_projections = projections(vae, " of the VAE")
        self.latent_side = int(unet.config.sample_size)
        self.side = self.latent_side * pixels_per_latent(vae)
        self.context_width = int(unet.config.cross_attention_dim)
        if getattr(vae.config, "force_upcast", False) and self.dtype == torch.float16:
            self.vae.float()
            self._vae_dtype = torch.float32

    def layers(self, selection: str) -> tuple[str, ...]:
        """Return the paths of the cross-attention layers of a selection such as `up[:4]`."""
        if selection not in self._selected:
            self._selected[selection] = select_layers(self.unet, selection)
        return self._selected[selection]

    def attention_layer(self, path: str) -> Attention:
        """Return the attention layer with this path."""
        return self.unet.get_submodule(path)

    @torch.no_grad()
    def encode(self, images: Tensor) -> Tensor:
        """Encode images (B, 3, side, side) in [0, 1] as latents (B, C, h, w): the scaled mean.

        Raises:
            NotFiniteError: the VAE computes NaN or infinities.
            HomologueError: the memory does not suffice for one image.
        """
        parts = self.batch_limits.run(
            "encoding images",
            range(len(images)),
            lambda batch: self._encode(images[batch[0] : batch[-1] + 1]),
        )
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _encode(self, images: Tensor) -> Tensor:
        watched = finite_attention(self._vae_projections, self._vae_dtype)
        with in_place(self._vae_blocks), watched:
            latents = encode_images(self.vae, images, self.device, self._vae_dtype)
        if not scales_itself(self.vae):
            latents = scale_latents(latents, self.vae.config)
        scaled = latents.to(self.dtype)
        check_finite(scaled, "the latents of the image", self.dtype)
        return scaled

    def add_noise(self, latents: Tensor, noise: Tensor, timestep: int) -> Tensor:
        """Return `sqrt(a) latents + sqrt(1 - a) noise`, where a is `alphas_cumprod[timestep]`.

        Args:
            timestep: in a schedule of 1000 steps, see `own_timestep`.
        """
        own = self.own_timestep(timestep)
        times = torch.full((latents.shape[0],), own, device=latents.device)
        noisy: Tensor = self.scheduler.add_noise(latents, noise.to(latents), times)
        return noisy

    def own_timestep(self, timestep: int) -> int:
        """Convert a time step of a 1000-step schedule to one of the model's own schedule.

        Time steps in settings refer to the 1000 steps that Stable Diffusion was trained with. A
        model trained with N steps uses the step at the same fraction of its schedule.
        """
        return timestep * len(self.scheduler.alphas_cumprod) // TRAIN_TIMESTEPS

    def attention(
        self,
        noisy: Tensor,
        timestep: int,
        context: Tensor | TextContext,
        layers: Sequence[str],
        tokens: Sequence[int],
        softmax_over: SoftmaxOver = "tokens",
    ) -> dict[str, Tensor]:
        """Return the attention maps of tokens by layer, (B, heads, h, w, len(tokens)) float32.

        Args:
            noisy: noisy latents, (B, C, h, w).
            timestep: in a schedule of 1000 steps, see `own_timestep`.
            context: (B, T, D), to which gradients are propagated; or an encoded prompt, whose
                pooled text is given to SDXL. Without one, SDXL gets zeros.
            layers: paths in the order of the forward pass, which stops after the last.
            tokens: indices of the tokens.
            softmax_over: axis of the softmax, `tokens` or `positions`, see `FitConfig`.

        Raises:
            NotFiniteError: the model computes NaN or infinities.
        """
        states, pooled = _states_and_pooled(context)
        store: dict[str, Tensor] = {}
        readers = {path: ReadMaps(path, store, tokens, softmax_over) for path in layers}
        invariant = partial(self._batch_invariant, len(noisy))
        lean = recomputed(self._recomputed, invariant) if torch.is_grad_enabled() else nullcontext()
        with processors(self.unet, readers), lean:
            self._forward(noisy, timestep, states, layers[-1], pooled)
        self._check(store, "the attention maps")
        return store

    @torch.no_grad()
    def queries(
        self, noisy: Tensor, timestep: int, context: Tensor | TextContext, layers: Sequence[str]
    ) -> dict[str, Tensor]:
        """Return the queries (B, heads, N, d) by layer, in the model's dtype; see `attention`."""
        states, pooled = _states_and_pooled(context)
        store: dict[str, Tensor] = {}
        with processors(self.unet, {path: ReadQueries(path, store) for path in layers}):
            self._forward(noisy, timestep, states, layers[-1], pooled)
        self._check(store, "the queries")
        return store

    @torch.no_grad()
    def features(
        self,
        noisy: Tensor,
        timestep: int,
        context: Tensor | TextContext,
        features: Sequence[Feature],
    ) -> dict[Feature, Tensor]:
        """Return the maps (B, C, h, w) of features, in the model's dtype.

        Args:
            noisy: noisy latents, (B, C, h, w), square and of any side that the UNet takes.
            timestep: in a schedule of 1000 steps, see `own_timestep`.
            context: (1 or B, T, D), or an encoded prompt, see `attention`.
            features: see `select_features`.

        Raises:
            NotFiniteError: the model computes NaN or infinities.
        """
        states, pooled = _states_and_pooled(context)
        states = states.to(self.dtype).expand(len(noisy), -1, -1)
        added = self._added_conditions(len(noisy), pooled)
        own = self.own_timestep(timestep)
        watched = finite_attention(self._projections, self.dtype)
        with self._batch_invariant(len(noisy)), watched:
            found = read_features(self.unet, noisy, own, states, features, added)
        for feature, values in found.items():
            check_finite(values, f"the output of {feature.source}", self.dtype)
        return found

    @torch.no_grad()
    def predict(self, noisy: Tensor, timestep: int, context: Tensor) -> Tensor:
        """Return the prediction (B, C, h, w) of the whole UNet.

        It is the noise, the velocity or the latents, see the scheduler's `prediction_type`.

        Args:
            noisy: noisy latents, (B, C, h, w).
            timestep: step of the model's own schedule, an index of `alphas_cumprod`.
            context: (1 or B, T, D).
        """
        predicted: Tensor = self.unet(
            noisy.to(self.device, self.dtype),
            timestep,
            context.to(self.device, self.dtype).expand(len(noisy), -1, -1),
            added_cond_kwargs=self._added_conditions(len(noisy), None),
        ).sample
        return predicted

    def keys(self, context: Tensor, path: str) -> Tensor:
        """Return the keys (B, heads, T, d) float32 of a context (B, T, D) in a layer."""
        with self._batch_invariant(len(context)):
            return precise_keys(self.attention_layer(path), context)

    def _check(self, by_layer: dict[str, Tensor], name: str) -> None:
        """Raise NotFiniteError for the first layer with a value that is not finite."""
        for path, values in by_layer.items():
            check_finite(values, f"{name} of {path}", self.dtype)

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
        # With gradients, the blocks are those of `recomputed`.
        lean = nullcontext() if torch.is_grad_enabled() else in_place(self._blocks)
        with self._batch_invariant(len(noisy)), watched, lean:
            forward_until(self.unet, noisy, own, context.to(self.dtype), last_layer, added)

    def _batch_invariant(self, rows: int) -> AbstractContextManager[Any]:
        return RowByRow() if self.device.type == "cpu" and rows > 1 else nullcontext()

    @property
    def pooled_width(self) -> int:
        """Width of the pooled text that SDXL needs besides the context; 0 for other models."""
        config = self.unet.config
        if config.addition_embed_type != "text_time":
            return 0
        return int(config.projection_class_embeddings_input_dim) - 6 * int(
            config.addition_time_embed_dim
        )

    def _added_conditions(self, batch: int, pooled: Tensor | None) -> dict[str, Tensor] | None:
        """Return SDXL's further conditions: pooled text and the size of an uncropped image."""
        if not self.pooled_width:
            return None
        size = [self.side, self.side]
        times = torch.tensor([*size, 0, 0, *size], device=self.device, dtype=self.dtype)
        text = times.new_zeros(1, self.pooled_width) if pooled is None else pooled.to(times)
        return {"text_embeds": text.expand(batch, -1), "time_ids": times.expand(batch, -1)}


def _states_and_pooled(context: Tensor | TextContext) -> tuple[Tensor, Tensor | None]:
    if isinstance(context, TextContext):
        return context.states, context.pooled
    return context, None


def scale_latents(latents: Tensor, config: Any) -> Tensor:
    """Scale latents (B, C, h, w) of a VAE for its UNet, as the pipelines of diffusers do.

    Args:
        config: configuration of the VAE. `latents_mean` and `latents_std`, a number per channel,
            take precedence over `shift_factor`; `scaling_factor` always applies.
    """
    mean, std = (config.get(name) for name in ("latents_mean", "latents_std"))
    factor = float(config.scaling_factor)
    if mean is None or std is None:
        return (latents - (config.get("shift_factor") or 0.0)) * factor
    centre, spread = (latents.new_tensor(value).view(1, -1, 1, 1) for value in (mean, std))
    return (latents - centre) * factor / spread
