"""Maps of words: what is averaged, in which frame, and with which words."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import homologue
from homologue.config import SoftmaxOver, WordsConfig
from homologue.diffusion.loading.text_encoder import text_encoder
from homologue.diffusion.model import LatentDiffusion
from homologue.diffusion.text import TextContext
from homologue.errors import HomologueError
from homologue.geometry import resize
from homologue.images import RGBImage, to_square
from homologue.seeds import generator
from homologue.words.attend import attend
from homologue.words.maps import WordMaps

PROMPT = "a cat wearing cats, a hat"
QUICK = WordsConfig(timesteps=(100,), noise_samples=1)
FAMILIES = ("sd1", "sd2", "sdxl")


def attention_of(
    model: LatentDiffusion, image: RGBImage, timestep: int, number: int, softmax_over: SoftmaxOver
) -> dict[str, Tensor]:
    """Maps (heads, h, w, 77) of all tokens of the prompt under the noise that `attend` draws."""
    encoder = text_encoder(model)
    context = encoder.encode(encoder.tokenize(PROMPT))
    latent = model.encode(to_square(image, model.side)[None])
    noise = torch.randn(latent.shape, generator=generator(0, "words", timestep, number))
    noisy = model.add_noise(latent, noise, timestep)
    with torch.no_grad():
        maps = model.attention(
            noisy, timestep, context, model.layers(WordsConfig().layers), range(77),
            softmax_over,
        )  # fmt: skip
    return {layer: seen[0] for layer, seen in maps.items()}


def normalised(maps: Tensor) -> Tensor:
    return maps / maps.sum()


@pytest.mark.parametrize("softmax_over", ["tokens", "positions"])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_map_is_the_mean_over_heads_pieces_noises_and_layers(
    worded: dict[str, LatentDiffusion], source: RGBImage, family: str, softmax_over: SoftmaxOver
) -> None:
    model = worded[family]
    config = WordsConfig(timesteps=(40, 300), noise_samples=2, softmax_over=softmax_over)
    found = attend(model, source, PROMPT, words=["cats", "hat"], layers=True, config=config)
    passes = [
        attention_of(model, source, timestep, number, softmax_over)
        for timestep in (40, 300)
        for number in (0, 1)
    ]
    # The start, then a, cat, wearing, ca|t|s, comma, a, hat.
    for row, tokens in enumerate([[4, 5, 6], [9]]):
        alone = []
        for layer in model.layers(WordsConfig().layers):
            means = [seen[layer][..., tokens].mean(dim=(0, 3)) for seen in passes]
            alone.append(normalised(torch.stack(means).sum(dim=0)))
            assert found.layers is not None
            torch.testing.assert_close(found.layers[layer][row], alone[-1])
        whole = torch.stack([resize(one[None], model.side)[0] for one in alone]).mean(dim=0)
        torch.testing.assert_close(found.maps[row], normalised(whole))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_word_has_a_map_of_its_own(
    worded: dict[str, LatentDiffusion], source: RGBImage, family: str
) -> None:
    model = worded[family]
    found = attend(model, source, PROMPT, config=QUICK)
    assert found.names == ["a 1", "cat", "wearing", "cats", "a 2", "hat"]
    assert found.maps.shape == (6, model.side, model.side)
    assert found.layers is None
    torch.testing.assert_close(found.maps.sum(dim=(1, 2)), torch.ones(6))
    assert float(found.maps.min()) > 0
    assert not torch.equal(found.maps[0], found.maps[4])
    for points in (found.peaks, found.centres, found.boxes[:, :2], found.boxes[:, 2:]):
        assert (points >= 0).all() and (points <= torch.tensor([80, 60])).all()


def test_a_word_does_not_depend_on_which_others_are_asked_for(
    worded: dict[str, LatentDiffusion], source: RGBImage
) -> None:
    every = attend(worded["sd1"], source, PROMPT, config=QUICK)
    some = attend(worded["sd1"], source, PROMPT, words=["HAT", "a"], config=QUICK)
    assert some.names == ["hat", "a 1", "a 2"]
    assert torch.equal(some.maps, every.maps[[5, 0, 4]])


def test_the_same_seed_gives_the_same_maps(
    worded: dict[str, LatentDiffusion], source: RGBImage
) -> None:
    first, again, other = (
        attend(worded["sd1"], source, PROMPT, config=QUICK, seed=seed).maps for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_sdxl_gets_the_pooled_text(
    worded: dict[str, LatentDiffusion], source: RGBImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    contexts: list[TextContext] = []
    before = LatentDiffusion.attention

    def attention(self: LatentDiffusion, *arguments: Any) -> Any:
        contexts.append(arguments[2])
        return before(self, *arguments)

    monkeypatch.setattr(LatentDiffusion, "attention", attention)
    for family in FAMILIES:
        attend(worded[family], source, "a cat", config=QUICK)
    encoder = text_encoder(worded["sdxl"])
    pooled = [context.pooled for context in contexts]
    assert pooled[:2] == [None, None]
    assert torch.equal(pooled[2], encoder.encode(encoder.tokenize("a cat")).pooled)


def test_the_frame_is_that_of_the_original(
    worded: dict[str, LatentDiffusion], source: RGBImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An attention that is planted at one place of every layer is found there."""
    model = worded["sd1"]

    def attention(
        noisy: Tensor, timestep: int, context: Tensor, layers: Any, tokens: Any, *rest: Any
    ) -> dict[str, Tensor]:
        maps = torch.full((1, 2, 8, 8, len(tokens)), 0.01)
        maps[:, :, 6, 1, 0] = 1  # row 6, column 1 of 8
        maps[:, :, 2, 5, 1] = 1
        return dict.fromkeys(layers, maps)

    monkeypatch.setattr(model, "attention", attention)
    found = attend(model, source, "cat hat", config=QUICK)
    cell = torch.tensor([80 / 8, 60 / 8])
    for row, place in enumerate(([1.5, 6.5], [5.5, 2.5])):
        middle = torch.tensor(place) * cell
        # The highest of 64 pixels beside a cell's middle, which lies between two of them.
        assert ((found.peaks[row] - middle).abs() <= cell / 8).all()
        torch.testing.assert_close(found.centres[row].float(), middle, atol=0.01, rtol=0)
        left_top, right_bottom = found.boxes[row].float().split(2)
        # Bilinear: half the height is reached half a cell away, give or take a pixel.
        torch.testing.assert_close(left_top, middle - cell / 2, atol=1.3, rtol=0)
        torch.testing.assert_close(right_bottom, middle + cell / 2, atol=1.3, rtol=0)


