"""The words of a prompt, and which tokens of the context each of them is."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from homologue.diffusion.text import Tokens
from homologue.errors import HomologueError

_JOINERS = "'-\u2019\u2010\u2011"  # inside a word they belong to it: cat's, t-shirt
_WORD = re.compile("w+(?:jw+)*")


@dataclass(frozen=True)
class Word:
    """One word of a prompt; a word that occurs twice is two of them.

    Attributes:
        text: as it is written in the prompt.
        start, end: where, in characters of the prompt.
        tokens: the tokens of the context that it became, one for each word piece.
    """

    text: str
    start: int
    end: int
    tokens: tuple[int, ...]


def word_spans(prompt: str) -> list[tuple[int, int]]:
    """Start and end of each word: what stands between spaces and punctuation.

    Apostrophes and hyphens inside a word belong to it. Symbols, such as an emoji, are words too.

    >>> [("a cat's hat, hat!")[a:b] for a, b in word_spans("a cat's hat, hat!")]
    ['a', "cat's", 'hat', 'hat']
    """
    kinds = "".join(map(_kind, prompt))
    spans = [found.span() for found in _WORD.finditer(kinds)]
    return [(a, b) for a, b in spans if any(map(_says_something, prompt[a:b]))]


def _kind(character: str) -> str:
    if character in _JOINERS:
        return "j"
    apart = character.isspace() or unicodedata.category(character)[0] in "PZ"
    return " " if apart or unicodedata.category(character) == "Cc" else "w"


def _says_something(character: str) -> bool:
    """A letter, a number or a symbol, rather than an accent or a sign of control."""
    return unicodedata.category(character)[0] in "LNS"


def words_of(tokens: Tokens) -> tuple[Word, ...]:
    """The words of a prompt in their order, each with all its pieces.

    Raises:
        HomologueError: there is none.
    """
    found = []
    for start, end in word_spans(tokens.text):
        pieces = [i for i, (a, b) in enumerate(tokens.spans) if a < end and b > start]
        # The context begins with the mark of the start.
        found.append(Word(tokens.text[start:end], start, end, tuple(i + 1 for i in pieces)))
    if not found:
        raise HomologueError(f"The prompt {tokens.text!r} has no words; write some.")
    return tuple(found)


def select_words(words: Sequence[Word], wanted: Sequence[str]) -> tuple[Word, ...]:
    """The words that are asked for, in the order asked; all occurrences of each.

    Upper and lower case are the same.

    Raises:
        HomologueError: none is asked for, or one is not in the prompt.
    """
    if not wanted:
        raise HomologueError("No words are asked for; name some, or leave them out to get all.")
    chosen: list[Word] = []
    for name in wanted:
        same = [word for word in words if _folded(word.text) == _folded(name)]
        if not same:
            there = ", ".join(dict.fromkeys(word.text for word in words))
            raise HomologueError(f"{name!r} is no word of the prompt; choose from {there}.")
        chosen += [word for word in same if word not in chosen]
    return tuple(chosen)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip()).casefold()
