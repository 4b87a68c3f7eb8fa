"""What is trained, and its checkpoints."""

from pathlib import Path

from losses import PointEmbedding
from progress import load
from text import WIDTH, build_text_encoder, build_tokenizer
from torch import Tensor, nn
from transformers import CLIPTokenizer
from unet import LATENT_CHANNELS, LAYERS, WIDTHS, build_unet


class Model(nn.Module):
    """UNet, text encoder, and the point embedding that is thrown away."""

    def __init__(
        self,
        tokenizer: CLIPTokenizer,
        widths: tuple[int, int] = WIDTHS,
        channels: int = LATENT_CHANNELS,
    ) -> None:
        super().__init__()
        self.unet = build_unet(widths, channels)
        self.text_encoder = build_text_encoder(tokenizer)
        queries = sum(self.unet.get_submodule(path).to_q.out_features for path in LAYERS)
        self.point_embedding = PointEmbedding(queries, WIDTH)


def averaged_model(checkpoint: Path, tokenizer: CLIPTokenizer) -> tuple[Model, float, float]:
    """The moving average in a checkpoint of train.py, the steps and the minutes it took."""
    state = load(checkpoint)
    if state is None:
        raise SystemExit(f"There is no checkpoint {checkpoint}: run train.py.")
    channels = state["average"]["unet.conv_in.weight"].shape[1]
    model = Model(tokenizer, widths_of(state["average"]), channels)
    model.load_state_dict(state["average"])
    return model.eval(), state["step"], state["minutes"]


def widths_of(weights: dict[str, Tensor]) -> tuple[int, int]:
    """Of the UNet of a model's weights."""
    first, second = (
        weights[f"unet.down_blocks.{i}.resnets.0.conv1.weight"].shape[0] for i in (0, 1)
    )
    return first, second


def tokenizer_of(run: Path, names: list[str]) -> CLIPTokenizer:
    """The run's tokenizer, made of the icons' names if there is none yet."""
    folder = run / "tokenizer"
    if not (folder / "vocab.json").exists():
        build_tokenizer(names, folder)
    return CLIPTokenizer.from_pretrained(folder)


def token_ids(tokenizer: CLIPTokenizer, captions: list[str]) -> Tensor:
    """(B, 16) int64"""
    options = {"padding": "max_length", "truncation": True, "return_tensors": "pt"}
    ids: Tensor = tokenizer(captions, **options).input_ids
    return ids
