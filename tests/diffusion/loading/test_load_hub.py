"""Loading from the hub: its cache, and a small server that answers as the hub does."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from helpers.fake_hub import COMMIT, Hub, into_cache, reachable_hub, use_cache
from helpers.refusal import refused
from helpers.tiny_models import reference, tiny_sd1, tiny_taesd, write_json

from homologue.diffusion.loading.load import load
from homologue.diffusion.model import LatentDiffusion

WEIGHTS = "diffusion_pytorch_model.safetensors"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_sd1(tmp_path_factory.mktemp("original"))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a hub that cannot be reached."""
    folder = tmp_path / "cache"
    use_cache(folder, monkeypatch)
    return folder


def assert_is(model: LatentDiffusion, folder: Path) -> None:
    expected = reference(folder)[0].state_dict()
    loaded = model.unet.state_dict()
    assert loaded.keys() == expected.keys()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in expected.items())


def test_a_cached_repository(cache: Path, original: Path) -> None:
    into_cache(cache, original, "owner/model")
    for offline in (False, True):
        model = load("owner/model", device="cpu", local_files_only=offline)
        assert model.name == "owner/model"
        assert_is(model, original)


def test_a_cached_revision(cache: Path, original: Path, tmp_path: Path) -> None:
    other, commit = tiny_sd1(tmp_path / "other", seed=3), "f" * 40
    into_cache(cache, original, "owner/model")
    into_cache(cache, other, "owner/model", commit, "v2")
    assert_is(load("owner/model", device="cpu"), original)
    assert_is(load("owner/model", device="cpu", revision="v2"), other)
    assert_is(load("owner/model", device="cpu", revision=commit), other)
    refused("owner/model at revision v3", name="owner/model", revision="v3")


def test_cached_fp16_files(cache: Path, original: Path) -> None:
    snapshot = into_cache(cache, original, "owner/model")
    for part in ("unet", "vae"):
        path = snapshot / part / WEIGHTS
        path.rename(path.with_name("diffusion_pytorch_model.fp16.safetensors"))
    assert_is(load("owner/model", device="cpu"), original)
    assert_is(load("owner/model", device="cpu", variant="fp16"), original)
    refused("not (completely)", name="owner/model", variant="bf16")


def test_a_cached_vae(cache: Path, original: Path, tmp_path: Path) -> None:
    taesd = tiny_taesd(tmp_path / "taesd")
    into_cache(cache, taesd, "owner/taesd")
    into_cache(cache, original, "owner/model")
    assert type(load(original, device="cpu", vae="owner/taesd").vae).__name__ == "AutoencoderTiny"
    vae = load("owner/model", device="cpu", vae="owner/model").vae
    assert torch.equal(vae.encoder.conv_in.weight, reference(original)[1].encoder.conv_in.weight)
    refused("owner/other is not a local folder", name="owner/model", vae="owner/other")


@pytest.mark.parametrize("part", [None, "unet/config.json", f"vae/{WEIGHTS}", "scheduler"])
def test_no_network_and_not_in_the_cache(part: str | None, cache: Path, original: Path) -> None:
    if part:
        path = into_cache(cache, original, "owner/model") / part
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    parts = "--include 'unet/*' --include 'vae/*' --include 'scheduler/*'"
    command = f"`hf download owner/model {parts}`"
    ways = (command, "or give a local folder")
    refused("the Hub cannot be reached", *ways, name="owner/model")
    refused("local_files_only is set", *ways, name="owner/model", local_files_only=True)


def test_a_cached_transformer(cache: Path, tmp_path: Path) -> None:
    write_json(tmp_path / "flux" / "model_index.json", {"transformer": ["diffusers", "Flux"]})
    into_cache(cache, tmp_path / "flux", "owner/flux")
    refused("owner/flux is built on a transformer", name="owner/flux")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with reachable_hub(monkeypatch) as server:
        yield server


