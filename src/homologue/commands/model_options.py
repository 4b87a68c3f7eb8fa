"""Options of the model, and loading it."""

import signal
import time
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from homologue.commands.options import FLAG

# torch and diffusers take seconds to import.
if TYPE_CHECKING:
    from homologue.diffusion.model import LatentDiffusion
    from homologue.vision.backbone import Backbone


@dataclass(frozen=True)
class LoadOptions:
    """How a model is loaded."""

    panel: ClassVar[str] = "Model"

    device: Annotated[
        str | None,
        typer.Option(metavar="cuda|mps|cpu", help="Device (default: the first that is available)."),
    ] = None
    dtype: Annotated[
        str | None,
        typer.Option(
            metavar="float32|float16|bfloat16",
            help="Precision (default: float32 on a CPU, float16 elsewhere).",
        ),
    ] = None
    variant: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Variant of the weight files, for example fp16."),
    ] = None
    revision: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Branch, tag or commit of a Hub repository."),
    ] = None
    vae: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="Model to load the VAE from, for example a tiny VAE."),
    ] = None
    unet: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Weights of the UNet in place of the model's own, for example those of CleanDIFT "
            "(.safetensors).",
        ),
    ] = None
    config: Annotated[
        str | None,
        typer.Option(
            metavar="DIR|FAMILY",
            help="Configuration of a single-file model: a folder or a family such as sd2-512 "
            "(docs/models.md).",
        ),
    ] = None
    channels_last: Annotated[
        bool,
        typer.Option(
            "--channels-last",
            metavar=FLAG,
            help="Memory format for convolutions on GPUs with tensor cores (docs/performance.md).",
        ),
    ] = False
    offline: Annotated[
        bool,
        typer.Option("--offline", metavar=FLAG, help="Load local files only; use no network."),
    ] = False

    def load(self, model: str) -> "LatentDiffusion":
        """Load a model. Its warnings are printed as notes."""
        from homologue.diffusion.loading.load import load

        options = {field.name: getattr(self, field.name) for field in fields(LoadOptions)}
        return load(model, local_files_only=options.pop("offline"), **options)

    def load_backbone(self, name: str) -> "Backbone":
        """Load a vision backbone on the device and in the precision of the model."""
        from homologue.vision.loading import load_backbone

        return load_backbone(
            name, device=self.device, dtype=self.dtype, local_files_only=self.offline
        )


@dataclass(frozen=True)
class _BuiltinModel:
    model: Annotated[
        str,
        typer.Option(
            metavar="MODEL",
            help="builtin, a Hugging Face Hub id, a diffusers folder or a .safetensors checkpoint.",
        ),
    ] = "builtin"


@dataclass(frozen=True)
class _FittedModel:
    model: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="Model (default: the model of the embeddings)."),
    ] = None


# Fields of the last base class come first.
@dataclass(frozen=True)
class ModelOptions(LoadOptions, _BuiltinModel):
    """A model and how it is loaded."""


@dataclass(frozen=True)
class FittedModelOptions(LoadOptions, _FittedModel):
    """The model of fitted embeddings, or another name for it, and how it is loaded."""


def timed_model(name: str, options: LoadOptions) -> tuple["LatentDiffusion", float]:
    """Return a loaded model and the seconds that loading took, imports included."""
    start = time.perf_counter()
    model = options.load(name)
    # From here on an interrupt unwinds, so that no half-written file stays behind.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    return model, time.perf_counter() - start
