"""Find the components of a model in a folder, a single file, on the Hub, or in the package."""

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

from homologue.diffusion.loading.families import family_names, shipped_configurations, size_note
from homologue.diffusion.loading.folder import (
    SCHEDULER_CONFIG,
    check_components,
    missing_components,
    open_component,
)
from homologue.diffusion.loading.hub import Repository
from homologue.diffusion.loading.other_unet import open_other_unet
from homologue.diffusion.loading.single_file import open_checkpoint, open_vae
from homologue.diffusion.loading.unsupported import file_names, unsupported_folder
from homologue.diffusion.loading.weights import PICKLES, Component
from homologue.errors import HomologueError

BUILTIN = Path(__file__).parent.parent / "builtin"
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_FILES = (".safetensors", *PICKLES)

Name = str | os.PathLike[str]


@dataclass(frozen=True)
class Origin:
    """The location that a model was loaded from.

    Attributes:
        name: the `name` argument of `load`.
        location: its folder, its single file, or its repository on the Hub.
        variant: variant of its weights, see `load`.
    """

    name: str
    location: Path | Repository
    variant: str | None


@dataclass(frozen=True)
class ModelFiles:
    """The components of a model, found but not read.

    Attributes:
        unet, vae: the networks.
        schedule: configuration file of the noise schedule.
        origin: the location of the model.
        note: a warning for the user, or None.
    """

    unet: Component
    vae: Component
    schedule: Path
    origin: Origin
    note: str | None = None


@dataclass(frozen=True)
class Options:
    """Optional arguments of `load`."""

    variant: str | None = None
    revision: str | None = None
    local_files_only: bool = False
    vae: Name | None = None
    config: Name | None = None
    unet: Name | None = None


def find(name: Name, options: Options) -> ModelFiles:
    """Find the components of a model, downloaded if necessary, without reading their weights."""
    found = _find(name, options)
    if options.unet is None:
        return found
    path = Path(options.unet).expanduser()
    return replace(found, unet=open_other_unet(path, found.unet))


def _find(name: Name, options: Options) -> ModelFiles:
    _check_arguments(name, options)
    if _is_file(name):
        return _find_in_file(_existing(name), options)
    own_vae = ["vae"] if options.vae is None else []
    components = ["unet", "scheduler", *own_vae]
    folder = _local(name)
    location: Path | Repository
    if folder is None:
        location = Repository(
            str(name), options.revision, options.variant, options.local_files_only
        )
        folder = location.fetch(components)
    else:
        location = folder.absolute()
    check_components(folder, str(name), components)
    unet = open_component(folder / "unet", options.variant)
    vae, note = _other_vae(unet, options), None
    if vae is None:
        own = open_component(folder / "vae", options.variant, secondary=True)
        vae = own
        if options.variant is not None and own.variant != options.variant:
            note = (
                f"The VAE of {name} has no variant {options.variant!r}: its plain weights are used."
            )
    origin = Origin(str(name), location, options.variant)
    return ModelFiles(unet, vae, folder / SCHEDULER_CONFIG, origin, note)


def _find_in_file(path: Path, options: Options) -> ModelFiles:
    unet, own, configs = open_checkpoint(path, _config_folder(options))
    vae = _other_vae(unet, options) or own
    if vae is None:
        raise HomologueError(f"{path} has no VAE; give one as vae= (a folder, Hub id or file).")
    note = size_note(path, configs) if options.config is None else None
    return ModelFiles(unet, vae, configs / SCHEDULER_CONFIG, Origin(str(path), path, None), note)


def _other_vae(unet: Component, options: Options) -> Component | None:
    """Return the VAE that replaces the model's own; None if no other was given."""
    vae = options.vae
    if vae is None:
        return None
    if _is_file(vae):
        width = unet.config.get("cross_attention_dim", 0)
        return open_vae(_existing(vae), _config_folder(options), width)
    folder = _local(vae)
    if folder is None:
        repository = Repository(str(vae), local_files_only=options.local_files_only)
        return open_component(repository.fetch_vae())
    inner = folder if (folder / "config.json").is_file() else folder / "vae"
    if not (inner / "config.json").is_file():
        known = unsupported_folder(str(vae), folder, file_names(folder))
        raise known or HomologueError(f"{folder} has no VAE; give a folder with its config.json.")
    return open_component(inner)


def _config_folder(options: Options) -> Path | None:
    if options.config is None:
        return None
    folder = Path(options.config).expanduser()
    if not folder.is_dir():
        shipped = shipped_configurations(str(options.config))
        if shipped is None:
            raise HomologueError(
                f"The folder of configurations {str(options.config)!r} does not exist; give one"
                " with unet/config.json, vae/config.json and scheduler/scheduler_config.json, or"
                f" one of {', '.join(family_names())}."
            )
        return shipped
    missing = missing_components(folder, ("unet", "vae", "scheduler"))
    if missing:
        raise HomologueError(
            f"The folder of configurations {options.config} lacks {', '.join(missing)}; give one"
            f" that has them, or one of {', '.join(family_names())}."
        )
    return folder


def _check_arguments(name: Name, options: Options) -> None:
    """Raise HomologueError for options that would have no effect."""
    is_file = _is_file(name)
    for argument, value, applies, kind in (
        ("variant", options.variant, not is_file, "a folder or a Hub id"),
        ("revision", options.revision, _local(name) is None, "a Hub id"),
        ("config", options.config, is_file, "a single .safetensors file"),
    ):
        if value is not None and not applies:
            raise HomologueError(
                f"{argument}={str(value)!r} is only for {kind}, which {str(name)!r} is not; leave"
                " it out."
            )


def _local(name: Name) -> Path | None:
    """Return the path of a local model, or None for the id of a Hub repository."""
    if name == "builtin":
        if not BUILTIN.is_dir():
            raise HomologueError(
                f"The built-in model is missing from this installation ({BUILTIN}); install"
                " homologue again, or name another model."
            )
        return BUILTIN
    path = Path(name)
    try:
        path = path.expanduser()
        if str(name) and path.exists():
            return path
    except (OSError, RuntimeError):
        pass  # A name that the file system does not accept is not a file.
    if isinstance(name, str) and _HUB_ID.fullmatch(name) and path.suffix.lower() not in _FILES:
        return None
    raise HomologueError(
        f"There is no model {str(name)!r}; give a folder, a .safetensors file, a Hub id"
        " (owner/name) or 'builtin'."
    )


def _existing(name: Name) -> Path:
    path = _local(name)
    assert path is not None, "called only if `_is_file`"
    return path


def _is_file(name: Name) -> bool:
    path = _local(name)
    return path is not None and not path.is_dir()
