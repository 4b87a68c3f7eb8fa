"""All heat maps of a point as bytes for the page."""

import torch

from homologue.method.layer_maps import LayerMaps
from homologue.viewer.packing import pack_maps


def pack(parts: LayerMaps) -> bytes:
    """All maps of one point over one picture."""
    names = [("mean", "mean")]
    names += [("layer", name) for name in parts.names]
    names += [("embedding", str(index + 1)) for index in range(len(parts.embeddings))]
    return pack_maps(torch.cat([parts.mean[None], parts.layers, parts.embeddings]), names)