def test_a_download_takes_what_is_needed_and_only_once(
    hub: Hub, original: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    model = Path(shutil.copytree(original, tmp_path / "model"))
    for extra in ("text_encoder/model.safetensors", "unet/diffusion_pytorch_model.bin"):
        (model / extra).parent.mkdir(exist_ok=True)
        (model / extra).write_bytes(b"not wanted")
    (model / "unet" / "diffusion_pytorch_model.fp16.safetensors").write_bytes(b"not wanted")
    hub.repositories["owner/model"] = model
    assert_is(load("owner/model", device="cpu"), original)
    parts = ["scheduler/scheduler_config.json", "unet/config.json", "vae/config.json"]
    weights = [f"unet/{WEIGHTS}", f"vae/{WEIGHTS}"]
    assert sorted(hub.sent) == sorted(["model_index.json", *parts, *weights])
    asked = hub.asked
    assert_is(load("owner/model", device="cpu"), original)
    assert hub.asked == asked
    assert capfd.readouterr() == ("", "")


def test_a_download_of_shards_and_of_fp16(hub: Hub, original: Path, tmp_path: Path) -> None:
    unet, vae, scheduler = reference(original)
    unet.save_pretrained(tmp_path / "model" / "unet", max_shard_size="1MB")
    vae.save_pretrained(tmp_path / "model" / "vae", variant="fp16")
    scheduler.save_pretrained(tmp_path / "model" / "scheduler")
    hub.repositories["owner/model"] = tmp_path / "model"
    assert_is(load("owner/model", device="cpu"), original)
    assert "vae/diffusion_pytorch_model.fp16.safetensors" in hub.sent


def test_a_download_of_a_vae(hub: Hub, original: Path, tmp_path: Path) -> None:
    hub.repositories["owner/taesd"] = tiny_taesd(tmp_path / "taesd")
    hub.repositories["owner/model"] = original
    assert type(load(original, device="cpu", vae="owner/taesd").vae).__name__ == "AutoencoderTiny"
    assert sorted(hub.sent) == ["config.json", WEIGHTS]
    load(original, device="cpu", vae="owner/model")
    assert sorted(hub.sent[2:]) == ["vae/config.json", f"vae/{WEIGHTS}"]


def test_an_interrupted_download_is_completed(hub: Hub, cache: Path, original: Path) -> None:
    hub.repositories["owner/model"] = original
    (into_cache(cache, original, "owner/model") / "unet" / WEIGHTS).unlink()
    assert_is(load("owner/model", device="cpu"), original)
    assert hub.sent == [f"unet/{WEIGHTS}"]


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("owner/gated", "accept its terms at https://huggingface.co/owner/gated"),
        ("owner/missing", "neither a folder nor a model on the Hub named owner/missing"),
        ("owner/forbidden", "with status 403; try again later, or log in"),
        ("owner/down", "with status 503; try again later"),
    ],
)
@pytest.mark.usefixtures("hub")
def test_what_the_hub_refuses(name: str, part: str) -> None:
    refused(name, part, name=name)


def remove_unet(model: Path) -> None:
    shutil.rmtree(model / "unet")


def only_pickles(model: Path) -> None:
    path = model / "unet" / WEIGHTS
    path.rename(path.with_suffix(".bin"))


def only_bf16(model: Path) -> None:
    path = model / "unet" / WEIGHTS
    path.rename(path.with_name("diffusion_pytorch_model.bf16.safetensors"))


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (remove_unet, "not a diffusion model in the layout of diffusers: it lacks unet/"),
        (only_pickles, "owner/model (unet) has its weights only as pickle files"),
        (only_bf16, "it has diffusion_pytorch_model.bf16.safetensors"),
    ],
)
def test_a_repository_that_is_no_model(
    change: Callable[[Path], None], part: str, hub: Hub, original: Path, tmp_path: Path
) -> None:
    hub.repositories["owner/model"] = Path(shutil.copytree(original, tmp_path / "model"))
    change(tmp_path / "model")
    refused(part, name="owner/model")


def test_a_revision_that_is_not_there(hub: Hub, original: Path) -> None:
    hub.repositories["owner/model"] = original
    refused("owner/model has no revision 'v9'", name="owner/model", revision="v9")
    assert_is(load("owner/model", device="cpu", revision=COMMIT), original)
