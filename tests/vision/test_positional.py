"""The positional component of features and its removal."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from homologue.errors import HomologueError
from homologue.vision.positional import positional_basis, without_position


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def published(blank: Tensor, features: Tensor, components: int) -> Tensor:
    """The definition: singular vectors of centred unit features, projected out of unit features."""
    unit = blank.double().flatten(1) / blank.double().flatten(1).norm(dim=0)
    left, _, _ = torch.linalg.svd(unit - unit.mean(dim=1, keepdim=True))
    complement = torch.eye(len(left)) - left[:, :components] @ left[:, :components].T
    found = complement @ (features.flatten(1) / features.flatten(1).norm(dim=0)).double()
    return (found / found.norm(dim=0)).view_as(features).float()


@pytest.mark.parametrize("components", [1, 5, 9])
@pytest.mark.parametrize(("rows", "columns"), [(6, 7), (4, 4)])
def test_it_equals_the_published_definition(rows: int, columns: int, components: int) -> None:
    blank = noise(12, rows, columns) + 3 * noise(12, 1, 1, seed=1)
    features = noise(12, 5, 5, seed=2)
    basis = positional_basis(blank, components)
    torch.testing.assert_close(basis.T @ basis, torch.eye(components), atol=1e-5, rtol=0)
    expected = published(blank, features, components)
    torch.testing.assert_close(without_position(features, basis), expected, atol=1e-5, rtol=1e-4)


def test_what_depends_on_the_position_alone_is_removed() -> None:
    line = torch.linspace(-1, 1, 8)
    by_row, by_column, thing = normalize(noise(3, 16), dim=1)[..., None, None]
    blank = thing.new_ones(16, 1, 1) + by_row * line[:, None] + by_column * line
    basis = positional_basis(blank, 2)
    moved = without_position(blank + 0.5 * thing, basis)  # the same thing everywhere
    corner = moved[:, 0, 0]
    assert torch.einsum("chw,c->hw", moved, corner).min() > 0.99
    before = normalize(blank + 0.5 * thing, dim=0)
    assert torch.einsum("chw,c->hw", before, before[:, 0, 0]).min() < 0.95


def test_more_components_than_there_are_cannot_be_removed() -> None:
    for shape, most in (((12, 6, 7), 11), ((64, 3, 3), 8)):
        assert positional_basis(noise(*shape), most).shape == (shape[0], most)
        with pytest.raises(HomologueError, match=rf"set vision.debias to at most {most}, or 0"):
            positional_basis(noise(*shape), most + 1)
