"""What can be kept, and how it is asked for."""

import pytest

from homologue.artifacts import parse_items
from homologue.errors import HomologueError


@pytest.mark.parametrize(
    ("texts", "items"),
    [
        ([], ()),
        (["maps, embeddings"], ("embeddings", "maps")),
        (["parts", "maps", "parts"], ("parts", "maps")),
    ],
)
def test_items_come_once_and_in_one_order(texts: list[str], items: tuple[str, ...]) -> None:
    assert parse_items(texts) == items


@pytest.mark.parametrize("text", ["heads", "maps,", ""])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(HomologueError, match="choose from embeddings, parts, maps"):
        parse_items([text])
