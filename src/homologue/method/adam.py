"""The optimiser: Adam for one tensor."""

import torch
from torch import Tensor
from torch.optim.adam import adam


class Adam:
    """`torch.optim.Adam` with its default settings, for one tensor.

    It calls PyTorch's functional form. Creating the first `torch.optim.Adam` of a process imports
    the compiler, which takes longer than fitting points with the built-in model.
    """

    def __init__(self, parameter: Tensor, learning_rate: float) -> None:
        self._parameter = parameter
        self._learning_rate = learning_rate
        self._mean = torch.zeros_like(parameter)
        self._square = torch.zeros_like(parameter)
        self._step = torch.tensor(0.0)

    @torch.no_grad()
    def step(self) -> None:
        """Update the parameter from its gradient and clear the gradient."""
        assert self._parameter.grad is not None
        adam(
            [self._parameter], [self._parameter.grad], [self._mean], [self._square], [],
            [self._step], foreach=False, amsgrad=False, beta1=0.9, beta2=0.999,
            lr=self._learning_rate, weight_decay=0.0, eps=1e-8, maximize=False,
        )  # fmt: skip
        self._parameter.grad = None
