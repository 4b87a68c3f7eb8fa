"""The other way round: what a model would call a point that embeddings were fitted to.

A cross-attention layer knows a token only by the scores that its key gets from the queries, and
those are linear in the layer's features. Two tokens mean the same to a layer if they prefer the
same direction of its features; so that is compared, not the contexts themselves, most of which no
layer may look at. What all words of the vocabulary have in common is left out of account: it says
nothing of which of them a point is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from homologue.diffusion.loading.text_encoder import text_encoder
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError
from homologue.method.embeddings import PointEmbeddings
from homologue.method.locate import check_same_model
from homologue.progress import Progress, silent
from homologue.words.vocabulary import states_of, vocabulary_states


@dataclass(frozen=True)
class NamedBy:
    """A word, and how alike it is to a point: 1 if both attend to the same, -1 to the opposite."""

    word: str
    similarity: float


def nearest_words(
    model: LatentDiffusion,
    embeddings: PointEmbeddings,
    *,
    top: int = 10,
    words: Sequence[str] | None = None,
    progress: Progress = silent,
) -> list[list[NamedBy]]:
    """The words most like each fitted point, the most similar first.

    Args:
        top: how many a point.
        words: to choose from; None takes the whole vocabulary of the tokenizer.
        progress: called while the vocabulary is encoded, which is done once a model.

    Raises:
        HomologueError: the embeddings belong to another model, or it has no text encoder.
    """
    check_same_model(model, embeddings)
    if top < 1:
        raise HomologueError(f"top must be at least 1, not {top}.")
    if words is not None and not words:
        raise HomologueError("There are no words to choose from; give some.")
    encoder = text_encoder(model)
    known, vocabulary = vocabulary_states(encoder, progress)
    chosen = known if words is None else tuple(words)
    states = vocabulary if words is None else states_of(encoder, chosen)
    similar = similarities(model, embeddings, states, vocabulary)
    values, places = similar.topk(min(top, len(chosen)), dim=-1)
    return [
        [NamedBy(chosen[i], v) for i, v in zip(row, line, strict=True)]
        for row, line in zip(places.tolist(), values.tolist(), strict=True)
    ]


@torch.no_grad()
def similarities(
    model: LatentDiffusion, embeddings: PointEmbeddings, states: Tensor, vocabulary: Tensor
) -> Tensor:
    """How alike points and words are, (P, N) in [-1, 1].

    A mean over the layers that the embeddings were fitted in, their heads, and the embeddings of a
    point.

    Args:
        states: (N, D) of the words.
        vocabulary: (V, D) of all words, whose mean is left out of account.
    """
    contexts = torch.stack(
        [
            embeddings.contexts[group, :, token]
            for group, token in zip(embeddings.groups, embeddings.tokens, strict=True)
        ]
    )  # (P, E, D)
    points, usual = contexts.flatten(0, 1), vocabulary.float().mean(dim=0)
    total = torch.zeros(len(points), len(states))
    layers = model.layers(embeddings.fit.layers)
    for layer in layers:
        point, word = (
            model.keys((part.float() - usual)[None].to(model.device), layer)[0].float()
            for part in (points, states)
        )
        alike = _cosines(point, word, _feature_metric(model, layer))
        total += alike.mean(dim=0).cpu()
    mean: Tensor = (total / len(layers)).unflatten(0, contexts.shape[:2]).mean(dim=1)
    return mean


def _feature_metric(model: LatentDiffusion, layer: str) -> Tensor:
    """(heads, d, d): the inner product of the feature directions that two keys prefer.

    Features reach the queries through a layer norm, so they have no mean over the channels.
    """
    attention = model.attention_layer(layer)
    norm = model.unet.get_submodule(layer.removesuffix("attn2") + "norm2")
    weight = attention.to_q.weight.float() * norm.weight.float()
    weight = (weight - weight.mean(dim=-1, keepdim=True)).unflatten(0, (attention.heads, -1))
    metric: Tensor = weight @ weight.mT
    return metric


def _cosines(one: Tensor, other: Tensor, metric: Tensor) -> Tensor:
    """Cosines (heads, P, N) of keys (heads, P, d) and (heads, N, d); metric (heads, d, d)."""
    tiny = torch.finfo(one.dtype).tiny
    lengths = [((k @ metric) * k).sum(dim=-1).clamp_min(tiny).sqrt() for k in (one, other)]
    return (one @ metric @ other.mT) / (lengths[0][..., None] * lengths[1][..., None, :])
