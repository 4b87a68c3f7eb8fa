"""What a model computes is finite, or an error that names the stage; it is never an answer."""

import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.command_line import refused
from helpers.predicting import evaluate
from helpers.tiny_models import tiny_sd1
from safetensors.torch import load_file, save_file

from homologue.api import fit, locate, match
from homologue.console import print_json
from homologue.datasets.base import BenchmarkImage, Pair
from homologue.diffusion.loading.load import load
from homologue.diffusion.model import LatentDiffusion
from homologue.errors import HomologueError, NotFiniteError, check_finite
from homologue.images import RGBImage
from homologue.matchers.attention_matcher import Attention
from homologue.matchers.features import Features
from homologue.method.embeddings import PointEmbeddings
from homologue.presets import Preset
from homologue.words.attend import attend

POINTS = [[10.0, 20.0], [79.0, 59.0]]
FIRST_READ = "up_blocks.1.attentions.0"


@pytest.fixture
def damaged(tmp_path: Path) -> Callable[[str, float], Path]:
    """A folder with a small model, one weight of which is the given number."""

    def make(tensor: str, value: float) -> Path:
        folder = tiny_sd1(tmp_path / "damaged")
        part, name = tensor.split("/")
        file = folder / part / "diffusion_pytorch_model.safetensors"
        tensors = load_file(file)
        tensors[name].view(-1)[0] = value
        save_file(tensors, file, metadata={"format": "pt"})
        return folder

    return make


UNET = "unet/conv_in.bias"
ATTENTION = f"unet/{FIRST_READ}.transformer_blocks.0.attn2.to_q.weight"
KEYS = f"unet/{FIRST_READ}.transformer_blocks.0.attn2.to_k.weight"
SELF_ATTENTION = "unet/mid_block.attentions.0.transformer_blocks.0.attn1.to_q.weight"
VAE = "vae/encoder.conv_in.bias"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("way", ["cached", "joint", "exact"])
@pytest.mark.parametrize(
    ("tensor", "stage"),
    [
        (UNET, "the queries of"),
        (ATTENTION, FIRST_READ),
        (KEYS, "the keys of"),
        (SELF_ATTENTION, "the queries of mid_block.attentions.0"),
        (VAE, "of the VAE"),
    ],
)
def test_match_names_the_stage(
    damaged: Callable[[str, float], Path], source: RGBImage, target: RGBImage, quick: Preset,
    tensor: str, stage: str, way: str, value: float,
) -> None:  # fmt: skip
    model = load(damaged(tensor, value), device="cpu")
    preset = replace(quick, fit=replace(quick.fit, strategy=way))  # type: ignore[arg-type]
    with pytest.raises(NotFiniteError, match=r"In float32, the .* not finite") as caught:
        match(model, source, target, POINTS, preset=preset)
    assert stage in caught.value.stage
    assert caught.value.dtype == "float32"
    assert isinstance(caught.value, HomologueError)


def test_locate_names_the_stage(
    damaged: Callable[[str, float], Path], source: RGBImage, target: RGBImage, quick: Preset
) -> None:
    model = load(damaged(UNET, 0.0), device="cpu")
    embeddings = fit(model, source, POINTS, preset=quick)
    with torch.no_grad():
        model.unet.conv_in.bias.fill_(float("nan"))
    with pytest.raises(NotFiniteError, match="the queries of"):
        locate(model, target, embeddings)


def test_the_feature_baseline_names_the_stage(
    damaged: Callable[[str, float], Path], source: RGBImage
) -> None:
    features = Features(load(damaged(UNET, float("nan")), device="cpu"))
    with pytest.raises(NotFiniteError, match="the queries of"):
        features.fit(source, torch.tensor(POINTS))


