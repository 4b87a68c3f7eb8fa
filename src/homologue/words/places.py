"""What was found of words, as JSON has it."""

from typing import Any

from homologue.config import WordsConfig
from homologue.formats.match_json import image_json
from homologue.words.maps import WordMaps


def describe(
    maps: WordMaps, config: WordsConfig, *, model: str, dtype: str, seed: int, path: str
) -> dict[str, Any]:
    """Each word and where it is, and all that this depends on.

    Args:
        config: that the maps were made with; the threshold is the maps' own.
        model: its name.
        dtype: its precision.
        path: what the image is called.
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
        "words": places(maps),
    }


def places(maps: WordMaps) -> list[dict[str, Any]]:
    """Each word and where it is, in each layer too if the layers were kept."""
    alone = {path: _boxes_and_points(maps.of_layer(path)) for path in maps.layers or ()}
    found = []
    for index, (word, place) in enumerate(zip(maps.words, _boxes_and_points(maps), strict=True)):
        facts = {"word": word.text, "start": word.start, "end": word.end, "tokens": word.tokens}
        facts |= {**place, "label": index + 1}
        if alone:
            facts["layers"] = {layer: found_in[index] for layer, found_in in alone.items()}
        found.append(facts)
    return found


def _boxes_and_points(maps: WordMaps) -> list[dict[str, Any]]:
    parts = zip(maps.peaks.tolist(), maps.centres.tolist(), maps.boxes.tolist(), strict=True)
    return [{"peak": peak, "centre": centre, "box": box} for peak, centre, box in parts]
