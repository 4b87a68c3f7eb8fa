"""The contexts that are optimised, and the random numbers of each."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from homologue.config import FitConfig, Noise
from homologue.seeds import generator


@dataclass
class ContextRow:
    """One context of a batch and the points that it represents.

    Attributes:
        points: (n, 2) float64, square frame.
        tokens: index of each point's token in the context.
        stream: generator of the row's random numbers. Its seed depends on the points and on the
            number of the embedding, not on the other rows.
    """

    points: Tensor
    tokens: tuple[int, ...]
    stream: torch.Generator = field(repr=False)

    def random_context(self, tokens: int, width: int) -> Tensor:
        """Draw a context (tokens, width) from N(0, 1)."""
        return torch.randn(tokens, width, generator=self.stream)

    def noise(self, shape: tuple[int, ...], kind: Noise) -> Tensor:
        """Draw the next noise of this row."""
        return draw_noise(shape, kind, self.stream)


def draw_noise(shape: tuple[int, ...], kind: Noise, stream: torch.Generator) -> Tensor:
    """Draw noise from N(0, 1), or uniformly from [0, 1) as the paper's released code does."""
    draw = torch.randn if kind == "gaussian" else torch.rand
    return draw(shape, generator=stream)


def group_points(count: int, config: FitConfig) -> list[list[int]]:
    """Return the indices of the points of each context.

    A context represents up to `config.tokens - 1` points with the strategy `joint`, and one point
    otherwise. Token 0 represents no point: in contexts of the text encoder it marks the start of
    the text and attracts the attention that no other token does.
    """
    size = config.tokens - 1 if config.strategy == "joint" else 1
    return [list(range(i, min(i + size, count))) for i in range(0, count, size)]


def make_rows(points: Tensor, config: FitConfig, seed: int, purpose: str) -> list[ContextRow]:
    """Return a row for each group of points and each embedding; embeddings vary fastest.

    Args:
        points: (P, 2), square frame.
        seed: seed of all random numbers.
        purpose: `fit` or `locate`; rows for different purposes draw different numbers.
    """
    rows = []
    for members in group_points(len(points), config):
        for repeat in range(config.embeddings):
            chosen = points[members]
            coordinates = [float(number) for number in chosen.flatten()]
            stream = generator(seed, purpose, repeat, *coordinates)
            rows.append(ContextRow(chosen, tuple(range(1, len(members) + 1)), stream))
    return rows
