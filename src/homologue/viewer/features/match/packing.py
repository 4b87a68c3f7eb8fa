"""The heat maps of a point, packed for the page."""

import torch

from homologue.method.layer_maps import LayerMaps
from homologue.viewer.packing import pack_maps


def pack_layer_maps(maps: LayerMaps) -> bytes:
    """Pack the mean map, the maps of the layers and the maps of the embeddings of a point."""
    names = [("mean", "mean")]
    names += [("layer", name) for name in maps.names]
    names += [("embedding", str(index + 1)) for index in range(len(maps.embeddings))]
    return pack_maps(torch.cat([maps.mean[None], maps.layers, maps.embeddings]), names)
