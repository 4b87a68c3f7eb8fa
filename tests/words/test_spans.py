"""Words of a prompt and their tokens, against the offsets of transformers' own tokenizer."""

from typing import Any

import pytest
from helpers.tiny_text import write_tokenizer
from hypothesis import given
from hypothesis import strategies as st
from transformers import CLIPTokenizer

from homologue.diffusion.text import Tokens
from homologue.errors import HomologueError
from homologue.words.spans import Word, select_words, word_spans, words_of


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return CLIPTokenizer.from_pretrained(write_tokenizer(tmp_path_factory.mktemp("tokenizer")))


def words_in(tokenizer: Any, prompt: str) -> tuple[Word, ...]:
    spans = tokenizer(prompt, add_special_tokens=False, return_offsets_mapping=True).offset_mapping
    return words_of(Tokens(prompt, tuple(spans), ()))


def texts(prompt: str) -> list[str]:
    return [prompt[a:b] for a, b in word_spans(prompt)]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a cat wearing a hat", ["a", "cat", "wearing", "a", "hat"]),
        ("  Cat,\n\that!? (dog) -- 'eyes'", ["Cat", "hat", "dog", "eyes"]),
        ("a cat's t-shirt, isn’t it", ["a", "cat's", "t-shirt", "isn’t", "it"]),  # noqa: RUF001
        ("snake_case and/or 3.5", ["snake", "case", "and", "or", "3", "5"]),
        ("café cafe\u0301 Ελλάδα 猫 🐱", ["café", "cafe\u0301", "Ελλάδα", "猫", "🐱"]),
        ("the 🐱\u200d👤 + 1", ["the", "🐱\u200d👤", "+", "1"]),
        ("\u200d \u0301 ... \x00", []),
        ("", []),
    ],
)
def test_what_a_word_is(prompt: str, expected: list[str]) -> None:
    assert texts(prompt) == expected


def test_pieces_are_merged_and_repeated_words_are_apart(tokenizer: Any) -> None:
    prompt = "Cats, a cat's hat - a CAT!"
    # cat|s , a cat ' s hat - a cat ! : with the mark of the start, the first is token 1.
    pieces = tokenizer.convert_ids_to_tokens(tokenizer(prompt).input_ids)[1:-1]
    assert pieces == [
        "ca", "t", "s</w>", ",</w>", "a</w>", "cat</w>", "'", "s</w>", "hat</w>", "-</w>", "a</w>",
        "cat</w>", "!</w>",
    ]  # fmt: skip
    assert words_in(tokenizer, prompt) == (
        Word("Cats", 0, 4, (1, 2, 3)),
        Word("a", 6, 7, (5,)),
        Word("cat's", 8, 13, (6, 7, 8)),
        Word("hat", 14, 17, (9,)),
        Word("a", 20, 21, (11,)),
        Word("CAT", 22, 25, (12,)),
    )


def test_characters_of_several_tokens_keep_them_all(tokenizer: Any) -> None:
    # é is two bytes whichever way it is written, the emoji four, 猫 three; each byte is a token.
    words = words_in(tokenizer, "é e\u0301 🐱 猫!")
    assert [len(word.tokens) for word in words] == [2, 2, 4, 3]
    assert words[0].tokens == (1, 2)
    assert words[-1].tokens == (9, 10, 11)


LETTERS = st.characters(codec="utf-8", exclude_categories=["Cs", "Co", "Cn"])


@given(st.text(LETTERS, max_size=60))
def test_every_token_is_of_one_word_or_of_none_of_its_letters(tokenizer: Any, prompt: str) -> None:
    cut = tokenizer(prompt, add_special_tokens=False, return_offsets_mapping=True)
    spans = cut.offset_mapping
    try:
        words = words_in(tokenizer, prompt)
    except HomologueError:
        assert word_spans(prompt) == []
        return
    taken = [token for word in words for token in word.tokens]
    assert len(taken) == len(set(taken))
    assert all(word.tokens for word in words)
    for word in words:
        assert prompt[word.start : word.end] == word.text
        for token in word.tokens:
            start, end = spans[token - 1]
            assert start < word.end and end > word.start
    covered = {i for word in words for i in range(word.start, word.end)}
    for token in set(range(1, len(spans) + 1)) - set(taken):
        assert covered.isdisjoint(range(*spans[token - 1]))


def test_words_are_chosen_in_the_order_asked_each_with_all_its_occurrences(tokenizer: Any) -> None:
    words = words_in(tokenizer, "a cat and a Hat, hat")
    chosen = select_words(words, ["HAT", " a ", "hat"])
    assert [(word.text, word.start) for word in chosen] == [
        ("Hat", 12), ("hat", 17), ("a", 0), ("a", 10)
    ]  # fmt: skip
    accented = words_in(tokenizer, "cafe\u0301")
    assert select_words(accented, ["CAFÉ"]) == accented


def test_a_word_that_is_not_there(tokenizer: Any) -> None:
    words = words_in(tokenizer, "a cat and a hat")
    with pytest.raises(
        HomologueError, match=r"'dog' is not a word of the prompt; .* a, cat, and, hat"
    ):
        select_words(words, ["cat", "dog"])
    with pytest.raises(HomologueError, match="The list of words is empty"):
        select_words(words, [])


@pytest.mark.parametrize("prompt", ["", "  ", "?!", "\u200d"])
def test_a_prompt_without_words(tokenizer: Any, prompt: str) -> None:
    with pytest.raises(HomologueError, match="has no words; write at least one"):
        words_in(tokenizer, prompt)
