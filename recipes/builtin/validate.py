"""Correspondence between styles by nearest neighbours of the queries, beside doing nothing.

    python validate.py RUN

The hand-annotated keypoints of the emoji benchmark's `val` subjects are carried from every style of
a subject to every other. `plain` targets are as drawn;
`posed` ones are turned up to 30 degrees, scaled 0.6 to 0.95, shifted, on coloured grounds.
`seen` pairs lie within the training sets, `unseen` pairs touch a set that was never trained on.
PCK@0.1 per point; threshold: 0.1 x the longest side of the box of the target's keypoints.
`held_out` needs no annotation: points of icons whose names were kept from training, found in posed
views of the same icons, to within 5 % of the side.
Logs to `RUN/validation.jsonl`.
"""

import argparse
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from icon_batches import IconPool
from icons import EVALUATION_SETS, TRAINING_SETS, load_set
from losses import cell_centres, features, matched_points
from model import Model, averaged_model, tokenizer_of
from progress import log
from reading import ALL_LAYERS, TIME_STEP, Reader
from torch import Tensor
from transformers import CLIPTokenizer
from views import Views, apply, plain_views, posed_views

KEYPOINTS = Path(__file__).parents[2] / "src/homologue/datasets/emoji/annotations.json"
ALPHA = 0.1
GRID = 48  # candidate places a side in the target


@dataclass(frozen=True)
class Drawing:
    """One annotated icon: its subject, its set, its name there, its keypoints in [-1, 1]."""

    subject: str
    style: str
    icon: str
    keypoints: dict[str, tuple[float, float]]


def read_drawings(split: str = "val") -> list[Drawing]:
    drawings = []
    for subject, facts in json.loads(KEYPOINTS.read_text()).items():
        for style, drawing in facts["drawings"].items() if facts["split"] == split else ():
            points = {name: (2 * x - 1, 2 * y - 1) for name, (x, y) in drawing["keypoints"].items()}
            drawings.append(Drawing(subject, style, drawing["icon"], points))
    return drawings


def read_icons(run: Path, drawings: list[Drawing]) -> Tensor:
    """(drawings, S, S, 4) uint8"""
    sets = {name: load_set(run, name) for name in {**TRAINING_SETS, **EVALUATION_SETS}}
    chosen = [(sets[drawing.style], drawing.icon) for drawing in drawings]
    return torch.stack([torch.tensor(s.pixels[s.names.index(icon)]) for s, icon in chosen])


def nearest(here: list[Tensor], there: list[Tensor], places: Tensor) -> Tensor:
    """Places (P, 2) of the features most similar to the given ones.

    `here` (P, F) and `there` (N, F), a noise each, `there` at `places` (N, 2).
    """
    similarity = torch.stack([a @ b.T for a, b in zip(here, there, strict=True)]).mean(0)
    return places[similarity.argmax(-1)]


def correct(found: Tensor, truth: Tensor, box_of: Tensor) -> list[bool]:
    """Whether points (P, 2) lie within the threshold of the box of all the target's keypoints."""
    longest = (box_of.amax(0) - box_of.amin(0)).max()
    hits: list[bool] = ((found - truth).norm(dim=-1) <= ALPHA * longest).tolist()
    return hits


def score(drawings: list[Drawing], source: list[list[Tensor]], target: list[list[Tensor]],
          views: Views, condition: str) -> dict[str, float]:  # fmt: skip
    """PCK@0.1 in percent of the model and of the identity, of seen and unseen pairs."""
    hits: dict[str, list[bool]] = {}
    places = cell_centres(GRID)
    there = [features(queries, places.expand(len(drawings), -1, -1)) for queries in target]
    for a, b in itertools.permutations(range(len(drawings)), 2):
        one, other = drawings[a], drawings[b]
        if one.subject != other.subject:
            continue
        names = [name for name in one.keypoints if name in other.keypoints]
        points = torch.tensor([one.keypoints[name] for name in names])
        in_view = apply(views.maps[b : b + 1], torch.tensor(list(other.keypoints.values()))[None])
        truth = in_view[0, [list(other.keypoints).index(name) for name in names]]
        seen = {one.style, other.style} <= TRAINING_SETS.keys()
        kind = f"{condition}_{'seen' if seen else 'unseen'}"
        here = [features([q[a, None] for q in queries], points[None])[0] for queries in source]
        found = nearest(here, [feats[b] for feats in there], places)
        hits.setdefault(kind, []).extend(correct(found, truth, in_view[0]))
        hits.setdefault(f"{kind}_identity", []).extend(correct(points, truth, in_view[0]))
    return {kind: 100 * sum(values) / len(values) for kind, values in hits.items()}


def held_out_accuracy(reader: Reader, pool: IconPool) -> float:
    """Percent of random points of unseen subjects found again in posed views of the same icons."""
    icons = pool.sample(np.random.default_rng(0), len(pool.names), 1).icons
    plain, posed = plain_views(icons), posed_views(icons)
    points, truth, _ = matched_points(plain, posed, 16)
    places = cell_centres(GRID)
    source, target = reader.queries(plain.images), reader.queries(posed.images)
    here = [features(queries, points) for queries in source]
    there = [features(queries, places.expand(len(icons), -1, -1)) for queries in target]
    hits = []
    for row in range(len(icons)):
        found = nearest([feats[row] for feats in here], [feats[row] for feats in there], places)
        hits += ((found - truth[row]).norm(dim=-1) <= 2 * 0.05).tolist()
    return 100 * sum(hits) / len(hits)


class Validation:
    """What a run's models are validated on: the same poses each time."""

    def __init__(self, run: Path, vae: AutoencoderKL, tokenizer: CLIPTokenizer) -> None:
        self.run, self.vae, self.tokenizer = run, vae, tokenizer
        self.drawings = read_drawings()
        self.icons = read_icons(run, self.drawings)
        self.held_out = IconPool.training(run, True)

    @torch.no_grad()
    def scores(self, reader: Reader) -> dict[str, float]:
        torch.manual_seed(0)
        plain, posed = plain_views(self.icons), posed_views(self.icons)
        source = reader.queries(plain.images)
        scores = score(self.drawings, source, source, plain, "plain")
        scores |= score(self.drawings, source, reader.queries(posed.images), posed, "posed")
        return scores | {"held_out": held_out_accuracy(reader, self.held_out)}

    def log(
        self, model: Model, step: int, minutes: float,
        time_step: int = TIME_STEP, layers: Sequence[int] = ALL_LAYERS,
    ) -> None:  # fmt: skip
        scores = self.scores(Reader(model, self.vae, self.tokenizer, time_step, layers))
        read = {} if time_step == TIME_STEP else {"time_step": time_step}
        read |= {} if list(layers) == list(ALL_LAYERS) else {"layers": str(list(layers))}
        log(self.run / "validation.jsonl", step=step, minutes=minutes, **scores, **read)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--time-step", type=int, default=TIME_STEP)
    parser.add_argument("--layers", type=int, nargs="*", default=list(ALL_LAYERS),
                        help="of unet.LAYERS, counted from 0")  # fmt: skip
    args = parser.parse_args()
    tokenizer = tokenizer_of(args.run, [])
    model, step, minutes = averaged_model(args.run / "model.pt", tokenizer)
    vae = AutoencoderKL.from_pretrained(args.run / "vae")
    Validation(args.run, vae, tokenizer).log(model, step, minutes, args.time_step, args.layers)


if __name__ == "__main__":
    main()
