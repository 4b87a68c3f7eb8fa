"""Text encoders: encode a prompt as the context of a model's cross-attention."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from homologue.diffusion.finite_attention import finite_attention, projections
from homologue.errors import HomologueError, check_finite

_END_OF_WORD = "</w>"


@dataclass(frozen=True)
class Tokens:
    """A tokenized prompt.

    Attributes:
        text: the prompt.
        spans: start and end of each token in characters of the prompt. Special tokens and padding
            have no span: span i belongs to token i + 1 of the context.
        ids: token ids of the whole context, padding included, for each text encoder.
    """

    text: str
    spans: tuple[tuple[int, int], ...]
    ids: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class TextContext:
    """An encoded prompt.

    Attributes:
        states: (1, T, D), context of the cross-attention.
        pooled: (1, P), pooled text of SDXL; None for other models.
    """

    states: Tensor
    pooled: Tensor | None


class TextEncoder:
    """The tokenizers and text encoders of a model.

    Attributes:
        name: name of the model.
        length: tokens of a context, special tokens included: 77 for Stable Diffusion.
    """

    def __init__(self, name: str, tokenizers: Sequence[Any], encoders: Sequence[Any]) -> None:
        self.name = name
        self._tokenizers, self._encoders = list(tokenizers), list(encoders)
        limits = [int(t.model_max_length) for t in tokenizers]
        self.length = min(limits + [int(e.config.max_position_embeddings) for e in encoders])
        self._is_sdxl = hasattr(encoders[-1], "text_projection")

    @property
    def width(self) -> int:
        """Width of a token of the context."""
        return sum(int(encoder.config.hidden_size) for encoder in self._encoders)

    @property
    def pooled_width(self) -> int:
        """Width of the pooled text; 0 for models without one."""
        return int(self._encoders[-1].config.projection_dim) if self._is_sdxl else 0

    def tokenize(self, prompt: str) -> Tokens:
        """Split a prompt into tokens.

        Raises:
            HomologueError: the prompt is longer than the context or is not valid Unicode.
        """
        if any("\ud800" <= character <= "\udfff" for character in prompt):
            raise HomologueError(
                f"The prompt {prompt!r} contains bytes that are not UTF-8; encode it in UTF-8."
            )
        encodings = [
            tokenizer(prompt, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
            for tokenizer in self._tokenizers
        ]
        spans = tuple((int(start), int(end)) for start, end in encodings[0].offset_mapping)
        if any(each.offset_mapping != encodings[0].offset_mapping for each in encodings):
            raise HomologueError(
                f"The two tokenizers of {self.name} split the prompt differently; download the"
                " model again."
            )
        room = self.length - 2
        if len(spans) > room:
            fitting = prompt[: spans[room - 1][1]].split()
            raise HomologueError(
                f"The prompt has {len(spans)} tokens and the context of {self.name} has room for"
                f" {room}; shorten it to end with {' '.join(fitting[-3:])!r}."
            )
        padded = zip(self._tokenizers, encodings, strict=True)
        return Tokens(prompt, spans, tuple(self._pad(t, each.input_ids) for t, each in padded))

    @torch.no_grad()
    def encode(self, tokens: Tokens) -> TextContext:
        """Encode a prompt as the pipelines of diffusers do."""
        states, pooled = self._run([torch.tensor([ids]) for ids in tokens.ids])
        return TextContext(states, pooled)

    def vocabulary(self) -> dict[str, int]:
        """Return the ids of the tokens that are whole words of three or more English letters."""
        found = {
            token.removesuffix(_END_OF_WORD): int(index)
            for token, index in self._tokenizers[0].get_vocab().items()
            if token.endswith(_END_OF_WORD)
        }
        return {
            word: index
            for word, index in sorted(found.items())
            if len(word) > 2 and word.isascii() and word.isalpha()
        }

    @torch.no_grad()
    def encode_words(self, ids: Sequence[int]) -> Tensor:
        """Return the states (N, D) of N tokens, each as the first token of a prompt.

        CLIP's attention is causal: later tokens do not change the state of an earlier one.
        """
        pairs = [
            torch.tensor([[int(tokenizer.bos_token_id), i] for i in ids])
            for tokenizer in self._tokenizers
        ]
        return self._run(pairs)[0][:, 1]

    def fingerprint(self) -> str:
        """Return 32 hexadecimal digits that identify the encoders' weights and the vocabulary."""
        digest = hashlib.blake2b(repr(self.vocabulary()).encode(), digest_size=16)
        sample = list(self.vocabulary().values())[:: max(1, len(self.vocabulary()) // 16)]
        digest.update(self.encode_words(sample).to("cpu", torch.float16).numpy().tobytes())
        return digest.hexdigest()

    def _pad(self, tokenizer: Any, ids: list[int]) -> tuple[int, ...]:
        marked = [tokenizer.bos_token_id, *ids, tokenizer.eos_token_id]
        return (*marked, *[tokenizer.pad_token_id] * (self.length - len(marked)))

    def _run(self, ids: Sequence[Tensor]) -> tuple[Tensor, Tensor | None]:
        """Return states (B, T, D) and, for SDXL, the pooled text (B, P).

        Args:
            ids: token ids (B, T) for each encoder.
        """
        outputs = []
        for encoder, tokens in zip(self._encoders, ids, strict=True):
            with finite_attention(projections(encoder, " of the text encoder"), encoder.dtype):
                outputs.append(
                    encoder(tokens.to(encoder.device), output_hidden_states=self._is_sdxl)
                )
        if not self._is_sdxl:
            return self._checked(outputs[0].last_hidden_state), None
        # SDXL was trained on the states of the last layer but one.
        states = torch.cat([out.hidden_states[-2] for out in outputs], dim=-1)
        return self._checked(states), self._checked(outputs[-1].text_embeds)

    def _checked(self, states: Tensor) -> Tensor:
        check_finite(states, f"the text states of {self.name}", states.dtype)
        return states
