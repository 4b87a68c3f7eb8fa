"""Load the text encoder of a model, with the CLIP models of transformers."""

from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import torch

from homologue.diffusion.loading.folder import TEXT_STEM, FolderComponent, open_component
from homologue.diffusion.loading.hub import Repository
from homologue.diffusion.loading.sources import Origin
from homologue.diffusion.loading.text_folder import (
    TOKENIZERS,
    lacking_text,
    text_encoders,
)
from homologue.diffusion.loading.weights import building, check_complete
from homologue.diffusion.logging import quiet_transformers
from homologue.diffusion.model import LatentDiffusion
from homologue.diffusion.text import TextEncoder
from homologue.errors import HomologueError

_KINDS = ("CLIPTextModel", "CLIPTextModelWithProjection")

_loaded: WeakKeyDictionary[LatentDiffusion, TextEncoder] = WeakKeyDictionary()


def text_encoder(model: LatentDiffusion) -> TextEncoder:
    """Return the text encoder of a model, which is loaded by the first call.

    Raises:
        HomologueError: transformers is not installed, or the model has no matching text encoder.
    """
    if model not in _loaded:
        if model.origin is None:
            raise HomologueError(
                f"The location of the text encoder of {model.name} is unknown, because the model"
                " was not loaded by homologue.load; load it with that function."
            )
        _loaded[model] = _load(model, model.origin)
    return _loaded[model]


def _load(model: LatentDiffusion, origin: Origin) -> TextEncoder:
    transformers = _transformers()
    folder = _folder(origin)
    names = _find(folder, origin)
    components = [
        open_component(folder / name, origin.variant, TEXT_STEM, secondary=True) for name in names
    ]
    kinds = [_kind(component) for component in components]
    with quiet_transformers(transformers):
        tokenizers = [_tokenizer(transformers, folder / TOKENIZERS[name]) for name in names]
        encoders = [
            _read(component, getattr(transformers, kind), model.dtype)
            for component, kind in zip(components, kinds, strict=True)
        ]
    frozen = [encoder.eval().requires_grad_(False).to(model.device) for encoder in encoders]
    loaded = TextEncoder(origin.name, tokenizers, frozen)
    if (loaded.width, loaded.pooled_width) != (model.context_width, model.pooled_width):
        raise HomologueError(
            f"The text encoder of {origin.name} makes {loaded.width} numbers per token and"
            f" {loaded.pooled_width} per prompt, but its UNet needs {model.context_width} and"
            f" {model.pooled_width}; use components of the same model."
        )
    return loaded


def _transformers() -> Any:
    try:
        import transformers
    except ImportError as error:
        raise HomologueError(
            "Words need the package transformers; install it with `pip install 'transformers>=5'`."
        ) from error
    return transformers


def _folder(origin: Origin) -> Path:
    if isinstance(origin.location, Repository):
        return origin.location.fetch_text()
    if origin.location.is_dir():
        return origin.location
    raise HomologueError(
        f"{origin.name} is a single file, which has no tokenizer; for words give the model as a"
        " diffusers folder or a Hub id."
    )


def _find(folder: Path, origin: Origin) -> tuple[str, ...]:
    """Return the names of the text encoders in a folder, checked to have tokenizers."""
    missing = lacking_text(folder)
    if missing:
        raise HomologueError(
            f"{origin.name} has no text encoder to read words with: it lacks"
            f" {', '.join(f'{name}/' for name in missing)}; give a folder or Hub id that has"
            " text_encoder/ and tokenizer/."
        )
    return text_encoders(folder)


def _kind(component: FolderComponent) -> str:
    kind = (component.config.get("architectures") or ["?"])[0]
    if kind not in _KINDS:
        raise HomologueError(
            f"{component.where} is a {kind}; the text encoder must be a {' or a '.join(_KINDS)}, as"
            " those of Stable Diffusion 1, 2 and SDXL."
        )
    return str(kind)


def _read(component: FolderComponent, kind: Any, dtype: torch.dtype) -> Any:
    with building(component.where):
        encoder, report = kind.from_pretrained(
            str(component.folder),
            variant=component.variant,
            dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            ignore_mismatched_sizes=True,  # reported below in one sentence
            output_loading_info=True,
        )
    wrong = sorted(str(key[0]) for key in report["mismatched_keys"])
    if wrong:
        raise HomologueError(
            f"The weights in {component.where} do not match their configuration ({len(wrong)}"
            f" tensors have another shape, such as {wrong[0]}); use both of the same model."
        )
    check_complete(component.where, report["missing_keys"], report["unexpected_keys"])
    return encoder


def _tokenizer(transformers: Any, folder: Path) -> Any:
    # The library raises various exceptions for damaged files.
    try:
        return transformers.CLIPTokenizer.from_pretrained(str(folder), local_files_only=True)
    except Exception as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise HomologueError(
            f"The tokenizer in {folder} cannot be read ({reason}); download it again."
        ) from error
