"""Detection of models that have a text encoder."""

from collections.abc import Sequence
from pathlib import Path

from homologue.diffusion.loading.text_folder import lacking_text
from homologue.errors import HomologueError
from homologue.viewer.models import BUILTIN


def reads_words(names: Sequence[str]) -> dict[str, bool]:
    """Return whether each model has a text encoder, without loading it.

    A model on the Hugging Face hub is assumed to have one.
    """
    return {name: _has_text_encoder(name) for name in names}


def _has_text_encoder(name: str) -> bool:
    path = Path(name)
    if name == BUILTIN or not path.exists():
        return True
    if not path.is_dir():
        return False  # a single file has no tokenizer
    try:
        return not lacking_text(path)
    except HomologueError:
        return False
