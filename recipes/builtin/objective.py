"""A random batch of views of icons, and its losses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from alignment import Alignment
from icon_batches import IconPool, IconSample
from icons import caption
from losses import features, found_again, lighting_up, likeness, matched_points
from model import Model, token_ids
from reading import Encode
from taught import Taught
from torch import Tensor
from torch.nn import functional
from transformers import CLIPTokenizer
from unet import build_scheduler, captured_queries
from views import Views, apply, inverse, make_views, random_maps

NAMES, STYLES = 8, 2  # a batch: names x styles, two views of each icon
EMBEDDED_POINTS = 16
QUIET = 300  # time steps below which the queries are taught
TAUGHT = 0.75  # share of the names that teach queries; the others teach pictures from captions
WEIGHTS = {
    "noise": 1.0,
    "equivariance": 0.3,
    "lighting_up": 0.2,
    "cross_style": 0.3,
    "cross_lighting_up": 0.2,
    "likeness": 0.6,
}


@dataclass(frozen=True)
class Batch:
    """Two views of each icon: `a` as it is mostly drawn, `b` in any pose; `taught` (B,) of them."""

    sample: IconSample
    a: Views
    b: Views
    taught: Tensor


def random_batch(
    pool: IconPool, random: np.random.Generator, names: int,
    alike: Mapping[str, Sequence[str]] | None = None,
) -> Batch:  # fmt: skip
    sample = pool.sample(random, names, STYLES, 0.25, alike)
    mirrored = (torch.rand(names) < 0.5).repeat(STYLES)
    taught = (torch.rand(names) < TAUGHT).repeat(STYLES)
    count = len(taught)
    upright_a = (torch.rand(count) < 0.5) | ~taught
    upright_b = (torch.rand(count) < 0.1) | ~taught
    plain = torch.where(taught, 0.0, 0.9)
    tinted = (torch.rand(count) < 0.8) & taught
    a = make_views(
        sample.icons,
        random_maps(mirrored, upright_a),
        plain.clamp(min=0.5 * upright_a),
        tinted,
    )
    b = make_views(sample.icons, random_maps(mirrored, upright_b), plain, tinted)
    return Batch(sample, a, b, taught)


def contexts(model: Model, tokenizer: CLIPTokenizer, captions: list[str], taught: Tensor) -> Tensor:
    """(B, 16, 256): captions, empty prompts and noise.

    55, 25 and 20 % where queries are taught, which makes the model behave under contexts that no
    text encoder would write; 90, 10 and 0 % elsewhere.
    """
    kind = torch.where(taught, torch.rand(len(captions)), 0.72 * torch.rand(len(captions)))
    captioned = kind < torch.where(taught, 0.55, 0.65)
    prompts = [text if c else "" for text, c in zip(captions, captioned.tolist(), strict=True)]
    ids = token_ids(tokenizer, prompts).to(kind.device)
    encoded = model.text_encoder(ids).last_hidden_state
    return torch.where((kind < 0.8)[:, None, None], encoded, torch.randn_like(encoded))


def time_steps(taught: Tensor) -> Tensor:
    """(B,) below QUIET, mostly low, where queries are taught; all alike elsewhere."""
    share = torch.rand(len(taught))
    return torch.where(taught, QUIET * share.square(), 1000 * share).long()


def masked_mean(losses: Tensor, mask: Tensor) -> Tensor:
    return (losses * mask).sum() / mask.sum().clamp(min=1)


class Objective:
    """The losses of a batch, each a mean."""

    def __init__(
        self, model: Model, encode: Encode, tokenizer: CLIPTokenizer,
        alignment: Alignment | None, taught: Taught | None,
    ) -> None:  # fmt: skip
        self.model, self.encode, self.tokenizer = model, encode, tokenizer
        self.scheduler, self.alignment, self.taught = build_scheduler(), alignment, taught

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        latents = self.encode(torch.cat([batch.a.images, batch.b.images]))
        noise = torch.randn_like(latents)
        taught = batch.taught.repeat(2)
        steps = time_steps(taught)
        noisy = self.scheduler.add_noise(latents, noise, steps)
        captions = [caption(name) for name in batch.sample.names] * 2
        context = contexts(self.model, self.tokenizer, captions, taught)
        low = torch.autocast(latents.device.type, torch.bfloat16)  # a quarter less time
        with captured_queries(self.model.unet) as queries, low:
            predicted = self.model.unet(noisy, steps, context).sample.float()
        velocity = self.scheduler.get_velocity(latents, noise, steps)
        losses = {"noise": functional.mse_loss(predicted, velocity)}
        half = len(latents) // 2
        queries_a, queries_b = [q[:half] for q in queries], [q[half:] for q in queries]
        losses |= self.same_icon(batch, queries_a, queries_b)
        if self.alignment is not None:
            losses |= self.other_style(batch, self.alignment, queries_a, queries_b)
        return losses

    def same_icon(
        self, batch: Batch, queries_a: list[Tensor], queries_b: list[Tensor]
    ) -> dict[str, Tensor]:
        """A point must be found again in another view of the same icon."""
        in_a, in_b, seen = matched_points(batch.a, batch.b)
        feats_a, feats_b = features(queries_a, in_a), features(queries_b, in_b)
        taught = seen & batch.taught
        weights = torch.ones(in_a.shape[:2])
        there = found_again(feats_a, in_b, queries_b, 0.06, weights)
        back = found_again(feats_b, in_a, queries_a, 0.06, weights)
        embeddings = self.model.point_embedding(feats_a[:, :EMBEDDED_POINTS])
        few = slice(EMBEDDED_POINTS)
        lit = lighting_up(self.model.unet, embeddings, queries_b, in_b[:, few], weights[:, few])
        losses = {
            "equivariance": masked_mean((there + back) / 2, taught),
            "lighting_up": masked_mean(lit, taught),
        }
        if self.taught is not None:
            wanted = self.taught.features(batch.sample, apply(inverse(batch.a.maps), in_a))
            alike = likeness(feats_a, feats_b, wanted, taught)
            losses["likeness"] = masked_mean(alike, taught)
        return losses

    def other_style(
        self, batch: Batch, alignment: Alignment,
        queries_a: list[Tensor], queries_b: list[Tensor],
    ) -> dict[str, Tensor]:  # fmt: skip
        """A point must be found where the alignment has it in another style, in any pose."""
        sample, count = batch.sample, len(batch.taught)
        swap = torch.arange(count).roll(count // STYLES)  # the same name in the other style
        on_icon, on_other, weights = alignment.points(sample, swap.tolist())
        there = apply(batch.b.maps[swap], on_other)
        here = apply(batch.a.maps, on_icon)
        weights = weights * ((there.abs().amax(-1) < 0.98) & (here.abs().amax(-1) < 0.98))
        feats = features(queries_a, here)
        queries_there = [query[swap] for query in queries_b]
        taught = batch.taught & (weights.sum(1) > 4)
        found = found_again(feats, there, queries_there, 0.09, weights)
        few = slice(EMBEDDED_POINTS)
        embeddings = self.model.point_embedding(feats[:, few])
        lit = lighting_up(
            self.model.unet, embeddings, queries_there, there[:, few], weights[:, few]
        )
        return {
            "cross_style": masked_mean(found, taught),
            "cross_lighting_up": masked_mean(lit, taught),
        }
