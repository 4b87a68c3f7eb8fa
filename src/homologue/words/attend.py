"""Heat maps of the words of a prompt over an image."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from homologue.config import WordsConfig
from homologue.crops import whole_crop
from homologue.diffusion.loading.text_encoder import text_encoder
from homologue.diffusion.model import LatentDiffusion
from homologue.diffusion.text import TextContext
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
    """Return a heat map over an image for each word of a prompt.

    Args:
        image: path, PIL image, (H, W, 3) uint8 array or (3, H, W) float tensor in [0, 1].
        prompt: description of the image. Maps of words that it does not show mean little.
        words: words of the prompt, case-insensitive (default: all).
        layers: whether to return the maps of each layer.
        config: settings (default: `WordsConfig()`).
        seed: seed of the noise.
        progress: called after every pass through the UNet.

    Raises:
        HomologueError: the image cannot be read, the prompt is empty or too long, a word is not in
            it, or the model has no text encoder.
    """
    settings = config or WordsConfig()
    picture = read_image(image, least_side=LEAST_SIDE)
    encoder = text_encoder(model)
    tokens = encoder.tokenize(prompt)
    every = words_of(tokens)
    chosen = every if words is None else select_words(every, words)
    context = encoder.encode(tokens)
    # The maps of all words are read, so that the rounding of one does not depend on `words`.
    sums: dict[str, Tensor] = {}
    for done, (timestep, noisy) in enumerate(_noisy_latents(model, picture, settings, seed)):
        for layer, maps in _word_maps(model, noisy, timestep, context, every, settings).items():
            sums[layer] = sums.get(layer, 0) + maps
        progress("words", done + 1, len(settings.timesteps) * settings.noise_samples)
    rows = [every.index(word) for word in chosen]
    by_layer = {layer: distribution(maps)[rows] for layer, maps in sums.items()}
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


def _noisy_latents(
    model: LatentDiffusion, image: RGBImage, config: WordsConfig, seed: int
) -> Iterator[tuple[int, Tensor]]:
    """Yield each time step of the settings with each of its noisy latents (1, C, h, w)."""
    latent = ImageViews(model, image).latent(whole_crop(model.side))[None]
    for timestep in config.timesteps:
        for number in range(config.noise_samples):
            stream = generator(seed, "words", timestep, number)
            noise = torch.randn(latent.shape, generator=stream)
            yield timestep, model.add_noise(latent, noise, timestep)


@torch.no_grad()
def _word_maps(
    model: LatentDiffusion,
    noisy: Tensor,
    timestep: int,
    context: TextContext,
    words: Sequence[Word],
    config: WordsConfig,
) -> dict[str, Tensor]:
    """Return the maps (W, h, w) of the words by layer, averaged over heads and word pieces."""
    layers = model.layers(config.layers)
    tokens = sorted({token for word in words for token in word.tokens})
    maps = model.attention(noisy, timestep, context, layers, tokens, config.softmax_over)
    rows = [[tokens.index(token) for token in word.tokens] for word in words]
    found = {}
    for layer in layers:
        mean = maps[layer][0].float().mean(dim=0).cpu()  # (h, w, n)
        found[layer] = torch.stack([mean[..., row].mean(dim=-1) for row in rows])
    return found
