"""What a folder or repository is that is not a whole model in the layout of diffusers."""

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

# How the names of files begin that only one kind of repository has.
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
# How the names of classes of diffusers begin.
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
"""Formats of weights that are not read, by how the names of their files end."""


def other_format(files: Iterable[str]) -> str | None:
    """The first file of weights in another format, such as `Flax (diffusion_flax_model.msgpack)`.

    >>> other_format(["config.json", "model.onnx"])
    'ONNX (model.onnx)'
    """
    for file in sorted(files):
        for end, kind in OTHER_FORMATS.items():
            if file.lower().endswith(end):
                return f"{kind} ({file})"
    return None


def file_names(folder: Path) -> list[str]:
    """Files of a folder and of the folders in it, by their names from there, with `/`."""
    files = (file for pattern in ("*", "*/*") for file in folder.glob(pattern))
    return sorted(file.relative_to(folder).as_posix() for file in files if file.is_file())


def foreign_folder(name: str, folder: Path, files: Collection[str]) -> HomologueError | None:
    """The error for a folder whose kind is known; None where it may be (a part of) a model.

    Args:
        name: what the user called it.
        folder: where its files lie, as far as they do.
        files: their names as `file_names` gives them; of a repository those on the hub.
    """
    snapshot = _snapshot(folder)
    if snapshot is not None:
        return HomologueError(
            f"{name} is a folder of the hub's cache, not a model; give its snapshot {snapshot}"
            + (", or the hub id " + _hub_id(folder) if folder.name.startswith("models--") else "")
            + "."
        )
    top = sorted(file for file in files if "/" not in file)
    nested = sorted(file for file in files if "/" in file)
    kind = _kind_of_files(top) or _kind_of_config(folder, top)
    if kind is not None:
        return _is(name, kind)
    known = _only_single_files(name, folder, top)
    if known is not None:
        return known
    # A repository may have its files in folders, as that of IP-Adapter has.
    kind = _kind_of_files(nested)
    if kind is not None:
        return _is(name, kind)
    unread = other_format(file for file in nested if file.startswith("unet/"))
    if unread is not None:
        return HomologueError(
            f"{name} has its UNet in a format that is not read, {unread}; choose a model with"
            " .safetensors files."
        )
    return None


def _is(name: str, kind: Kind) -> HomologueError:
    return HomologueError(f"{name} is {kind.what}; {kind.advice}.")


def _kind_of_files(files: Iterable[str]) -> Kind | None:
    """The kind that the name of one of some files tells."""
    for file in files:
        own = PurePosixPath(file).name.lower()
        for start, kind in _FILES.items():
            if own.startswith(start):
                return kind
    return None


def _kind_of_config(folder: Path, files: Collection[str]) -> Kind | None:
    """The kind that the class in a folder's own config.json tells."""
    if "config.json" not in files or not (folder / "config.json").is_file():
        return None
    own = str(read_config(folder / "config.json").get("_class_name"))
    return next((kind for start, kind in _CLASSES.items() if own.startswith(start)), None)


def _only_single_files(name: str, folder: Path, files: Collection[str]) -> HomologueError | None:
    """The error for a folder without parts whose files tell what they are.

    Args:
        files: names of those that lie in the folder itself.
    """
    safe = [file for file in files if file.lower().endswith(_SAFE)]
    tensors = {file: read_shapes(folder / file) for file in safe if (folder / file).is_file()}
    additions = [kind for kind in map(addition_to_model, tensors.values()) if kind is not None]
    for file, shapes in tensors.items():
        if unet_prefix(shapes) is not None and addition_to_model(shapes) is None:
            return HomologueError(
                f"{name} is not a model in the layout of diffusers but holds one in a single file;"
                f" give {folder / file}."
            )
    if additions:
        return _is(name, additions[0])
    if "config.json" not in files:
        for file, shapes in tensors.items():
            if kind := kind_of_tensors(shapes):
                return HomologueError(
                    f"{name} is not a model in the layout of diffusers but holds {kind.what} in a"
                    f" single file, {folder / file}; {kind.advice}."
                )
    pickles = [file for file in files if file.lower().endswith(PICKLES)]
    if pickles and not safe:
        return HomologueError(
            f"{name} is not a model in the layout of diffusers, and what it holds is a pickle file"
            f" ({pickles[0]}), which can run code and is never loaded; choose a model with"
            " .safetensors files."
        )
    unread = other_format(files)
    if unread is not None and not safe:
        return HomologueError(
            f"{name} is not a model in the layout of diffusers, and what it holds is in a format"
            f" that is not read, {unread}; choose a model with .safetensors files."
        )
    return None


def _snapshot(folder: Path) -> Path | None:
    """The snapshot to give instead of a repository's folder in the hub's cache; None for others."""
    snapshots = folder if folder.name == "snapshots" else folder / "snapshots"
    if not snapshots.is_dir():
        return None
    there = {one.name: one for one in sorted(snapshots.iterdir()) if one.is_dir()}
    main = snapshots.parent / "refs" / "main"
    named = main.read_bytes().decode("utf-8", "replace").strip() if main.is_file() else ""
    return there.get(named) or next(reversed(there.values()), None)


def _hub_id(folder: Path) -> str:
    """
    >>> _hub_id(Path("models--owner--name"))
    'owner/name'
    """
    return folder.name.removeprefix("models--").replace("--", "/", 1)
