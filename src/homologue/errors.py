"""The errors that a user can mend."""

from typing import TYPE_CHECKING

# Commands without a model have no use for torch, which takes seconds to import.
if TYPE_CHECKING:
    import torch


class HomologueError(ValueError):
    """Bad input or an impossible request.

    The message is one sentence that names the file or value and says how to mend it. The command
    line prints it without a traceback and exits with code 2.
    """


class HomologueWarning(UserWarning):
    """Something that the user should know of, although the work goes on.

    The command line prints the message as a note on stderr.
    """


class NotFiniteError(HomologueError):
    """A model computed NaN or an infinity.

    Attributes:
        stage: what was computed, such as `the latents`.
        dtype: the precision that the model ran in, such as `float16`.
    """

    def __init__(self, stage: str, dtype: str) -> None:
        mend = {
            "float16": "try --dtype bfloat16 or float32",
            "bfloat16": "try --dtype float32, and if that fails too, get the model's weights again",
        }.get(dtype, "the model's weights are damaged or do not belong together, get them again")
        super().__init__(f"In {dtype}, {stage} hold values that are not finite; {mend}.")
        self.stage = stage
        self.dtype = dtype

    def __reduce__(self) -> tuple[type["NotFiniteError"], tuple[str, str]]:
        return type(self), (self.stage, self.dtype)  # workers of a cluster send it to one another


def check_finite(values: "torch.Tensor", stage: str, dtype: "torch.dtype") -> None:
    """Raises NotFiniteError if any of the values is NaN or infinite.

    Args:
        stage: what the values are, as the subject of a sentence: `the latents`.
        dtype: the precision that the model runs in, which may not be that of the values.
    """
    if not bool(values.isfinite().all()):
        raise NotFiniteError(stage, dtype_name(dtype))


def dtype_name(dtype: "torch.dtype") -> str:
    """The name that `--dtype` takes: `float16` for `torch.float16`."""
    return str(dtype).removeprefix("torch.")
