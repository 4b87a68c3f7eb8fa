"""Loading the text encoder of a model, where words are needed.

transformers, which has the CLIP models of Stable Diffusion, is needed here alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import torch

from homologue.diffusion.loading.folder import TEXT_STEM, FolderComponent, open_part
from homologue.diffusion.loading.hub import Repository
from homologue.diffusion.loading.sources import Origin
from homologue.diffusion.loading.text_folder import (
    TOKENIZERS,
    lacking_text,
    text_encoders,
)
from homologue.diffusion.loading.weights import building, check_complete
from homologue.diffusion.model import LatentDiffusion
from homologue.diffusion.text import TextEncoder
from homologue.errors import HomologueError

_KINDS = ("CLIPTextModel", "CLIPTextModelWithProjection")

_loaded: WeakKeyDictionary[LatentDiffusion, TextEncoder] = WeakKeyDictionary()


def text_encoder(model: LatentDiffusion) -> TextEncoder:
    """The text encoder of a model, loaded when it is first asked for.

    Raises:
        HomologueError: transformers is missing, or the model has no text encoder that fits.
    """
    if model not in _loaded:
        if model.origin is None:
            raise HomologueError(
                f"Where the text encoder of {model.name} lies is not known, because the model was"
                " not made by homologue.load; load it with that."
            )
        _loaded[model] = _load(model, model.origin)
    return _loaded[model]


def _load(model: LatentDiffusion, origin: Origin) -> TextEncoder:
    transformers = _transformers()
    folder = _folder(origin)
    names = _find(folder, origin)
    parts = [open_part(folder / name, origin.variant, TEXT_STEM, beside=True) for name in names]
    kinds = [_kind(part) for part in parts]
    with _quiet(transformers):
        tokenizers = [_tokenizer(transformers, folder / TOKENIZERS[name]) for name in names]
        encoders = [
            _read(part, getattr(transformers, kind), model.dtype)
            for part, kind in zip(parts, kinds, strict=True)
        ]
    frozen = [one.eval().requires_grad_(False).to(model.device) for one in encoders]
    loaded = TextEncoder(origin.name, tokenizers, frozen)
    if (loaded.width, loaded.pooled_width) != (model.context_width, model.pooled_width):
        raise HomologueError(
            f"The text encoder of {origin.name} makes {loaded.width} numbers a token and"
            f" {loaded.pooled_width} a prompt where its UNet wants {model.context_width} and"
            f" {model.pooled_width}; get all parts from the same model."
        )
    return loaded


def _transformers() -> Any:
    try:
        import transformers
    except ImportError as error:
        raise HomologueError(
            "Words need the package transformers, which is not installed; run"
            " `pip install 'transformers>=5'`."
        ) from error
    return transformers


def _folder(origin: Origin) -> Path:
    if isinstance(origin.place, Repository):
        return origin.place.fetch_text()
    if origin.place.is_dir():
        return origin.place
    raise HomologueError(
        f"{origin.name} is a single file, which has no tokenizer; for words give the model as a"
        " diffusers folder or a hub id."
    )


def _find(folder: Path, origin: Origin) -> tuple[str, ...]:
    """Names of the text encoders in a folder, each with its tokenizer."""
    missing = lacking_text(folder)
    if missing:
        raise HomologueError(
            f"{origin.name} has no text encoder to read words with: it lacks"
            f" {', '.join(f'{part}/' for part in missing)}; give a folder or hub id that has"
            " text_encoder/ and tokenizer/."
        )
    return text_encoders(folder)


def _kind(part: FolderComponent) -> str:
    kind = (part.config.get("architectures") or ["?"])[0]
    if kind not in _KINDS:
        raise HomologueError(
            f"{part.where} is a {kind}; words can be read with {' and '.join(_KINDS)}, those of"
            " Stable Diffusion 1, 2 and SDXL."
        )
    return str(kind)


def _read(part: FolderComponent, kind: Any, dtype: torch.dtype) -> Any:
    with building(part.where):
        encoder, report = kind.from_pretrained(
            str(part.folder),
            variant=part.variant,
            dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            ignore_mismatched_sizes=True,  # so that they are reported, not raised in a page of text
            output_loading_info=True,
        )
    wrong = sorted(str(key[0]) for key in report["mismatched_keys"])
    if wrong:
        raise HomologueError(
            f"The weights in {part.where} do not fit their configuration ({len(wrong)} tensors have"
            f" another shape, such as {wrong[0]}); get both from the same model."
        )
    check_complete(part.where, report["missing_keys"], report["unexpected_keys"])
    return encoder


def _tokenizer(transformers: Any, folder: Path) -> Any:
    # Whatever a damaged file sets off in the library.
    try:
        return transformers.CLIPTokenizer.from_pretrained(str(folder), local_files_only=True)
    except Exception as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise HomologueError(
            f"The tokenizer in {folder} cannot be read ({reason}); get it again."
        ) from error


@contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """Silences transformers, and restores how talkative it was."""
    talk = transformers.utils.logging
    level, bars = talk.get_verbosity(), talk.is_progress_bar_enabled()
    talk.set_verbosity(talk.CRITICAL)
    talk.disable_progress_bar()
    try:
        yield
    finally:
        talk.set_verbosity(level)
        if bars:
            talk.enable_progress_bar()
