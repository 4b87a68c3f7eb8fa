"""Fitted point embeddings and their file format."""

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
    """The image that points were fitted on.

    Attributes:
        path: file that the image was read from; None for an image in memory.
        width, height: size in pixels.
        digest: see `RGBImage.digest`.
    """

    path: str | None
    width: int
    height: int
    digest: str


@dataclass(frozen=True)
class PointEmbeddings:
    """Fitted embeddings of points, with the settings that they were fitted with.

    Attributes:
        contexts: (groups, embeddings, tokens, width) float32 on the CPU. The points of a group
            share their contexts.
        groups: (P,) int64, group of each point.
        tokens: (P,) int64, index of each point's token in its contexts.
        points: (P, 2) float64, image frame of the source.
        losses: (P, embeddings), loss in the last step; NaN where it was not measured.
        source: the image that the points were fitted on.
        model: name of the model.
        fingerprint: fingerprint of the model's weights.
        preset: name of the preset, for information.
        fit: settings that the points were fitted with.
        locate: settings to read a target with.
        seed: seed of the fit.
        dtype: precision of the model during the fit; float32 for files of versions that did not
            record it.
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
        """Write a safetensors file, atomically."""
        data = self.to_bytes()
        write_atomically(path, lambda file: file.write(data))

    def to_bytes(self) -> bytes:
        """Return the bytes of the file that `save` writes; equal embeddings give equal bytes.

        Raises:
            NotFiniteError: a context or a point is NaN or infinite.
        """
        names = ("contexts", "groups", "tokens", "points", "losses")
        tensors = {name: getattr(self, name).contiguous() for name in names}
        for name in ("contexts", "points"):
            if not bool(tensors[name].isfinite().all()):
                raise NotFiniteError(f"the {name} of the embeddings", self.dtype)
        attributes = {
            "source": asdict(self.source),
            "model": self.model,
            "fingerprint": self.fingerprint,
            "dtype": self.dtype,
            "preset": self.preset,
            "fit": as_stored(self.fit),
            "locate": as_stored(self.locate),
            "seed": self.seed,
        }
        metadata = {"format": FORMAT, "facts": json.dumps(attributes, allow_nan=False)}
        header, content = _header_and_content(save(tensors, metadata=metadata))
        # safetensors does not write the metadata in a fixed order.
        text = json.dumps(header, sort_keys=True).encode()
        text += b" " * (-len(text) % 8)
        return len(text).to_bytes(8, "little") + text + content

    @classmethod
    def from_bytes(cls, name: str, data: bytes) -> "PointEmbeddings":
        """Read the bytes that `to_bytes` returned.

        Args:
            name: subject of error messages.

        Raises:
            HomologueError: the bytes are damaged.
        """
        try:
            tensors, (header, _) = load(data), _header_and_content(data)
        except (SafetensorError, ValueError) as error:
            raise HomologueError(f"{name} is damaged ({error}).") from None
        return cls._from_tensors(name, tensors, header.get("__metadata__", {}))

    @classmethod
    def load(cls, path: str | PathLike[str]) -> "PointEmbeddings":
        """Read a file that `save` wrote.

        Raises:
            HomologueError: the file is missing, damaged or not an embeddings file.
        """
        try:
            # `safe_open` accepts only file names in UTF-8.
            data = Path(path).read_bytes()
            tensors, (header, _) = load(data), _header_and_content(data)
        except FileNotFoundError:
            raise HomologueError(f"There is no embeddings file {str(path)!r}.") from None
        except (OSError, SafetensorError) as error:
            raise HomologueError(
                f"{str(path)!r} is not an embeddings file or is damaged ({error}): create it again "
                "with `homologue fit`."
            ) from None
        metadata = header.get("__metadata__", {})
        if metadata.get("format") != FORMAT:
            raise HomologueError(
                f"{str(path)!r} is not an embeddings file of this version of homologue: create it"
                " again with `homologue fit`."
            )
        return cls._from_tensors(str(path), tensors, metadata)

    @classmethod
    def _from_tensors(
        cls, path: str, tensors: dict[str, Tensor], metadata: dict[str, str]
    ) -> "PointEmbeddings":
        try:
            attributes: dict[str, Any] = {**tensors, **json.loads(metadata["facts"])}
            attributes["source"] = SourceImage(**attributes["source"])
            attributes["fit"] = from_stored(FitConfig, attributes["fit"])
            attributes["locate"] = from_stored(LocateConfig, attributes["locate"])
            attributes["preset"] = current_preset_name(attributes["preset"])
            embeddings = cls(**attributes)
            embeddings._check()
        except (KeyError, TypeError, ValueError) as error:
            raise HomologueError(
                f"The embeddings file {path!r} is damaged ({error}): create it again with "
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
            raise ValueError("its tensors have inconsistent shapes")
        if not bool(torch.isfinite(self.contexts).all()):
            raise ValueError("it contains values that are not finite")
        for indices, size in ((self.groups, groups), (self.tokens, tokens)):
            if int(indices.min()) < 0 or int(indices.max()) >= size:
                raise ValueError("a point refers to a context that does not exist")


def _header_and_content(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Split a safetensors file into its header and its tensors' bytes."""
    end = 8 + int.from_bytes(data[:8], "little")
    return json.loads(data[8:end]), data[end:]
