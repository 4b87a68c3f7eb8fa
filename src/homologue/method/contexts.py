"""Contexts that are optimised, one a row, and the random numbers that belong to each."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from homologue.config import FitConfig, Noise
from homologue.seeds import generator


@dataclass
class ContextRow:
    """One context and the points that it serves.

    Attributes:
        points: (n, 2) float64, square frame.
        tokens: the token of the context that stands for each point.
        stream: random numbers of this row, which depend on the points and the repeat alone.
    """

    points: Tensor
    tokens: tuple[int, ...]
    stream: torch.Generator = field(repr=False)

    def start(self, tokens: int, width: int) -> Tensor:
        """A random context, (tokens, width) from N(0, 1), to start from; draws from the stream."""
        return torch.randn(tokens, width, generator=self.stream)

    def noise(self, shape: tuple[int, ...], kind: Noise) -> Tensor:
        """The next noise of this row; draws from the stream."""
        return draw_noise(shape, kind, self.stream)


def draw_noise(shape: tuple[int, ...], kind: Noise, stream: torch.Generator) -> Tensor:
    """Standard normal noise, or uniform in [0, 1) as the released code adds it."""
    draw = torch.randn if kind == "gaussian" else torch.rand
    return draw(shape, generator=stream)


def group_points(count: int, config: FitConfig) -> list[list[int]]:
    """Which points share a context: all that fit in `joint`, else each has its own.

    Token 0 is left out: in the text encoder's contexts it marks the start of every sentence and
    draws attention wherever there is nothing to say.
    """
    size = config.tokens - 1 if config.strategy == "joint" else 1
    return [list(range(i, min(i + size, count))) for i in range(0, count, size)]


def make_rows(points: Tensor, config: FitConfig, seed: int, purpose: str) -> list[ContextRow]:
    """A row for each group of points (P, 2) and each embedding, embeddings running fastest."""
    rows = []
    for members in group_points(len(points), config):
        for repeat in range(config.embeddings):
            chosen = points[members]
            parts = [float(number) for number in chosen.flatten()]
            stream = generator(seed, purpose, repeat, *parts)
            rows.append(ContextRow(chosen, tuple(range(1, len(members) + 1)), stream))
    return rows
