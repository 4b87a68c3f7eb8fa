"""The names of what can be kept."""

from collections.abc import Sequence

from homologue.errors import HomologueError

EMBEDDINGS, PARTS, MAPS = "embeddings", "parts", "maps"
ITEMS = (EMBEDDINGS, PARTS, MAPS)


def parse_items(texts: Sequence[str]) -> tuple[str, ...]:
    """Items of texts such as `embeddings,parts`, each once, in the order of `ITEMS`.

    Raises:
        HomologueError: there is no such item.

    >>> parse_items(["parts", "maps,parts"])
    ('parts', 'maps')
    """
    named = [item.strip() for text in texts for item in text.split(",")]
    for item in named:
        if item not in ITEMS:
            raise HomologueError(f"{item!r} cannot be kept: choose from {', '.join(ITEMS)}.")
    return tuple(item for item in ITEMS if item in named)
