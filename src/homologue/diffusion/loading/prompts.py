"""Encoded prompts of a model. The empty prompt is stored, so that it is encoded only once."""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from weakref import WeakKeyDictionary

import torch
from huggingface_hub import constants
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from homologue.diffusion.loading.hub import Repository
from homologue.diffusion.loading.sources import Origin
from homologue.diffusion.loading.text_encoder import text_encoder
from homologue.diffusion.loading.text_folder import lacking_text, text_encoders
from homologue.diffusion.model import LatentDiffusion
from homologue.diffusion.text import TextContext
from homologue.errors import HomologueError, dtype_name
from homologue.files import write_atomically

_SAMPLE = 65536  # bytes at the end of a weight file that identify it

_encoded: WeakKeyDictionary[LatentDiffusion, dict[str, TextContext]] = WeakKeyDictionary()


def encode_prompt(model: LatentDiffusion, prompt: str) -> TextContext:
    """Return an encoded prompt, on the model's device.

    Raises:
        HomologueError: the model has no text encoder, transformers is not installed, or the prompt
            is too long.
    """
    known = _encoded.setdefault(model, {})
    if prompt not in known:
        encoder = text_encoder(model)
        known[prompt] = encoder.encode(encoder.tokenize(prompt))
    return known[prompt]


def empty_prompt(model: LatentDiffusion) -> TextContext:
    """Return the encoded empty prompt, on the model's device.

    It is stored beside the Hub's cache under the fingerprint of the UNet. A model with the same
    UNet needs no text encoder; a model that has another text encoder encodes the prompt again.

    Raises:
        HomologueError: as for `encode_prompt`, if the prompt is not stored.
    """
    known = _encoded.setdefault(model, {})
    if "" not in known:
        known[""] = _stored_or_encoded(model)
    return known[""]


def prompt_file(model: LatentDiffusion) -> Path:
    """Return the file of a model's empty prompt, whether or not it exists."""
    folder = Path(constants.HF_HUB_CACHE).parent / "homologue" / "prompts"
    return folder / f"{model.fingerprint}-{dtype_name(model.dtype)}.safetensors"


def _stored_or_encoded(model: LatentDiffusion) -> TextContext:
    file, origin = prompt_file(model), _origin_of_text(model.origin)
    stored = _read(file, model)
    if stored is not None and origin in (None, stored[1]):
        return stored[0]
    try:
        context = encode_prompt(model, "")
    except HomologueError:
        if stored is not None:
            return stored[0]
        raise
    _write(file, context, origin or "")
    return context


def _origin_of_text(origin: Origin | None) -> str | None:
    """Return a text that identifies a model's text encoders; None if it has none."""
    if origin is None:
        return None
    if isinstance(origin.location, Repository):
        return f"{origin.location.name}@{origin.location.revision or 'main'}"
    if not origin.location.is_dir() or lacking_text(origin.location):
        return None
    digest = hashlib.blake2b(digest_size=16)
    for file in _weights(origin.location):
        digest.update(f"{file.name}{file.stat().st_size}".encode())
        with file.open("rb") as stream:
            stream.seek(max(0, file.stat().st_size - _SAMPLE))
            digest.update(stream.read())
    return digest.hexdigest()


def _weights(folder: Path) -> Iterator[Path]:
    for name in text_encoders(folder):
        yield from sorted((folder / name).glob("*.safetensors"))


def _read(file: Path, model: LatentDiffusion) -> tuple[TextContext, str] | None:
    """Read a stored prompt and the origin of its text encoder; None if there is none."""
    try:
        with safe_open(file, framework="pt") as opened:
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
            origin = (opened.metadata() or {}).get("text_encoder", "")
    except (OSError, SafetensorError):
        return None
    states, pooled = tensors.get("states"), tensors.get("pooled")
    if not _fits(states, model.context_width, 3) or not _fits(pooled, model.pooled_width, 2):
        return None
    assert states is not None
    on_device = {"device": model.device, "dtype": model.dtype}
    return TextContext(
        states.to(**on_device), None if pooled is None else pooled.to(**on_device)
    ), origin


def _fits(tensor: Tensor | None, width: int, axes: int) -> bool:
    if tensor is None:
        return width == 0
    return tensor.ndim == axes and tensor.shape[-1] == width and bool(tensor.isfinite().all())


def _write(file: Path, context: TextContext, origin: str) -> None:
    tensors = {"states": context.states, "pooled": context.pooled}
    stored = {
        name: tensor.to("cpu", torch.float32).contiguous()
        for name, tensor in tensors.items()
        if tensor is not None
    }
    data = save(stored, metadata={"text_encoder": origin})
    with suppress(OSError, HomologueError):  # a folder that cannot be written costs time only
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, lambda stream: stream.write(data))
