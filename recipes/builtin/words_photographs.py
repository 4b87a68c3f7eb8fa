"""Words on the photographs of PF-Willow: how often the peak of an object's word lies on it.

    python words_photographs.py WILLOW [--model builtin] [--readings] [--write]

prints the tables in Markdown, in two minutes on one core. `--readings` also compares settings on
the photographs of the sub-classes CHOOSING, in three minutes more. `--write` rewrites the tables in
docs/notes/words.md.

The objects have no annotated boxes: the box is that of the ten keypoints, which is smaller than the
object. For each photograph, the word of its object is compared with the words of the other three,
each in its own caption. The same is measured for class activation maps (Zhou et al. 2016, arXiv
1512.04150) of EfficientNet-Lite0, whose packages representation.py names.
"""

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from captioned import Box
from neighbours import CHOOSING
from photographs import resized
from torch import Tensor
from torch.nn import functional
from words import READINGS, Seen, compared, line
from words_report import HEAD, Line, rewrite, table

import homologue
from homologue import WordsConfig
from homologue.datasets.base import BenchmarkImage, Pair, get_benchmark
from homologue.images import RGBImage

CLASSIFIER = "efficientnet-lite0"
CLASSIFIER_SIDE = 224  # pixels that it was trained with


@dataclass(frozen=True)
class Thing:
    """An object: a caption, the word of the caption that names it, and ImageNet's classes of it."""

    caption: str
    word: str
    classes: tuple[int, ...]  # in the usual order, in which 0 is tench and 999 toilet tissue


THINGS = {  # by the first part of a sub-class: `car` of `car(G)`
    # station wagon, taxi, convertible, jeep, limousine, minivan, Model T, pickup, racer, sports car
    "car": Thing("a car on a street", "car", (436, 468, 511, 609, 627, 656, 661, 717, 751, 817)),
    "duck": Thing("a duck", "duck", (97, 98, 99)),  # drake, merganser, goose
    "motorbike": Thing("a motorcycle", "motorcycle", (665, 670)),  # moped, motor scooter
    # beer bottle, wine bottle, red wine
    "winebottle": Thing("a wine bottle", "bottle", (440, 907, 966)),
}


@dataclass(frozen=True)
class Sight:
    """A photograph and the box of its object, as shares of the sides."""

    name: str
    thing: str
    chosen_on: bool
    image: BenchmarkImage
    box: Box

    @property
    def centred(self) -> bool:
        """Whether the centre of the photograph is in the box."""
        left, top, right, bottom = self.box
        return left <= 0.5 <= right and top <= 0.5 <= bottom


def distinct(pairs: Iterable[Pair]) -> list[Sight]:
    """Return each photograph once: sub-classes share files, such as `car(G)` and `car(M)`.

    A photograph of which one copy is in CHOOSING is chosen on.
    """
    copies: dict[str, list[Pair]] = {}
    for pair in pairs:
        copies.setdefault(Path(pair.source.key).name, []).append(pair)
    found = []
    for name, same in sorted(copies.items()):
        image, points = same[0].source.read(), same[0].source_points
        relative = points / points.new_tensor([image.width, image.height])
        box = [*relative.amin(0).tolist(), *relative.amax(0).tolist()]
        chosen_on = any(pair.category in CHOOSING for pair in same)
        thing = same[0].category.partition("(")[0]
        found.append(Sight(name, thing, chosen_on, same[0].source, box))
    return found


Maps = Callable[[RGBImage, Thing], Tensor]
"""The map (side, side) of an object over an image that is resized to a square."""


def word_maps(model: homologue.LatentDiffusion, config: WordsConfig) -> Maps:
    def read(image: RGBImage, thing: Thing) -> Tensor:
        maps = homologue.attend(model, image, thing.caption, words=[thing.word], config=config)
        return maps.maps[0]

    return read


