"""Remove the positional component of features.

The procedure is that of Cuttano et al., INSID3: Training-Free In-Context Segmentation with DINOv3
(CVPR 2026, arXiv:2603.28480), as in the authors' released code: the unit features of a blank image
are centred, and their first principal directions span the positional subspace. Unit features of
images are projected onto its orthogonal complement and scaled to unit length again. For semantic
correspondence, the authors remove 20 components of DINOv3 ViT-B/16 at 768 pixels.
"""

import torch
from torch import Tensor
from torch.nn.functional import normalize

from homologue.errors import HomologueError


def positional_basis(blank: Tensor, components: int) -> Tensor:
    """Return an orthonormal basis (C, components) of the positional subspace, float32.

    Args:
        blank: features (C, h, w) of a blank image.
        components: dimension of the subspace.

    Raises:
        HomologueError: the features have fewer components.
    """
    width, height_cells, width_cells = blank.shape
    most = min(width, height_cells * width_cells) - 1
    if components > most:
        raise HomologueError(
            f"{components} positional components cannot be removed from features of {width}"
            f" channels at {height_cells} x {width_cells} positions: set vision.debias to at most"
            f" {most}, or 0 to remove none."
        )
    # Not every accelerator has float64 and eigenvectors.
    features = normalize(blank.cpu().double().flatten(1), dim=0)
    centred = features - features.mean(dim=1, keepdim=True)
    _, directions = torch.linalg.eigh(centred @ centred.T)  # in ascending order
    basis: Tensor = directions[:, -components:].flip(-1).float().to(blank.device)
    return basis


def without_position(features: Tensor, basis: Tensor) -> Tensor:
    """Return unit features (C, h, w) without their components along a basis (C, n).

    >>> features = torch.tensor([3.0, 4.0])[:, None, None]
    >>> without_position(features, torch.tensor([[1.0], [0.0]])).flatten().tolist()
    [0.0, 1.0]
    """
    unit = normalize(features.flatten(1), dim=0)
    return normalize(unit - basis @ (basis.T @ unit), dim=0).view_as(features)
