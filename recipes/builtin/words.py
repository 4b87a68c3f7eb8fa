"""What the built-in model knows of words, measured; rewrites the tables of docs/notes/words.md.

    python words.py [--model builtin]      # half an hour on two cores; the picture too

A map is worth something if it lights up on the part that its word names, and another word in the
same place of the same caption does not. Maps favour some places of a drawing whatever the word, so
that is the control that counts; the share of the picture that the part covers is only printed
beside it.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from captioned import Box, Captioned, on_white, read_captioned
from naming import named_line, points_named
from torch import Tensor
from words_report import Line, draw_sheet, interval, report, rewrite

import homologue
from homologue import WordsConfig
from homologue.datasets.emoji.drawings import drawings

MARGIN = 0.05  # of the side: so far beside its box a peak still counts as on the part
OTHERS = 3  # other words that take the place of one
DEFAULT = WordsConfig()
READINGS = {
    "default: softmax over tokens, `up[:4]`, time steps 50, 200, 400": DEFAULT,
    "softmax over positions": replace(DEFAULT, softmax_over="positions"),
    "all layers": replace(DEFAULT, layers="down,mid,up"),
    "time step 50 alone": replace(DEFAULT, timesteps=(50,)),
    "time step 200 alone": replace(DEFAULT, timesteps=(200,)),
    "time step 400 alone": replace(DEFAULT, timesteps=(400,)),
}


@dataclass(frozen=True)
class Seen:
    """What a word and the others in its place do on one drawing; all in [0, 1].

    `hit`: the peak is on the part. `area`: the probability that a place of the part lies higher
    than a place beside it. `chance`: the share of the picture where a peak would be a hit.
    """

    name: str
    group: str
    hit: float
    other_hit: float
    chance: float
    area: float
    other_area: float


def inside(boxes: Sequence[Box], side: int, margin: float = 0.0) -> Tensor:
    """Where a map (side, side) is in any of the boxes: bool."""
    line = (torch.arange(side) + 0.5) / side
    x, y = line[None, :], line[:, None]
    grown = [(le - margin, to - margin, ri + margin, bo + margin) for le, to, ri, bo in boxes]
    return torch.stack(
        [(x >= le) & (x <= ri) & (y >= to) & (y <= bo) for le, to, ri, bo in grown]
    ).any(dim=0)


def area_above(heat: Tensor, part: Tensor) -> float:
    """The probability that a place of the part (h, w) has more heat than a place beside it."""
    ranks = torch.empty(heat.numel(), dtype=torch.float64)
    ranks[heat.flatten().argsort()] = torch.arange(1.0, heat.numel() + 1, dtype=torch.float64)
    chosen = part.flatten()
    count, rest = int(chosen.sum()), int((~chosen).sum())
    return float((ranks[chosen].sum() - count * (count + 1) / 2) / (count * rest))


def compared(
    name: str, group: str, maps: Sequence[Tensor], boxes: Sequence[Box], margin: float = 0.0
) -> Seen:
    """What maps (side, side) do on a picture: the first is the word's, the rest the others'."""
    side = maps[0].shape[-1]
    near, part = inside(boxes, side, margin).flatten(), inside(boxes, side)
    hits = [float(near[int(heat.argmax())]) for heat in maps]
    areas = [area_above(heat, part) for heat in maps]
    return Seen(
        name, group, hits[0], float(np.mean(hits[1:])), float(near.float().mean()),
        areas[0], float(np.mean(areas[1:])),
    )  # fmt: skip


def others_of(drawing: Captioned, every: Sequence[Captioned]) -> list[str]:
    """Parts of other drawings, always the same ones, that this caption does not name."""
    parts = sorted({one.part for one in every})
    start = parts.index(drawing.part)
    turned = [parts[(start + 1 + 7 * i) % len(parts)] for i in range(len(parts))]
    return [word for word in turned if word not in drawing.caption.split()][:OTHERS]


def parts_seen(
    model: homologue.LatentDiffusion, every: Sequence[Captioned], config: WordsConfig
) -> list[Seen]:
    """How often the peak of the part's word lies on the part."""
    found = []
    for drawing in every:
        image, boxes = drawing.read(), drawing.boxes[drawing.part]
        words = [drawing.part, *others_of(drawing, every)]
        prompts = [drawing.caption.replace(drawing.part, word, 1) for word in words]
        maps = [
            homologue.attend(model, image, prompt, words=[word], config=config).maps[0]
            for prompt, word in zip(prompts, words, strict=True)
        ]
        name = f"{drawing.caption} ({drawing.style}): {drawing.part}"
        found.append(compared(name, drawing.icon, maps, boxes, MARGIN))
        print(name, "hit" if found[-1].hit else "miss", flush=True)
    return found


def subjects_seen(model: homologue.LatentDiffusion) -> list[Seen]:
    """Whether the name of a whole subject lights up on it rather than on the ground."""
    one_each = dict(sorted(drawings()))
    names = sorted(one_each)
    found = []
    for index, subject in enumerate(names):
        rgba = drawings()[subject, one_each[subject]].read()
        image, drawn = on_white(rgba), rgba[3] > 0.5
        prompts = [names[(index + 11 * i) % len(names)].replace("-", " ") for i in range(OTHERS)]
        hits, areas = [], []
        for prompt in prompts:
            maps = homologue.attend(model, image, prompt)
            x, y = maps.peaks[-1].long().tolist()
            hits.append(float(drawn[y, x]))
            side = maps.maps.shape[-1]
            small = torch.nn.functional.interpolate(drawn[None, None].float(), (side, side))[0, 0]
            areas.append(area_above(maps.maps[-1], small > 0.5))
        found.append(
            Seen(
                f"{prompts[0]} ({one_each[subject]})", subject, hits[0],
                float(np.mean(hits[1:])), float(drawn.float().mean()), areas[0],
                float(np.mean(areas[1:])),
            )
        )  # fmt: skip
    return found


def line(name: str, seen: Sequence[Seen]) -> Line:
    """Averages over drawings, in percent, and the interval of what the word itself adds."""
    return Line(
        name,
        len(seen),
        *(100 * float(np.mean([getattr(one, key) for one in seen]))
          for key in ("hit", "other_hit", "chance", "area", "other_area")),
        interval([(one.group, one.hit - one.other_hit) for one in seen]),
        interval([(one.group, one.area - one.other_area) for one in seen]),
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="builtin")
    args = parser.parse_args()
    model = homologue.load(args.model, device="cpu")
    every = read_captioned()
    readings = {name: parts_seen(model, every, config) for name, config in READINGS.items()}
    parts = readings[next(iter(READINGS))]
    styles = {"seen": "styles trained on", "unseen": "styles never seen"}
    groups = [line("all", parts)]
    for key, name in styles.items():
        groups.append(line(name, [p for p, d in zip(parts, every, strict=True)
                                  if d.seen == (key == "seen")]))  # fmt: skip
    subjects = line("whole subjects, `emoji` benchmark", subjects_seen(model))
    named = [named_line(name, found) for name, found in points_named(model).items()]
    text = report(
        model.name, model.fingerprint, groups, subjects,
        [line(name, seen) for name, seen in readings.items()], named,
        [one.name for one in parts if one.hit], [one.name for one in parts if not one.hit],
    )  # fmt: skip
    rewrite(text)
    print(text)
    some = [(drawing, drawing.read()) for drawing in every[::5]]
    draw_sheet([(d, i, homologue.attend(model, i, d.caption, words=[d.part])) for d, i in some])


if __name__ == "__main__":
    main()
