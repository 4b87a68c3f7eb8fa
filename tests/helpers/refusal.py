"""How the tests assert that a model is refused."""

from pathlib import Path
from typing import Any

import pytest

from helpers.tiny_models import read_json, write_json
from homologue.diffusion.loading.load import load
from homologue.errors import HomologueError


def refused(*parts: str, **arguments: Any) -> None:
    """Asserts that loading fails in one sentence with these parts."""
    with pytest.raises(HomologueError) as caught:
        load(**({"device": "cpu"} | arguments))
    message = str(caught.value)
    for part in parts:
        assert part in message
    assert "\n" not in message and "Traceback" not in message
    assert message.endswith(".") and len(message) < 600 + len(str(arguments["name"]))


def change(path: Path, **settings: Any) -> None:
    write_json(path, read_json(path) | settings)
