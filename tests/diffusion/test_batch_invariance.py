import torch
from torch.nn import functional

from homologue.diffusion.batch_invariance import RowByRow

ROWS = torch.randn(5, 64, 80, generator=torch.Generator().manual_seed(0))
WEIGHT = torch.randn(96, 80, generator=torch.Generator().manual_seed(1))


def alone(row: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """A linear layer's result for one row, and the gradient of its sum of squares."""
    row = row[None].clone().requires_grad_()
    result = functional.linear(row, WEIGHT)
    result.square().sum().backward()
    assert row.grad is not None
    return result[0].detach(), row.grad[0]


def test_linear_layers_give_every_row_what_it_gets_alone() -> None:
    rows = ROWS.clone().requires_grad_()
    with RowByRow():
        result = functional.linear(rows, WEIGHT)
    result.square().sum().backward()
    assert rows.grad is not None
    for index, row in enumerate(ROWS):
        expected, gradient = alone(row)
        assert torch.equal(result[index].detach(), expected)
        assert torch.equal(rows.grad[index], gradient)


def test_convolutions_of_few_channels_do_too() -> None:
    images = ROWS.reshape(5, 4, 32, 40)
    weight = torch.randn(8, 4, 3, 3, generator=torch.Generator().manual_seed(2))
    with RowByRow():
        together = functional.conv2d(images, weight, padding=1)
    for index in range(5):
        one = functional.conv2d(images[[index]], weight, padding=1)
        assert torch.equal(together[index], one[0])


def test_what_is_large_stays_together() -> None:
    seen: list[int] = []

    class Note(RowByRow):
        def __torch_function__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
            result = super().__torch_function__(func, types, args, kwargs)
            if func is functional.conv2d:
                seen.append(len(result))
            return result

    with Note():
        functional.conv2d(torch.ones(3, 320, 4, 4), torch.ones(1, 320, 1, 1))
    assert seen == [3]


def test_nothing_changes_outside() -> None:
    with RowByRow():
        pass
    assert torch.equal(functional.linear(ROWS, WEIGHT), functional.linear(ROWS, WEIGHT))
