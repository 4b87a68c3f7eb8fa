"""Which of the models that may be chosen can read words."""

from collections.abc import Sequence
from pathlib import Path

from homologue.diffusion.loading.text_folder import lacking_text
from homologue.errors import HomologueError
from homologue.viewer.models import BUILTIN


def reads_words(names: Sequence[str]) -> dict[str, bool]:
    """Whether each model has a text encoder, as far as that can be said without loading it.

    Of a model on the hub it is taken for granted.
    """
    return {name: _reads(name) for name in names}


def _reads(name: str) -> bool:
    place = Path(name)
    if name == BUILTIN or not place.exists():
        return True
    if not place.is_dir():
        return False  # a single file has no tokenizer
    try:
        return not lacking_text(place)
    except HomologueError:
        return False
