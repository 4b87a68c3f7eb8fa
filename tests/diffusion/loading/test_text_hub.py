"""Text encoders of models on the hub: fetched when words are asked for, and only once."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.fake_hub import Hub, into_cache, reachable_hub, use_cache
from helpers.tiny_models import tiny_sd1, tiny_sdxl
from helpers.tiny_text import add_text

from homologue.diffusion.loading.load import load
from homologue.diffusion.loading.text_encoder import text_encoder
from homologue.errors import HomologueError


@pytest.fixture(scope="module")
def sdxl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return add_text(tiny_sdxl(tmp_path_factory.mktemp("sdxl")), "sdxl")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a hub that cannot be reached."""
    use_cache(tmp_path / "cache", monkeypatch)
    return tmp_path / "cache"


@pytest.fixture
def hub(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with reachable_hub(monkeypatch) as server:
        yield server


def test_it_is_downloaded_when_it_is_asked_for_and_only_once(hub: Hub, sdxl: Path) -> None:
    hub.repositories["owner/model"] = sdxl
    model = load("owner/model", device="cpu")
    assert not any("text" in file or "token" in file for file in hub.sent)
    before = len(hub.sent)
    assert text_encoder(model).width == 2048
    parts = [
        f"text_encoder{n}/{f}" for n in ("", "_2") for f in ("config.json", "model.safetensors")
    ]
    words = [
        f"tokenizer{n}/{f}.json" for n in ("", "_2") for f in ("tokenizer", "tokenizer_config")
    ]
    assert sorted(hub.sent[before:]) == sorted(parts + words)
    asked = hub.asked
    assert text_encoder(load("owner/model", device="cpu")).width == 2048
    assert hub.asked == asked


def test_what_is_missing_in_the_cache_is_fetched(hub: Hub, cache: Path, sdxl: Path) -> None:
    hub.repositories["owner/model"] = sdxl
    snapshot = into_cache(cache, sdxl, "owner/model")
    (snapshot / "text_encoder_2" / "model.safetensors").unlink()
    assert text_encoder(load("owner/model", device="cpu")).width == 2048
    assert hub.sent == ["text_encoder_2/model.safetensors"]


def test_a_cached_one_needs_no_hub(cache: Path, sdxl: Path) -> None:
    snapshot = into_cache(cache, sdxl, "owner/model")
    for offline in (False, True):
        model = load("owner/model", device="cpu", local_files_only=offline)
        assert text_encoder(model).width == 2048
    shutil.rmtree(snapshot / "tokenizer")
    model = load("owner/model", device="cpu")
    with pytest.raises(HomologueError, match=r"Hub cannot be reached; .*'text_encoder\*/\*'"):
        text_encoder(model)


def test_a_repository_without_one(hub: Hub, tmp_path: Path) -> None:
    hub.repositories["owner/model"] = tiny_sd1(tmp_path / "model")
    model = load("owner/model", device="cpu")
    with pytest.raises(HomologueError, match=r"owner/model has no text encoder .* text_encoder/"):
        text_encoder(model)
