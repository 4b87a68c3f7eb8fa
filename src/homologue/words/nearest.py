"""The words of a model's vocabulary that are nearest to fitted points.

A cross-attention layer reads a token only through the scores of its key, which are linear in the
layer's features. Two tokens are equivalent for a layer if their keys have the same direction in
feature space. These directions are compared, not the contexts, most of whose dimensions a layer may
ignore. The mean of the vocabulary is subtracted first, because it does not distinguish words.
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
    """A word and its similarity to a point, from -1 to 1."""

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
    """Return the words nearest to each fitted point, the most similar first.

    Args:
        top: number of words per point.
        words: candidates (default: the vocabulary of the tokenizer).
        progress: called while the vocabulary is encoded, once per model.

    Raises:
        HomologueError: the embeddings were fitted with another model, the model has no text
            encoder, `top` is below 1, or `words` is empty.
    """
    check_same_model(model, embeddings)
    if top < 1:
        raise HomologueError(f"top must be at least 1, not {top}.")
    if words is not None and not words:
        raise HomologueError(
            "The list of words is empty; give at least one word, or None for the vocabulary."
        )
    encoder = text_encoder(model)
    known, vocabulary = vocabulary_states(encoder, progress)
    chosen = known if words is None else tuple(words)
    states = vocabulary if words is None else states_of(encoder, chosen)
    similar = similarities(model, embeddings, states, vocabulary)
    values, indices = similar.topk(min(top, len(chosen)), dim=-1)
    return [
        [NamedBy(chosen[i], value) for i, value in zip(row, row_values, strict=True)]
        for row, row_values in zip(indices.tolist(), values.tolist(), strict=True)
    ]


@torch.no_grad()
def similarities(
    model: LatentDiffusion, embeddings: PointEmbeddings, states: Tensor, vocabulary: Tensor
) -> Tensor:
    """Return the similarities of P points and N words, (P, N) in [-1, 1].

    They are averaged over the layers that the embeddings were fitted to, the heads, and the
    embeddings of a point.

    Args:
        states: text states of the words, (N, D).
        vocabulary: text states of the vocabulary, (V, D), whose mean is subtracted.
    """
    contexts = torch.stack(
        [
            embeddings.contexts[group, :, token]
            for group, token in zip(embeddings.groups, embeddings.tokens, strict=True)
        ]
    )  # (P, E, D)
    points, centre = contexts.flatten(0, 1), vocabulary.float().mean(dim=0)
    total = torch.zeros(len(points), len(states))
    layers = model.layers(embeddings.fit.layers)
    for layer in layers:
        point, word = (
            model.keys((part.float() - centre)[None].to(model.device), layer)[0].float()
            for part in (points, states)
        )
        similar = _cosines(point, word, _feature_metric(model, layer))
        total += similar.mean(dim=0).cpu()
    mean: Tensor = (total / len(layers)).unflatten(0, contexts.shape[:2]).mean(dim=1)
    return mean


def _feature_metric(model: LatentDiffusion, layer: str) -> Tensor:
    """Return the inner product (heads, d, d) of two keys' directions in feature space.

    A layer norm precedes the queries, so that the features have mean 0 over the channels.
    """
    attention = model.attention_layer(layer)
    norm = model.unet.get_submodule(layer.removesuffix("attn2") + "norm2")
    weight = attention.to_q.weight.float() * norm.weight.float()
    weight = (weight - weight.mean(dim=-1, keepdim=True)).unflatten(0, (attention.heads, -1))
    metric: Tensor = weight @ weight.mT
    return metric


def _cosines(first: Tensor, second: Tensor, metric: Tensor) -> Tensor:
    """Return the cosines (heads, P, N) of keys (heads, P, d) and (heads, N, d).

    Args:
        metric: the inner product, (heads, d, d).
    """
    tiny = torch.finfo(first.dtype).tiny
    lengths = [((k @ metric) * k).sum(dim=-1).clamp_min(tiny).sqrt() for k in (first, second)]
    return (first @ metric @ second.mT) / (lengths[0][..., None] * lengths[1][..., None, :])
