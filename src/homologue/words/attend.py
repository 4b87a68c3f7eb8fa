"""From an image and a prompt to a heat map for each word."""

from collections.abc import Sequence

import torch
from torch import Tensor

from homologue.config import SoftmaxOver, WordsConfig
from homologue.diffusion.loading.text_encoder import text_encoder
from homologue.diffusion.model import LatentDiffusion
from homologue.diffusion.text import Context
from homologue.geometry import whole_crop
from homologue.images import LEAST_SIDE, ImageLike, RGBImage, read_image
from homologue.method.views import ImageViews
from homologue.progress import Progress, silent
from homologue.seeds import generator
from homologue.words.maps import WordMaps, distribution, merge_layers
from homologue.words.spans import Word, select_words, words_of


def attend(
    model: LatentDiffusion,
    image: ImageLike | RGBImage,
    prompt: str,
    *,
    words: Sequence[str] | None = None,
    layers: bool = False,
    config: WordsConfig | None = None,
    seed: int = 0,
    progress: Progress = silent,
) -> WordMaps:
    """Where a model sees each word of a prompt in an image.

    Args:
        image: path, PIL image, (H, W, 3) uint8 array or (3, H, W) float tensor in [0, 1].
        prompt: says what is in the image; a word is a poor one to look for if it is not.
        words: of the prompt, all if None; upper and lower case are the same.
        layers: whether to keep the maps of each layer alone.
        config: settings; None takes the defaults.
        seed: same seed, same maps.
        progress: called after every pass through the UNet.

    Raises:
        HomologueError: the image cannot be read, the prompt is empty or too long, it lacks one of
            the words, or the model has no text encoder.
    """
    settings = config or WordsConfig()
    picture = read_image(image, least_side=LEAST_SIDE)
    encoder = text_encoder(model)
    tokens = encoder.tokenize(prompt)
    every = words_of(tokens)
    chosen = every if words is None else select_words(every, words)
    # All are read, so that the rounding of one does not depend on the others.
    read = _layer_maps(model, picture, encoder.encode(tokens), every, settings, seed, progress)
    rows = [every.index(word) for word in chosen]
    by_layer = {layer: maps[rows] for layer, maps in read.items()}
    return WordMaps(
        prompt=prompt,
        words=chosen,
        maps=merge_layers(by_layer, model.side),
        layers=by_layer if layers else None,
        threshold=settings.threshold,
        width=picture.width,
        height=picture.height,
        path=picture.path,
    )


def _layer_maps(
    model: LatentDiffusion,
    image: RGBImage,
    context: Context,
    words: Sequence[Word],
    config: WordsConfig,
    seed: int,
    progress: Progress,
) -> dict[str, Tensor]:
    """Maps (W, h, w) of words in each layer, each with sum 1, on the CPU."""
    layers = model.layers(config.layers)
    latent = ImageViews(model, image).latent(whole_crop(model.side))[None]
    sums: dict[str, Tensor] = {}
    total = len(config.timesteps) * config.noise_samples
    for done in range(total):
        timestep, number = (
            config.timesteps[done // config.noise_samples],
            done % config.noise_samples,
        )
        noise = torch.randn(latent.shape, generator=generator(seed, "words", timestep, number))
        noisy = model.add_noise(latent, noise, timestep)
        for layer, maps in _look(
            model, noisy, timestep, context, layers, words, config.softmax_over
        ):
            sums[layer] = sums.get(layer, 0) + maps
        progress("words", done + 1, total)
    return {layer: distribution(maps) for layer, maps in sums.items()}


@torch.no_grad()
def _look(
    model: LatentDiffusion,
    noisy: Tensor,
    timestep: int,
    context: Context,
    layers: Sequence[str],
    words: Sequence[Word],
    softmax_over: SoftmaxOver,
) -> list[tuple[str, Tensor]]:
    """Maps (W, h, w) of words in each layer: means over the heads and the pieces of a word."""
    tokens = sorted({token for word in words for token in word.tokens})
    seen = model.attention(
        noisy, timestep, context.states, layers, tokens, softmax_over, context.pooled
    )
    rows = [[tokens.index(token) for token in word.tokens] for word in words]
    found = []
    for layer in layers:
        mean = seen[layer][0].float().mean(dim=0).cpu()  # (h, w, n)
        found.append((layer, torch.stack([mean[..., row].mean(dim=-1) for row in rows])))
    return found
