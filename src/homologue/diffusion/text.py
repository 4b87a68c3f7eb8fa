"""Text encoders: from a prompt to the context that a model's cross-attention reads."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from homologue.diffusion.watch import finite_attention, projections
from homologue.errors import HomologueError, check_finite

_END_OF_WORD = "</w>"


@dataclass(frozen=True)
class Tokens:
    """A prompt cut into tokens.

    Attributes:
        text: the prompt.
        spans: (start, end) in characters of the prompt of each token, without the marks of start
            and end and the padding. Span i is token i + 1 of the context.
        ids: of the whole context, padding included, for each text encoder.
    """

    text: str
    spans: tuple[tuple[int, int], ...]
    ids: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Context:
    """What a model sees of a prompt.

    Attributes:
        states: (1, T, D), for the cross-attention.
        pooled: (1, P), what SDXL gets besides; None for others.
    """

    states: Tensor
    pooled: Tensor | None


class TextEncoder:
    """The tokenizers and text encoders of a model.

    Attributes:
        name: of the model.
        length: tokens of a context, the marks of start and end included: 77 for Stable Diffusion.
    """

    def __init__(self, name: str, tokenizers: Sequence[Any], encoders: Sequence[Any]) -> None:
        self.name = name
        self._tokenizers, self._encoders = list(tokenizers), list(encoders)
        limits = [int(t.model_max_length) for t in tokenizers]
        self.length = min(limits + [int(e.config.max_position_embeddings) for e in encoders])
        self._is_sdxl = hasattr(encoders[-1], "text_projection")

    @property
    def width(self) -> int:
        """Numbers of a token of the context."""
        return sum(int(encoder.config.hidden_size) for encoder in self._encoders)

    @property
    def pooled_width(self) -> int:
        """Numbers of the pooled text; 0 where there is none."""
        return int(self._encoders[-1].config.projection_dim) if self._is_sdxl else 0

    def tokenize(self, prompt: str) -> Tokens:
        """Cuts a prompt into tokens.

        Raises:
            HomologueError: it is longer than the context, or no text.
        """
        if any("\ud800" <= character <= "\udfff" for character in prompt):
            raise HomologueError(
                f"The prompt {prompt!r} has bytes that are no text; write it in UTF-8."
            )
        cuts = [
            tokenizer(prompt, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
            for tokenizer in self._tokenizers
        ]
        spans = tuple((int(start), int(end)) for start, end in cuts[0].offset_mapping)
        if any(cut.offset_mapping != cuts[0].offset_mapping for cut in cuts):
            raise HomologueError(
                f"The two tokenizers of {self.name} cut the prompt in different places; get the"
                " model again."
            )
        room = self.length - 2
        if len(spans) > room:
            fitting = prompt[: spans[room - 1][1]].split()
            raise HomologueError(
                f"The prompt has {len(spans)} tokens and the context of {self.name} has room for"
                f" {room}; leave out what comes after {' '.join(fitting[-3:])!r}."
            )
        padded = zip(self._tokenizers, cuts, strict=True)
        return Tokens(prompt, spans, tuple(self._pad(t, cut.input_ids) for t, cut in padded))

    @torch.no_grad()
    def encode(self, tokens: Tokens) -> Context:
        """The context of a prompt, made as the pipelines of diffusers make it."""
        states, pooled = self._run([torch.tensor([ids]) for ids in tokens.ids])
        return Context(states, pooled)

    def vocabulary(self) -> dict[str, int]:
        """The whole words of the tokenizer, of three English letters or more, with their ids."""
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
        """States (N, D) of tokens that stand first and alone in a prompt.

        CLIP looks only back, so what follows a token does not change its state.
        """
        pairs = [
            torch.tensor([[int(tokenizer.bos_token_id), i] for i in ids])
            for tokenizer in self._tokenizers
        ]
        return self._run(pairs)[0][:, 1]

    def fingerprint(self) -> str:
        """32 hexadecimal digits that identify the encoders' weights and the vocabulary."""
        digest = hashlib.blake2b(repr(self.vocabulary()).encode(), digest_size=16)
        sample = list(self.vocabulary().values())[:: max(1, len(self.vocabulary()) // 16)]
        digest.update(self.encode_words(sample).to("cpu", torch.float16).numpy().tobytes())
        return digest.hexdigest()

    def _pad(self, tokenizer: Any, ids: list[int]) -> tuple[int, ...]:
        marked = [tokenizer.bos_token_id, *ids, tokenizer.eos_token_id]
        return (*marked, *[tokenizer.pad_token_id] * (self.length - len(marked)))

    def _run(self, ids: Sequence[Tensor]) -> tuple[Tensor, Tensor | None]:
        """States (B, T, D) and, for SDXL, the pooled text (B, P) of ids (B, T) an encoder."""
        outputs = []
        for encoder, tokens in zip(self._encoders, ids, strict=True):
            with finite_attention(projections(encoder, " of the text encoder"), encoder.dtype):
                outputs.append(
                    encoder(tokens.to(encoder.device), output_hidden_states=self._is_sdxl)
                )
        if not self._is_sdxl:
            return self._checked(outputs[0].last_hidden_state), None
        # SDXL was trained on what the last layer but one says.
        states = torch.cat([out.hidden_states[-2] for out in outputs], dim=-1)
        return self._checked(states), self._checked(outputs[-1].text_embeds)

    def _checked(self, states: Tensor) -> Tensor:
        check_finite(states, f"the text states of {self.name}", states.dtype)
        return states
