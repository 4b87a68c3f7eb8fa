"""Errors for folders and repositories that are not a model in the layout of diffusers."""

from collections.abc import Collection, Iterable
from pathlib import Path, PurePosixPath

from homologue.diffusion.loading.tensor_kinds import (
    CONTROLNET,
    INVERSION,
    IP_ADAPTER,
    LORA,
    MOTION_ADAPTER,
    T2I_ADAPTER,
    Kind,
    addition_to_model,
    kind_of_tensors,
    unet_prefix,
)
from homologue.diffusion.loading.weights import PICKLES, read_config, read_shapes
from homologue.errors import HomologueError

_SAFE = ".safetensors"

# Prefixes of file names that identify a kind of repository.
_FILES = {
    "pytorch_lora_weights": LORA,
    "adapter_config": LORA,
    "adapter_model": LORA,
    "learned_embeds": INVERSION,
    "textual_inversion": INVERSION,
    "ip-adapter": IP_ADAPTER,
    "ip_adapter": IP_ADAPTER,
    "t2iadapter": T2I_ADAPTER,
    "t2i-adapter": T2I_ADAPTER,
    "t2i_adapter": T2I_ADAPTER,
    "controlnet": CONTROLNET,
    "control_": CONTROLNET,
}
# Prefixes of class names of diffusers.
_CLASSES = {
    "ControlNet": CONTROLNET,
    "T2IAdapter": T2I_ADAPTER,
    "MotionAdapter": MOTION_ADAPTER,
}

OTHER_FORMATS = {
    ".msgpack": "Flax",
    ".onnx": "ONNX",
    ".h5": "TensorFlow",
    "openvino_model.xml": "OpenVINO",
    ".gguf": "GGUF",
}
"""Unsupported formats of weights by the suffixes of their files."""


def other_format(files: Iterable[str]) -> str | None:
    """Return the first file of an unsupported format, with the format's name.

    >>> other_format(["config.json", "model.onnx"])
    'ONNX (model.onnx)'
    """
    for file in sorted(files):
        for end, kind in OTHER_FORMATS.items():
            if file.lower().endswith(end):
                return f"{kind} ({file})"
    return None


def file_names(folder: Path) -> list[str]:
    """Return the files in a folder and its subfolders as relative POSIX paths."""
    files = (file for pattern in ("*", "*/*") for file in folder.glob(pattern))
    return sorted(file.relative_to(folder).as_posix() for file in files if file.is_file())


def unsupported_folder(name: str, folder: Path, files: Collection[str]) -> HomologueError | None:
    """Return the error for a folder of a known other kind; None if it may be a model.

    Args:
        name: name of the model given by the user.
        folder: the folder, which may have only some of the files.
        files: names of all files in the form of `file_names`; of a repository, those on the Hub.
    """
    snapshot = _snapshot(folder)
    if snapshot is not None:
        return HomologueError(
            f"{name} is a folder of the Hub's cache, not a model; give its snapshot {snapshot}"
            + (", or the Hub id " + _hub_id(folder) if folder.name.startswith("models--") else "")
            + "."
        )
    top = sorted(file for file in files if "/" not in file)
    nested = sorted(file for file in files if "/" in file)
    kind = _kind_of_files(top) or _kind_of_config(folder, top)
    if kind is not None:
        return _error_of(name, kind)
    known = _only_single_files(name, folder, top)
    if known is not None:
        return known
    # Some repositories have their files in subfolders, such as that of IP-Adapter.
    kind = _kind_of_files(nested)
    if kind is not None:
        return _error_of(name, kind)
    unread = other_format(file for file in nested if file.startswith("unet/"))
    if unread is not None:
        return HomologueError(
            f"{name} has its UNet in an unsupported format, {unread}; choose a model with"
            " .safetensors files."
        )
    return None


def _error_of(name: str, kind: Kind) -> HomologueError:
    return HomologueError(f"{name} is {kind.description}; {kind.advice}.")


def _kind_of_files(files: Iterable[str]) -> Kind | None:
    """Return the kind that a file name identifies; None if none does."""
    for file in files:
        base_name = PurePosixPath(file).name.lower()
        for prefix, kind in _FILES.items():
            if base_name.startswith(prefix):
                return kind
    return None


def _kind_of_config(folder: Path, files: Collection[str]) -> Kind | None:
    """Return the kind that the class in a folder's config.json identifies; None if none does."""
    if "config.json" not in files or not (folder / "config.json").is_file():
        return None
    class_name = str(read_config(folder / "config.json").get("_class_name"))
    return next((kind for name, kind in _CLASSES.items() if class_name.startswith(name)), None)


def _only_single_files(name: str, folder: Path, files: Collection[str]) -> HomologueError | None:
    """Return the error for a folder with single files of a known kind; None for others.

    Args:
        files: names of the files in the folder itself.
    """
    safe = [file for file in files if file.lower().endswith(_SAFE)]
    tensors = {file: read_shapes(folder / file) for file in safe if (folder / file).is_file()}
    additions = [kind for kind in map(addition_to_model, tensors.values()) if kind is not None]
    for file, shapes in tensors.items():
        if unet_prefix(shapes) is not None and addition_to_model(shapes) is None:
            return HomologueError(
                f"{name} is not a model in the layout of diffusers but contains a checkpoint in a"
                f" single file; give {folder / file}."
            )
    if additions:
        return _error_of(name, additions[0])
    if "config.json" not in files:
        for file, shapes in tensors.items():
            if kind := kind_of_tensors(shapes):
                return HomologueError(
                    f"{name} is not a model in the layout of diffusers but contains"
                    f" {kind.description} in a single file, {folder / file}; {kind.advice}."
                )
    pickles = [file for file in files if file.lower().endswith(PICKLES)]
    if pickles and not safe:
        return HomologueError(
            f"{name} is not a model in the layout of diffusers but contains a pickle file"
            f" ({pickles[0]}), which can run code and is never loaded; choose a model with"
            " .safetensors files."
        )
    unread = other_format(files)
    if unread is not None and not safe:
        return HomologueError(
            f"{name} is not a model in the layout of diffusers but contains weights in an"
            f" unsupported format, {unread}; choose a model with .safetensors files."
        )
    return None


def _snapshot(folder: Path) -> Path | None:
    """Return the snapshot of a repository's folder in the Hub's cache; None for other folders."""
    snapshots = folder if folder.name == "snapshots" else folder / "snapshots"
    if not snapshots.is_dir():
        return None
    by_name = {path.name: path for path in sorted(snapshots.iterdir()) if path.is_dir()}
    main = snapshots.parent / "refs" / "main"
    commit = main.read_bytes().decode("utf-8", "replace").strip() if main.is_file() else ""
    return by_name.get(commit) or next(reversed(by_name.values()), None)


def _hub_id(folder: Path) -> str:
    """Return the Hub id of a folder in the Hub's cache.

    >>> _hub_id(Path("models--owner--name"))
    'owner/name'
    """
    return folder.name.removeprefix("models--").replace("--", "/", 1)
