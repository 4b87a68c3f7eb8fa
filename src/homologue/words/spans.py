"""The words of a prompt and their tokens in the context."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from homologue.diffusion.text import Tokens
from homologue.errors import HomologueError

_JOINERS = "'-\u2019\u2010\u2011"  # part of the word between letters: cat's, t-shirt
_WORD = re.compile("w+(?:jw+)*")


@dataclass(frozen=True)
class Word:
    """One occurrence of a word in a prompt.

    Attributes:
        text: the word as written in the prompt.
        start, end: its position in characters of the prompt.
        tokens: indices of its tokens in the context, one for each word piece.
    """

    text: str
    start: int
    end: int
    tokens: tuple[int, ...]


def word_spans(prompt: str) -> list[tuple[int, int]]:
    """Return the start and end of each word.

    Spaces and punctuation separate words. Apostrophes and hyphens inside a word are part of it.
    Symbols, such as emoji, are words.

    >>> [("a cat's hat, hat!")[a:b] for a, b in word_spans("a cat's hat, hat!")]
    ['a', "cat's", 'hat', 'hat']
    """
    kinds = "".join(map(_kind, prompt))
    spans = [found.span() for found in _WORD.finditer(kinds)]
    return [(a, b) for a, b in spans if any(map(_is_visible, prompt[a:b]))]


def _kind(character: str) -> str:
    if character in _JOINERS:
        return "j"
    apart = character.isspace() or unicodedata.category(character)[0] in "PZ"
    return " " if apart or unicodedata.category(character) == "Cc" else "w"


def _is_visible(character: str) -> bool:
    """Return whether a character is a letter, number or symbol, not an accent or control code."""
    return unicodedata.category(character)[0] in "LNS"


def words_of(tokens: Tokens) -> tuple[Word, ...]:
    """Return the words of a prompt in their order, each with all its word pieces.

    Raises:
        HomologueError: the prompt has no words.
    """
    found = []
    for start, end in word_spans(tokens.text):
        pieces = [i for i, (a, b) in enumerate(tokens.spans) if a < end and b > start]
        # The first token of the context marks the start of the text.
        found.append(Word(tokens.text[start:end], start, end, tuple(i + 1 for i in pieces)))
    if not found:
        raise HomologueError(f"The prompt {tokens.text!r} has no words; write at least one.")
    return tuple(found)


def select_words(words: Sequence[Word], wanted: Sequence[str]) -> tuple[Word, ...]:
    """Return all occurrences of each wanted word, in the order of `wanted`.

    Comparison is case-insensitive.

    Raises:
        HomologueError: `wanted` is empty, or a word is not in the prompt.
    """
    if not wanted:
        raise HomologueError(
            "The list of words is empty; name at least one word, or leave it out to get all."
        )
    chosen: list[Word] = []
    for name in wanted:
        same = [word for word in words if _folded(word.text) == _folded(name)]
        if not same:
            known = ", ".join(dict.fromkeys(word.text for word in words))
            raise HomologueError(f"{name!r} is not a word of the prompt; choose from {known}.")
        chosen += [word for word in same if word not in chosen]
    return tuple(chosen)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip()).casefold()