@pytest.mark.parametrize("broken", ["unet", "text"])
def test_words_name_the_stage(
    worded: dict[str, LatentDiffusion], source: RGBImage, broken: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    model = worded["sd1"]
    attend(model, source, "a cat")  # loads the text encoder
    if broken == "unet":
        bias = model.unet.conv_in.bias
        monkeypatch.setattr(bias, "data", torch.full_like(bias, torch.nan))
        stage = "the queries of"
    else:
        from homologue.diffusion.loading.text_encoder import text_encoder

        encoder = text_encoder(model)._encoders[0]
        weight = encoder.get_input_embeddings().weight
        monkeypatch.setattr(weight, "data", torch.full_like(weight, torch.nan))
        stage = "of the text encoder"
    with pytest.raises(NotFiniteError, match=stage):
        attend(model, source, "a cat")


def test_an_evaluation_records_the_pair_as_failed_and_goes_on(
    damaged: Callable[[str, float], Path], source: RGBImage, target: RGBImage, quick: Preset
) -> None:
    given = torch.tensor(POINTS).double()
    pairs = [
        Pair(
            name=name,
            source=BenchmarkImage(name, lambda: source),
            target=BenchmarkImage("t", lambda: target),
            source_points=given,
            target_points=given / 2,
            fit_points=given,
            point_names=("a", "b"),
            thresholds={"image": 70.0},
            tags={},
            category="c",
            group="g",
        )
        for name in ("one", "two")
    ]
    model = load(damaged(UNET, float("nan")), device="cpu")
    records = evaluate(Attention(model, quick), pairs)
    assert [record.predicted for record in records] == [None, None]
    for record in records:
        assert record.error is not None and "not finite" in record.error


def test_the_command_line_refuses_and_writes_nothing(
    homologue: Any, damaged: Callable[[str, float], Path], tmp_path: Path
) -> None:
    folder, out = damaged(UNET, float("nan")), tmp_path / "e.safetensors"
    picture = Path(__file__).parent.parent / "examples" / "images" / "fox-noto.png"
    common = (picture, "--point", "96,145", "--model", folder)
    refused(homologue("fit", *common, "-o", out), "not finite", "float32")
    refused(homologue("match", picture, *common, "--json"), "not finite", "float32")
    assert not out.exists()


def test_embeddings_that_are_not_finite_are_not_saved(
    model: LatentDiffusion, source: RGBImage, quick: Preset, tmp_path: Path
) -> None:
    whole = fit(model, source, POINTS, preset=quick)
    assert whole.dtype == "float32"
    assert PointEmbeddings.from_bytes("whole", whole.to_bytes()).dtype == "float32"
    contexts = whole.contexts.clone()
    contexts[0, 0, 0, 0] = torch.nan
    with pytest.raises(NotFiniteError, match="the contexts of the embeddings"):
        replace(whole, contexts=contexts).save(tmp_path / "e.safetensors")
    assert list(tmp_path.iterdir()) == []


def test_what_is_printed_as_json_is_strict(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"score": 0.5})
    assert json.loads(capsys.readouterr().out) == {"score": 0.5}
    with pytest.raises(ValueError, match="not JSON compliant"):
        print_json({"score": float("nan")})


@pytest.mark.parametrize(
    ("dtype", "mend"),
    [
        (torch.float16, "--dtype bfloat16 or float32"),
        (torch.bfloat16, "--dtype float32"),
        (torch.float32, "weights"),
    ],
)
def test_the_sentence_says_the_mend_and_survives_a_pickle(dtype: torch.dtype, mend: str) -> None:
    check_finite(torch.ones(3, dtype=dtype), "the ones", dtype)
    with pytest.raises(NotFiniteError) as caught:
        check_finite(torch.tensor([1.0, torch.inf]), "the losses", dtype)
    assert mend in str(caught.value) and "the losses" in str(caught.value)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.stage, again.dtype) == (
        str(caught.value), "the losses", str(dtype).removeprefix("torch."),
    )  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_fused_attention_hides_nothing(
    damaged: Callable[[str, float], Path], source: RGBImage, quick: Preset, dtype: str
) -> None:
    """PyTorch's fused attention answers zeros for some rows of NaN and infinite scores."""
    model = load(damaged(SELF_ATTENTION, float("inf")), device="cpu", dtype=dtype)
    with pytest.raises(NotFiniteError, match=r"the queries of mid_block\.attentions\.0") as caught:
        fit(model, source, POINTS, preset=quick)
    assert caught.value.dtype == dtype
