"""Errors that a user can correct, and warnings."""

from typing import TYPE_CHECKING

# torch takes seconds to import, and commands without a model do not need it.
if TYPE_CHECKING:
    import torch


class HomologueError(ValueError):
    """Invalid input, or a request that cannot be met.

    The message is one sentence that names the file or value and the remedy. The command line prints
    it without a traceback and exits with code 2.
    """


class HomologueWarning(UserWarning):
    """A problem that does not stop the work.

    The command line prints the message as a note on stderr.
    """


class NotFiniteError(HomologueError):
    """A model computed NaN or an infinity.

    Attributes:
        stage: the values, for example `the latents`.
        dtype: precision of the model, for example `float16`.
    """

    def __init__(self, stage: str, dtype: str) -> None:
        remedy = {
            "float16": "try --dtype bfloat16 or float32",
            "bfloat16": "try --dtype float32, and if that fails too, get the model's weights again",
        }.get(dtype, "the model's weights are damaged or do not belong together, get them again")
        super().__init__(f"In {dtype}, {stage} hold values that are not finite; {remedy}.")
        self.stage = stage
        self.dtype = dtype

    def __reduce__(self) -> tuple[type["NotFiniteError"], tuple[str, str]]:
        return type(self), (self.stage, self.dtype)  # for transfer between workers of a cluster


def check_finite(values: "torch.Tensor", stage: str, dtype: "torch.dtype") -> None:
    """Raise NotFiniteError if a value is NaN or infinite.

    Args:
        stage: name of the values, the subject of the error, for example `the latents`.
        dtype: precision of the model, which may differ from that of the values.
    """
    if not bool(values.isfinite().all()):
        raise NotFiniteError(stage, dtype_name(dtype))


def dtype_name(dtype: "torch.dtype") -> str:
    """Return the name of a dtype as in `--dtype`: `float16` for `torch.float16`."""
    return str(dtype).removeprefix("torch.")
