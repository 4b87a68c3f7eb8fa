"""Forward passes of a frozen UNet that keep little for the backward pass.

Autograd stores the input of every normalisation, activation, attention layer and convolution. Here
it stores the inputs of the branches of each block only. Normalisations, activations and attention
are computed again in the backward pass, and the gradient of a convolution with frozen weights does
not need its input. Values and gradients are the same bits.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

import torch
from diffusers.models.attention import BasicTransformerBlock, FeedForward
from diffusers.models.attention_processor import Attention
from diffusers.models.resnet import ResnetBlock2D
from torch import Tensor
from torch.nn import Module
from torch.nn.functional import conv2d
from torch.overrides import TorchFunctionMode
from torch.utils.checkpoint import checkpoint

from homologue.diffusion.in_place import residual_blocks, time_offset

_MakeContext = Callable[[], AbstractContextManager[Any]]


def worth_recomputing(unet: Module) -> list[Module]:
    """Return the modules of a UNet whose activations take much memory and little computation.

    In residual blocks, normalisations and activations are recomputed; in transformer blocks,
    everything but the attention that is read; in blocks of other kinds, the feed-forward and
    self-attention layers.
    """
    whole: list[Module] = [*residual_blocks(unet), *filter(_is_plain_transformer, unet.modules())]
    inside = {layer for block in whole for layer in block.modules()}
    return whole + [
        layer
        for name, layer in unet.named_modules()
        if (isinstance(layer, FeedForward) or name.endswith(".attn1")) and layer not in inside
    ]


@contextmanager
def recomputed(layers: Sequence[Module], context: _MakeContext = nullcontext) -> Iterator[None]:
    """Store less in forward passes inside the context, and recompute it in the backward pass.

    Of a step of Stable Diffusion 1, a seventh of the memory is left for a tenth more work. Values
    and gradients are unchanged.

    Args:
        layers: modules from `worth_recomputing`.
        context: creates a context that is entered for the recomputation.
    """
    for layer in layers:
        layer.forward = partial(_forward_of(layer), layer, partial(_recompute, context))
    try:
        with FrozenConvolutions():
            yield
    finally:
        for layer in layers:
            del layer.forward


_Recompute = Callable[..., Tensor]
"""Calls a function with tensors, without storing what happens inside it."""


def _recompute(context: _MakeContext, function: Callable[..., Tensor], *tensors: Any) -> Tensor:
    result: Tensor = checkpoint(
        function, *tensors,
        use_reentrant=False, preserve_rng_state=False,
        context_fn=lambda: (nullcontext(), context()),
    )  # fmt: skip
    return result


def _forward_of(layer: Module) -> Callable[..., Tensor]:
    if isinstance(layer, ResnetBlock2D):
        return _residual_block
    return _transformer_block if isinstance(layer, BasicTransformerBlock) else _whole_layer


def _is_plain_transformer(module: Module) -> bool:
    """Return whether a module is a transformer block of Stable Diffusion's kind."""
    return (
        isinstance(module, BasicTransformerBlock)
        and module.norm_type == "layer_norm"
        and module.pos_embed is None
        and module.attn2 is not None
        and not module.only_cross_attention
    )


def _whole_layer(layer: Module, recompute: _Recompute, *arguments: Any, **options: Any) -> Tensor:
    return recompute(partial(type(layer).forward, layer, **options), *arguments)


def _residual_block(
    block: ResnetBlock2D, recompute: _Recompute, input_tensor: Tensor, temb: Tensor | None
) -> Tensor:
    """The forward pass of a residual block; states (B, C, h, w), time embedding (1 or B, E)."""
    states = input_tensor

    def activated(norm: Module, values: Tensor) -> Tensor:
        result: Tensor = block.nonlinearity(norm(values))
        return result

    hidden = block.conv1(recompute(partial(activated, block.norm1), states))
    if block.time_emb_proj is not None:
        hidden = hidden + time_offset(block, temb)
    hidden = block.conv2(recompute(partial(activated, block.norm2), hidden))
    if block.conv_shortcut is not None:
        states = block.conv_shortcut(states)
    result: Tensor = (states + hidden) / block.output_scale_factor
    return result


def _transformer_block(
    block: BasicTransformerBlock,
    recompute: _Recompute,
    hidden_states: Tensor,
    encoder_hidden_states: Tensor,
    **options: Any,
) -> Tensor:
    """The forward pass of a transformer block; states (B, N, C), context (B, T, D).

    The options of diffusers' forward pass are those of other kinds of blocks, and None here.
    """
    states, context = hidden_states, encoder_hidden_states

    def self_attention(values: Tensor) -> Tensor:
        result: Tensor = block.attn1(block.norm1(values))
        return result

    def feed_forward(values: Tensor) -> Tensor:
        result: Tensor = block.ff(block.norm3(values))
        return result

    states = recompute(self_attention, states) + states
    states = _cross_attention(block, recompute, states, context) + states
    return recompute(feed_forward, states) + states


def _cross_attention(
    block: BasicTransformerBlock, recompute: _Recompute, states: Tensor, context: Tensor
) -> Tensor:
    """Apply the cross-attention of a block, recomputed unless a processor records its maps."""

    def attend(values: Tensor, tokens: Tensor) -> Tensor:
        result: Tensor = block.attn2(block.norm2(values), encoder_hidden_states=tokens)
        return result

    layer: Attention = block.attn2
    if getattr(layer.processor, "records", False):
        return attend(states, context)
    return recompute(attend, states, context)


class FrozenConvolutions(TorchFunctionMode):
    """Convolutions with frozen weights store no input: PyTorch's store theirs for the weights."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if func is conv2d and not kwargs and _is_frozen(args):
            return _FrozenConvolution.apply(*args)  # type: ignore[no-untyped-call]
        return func(*args, **(kwargs or {}))


def _is_frozen(arguments: tuple[Any, ...]) -> bool:
    """Return whether these are all seven arguments of `conv2d`, and only the input is trained."""
    if len(arguments) != 7 or isinstance(arguments[4], str):
        return False
    states, weight, bias = arguments[:3]
    trained = weight.requires_grad or (bias is not None and bias.requires_grad)
    return bool(states.requires_grad) and not trained


class _FrozenConvolution(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        states: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        stride: Sequence[int],
        padding: Sequence[int],
        dilation: Sequence[int],
        groups: int,
    ) -> Tensor:
        ctx.save_for_backward(weight)
        ctx.layout = (states.shape, states.stride(), states.dtype, states.device)
        ctx.options = (stride, padding, dilation, groups)
        return conv2d(states, weight, bias, *ctx.options)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        (weight,) = ctx.saved_tensors
        shape, strides, dtype, device = ctx.layout
        stride, padding, dilation, groups = ctx.options
        # Never read: the kernel is chosen by its shape and layout.
        states = torch.empty_strided(shape, strides, dtype=dtype, device=device)
        found: Tensor = torch.ops.aten.convolution_backward(
            gradient, states, weight, None, stride, padding, dilation, False, [0, 0], groups,
            [True, False, False],
        )[0]  # fmt: skip
        return found, None, None, None, None, None, None
