"""Loading a backbone from a folder, and folders that are none."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from helpers.tiny_backbones import KINDS, network_of, tiny_backbone
from safetensors.torch import load_file, save_file

from homologue.diffusion.fingerprint import backbone_fingerprint
from homologue.errors import HomologueError
from homologue.vision.backbone import Backbone
from homologue.vision.loading import load_backbone

WEIGHTS = "model.safetensors"


def refused(folder: object, sentence: str, **options: Any) -> None:
    with pytest.raises(HomologueError, match=sentence) as caught:
        load_backbone(str(folder), device="cpu", **options)
    assert str(caught.value).count("\n") == 0


@pytest.fixture
def copied(folders: dict[str, Path], tmp_path: Path) -> Path:
    """A copy of the folder of a DINOv2 backbone, to damage."""
    return shutil.copytree(folders["dinov2"], tmp_path / "copied")


def change_json(file: Path, **values: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


@pytest.mark.parametrize("kind", KINDS)
def test_a_fingerprint_identifies_the_weights(
    folders: dict[str, Path], backbones: dict[str, Backbone], kind: str, tmp_path: Path
) -> None:
    name = backbones[kind].fingerprint
    assert len({one.fingerprint for one in backbones.values()}) == len(KINDS)
    assert load_backbone(folders[kind], device="cpu", dtype="float16").fingerprint == name
    # Saved alone, the vision tower of a model of images and text is the same backbone.
    folder = shutil.copytree(folders[kind], tmp_path / kind)
    backbones[kind].network.save_pretrained(folder)
    assert load_backbone(folder, device="cpu").fingerprint == name
    changed = load_backbone(folder, device="cpu").network
    next(changed.encoder.layers.parameters() if "siglip" in kind or "naflex" in kind
         else changed.parameters()).data += 1  # fmt: skip
    assert backbone_fingerprint(changed) != name


def test_names_of_tensors_do_not_matter_to_the_fingerprint(backbones: dict[str, Backbone]) -> None:
    class Renamed:
        config = backbones["dinov2"].network.config

        def state_dict(self) -> dict[str, torch.Tensor]:
            stored = backbones["dinov2"].network.state_dict()
            return {f"other.{name}": tensor for name, tensor in reversed(stored.items())}

    assert backbone_fingerprint(Renamed()) == backbones["dinov2"].fingerprint


def test_a_classifier_on_a_backbone_is_left_out(
    backbones: dict[str, Backbone], copied: Path
) -> None:
    made = transformers.Dinov2ForImageClassification(network_of("dinov2").config)
    made.dinov2.load_state_dict(network_of("dinov2").state_dict())
    made.save_pretrained(copied)
    assert load_backbone(copied, device="cpu").fingerprint == backbones["dinov2"].fingerprint


def test_weights_in_several_files(backbones: dict[str, Backbone], copied: Path) -> None:
    (copied / WEIGHTS).unlink()
    network_of("dinov2").save_pretrained(copied, max_shard_size="50KB")
    assert len(list(copied.glob("*.safetensors"))) > 1
    assert load_backbone(copied, device="cpu").fingerprint == backbones["dinov2"].fingerprint


def test_nothing_is_there(tmp_path: Path) -> None:
    refused(tmp_path / "no" / "where", "There is no vision backbone .*/no/where'; give a folder or")
    refused("dinov2", "There is no vision backbone 'dinov2'; give a folder or a Hub id")
    refused("", "There is no vision backbone ''")
    refused("a\0b", "There is no vision backbone")


def test_a_file(copied: Path) -> None:
    refused(copied / WEIGHTS, r"model\.safetensors is a file; give the folder of the backbone")


def test_folders_of_other_things(copied: Path, tmp_path: Path) -> None:
    refused(tmp_path, r"is not a vision backbone .* it lacks config\.json; give a folder with")
    (tmp_path / "model_index.json").write_text("{}")
    refused(tmp_path, "is a diffusion model, not a vision backbone; give it as --model")
    change_json(copied / "config.json", model_type="bert")
    refused(copied, "is a model of the type 'bert', which is not a supported vision backbone")


def test_code_of_a_repository_is_not_run(copied: Path) -> None:
    (copied / "own.py").write_text("raise SystemExit('run')")
    own = {"AutoConfig": "own.Config", "AutoModel": "own.Model"}
    change_json(copied / "config.json", auto_map=own)
    assert type(load_backbone(copied, device="cpu").network) is transformers.Dinov2Model
    change_json(copied / "config.json", model_type="own")
    refused(copied, "is a model of the type 'own'")


def test_pickle_files_are_never_loaded(copied: Path) -> None:
    torch.save(load_file(copied / WEIGHTS), copied / "pytorch_model.bin")
    load_backbone(copied, device="cpu")
    (copied / WEIGHTS).unlink()
    refused(copied, "only as pickle files, which can run code and are never loaded; choose")


def test_missing_and_other_weights(copied: Path) -> None:
    (copied / WEIGHTS).rename(copied / "model.onnx")
    refused(copied, r"only in an unsupported format, ONNX \(model\.onnx\)")
    (copied / "model.onnx").unlink()
    refused(copied, r"has no weights; download its model\.safetensors")


def test_damaged_weights(copied: Path) -> None:
    whole = (copied / WEIGHTS).read_bytes()
    (copied / WEIGHTS).write_bytes(whole[: len(whole) // 2])
    refused(copied, r"model\.safetensors is damaged or not a safetensors file")
    (copied / WEIGHTS).write_text("version https://git-lfs.github.com/spec/v1\n")
    refused(copied, "is a Git LFS pointer")


def test_weights_of_another_configuration(copied: Path) -> None:
    tensors = load_file(copied / WEIGHTS)
    some = {name: tensor for name, tensor in tensors.items() if "layer.2" not in name}
    save_file(some, copied / WEIGHTS, {"format": "pt"})
    refused(copied, r"do not match its configuration \(\d+ tensors are missing, such as encoder")
    save_file(tensors, copied / WEIGHTS, {"format": "pt"})
    change_json(copied / "config.json", hidden_size=48)
    refused(copied, r"do not match its configuration \(\d+ tensors have another shape, such as")
    change_json(copied / "config.json", hidden_size=32, hidden_act="none")
    refused(copied, r"The backbone .*copied cannot be read \(.*none.*\); download it again\.")


def test_missing_preprocessing(copied: Path) -> None:
    (copied / "preprocessor_config.json").unlink()
    refused(copied, r"copied lacks preprocessor_config\.json")


def test_precisions_and_devices(copied: Path) -> None:
    assert load_backbone(copied, device="cpu").dtype == torch.float32
    refused(copied, "The dtype 'int8' is unknown", dtype="int8")
    with pytest.raises(HomologueError, match="The device 'abacus' is unknown"):
        load_backbone(copied, device="abacus")


def test_a_backbone_that_does_not_fit_into_memory(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("homologue.diffusion.loading.hardware.free_bytes", lambda device: 1000)
    refused(copied, "The weights of .*copied need .* GiB in float32")


def test_without_transformers(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    refused(copied, r"need the package transformers: pip install 'homologue\[vision\]'\.")


def test_a_version_of_transformers_without_the_family(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Older:
        __version__ = "5.0.0"

    monkeypatch.setitem(sys.modules, "transformers", Older())
    refused(folders["dinov3"], r"family DINOv3, which transformers 5\.0\.0 lacks: pip install")


def test_loading_is_silent(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = tiny_backbone(tmp_path, "siglip")
    capfd.readouterr()
    load_backbone(folder, device="cpu")
    assert capfd.readouterr() == ("", "")
