"""Small backbones of every family, loaded once."""

from pathlib import Path

import pytest
from helpers.tiny_backbones import KINDS, tiny_backbone

from homologue.vision.backbone import Backbone
from homologue.vision.loading import load_backbone


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("backbones")
    return {kind: tiny_backbone(root / kind, kind) for kind in KINDS}


@pytest.fixture(scope="session")
def backbones(folders: dict[str, Path]) -> dict[str, Backbone]:
    return {kind: load_backbone(folder, device="cpu") for kind, folder in folders.items()}
