"""What a point becomes: optimised contexts that find its counterpart in any image."""

import json
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from homologue.config import FitConfig, LocateConfig, as_stored, from_stored
from homologue.errors import HomologueError, NotFiniteError
from homologue.files import write_atomically
from homologue.presets import current_preset_name

FORMAT = "homologue-embeddings-1"


@dataclass(frozen=True)
class SourceImage:
    """The image that points were fitted on: where it was read from, its size and its digest."""

    path: str | None
    width: int
    height: int
    digest: str


@dataclass(frozen=True)
class PointEmbeddings:
    """Fitted embeddings with everything that is needed to use them again.

    Attributes:
        contexts: (groups, embeddings, tokens, width) float32 on the CPU; points of a group share
            contexts.
        groups: (P,) the group of each point.
        tokens: (P,) the token that stands for each point.
        points: (P, 2) float64, image frame of the source.
        losses: (P, embeddings) the objective in the last step; NaN where it was not measured.
        source: the image they were fitted on.
        model: name of the model.
        fingerprint: of the model's weights.
        preset: name of the settings, for the record.
        fit: the settings they were fitted with.
        locate: the settings to read a target with.
        seed: the seed.
        dtype: precision of the model that they were fitted with. Files of versions that did not
            record it count as float32.
    """

    contexts: Tensor
    groups: Tensor
    tokens: Tensor
    points: Tensor
    losses: Tensor
    source: SourceImage
    model: str
    fingerprint: str
    preset: str
    fit: FitConfig
    locate: LocateConfig
    seed: int
    dtype: str = "float32"

    def __len__(self) -> int:
        return len(self.points)

    def save(self, path: str | PathLike[str]) -> None:
        """Writes one safetensors file; an older one is replaced only when the new one is whole."""
        data = self.to_bytes()
        write_atomically(path, lambda file: file.write(data))

    def to_bytes(self) -> bytes:
        """What `save` writes; the same embeddings give the same bytes.

        Raises:
            NotFiniteError: a context or a point is NaN or infinite.
        """
        names = ("contexts", "groups", "tokens", "points", "losses")
        tensors = {name: getattr(self, name).contiguous() for name in names}
        for name in ("contexts", "points"):
            if not bool(tensors[name].isfinite().all()):
                raise NotFiniteError(f"the {name} of the embeddings", self.dtype)
        facts = {
            "source": asdict(self.source),
            "model": self.model,
            "fingerprint": self.fingerprint,
            "dtype": self.dtype,
            "preset": self.preset,
            "fit": as_stored(self.fit),
            "locate": as_stored(self.locate),
            "seed": self.seed,
        }
        data = save(
            tensors, metadata={"format": FORMAT, "facts": json.dumps(facts, allow_nan=False)}
        )
        header, content = _parts(data)
        # Safetensors writes the metadata in an order that changes from one time to the next.
        text = json.dumps(header, sort_keys=True).encode()
        text += b" " * (-len(text) % 8)
        return len(text).to_bytes(8, "little") + text + content

    @classmethod
    def from_bytes(cls, name: str, data: bytes) -> "PointEmbeddings":
        """Reads what `to_bytes` made; `name` is what an error calls it, and else as `load`."""
        try:
            tensors, (header, _) = load(data), _parts(data)
        except (SafetensorError, ValueError) as error:
            raise HomologueError(f"{name} is damaged ({error}).") from None
        return cls._from_parts(name, tensors, header.get("__metadata__", {}))

    @classmethod
    def load(cls, path: str | PathLike[str]) -> "PointEmbeddings":
        """Reads what `save` wrote.

        Raises:
            HomologueError: the file is missing, damaged or something else.
        """
        try:
            # Not by safetensors' own reader, which takes no file name that is not UTF-8.
            data = Path(path).read_bytes()
            tensors, (header, _) = load(data), _parts(data)
        except FileNotFoundError:
            raise HomologueError(f"There is no embeddings file {str(path)!r}.") from None
        except (OSError, SafetensorError) as error:
            raise HomologueError(
                f"{str(path)!r} is not an embeddings file or is damaged ({error}): make it again "
                "with `homologue fit`."
            ) from None
        metadata = header.get("__metadata__", {})
        if metadata.get("format") != FORMAT:
            raise HomologueError(
                f"{str(path)!r} holds no embeddings of this version of homologue: make it again "
                "with `homologue fit`."
            )
        return cls._from_parts(str(path), tensors, metadata)

    @classmethod
    def _from_parts(
        cls, path: str, tensors: dict[str, Tensor], metadata: dict[str, str]
    ) -> "PointEmbeddings":
        try:
            facts: dict[str, Any] = {**tensors, **json.loads(metadata["facts"])}
            facts["source"] = SourceImage(**facts["source"])
            facts["fit"] = from_stored(FitConfig, facts["fit"])
            facts["locate"] = from_stored(LocateConfig, facts["locate"])
            facts["preset"] = current_preset_name(facts["preset"])
            embeddings = cls(**facts)
            embeddings._check()
        except (KeyError, TypeError, ValueError) as error:
            raise HomologueError(
                f"The embeddings file {path!r} is damaged ({error}): make it again with "
                "`homologue fit`."
            ) from None
        return embeddings

    def _check(self) -> None:
        count, (groups, repeats, tokens, _) = len(self.points), self.contexts.shape
        shapes_agree = (
            self.points.shape == (count, 2)
            and self.groups.shape == self.tokens.shape == (count,)
            and self.losses.shape == (count, repeats)
        )
        if not (count and shapes_agree):
            raise ValueError("its parts do not fit together")
        if not bool(torch.isfinite(self.contexts).all()):
            raise ValueError("it holds values that are not finite")
        for referred, there in ((self.groups, groups), (self.tokens, tokens)):
            if int(referred.min()) < 0 or int(referred.max()) >= there:
                raise ValueError("a point refers to a context that is not there")


def _parts(data: bytes) -> tuple[dict[str, Any], bytes]:
    """The header and the content of a safetensors file."""
    end = 8 + int.from_bytes(data[:8], "little")
    return json.loads(data[8:end]), data[end:]
