"""The JSON of word maps."""

from typing import Any

from homologue.config import WordsConfig
from homologue.formats.match_json import image_json
from homologue.words.maps import WordMaps


def describe(
    maps: WordMaps, config: WordsConfig, *, model: str, dtype: str, seed: int, path: str
) -> dict[str, Any]:
    """Return the position of each word, and the settings that it depends on.

    Args:
        config: settings of the maps, except the threshold, which is `maps.threshold`.
        model: name of the model.
        dtype: precision of the model, such as `float32`.
        path: path of the image.
    """
    return {
        "image": image_json(path, maps.width, maps.height),
        "prompt": maps.prompt,
        "model": model,
        "dtype": dtype,
        "seed": seed,
        "settings": {
            "layers": config.layers,
            "timesteps": list(config.timesteps),
            "noises": config.noise_samples,
            "noise_samples": config.noise_samples,
            "over": config.softmax_over,
            "softmax_over": config.softmax_over,
            "threshold": maps.threshold,
        },
        "words": word_positions(maps),
    }


def word_positions(maps: WordMaps) -> list[dict[str, Any]]:
    """Return the position of each word, and in each layer if `maps.layers` is present."""
    by_layer = {path: _boxes_and_points(maps.of_layer(path)) for path in maps.layers or ()}
    entries = []
    for index, (word, position) in enumerate(zip(maps.words, _boxes_and_points(maps), strict=True)):
        entry = {"word": word.text, "start": word.start, "end": word.end, "tokens": word.tokens}
        entry |= {**position, "label": index + 1}
        if by_layer:
            entry["layers"] = {layer: positions[index] for layer, positions in by_layer.items()}
        entries.append(entry)
    return entries


def _boxes_and_points(maps: WordMaps) -> list[dict[str, Any]]:
    columns = zip(maps.peaks.tolist(), maps.centres.tolist(), maps.boxes.tolist(), strict=True)
    return [{"peak": peak, "centre": centre, "box": box} for peak, centre, box in columns]
