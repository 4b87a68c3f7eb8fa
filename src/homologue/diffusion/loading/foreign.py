"""What a folder or repository is that is not a whole model in the layout of diffusers."""

from collections.abc import Collection
from pathlib import Path

from homologue.diffusion.loading.weights import PICKLES, read_config, read_shapes
from homologue.errors import HomologueError

_SAFE = ".safetensors"
_CHECKPOINT = ("model.diffusion_model.", "unet.")  # how names begin in a single-file model

# Files that only one kind of repository has.
_LORA_FILES = ("pytorch_lora_weights", "adapter_config", "adapter_model")
_INVERSIONS = ("learned_embeds", "textual_inversion")

_LORA = "is a LoRA, which only modifies a model; give the model that it was merged into"
_CLASSES = {
    "ControlNet": "is a ControlNet, which only steers a model; give the model that it steers",
    "T2IAdapter": "is an adapter, which only steers a model; give the model that it steers",
    "MotionAdapter": "is a motion adapter, which only extends a model; give the model that it"
    " extends",
}


def foreign_folder(name: str, folder: Path, files: Collection[str]) -> HomologueError | None:
    """The error for a folder whose kind is known; None where it may be (a part of) a model.

    Args:
        name: what the user called it.
        folder: where its files lie, as far as they do.
        files: their names; of a repository those on the hub.
    """
    snapshot = _snapshot(folder)
    if snapshot is not None:
        return HomologueError(
            f"{name} is a folder of the hub's cache, not a model; give its snapshot {snapshot}"
            + (", or the hub id " + _hub_id(folder) if folder.name.startswith("models--") else "")
            + "."
        )
    if any(file.startswith(_LORA_FILES) for file in files):
        return HomologueError(f"{name} {_LORA}.")
    if any(file.startswith(_INVERSIONS) for file in files):
        return HomologueError(
            f"{name} is a textual inversion, which only adds words to a model; give the model that"
            " it was made for."
        )
    if "config.json" in files and (folder / "config.json").is_file():
        kind = str(read_config(folder / "config.json").get("_class_name"))
        for start, what in _CLASSES.items():
            if kind.startswith(start):
                return HomologueError(f"{name} {what}.")
    return _only_single_files(name, folder, files)


def _only_single_files(name: str, folder: Path, files: Collection[str]) -> HomologueError | None:
    """The error for a folder that only holds a model, or a LoRA, in one file."""
    safe = sorted(file for file in files if "/" not in file and file.lower().endswith(_SAFE))
    for file in safe:
        if not (folder / file).is_file():
            continue
        names = read_shapes(folder / file)
        if any("lora" in tensor for tensor in names):
            return HomologueError(f"{name} {_LORA}.")
        if any(tensor.startswith(_CHECKPOINT) for tensor in names):
            return HomologueError(
                f"{name} is not a model in the layout of diffusers but holds one in a single file;"
                f" give {folder / file}."
            )
    pickles = sorted(file for file in files if "/" not in file and file.lower().endswith(PICKLES))
    if pickles and not safe:
        return HomologueError(
            f"{name} is not a model in the layout of diffusers, and what it holds is a pickle file"
            f" ({pickles[0]}), which can run code and is never loaded; choose a model with"
            " .safetensors files."
        )
    return None


def _snapshot(folder: Path) -> Path | None:
    """The snapshot to give instead of a repository's folder in the hub's cache; None for others."""
    snapshots = folder if folder.name == "snapshots" else folder / "snapshots"
    if not snapshots.is_dir():
        return None
    main = snapshots.parent / "refs" / "main"
    if main.is_file():
        named = snapshots / main.read_text().strip()
        if named.is_dir():
            return named
    there = sorted(snapshots.iterdir())
    return there[-1] if there else None


def _hub_id(folder: Path) -> str:
    """
    >>> _hub_id(Path("models--owner--name"))
    'owner/name'
    """
    return folder.name.removeprefix("models--").replace("--", "/", 1)
