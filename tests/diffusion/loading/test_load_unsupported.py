"""What is not a model says what it is: in a folder, in the Hub's cache, on the Hub, in a file."""

import pickle
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from helpers.fake_hub import ERRORS, Hub, into_cache, reachable_hub, use_cache
from helpers.refusal import refused
from helpers.tiny_models import reference, tiny_sd1, tiny_taesd, write_json, write_single_file
from safetensors.torch import load_file, save_file

from homologue.diffusion.loading import hub as hub_module
from homologue.diffusion.loading.load import load
from homologue.diffusion.loading.weights import PICKLES
from homologue.errors import HomologueWarning

WEIGHTS = "diffusion_pytorch_model.safetensors"
LORA = "is a LoRA, which only modifies a model; give the model that it was merged into"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_sd1(tmp_path_factory.mktemp("original"))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and a hub that cannot be reached."""
    use_cache(tmp_path / "cache", monkeypatch)
    return tmp_path / "cache"


@pytest.fixture
def hub(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with reachable_hub(monkeypatch) as server:
        yield server


def save(folder: Path, name: str, *tensors: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    save_file({tensor: torch.zeros(2, 2) for tensor in tensors}, folder / name)


def lora(folder: Path) -> None:
    save(folder, "pytorch_lora_weights.safetensors", "unet.down.lora_A.weight")


def peft(folder: Path) -> None:
    write_json(folder / "adapter_config.json", {"peft_type": "LORA"})
    save(folder, "adapter_model.safetensors", "base_model.lora_A.weight")


def kohya(folder: Path) -> None:
    save(folder, "my-style.safetensors", "lora_unet_down_blocks_0.lora_up.weight")


def controlnet(folder: Path) -> None:
    write_json(folder / "config.json", {"_class_name": "ControlNetModel"})
    save(folder, WEIGHTS, "controlnet_cond_embedding.conv_in.weight")


def adapter(folder: Path) -> None:
    write_json(folder / "config.json", {"_class_name": "T2IAdapter"})


def controlnet_without_config(folder: Path) -> None:
    save(folder, WEIGHTS, "controlnet_cond_embedding.conv_in.weight")


def controlnet_file(folder: Path) -> None:
    save(folder, "canny.safetensors", "control_model.input_blocks.0.0.weight")


def controlnet_pickle(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "control_v11p_sd15_canny.pth").write_bytes(pickle.dumps({}))


def adapter_file(folder: Path) -> None:
    save(folder, "canny.safetensors", "body.0.block1.weight", "conv_in.weight")


def ip_adapter(folder: Path) -> None:
    save(folder, "sd15.safetensors", "image_proj.proj.weight", "ip_adapter.1.to_k_ip.weight")


def ip_adapters_of_faces(folder: Path) -> None:
    """As its repository lays them out; a file of them holds a LoRA, too."""
    write_json(folder / "models" / "image_encoder" / "config.json", {})
    name = "ip-adapter-faceid.safetensors"
    save(folder / "models", name, "ip_adapter.0.to_q_lora.down.weight", "image_proj.norm.weight")


def lycoris(folder: Path) -> None:
    save(folder, "style.safetensors", "transformer_h_0.hada_w1_a", "transformer_h_0.hada_w1_b")


def motion(folder: Path) -> None:
    save(folder, "mm.safetensors", "down_blocks.0.motion_modules.0.proj_in.weight")


def onnx(folder: Path) -> None:
    write_json(folder / "model_index.json", {"_class_name": "OnnxStableDiffusionPipeline"})
    (folder / "unet").mkdir()
    (folder / "unet" / "model.onnx").write_bytes(b"onnx")


def gguf(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "v1-5.gguf").write_bytes(b"GGUF")


def vae_file(folder: Path) -> None:
    save(folder, "vae-ft-mse.safetensors", "encoder.conv_in.weight", "decoder.conv_in.weight")


def inversion(folder: Path) -> None:
    save(folder, "learned_embeds.safetensors", "<cat>")


def only_a_checkpoint(folder: Path) -> None:
    save(folder, "v1-5.safetensors", "model.diffusion_model.input_blocks.0.0.weight")


def only_a_pickle(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "v1-5.ckpt").write_bytes(pickle.dumps({}))


def a_unet_alone(folder: Path) -> None:
    write_json(folder / "config.json", {"_class_name": "UNet2DConditionModel"})


KINDS: dict[Callable[[Path], None], str] = {
    lora: LORA,
    peft: LORA,
    kohya: LORA,
    controlnet: "is a ControlNet, which only steers a model",
    controlnet_without_config: "is a ControlNet, which only steers a model",
    controlnet_file: "is a ControlNet, which only steers a model; give the model that it steers",
    controlnet_pickle: "is a ControlNet, which only steers a model",
    adapter: "is a T2I-Adapter, which only steers a model",
    adapter_file: "is a T2I-Adapter, which only steers a model",
    ip_adapter: "is an IP-Adapter, which only steers a model; give the model that it steers",
    ip_adapters_of_faces: "is an IP-Adapter, which only steers a model",
    lycoris: LORA,
    motion: "is a motion adapter, which only extends a model",
    onnx: "has its UNet in an unsupported format, ONNX (unet/model.onnx); choose a model",
    gguf: "contains weights in an unsupported format, GGUF (v1-5.gguf); choose a model",
    vae_file: "contains a VAE alone in a single file, ",
    inversion: "is a textual inversion, which only adds words",
    only_a_checkpoint: "contains a checkpoint in a single file; give ",
    only_a_pickle: "contains a pickle file (v1-5.ckpt)",
    a_unet_alone: "is only one component of a model (a UNet2DConditionModel)",
}


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_a_folder(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path / "given")
    refused(str(tmp_path / "given"), KINDS[make], name=tmp_path / "given")


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_a_cached_repository_without_a_network(
    make: Callable[[Path], None], cache: Path, tmp_path: Path
) -> None:
    make(tmp_path / "given")
    into_cache(cache, tmp_path / "given", "owner/given")
    for offline in (False, True):
        refused("owner/given ", KINDS[make], name="owner/given", local_files_only=offline)


@pytest.mark.parametrize(
    "make",
    [
        lora,
        peft,
        controlnet,
        controlnet_pickle,
        ip_adapters_of_faces,
        onnx,
        inversion,
        only_a_pickle,
    ],
    ids=lambda make: make.__name__,
)
def test_a_repository_on_the_hub(make: Callable[[Path], None], hub: Hub, tmp_path: Path) -> None:
    make(tmp_path / "given")
    hub.repositories["owner/given"] = tmp_path / "given"
    refused("owner/given ", KINDS[make], name="owner/given")
    assert not [name for name in hub.sent if not name.endswith(".json")]


@pytest.mark.parametrize("make", [controlnet_file, adapter_file, ip_adapter, lycoris, motion])
def test_a_file_that_steers_a_model(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path)
    (path,) = tmp_path.glob("*.safetensors")
    refused(f"{path} {KINDS[make]}", name=path)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("diffusion_flax_model.msgpack", "Flax (diffusion_flax_model.msgpack)"),
        ("model.onnx", "ONNX (model.onnx)"),
        ("openvino_model.xml", "OpenVINO (openvino_model.xml)"),
    ],
)
def test_a_model_in_another_format(
    name: str, kind: str, cache: Path, original: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(original, tmp_path / "model"))
    (folder / "unet" / WEIGHTS).rename(folder / "unet" / name)
    told = f"only in an unsupported format, {kind}"
    refused(str(folder / "unet"), told, f"download its {WEIGHTS}", name=folder)
    into_cache(cache, folder, "owner/model")
    refused("owner/model (unet)", told, "run once with a network", name="owner/model")


def test_a_cached_model_of_another_variant(cache: Path, original: Path) -> None:
    """As in the repository of Stable Diffusion 1.5, whose VAE has no such variant."""
    snapshot = into_cache(cache, original, "owner/model")
    path = snapshot / "unet" / WEIGHTS
    path.rename(path.with_name("diffusion_pytorch_model.non_ema.safetensors"))
    refused("has only another variant of its weights ('non_ema')", name="owner/model")
    for name in ("owner/model", snapshot):
        refused("give their variant (--variant non_ema), or", name=name)
        with pytest.warns(HomologueWarning, match=r"VAE of .* has no variant 'non_ema': its plain"):
            model = load(name, device="cpu", variant="non_ema")
        assert model.fingerprint == load(original, device="cpu").fingerprint


def test_a_download_of_a_variant_that_the_vae_lacks(
    hub: Hub, original: Path, tmp_path: Path
) -> None:
    hub.repositories["owner/model"] = Path(shutil.copytree(original, tmp_path / "model"))
    path = tmp_path / "model" / "unet" / WEIGHTS
    path.rename(path.with_name("diffusion_pytorch_model.non_ema.safetensors"))
    refused("(--variant non_ema)", name="owner/model")
    with pytest.warns(HomologueWarning, match="has no variant 'non_ema': its plain"):
        load("owner/model", device="cpu", variant="non_ema")
    assert f"vae/{WEIGHTS}" in hub.sent


@pytest.mark.parametrize("part", ["unet", "vae"])
def test_a_cached_model_of_pickles_alone(part: str, cache: Path, original: Path) -> None:
    path = into_cache(cache, original, "owner/model") / part / WEIGHTS
    path.rename(path.with_suffix(".bin"))
    for offline in (False, True):
        refused(
            f"owner/model ({part}) is in the Hub's local cache only as pickle files",
            "run once with a network",
            name="owner/model",
            local_files_only=offline,
        )


def test_a_cached_vae_of_pickles_alone(cache: Path, original: Path, tmp_path: Path) -> None:
    path = into_cache(cache, tiny_taesd(tmp_path / "taesd"), "owner/taesd") / WEIGHTS
    path.rename(path.with_suffix(".bin"))
    refused("owner/taesd (its VAE)", "only as pickle files", name=original, vae="owner/taesd")


def test_a_cached_model_that_is_only_in_part_there_is_not_called_unusable(
    cache: Path, original: Path
) -> None:
    (into_cache(cache, original, "owner/model") / "unet" / WEIGHTS).unlink()
    refused("not (completely) in the Hub's local cache", name="owner/model")


def test_a_folder_of_the_cache_names_its_snapshot(cache: Path, original: Path) -> None:
    snapshot = into_cache(cache, original, "owner/my--model")
    into_cache(cache, original, "owner/my--model", "f" * 40, "other")
    given = snapshot.parent.parent
    told = f"give its snapshot {snapshot}"
    refused(f"{given} is a folder of the Hub's cache", told, "owner/my--model.", name=given)
    refused(told, name=given / "snapshots")
    refused(told, name=original, vae=given)
    assert load(snapshot, device="cpu").side == 64
    for content in (b"\xff\xfe", b"", b"..", b"a\0b"):
        (given / "refs" / "main").write_bytes(content)
        refused(f"give its snapshot {snapshot.parent / ('f' * 40)}", name=given)
    (given / "refs" / "main").unlink()
    refused(f"give its snapshot {snapshot.parent / ('f' * 40)}", name=given)


@pytest.mark.parametrize("name", hub_module.MOVED)
def test_a_repository_that_left_the_hub_names_its_copy(
    name: str, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ERRORS, name, (401, "RepoNotFound"))
    copy = hub_module.MOVED[name]
    assert copy.partition("/")[2] == name.partition("/")[2]
    refused(f"{name} is no longer on the Hub; give its copy {copy}.", name=name)
    refused(f"its copy is {copy})", f"hf download {copy} ", name=name, local_files_only=True)


def test_a_repository_that_left_the_hub_is_known_in_any_case(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, copy = "RunwayML/Stable-Diffusion-v1-5", "stable-diffusion-v1-5/stable-diffusion-v1-5"
    monkeypatch.setitem(ERRORS, name, (401, "RepoNotFound"))
    refused(f"{name} is no longer on the Hub; give its copy {copy}.", name=name)
    refused(f"its copy is {copy})", name=name, local_files_only=True)


def test_a_cache_that_cannot_be_read(cache: Path, original: Path) -> None:
    snapshot = into_cache(cache, original, "owner/model")
    (snapshot.parents[1] / "refs" / "main").write_bytes(b"\xff")
    refused("owner/model cannot be read in the Hub's local cache", "delete", name="owner/model")


def test_a_name_that_is_no_id_of_the_hub() -> None:
    refused("owner--x/model is not a valid Hub id", "give owner/name", name="owner--x/model")


def test_a_moved_repository_that_is_in_the_cache_is_used(cache: Path, original: Path) -> None:
    into_cache(cache, original, "runwayml/stable-diffusion-v1-5")
    assert load("runwayml/stable-diffusion-v1-5", device="cpu").side == 64


@pytest.mark.parametrize("suffix", [".SAFETENSORS", ".Safetensors"])
def test_a_suffix_in_capitals(suffix: str, original: Path, tmp_path: Path) -> None:
    path = write_single_file(original, tmp_path / "M.safetensors").rename(tmp_path / f"M{suffix}")
    model = load(str(path), device="cpu", config=original)
    expected = reference(original)[0].state_dict()
    assert all(torch.equal(model.unet.state_dict()[k], v) for k, v in expected.items())
    refused("There is no model", name=f"owner/M{suffix}")


@pytest.mark.parametrize("suffix", PICKLES)
def test_a_pickle_in_capitals(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"model{suffix.upper()}"
    path.write_bytes(pickle.dumps({}))
    refused(str(path), "pickle files", name=path)


def diffusers_file(folder: Path, path: Path, **changed: torch.Tensor) -> Path:
    """A model in one file with the names of diffusers behind those of its parts."""
    tensors = {
        f"{part}.{name}": tensor
        for part in ("unet", "vae")
        for name, tensor in load_file(folder / part / WEIGHTS).items()
    }
    tensors["text_encoder.text_model.final_layer_norm.bias"] = torch.zeros(4)
    save_file(tensors | changed, path)
    return path


def test_a_file_with_the_names_of_diffusers(original: Path, tmp_path: Path) -> None:
    path = diffusers_file(original, tmp_path / "model.safetensors")
    for dtype in (torch.float32, torch.float16):
        model = load(path, device="cpu", dtype=dtype, config=original)
        expected = load(original, device="cpu", dtype=dtype)
        assert model.fingerprint == expected.fingerprint and model.dtype == dtype
        for part in ("unet", "vae"):
            found, wanted = (getattr(m, part).state_dict() for m in (model, expected))
            assert found.keys() == wanted.keys()
            assert all(torch.equal(found[name], tensor) for name, tensor in wanted.items())
            assert all(tensor.dtype == wanted[name].dtype for name, tensor in found.items())


def test_a_file_with_the_names_of_diffusers_that_does_not_fit(
    original: Path, tmp_path: Path
) -> None:
    name = tmp_path / "model.safetensors"
    diffusers_file(original, name, **{"unet.conv_in.bias": torch.zeros(9)})
    refused("conv_in.bias has shape [9], not [8]", "config=", name=name, config=original)
    diffusers_file(original, name, **{"unet.extra": torch.zeros(9)})
    refused("1 tensors are unexpected, such as extra", name=name, config=original)


def test_a_vae_with_the_names_of_diffusers(original: Path, tmp_path: Path) -> None:
    unet_only = tmp_path / "unet.safetensors"
    tensors = load_file(original / "unet" / WEIGHTS).items()
    save_file({f"unet.{name}": tensor for name, tensor in tensors}, unet_only)
    refused("has no VAE; give one as vae=", name=unet_only, config=original)
    alone = Path(shutil.copy(original / "vae" / WEIGHTS, tmp_path / "vae.safetensors"))
    model = load(unet_only, device="cpu", config=original, vae=alone)
    wanted = load(original, device="cpu").vae.state_dict()
    assert all(torch.equal(model.vae.state_dict()[name], t) for name, t in wanted.items())