def activation_maps(network: Any, side: int) -> Maps:
    """Maps of a classifier: the highest activation among the classes of an object."""

    @torch.no_grad()
    def read(image: RGBImage, thing: Thing) -> Tensor:
        pixels = resized(image.pixels * 2 - 1, CLASSIFIER_SIDE)[None]
        head, classes = network._fc, list(thing.classes)
        features = network.extract_features(pixels)[0].movedim(0, -1)
        activation = features @ head.weight[classes].T + head.bias[classes]
        highest = activation.amax(-1)[None, None]
        return functional.interpolate(highest, (side, side), mode="bilinear")[0, 0]

    return read


def objects_seen(sights: Sequence[Sight], maps: Maps) -> list[Seen]:
    """How often the peak of the object's map lies in its box, and those of the other objects."""
    found = []
    for sight in sights:
        image = sight.image.read()
        others = [thing for name, thing in THINGS.items() if name != sight.thing]
        each = [maps(image, thing) for thing in (THINGS[sight.thing], *others)]
        found.append(compared(sight.name, sight.name, each, [sight.box]))
    return found


def lines(sights: Sequence[Sight], seen: Sequence[Seen]) -> list[Line]:
    """The photographs that are chosen on, the others, and each object's."""
    groups = {"sub-classes to choose on": [sight.chosen_on for sight in sights]}
    groups["the others"] = [not sight.chosen_on for sight in sights]
    for name, thing in THINGS.items():
        groups[f'"{thing.caption}": {thing.word}'] = [sight.thing == name for sight in sights]
    return [
        line(name, [one for one, member in zip(seen, members, strict=True) if member])
        for name, members in groups.items()
        if any(members)
    ]


def report(sights: Sequence[Sight], words: Sequence[Seen], activations: Sequence[Seen]) -> str:
    """The tables in Markdown."""
    centred = [
        100 * float(np.mean([sight.centred for sight in sights if sight.chosen_on == chosen_on]))
        for chosen_on in (True, False)
    ]
    return "\n\n".join([
        f"{len(sights)} distinct photographs. The centre of the photograph is in the box in"
        f" {centred[0]:.0f} % of those to choose on and {centred[1]:.0f} % of the others.",
        "**Word maps**",
        table(BOX_HEAD, [one.seen() for one in lines(sights, words)]),
        f"**Class activation maps** of {CLASSIFIER}",
        table(BOX_HEAD, [one.seen() for one in lines(sights, activations)]),
    ])  # fmt: skip


BOX_HEAD = HEAD.replace("peak on the part", "peak in the box")


def readings(sights: Sequence[Sight], model: homologue.LatentDiffusion) -> str:
    """The table of ways to read, on the photographs that are chosen on."""
    chosen = [sight for sight in sights if sight.chosen_on]
    rows = [line(name, objects_seen(chosen, word_maps(model, config)))
            for name, config in READINGS.items()]  # fmt: skip
    head = "**Ways to read**, on the sub-classes to choose on"
    return f"{head}\n\n{table(BOX_HEAD, [row.seen() for row in rows])}"


def main() -> None:
    # Here and not above: only the classifier needs its packages.
    from representation import read_network

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("willow", type=Path, help="folder of PF-Willow")
    parser.add_argument("--model", default="builtin")
    parser.add_argument("--readings", action="store_true", help="compare settings, too")
    parser.add_argument("--write", action="store_true", help="rewrite docs/notes/words.md")
    args = parser.parse_args()
    torch.set_num_threads(1)
    model = homologue.load(args.model, device="cpu")
    sights = distinct(get_benchmark("pf-willow", args.willow).pairs("test"))
    words = objects_seen(sights, word_maps(model, WordsConfig()))
    classifier = activation_maps(read_network(CLASSIFIER), model.side)
    parts = [
        f"Model `{args.model}`, fingerprint `{model.fingerprint}`.",
        report(sights, words, objects_seen(sights, classifier)),
    ]
    if args.readings:
        parts.append(readings(sights, model))
    text = "\n\n".join(parts)
    print(text)
    if args.write:
        rewrite(text, Path(__file__).name)


if __name__ == "__main__":
    main()
