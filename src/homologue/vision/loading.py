"""Load a vision backbone from the Hub or a folder."""

import math
import os
import re
from pathlib import Path
from typing import Any

import torch

from homologue.diffusion.fingerprint import UNUSED_IN_BACKBONE, backbone_fingerprint
from homologue.diffusion.loading.folder import TEXT_STEM, find_weights
from homologue.diffusion.loading.hardware import choose_device, choose_dtype, require_memory
from homologue.diffusion.loading.weights import read_config, read_shapes
from homologue.diffusion.logging import quiet_transformers
from homologue.errors import HomologueError
from homologue.vision.backbone import Backbone
from homologue.vision.families import Family, family_of, geometry
from homologue.vision.preprocessing import read_preprocessing
from homologue.vision.repository import BackboneRepository, no_weights

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_TEXT = "text_model."  # prefix of the tensors of a text tower, which is not loaded


def load_backbone(
    name: str | os.PathLike[str],
    *,
    device: str | torch.device | None = None,
    dtype: str | torch.dtype | None = None,
    local_files_only: bool = False,
) -> Backbone:
    """Load a vision backbone: DINOv2, DINOv3, SigLIP or SigLIP 2.

    Args:
        name: id of a Hub repository such as `facebook/dinov2-base`, or a folder in the layout of
            transformers: `config.json`, `preprocessor_config.json` and `model.safetensors`.
            Existing folders take precedence over the Hub, and the Hub's cache over a download.
            Pickle files are never loaded, and no code of a repository is run.
        device: `cuda`, `cuda:1`, `mps` or `cpu` (default: the first available of cuda, mps, cpu).
        dtype: `float32`, `float16` or `bfloat16` (default: float32 on a CPU, float16 elsewhere).
        local_files_only: whether to use only local files and the Hub's cache.

    Raises:
        HomologueError: transformers is not installed, or the backbone cannot be found, read or
            used.
    """
    transformers = _transformers()
    target = choose_device(device)
    precision = choose_dtype(dtype, target)
    title = os.fspath(name)
    folder, family = _find(title, local_files_only)
    preprocessing = read_preprocessing(folder, title)
    _check_memory(title, folder, target, precision)
    kind = getattr(transformers, family.kind, None)
    if kind is None:
        raise HomologueError(
            f"{title} is of the family {family.title}, which transformers"
            f" {transformers.__version__} lacks: pip install --upgrade transformers."
        )
    with quiet_transformers(transformers):
        network = _read(title, folder, kind, precision)
    found = geometry(network.config, family, title)
    fingerprint = backbone_fingerprint(network)
    return Backbone(title, fingerprint, network.to(target), family, found, preprocessing)


def _transformers() -> Any:
    try:
        import transformers
    except ImportError:
        raise HomologueError(
            "Vision backbones need the package transformers: pip install 'homologue[vision]'."
        ) from None
    return transformers


def _find(name: str, local_files_only: bool) -> tuple[Path, Family]:
    """Return the folder of a backbone, downloaded if necessary, and its family."""
    folder = _local(name)
    if folder is not None:
        family = _family(folder, name)
        if not find_weights(folder, None, TEXT_STEM):
            raise no_weights(name, [file.name for file in folder.iterdir()])
        return folder, family
    repository = BackboneRepository(name, local_files_only=local_files_only)
    # The family is checked before gigabytes are downloaded.
    family = _family(repository.fetch_configs(), name)
    return repository.fetch_weights(), family


def _local(name: str) -> Path | None:
    """Return a local folder, or None for the id of a Hub repository."""
    path = Path(name)
    try:
        path = path.expanduser()
        if name and path.is_dir():
            return path
        if name and path.exists():
            raise HomologueError(
                f"{name} is a file; give the folder of the backbone, with config.json,"
                f" preprocessor_config.json and {TEXT_STEM}.safetensors."
            )
    except (OSError, RuntimeError):
        pass  # A name that the file system does not accept is not a folder.
    if _HUB_ID.fullmatch(name):
        return None
    raise HomologueError(
        f"There is no vision backbone {name!r}; give a folder or a Hub id (owner/name), such as"
        " facebook/dinov2-base."
    )


def _family(folder: Path, name: str) -> Family:
    if (folder / "config.json").is_file():
        return family_of(read_config(folder / "config.json"), name)
    if (folder / "model_index.json").is_file():
        raise HomologueError(
            f"{name} is a diffusion model, not a vision backbone; give it as --model, and a"
            " backbone such as facebook/dinov2-base as --backbone."
        )
    raise HomologueError(
        f"{name} is not a vision backbone in the layout of transformers: it lacks config.json;"
        f" give a folder with config.json, preprocessor_config.json and {TEXT_STEM}.safetensors."
    )


def _check_memory(name: str, folder: Path, device: torch.device, dtype: torch.dtype) -> None:
    """Raise HomologueError if the weights are damaged or do not fit into memory."""
    count = sum(
        math.prod(shape)
        for file in find_weights(folder, None, TEXT_STEM)
        for tensor, shape in read_shapes(file).items()
        if not tensor.startswith(_TEXT)
    )
    require_memory(name, count * dtype.itemsize, device, dtype)
    if device.type != "cpu":  # The weights are first read into the main memory.
        require_memory(name, count * dtype.itemsize, torch.device("cpu"), dtype)


def _read(name: str, folder: Path, kind: Any, dtype: torch.dtype) -> Any:
    """Read a network on the CPU. A text tower and a classifier are not read."""
    try:
        network, report = kind.from_pretrained(
            str(folder),
            dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            ignore_mismatched_sizes=True,  # reported below in one sentence
            output_loading_info=True,
        )
    # The constructors of networks raise various exceptions for a wrong configuration.
    except Exception as error:
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise HomologueError(
            f"The backbone {name} cannot be read ({reason}); download it again."
        ) from error
    shapes = sorted(str(key[0]) for key in report["mismatched_keys"])
    missing = sorted(key for key in report["missing_keys"] if not UNUSED_IN_BACKBONE.search(key))
    for names, problem in ((shapes, "have another shape"), (missing, "are missing")):
        if names:
            raise HomologueError(
                f"The weights of {name} do not match its configuration ({len(names)} tensors"
                f" {problem}, such as {names[0]}); use both of the same backbone."
            )
    return network.eval().requires_grad_(False)
