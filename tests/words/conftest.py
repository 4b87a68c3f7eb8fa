"""A cache of the tests' own."""

from pathlib import Path

import pytest

from homologue.words import vocabulary


@pytest.fixture(autouse=True)
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where vocabularies are kept during a test."""
    folder = tmp_path / "assets"
    folder.mkdir()
    monkeypatch.setattr(vocabulary, "cached_assets_path", lambda *names: folder)
    return folder