@pytest.mark.parametrize("kind", ["path", "pil", "array", "tensor"])
def test_every_kind_of_image(
    worded: dict[str, LatentDiffusion], source: RGBImage, tmp_path: Path, kind: str
) -> None:
    source.to_pil().save(tmp_path / "source.png")
    read = homologue.read_image(tmp_path / "source.png")
    given: Any = {
        "path": str(tmp_path / "source.png"),
        "pil": source.to_pil(),
        "array": np.asarray(source.to_pil()),
        "tensor": read.pixels,
    }[kind]
    found = homologue.attend(worded["sd1"], given, "a cat", config=QUICK)
    assert isinstance(found, WordMaps)
    assert torch.equal(found.maps, attend(worded["sd1"], read, "a cat", config=QUICK).maps)
    assert (found.width, found.height) == (80, 60)
    assert found.path == (given if kind == "path" else None)


def test_progress_counts_the_passes(worded: dict[str, LatentDiffusion], source: RGBImage) -> None:
    told: list[tuple[str, int, int]] = []
    config = WordsConfig(timesteps=(10, 20), noise_samples=2, threshold=0.25)
    found = attend(
        worded["sd1"], source, "a cat", config=config, progress=lambda *step: told.append(step)
    )
    assert told == [("words", done, 4) for done in (1, 2, 3, 4)]
    assert found.threshold == 0.25


def test_attention_that_underflows_gives_a_level_map(
    worded: dict[str, LatentDiffusion], source: RGBImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = worded["sd1"]
    monkeypatch.setattr(
        model, "attention",
        lambda n, t, c, layers, tokens, *rest: dict.fromkeys(
            layers, torch.zeros(1, 1, 4, 4, len(tokens))
        ),
    )  # fmt: skip
    found = attend(model, source, "cat", config=QUICK)
    torch.testing.assert_close(found.maps, torch.full((1, 64, 64), 1 / 64**2))


def test_the_built_in_model_has_words_of_its_own() -> None:
    model = homologue.load("builtin", device="cpu")
    image = Path(__file__).parents[2] / "examples" / "images" / "cat-noto.png"
    found = homologue.attend(model, image, "a cat wearing a hat", layers=True, config=QUICK)
    assert found.names == ["a 1", "cat", "wearing", "a 2", "hat"]
    assert (found.width, found.height, found.path) == (256, 256, str(image))
    assert found.layers is not None and len(found.layers) == 4
    with pytest.raises(HomologueError, match=r"has 15 tokens .* builtin has room for 14"):
        homologue.attend(model, image, "cat " * 15)


def test_what_cannot_be_done_is_said(
    worded: dict[str, LatentDiffusion], model: LatentDiffusion, source: RGBImage
) -> None:
    with pytest.raises(HomologueError, match="'dog' is not a word of the prompt"):
        attend(worded["sd1"], source, "a cat", words=["dog"])
    with pytest.raises(HomologueError, match=r"has 76 tokens and the context .* room for 75"):
        attend(worded["sd1"], source, "cat " * 76)
    with pytest.raises(HomologueError, match="has no words"):
        attend(worded["sd1"], source, " . ")
    with pytest.raises(HomologueError, match="text encoder"):
        attend(model, source, "a cat")
    with pytest.raises(HomologueError, match="Layer selection 'top'"):
        attend(worded["sd1"], source, "a cat", config=replace(QUICK, layers="top"))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"timesteps": ()}, "timesteps must have"),
        ({"timesteps": (40, 1000)}, "timestep must be from 0 to 999, not 1000"),
        ({"noise_samples": 0}, "noise_samples must be at least 1"),
        ({"softmax_over": "heads"}, "softmax_over must be one of tokens, positions"),
        ({"threshold": 0}, "threshold must be above 0"),
        ({"threshold": 1.1}, "threshold must be above 0 and at most 1"),
        ({"threshold": float("nan")}, "threshold must be above 0"),
    ],
)
def test_impossible_settings(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(HomologueError, match=words):
        WordsConfig(**settings)
