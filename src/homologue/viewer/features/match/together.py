"""Points that were fitted one by one, put together to be looked for all at once."""

from collections.abc import Sequence
from dataclasses import replace

import torch

from homologue.method.embeddings import PointEmbeddings


def joined(fitted: Sequence[PointEmbeddings]) -> PointEmbeddings:
    """All points, each with contexts of its own as before.

    `fitted`: of one point each, on the same source with the same settings.
    """
    return replace(
        fitted[0],
        contexts=torch.cat([one.contexts for one in fitted]),
        groups=torch.arange(len(fitted)),
        tokens=torch.cat([one.tokens for one in fitted]),
        points=torch.cat([one.points for one in fitted]),
        losses=torch.cat([one.losses for one in fitted]),
    )
