"""Backbones on the hub: its cache, and a small server that answers as the hub does."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.fake_hub import Hub, into_cache, reachable_hub, use_cache

from homologue.errors import HomologueError
from homologue.vision.backbone import Backbone
from homologue.vision.loading import load_backbone

NAME = "owner/backbone"
FILES = ["config.json", "model.safetensors", "preprocessor_config.json"]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a hub that cannot be reached."""
    use_cache(tmp_path / "cache", monkeypatch)
    return tmp_path / "cache"


@pytest.fixture
def hub(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with reachable_hub(monkeypatch) as server:
        yield server


@pytest.fixture
def folder(folders: dict[str, Path], tmp_path: Path) -> Path:
    """A repository with more files than are needed."""
    made = shutil.copytree(folders["dinov2"], tmp_path / "repository")
    (made / "pytorch_model.bin").write_bytes(b"pickle")
    (made / "README.md").write_text("A backbone.")
    return made


def refused(name: str, sentence: str, *, offline: bool = False) -> None:
    with pytest.raises(HomologueError, match=sentence) as caught:
        load_backbone(name, device="cpu", local_files_only=offline)
    assert str(caught.value).count("\n") == 0


def test_the_needed_files_are_downloaded_once(
    hub: Hub, folder: Path, backbones: dict[str, Backbone]
) -> None:
    hub.repositories[NAME] = folder
    loaded = load_backbone(NAME, device="cpu")
    assert (loaded.name, loaded.fingerprint) == (NAME, backbones["dinov2"].fingerprint)
    assert sorted(hub.sent) == FILES
    asked = hub.asked
    load_backbone(NAME, device="cpu")
    assert hub.asked == asked


def test_a_cached_one_needs_no_hub(cache: Path, folder: Path) -> None:
    into_cache(cache, folder, NAME)
    for offline in (False, True):
        assert load_backbone(NAME, device="cpu", local_files_only=offline).name == NAME


def test_what_is_missing_in_the_cache_is_fetched(hub: Hub, cache: Path, folder: Path) -> None:
    hub.repositories[NAME] = folder
    (into_cache(cache, folder, NAME) / "model.safetensors").unlink()
    load_backbone(NAME, device="cpu")
    assert hub.sent == ["model.safetensors"]


def test_offline_and_not_cached(hub: Hub, cache: Path, folder: Path) -> None:
    sentence = (
        rf"{NAME} is not a local folder and not \(completely\) in the Hub's local cache, and"
        rf" local_files_only is set; run once with a network or `hf download {NAME} --include"
    )
    refused(NAME, sentence, offline=True)
    (into_cache(cache, folder, NAME) / "model.safetensors").unlink()
    (cache / "models--owner--backbone" / "snapshots").joinpath(
        "0123456789abcdef0123456789abcdef01234567", "pytorch_model.bin"
    ).unlink()
    refused(NAME, sentence, offline=True)
    assert hub.asked == 0


def test_a_hub_that_cannot_be_reached(cache: Path, folder: Path) -> None:
    refused(NAME, "is not a local folder and .*, and the Hub cannot be reached; run once with")
    (into_cache(cache, folder, NAME) / "preprocessor_config.json").unlink()
    refused(NAME, "is not a local folder and .*, and the Hub cannot be reached; run once with")


def test_only_pickle_files(hub: Hub, cache: Path, folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    hub.repositories[NAME] = folder
    sentence = rf"{NAME} has its weights only as pickle files, which can run code"
    refused(NAME, sentence)
    assert "pytorch_model.bin" not in hub.sent
    into_cache(cache, folder, "owner/cached")
    refused("owner/cached", "owner/cached has its weights only as pickle files", offline=True)


def test_weights_of_another_architecture_are_not_downloaded(hub: Hub, folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": "bert"}')
    hub.repositories[NAME] = folder
    refused(NAME, f"{NAME} is a model of the type 'bert'")
    assert "model.safetensors" not in hub.sent


def test_a_repository_that_is_no_backbone(hub: Hub, folder: Path) -> None:
    for name in ("config.json", "preprocessor_config.json"):
        (folder / name).unlink()
    hub.repositories[NAME] = folder
    refused(NAME, rf"{NAME} is not a vision backbone .* it lacks config\.json")


@pytest.mark.usefixtures("hub")
def test_repositories_that_the_hub_refuses() -> None:
    refused("owner/gated", "owner/gated is gated: accept its terms at https://huggingface.co/owner")
    refused("owner/missing", "neither a folder nor a model on the Hub named owner/missing")
    refused("owner/forbidden", "The Hub answered the request for owner/forbidden with status 403")
