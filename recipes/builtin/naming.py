"""Whether the words nearest to a fitted point name it, measured on the `emoji` benchmark."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from captioned import on_white
from words_report import Line, interval

import homologue
from homologue.datasets.emoji.drawings import drawings
from homologue.diffusion.loading.text_encoder import text_encoder
from homologue.words.nearest import similarities
from homologue.words.vocabulary import vocabulary_states

POINTS = 4  # keypoints of a drawing that are fitted and named


@dataclass(frozen=True)
class Named:
    """Where a word that is right comes among all words for one point; 0 is first, 1 is last."""

    group: str
    rank: float
    other_rank: float
    among_ten: bool
    other_among_ten: float


def points_named(model: homologue.LatentDiffusion) -> dict[str, list[Named]]:
    """Ranks of the subject's words and of the part's, against their ranks for other points."""
    words, states = vocabulary_states(text_encoder(model))
    styles = dict(sorted(drawings()))
    owners: list[tuple[str, str]] = []
    ranks = []
    for subject, style in styles.items():
        drawing = drawings()[subject, style]
        image = on_white(drawing.read())
        embeddings = homologue.fit(model, image, drawing.keypoints[:POINTS])
        similar = similarities(model, embeddings, states, states)
        ranks.append((-similar).argsort(dim=-1).argsort(dim=-1))
        owners += [(subject, name) for name in drawing.names[:POINTS]]
        print(subject, "named", flush=True)
    table = torch.cat(ranks).double().numpy()
    return {
        "the subject's words": _named(table, words, owners, [s.split("-") for s, _ in owners]),
        "the part's words": _named(table, words, owners, [_forms(name) for _, name in owners]),
    }


def _forms(keypoint: str) -> list[str]:
    """`left_ear_tip`: left, ear, tip and their plurals."""
    parts = keypoint.split("_")
    return [*parts, *(f"{part}s" for part in parts)]


def _named(
    table: np.ndarray, words: Sequence[str], owners: Sequence[tuple[str, str]],
    right: Sequence[Iterable[str]],
) -> list[Named]:  # fmt: skip
    found = []
    for row, (subject, _) in enumerate(owners):
        for word in set(right[row]) & set(words):
            column = table[:, words.index(word)]
            elsewhere = np.array([word not in names for names in right])
            found.append(
                Named(
                    subject,
                    column[row] / len(words),
                    float(column[elsewhere].mean()) / len(words),
                    bool(column[row] < 10),
                    float((column[elsewhere] < 10).mean()),
                )
            )
    return found


def named_line(name: str, named: Sequence[Named]) -> Line:
    return Line(
        name, len(named),
        *(100 * float(np.mean([getattr(one, key) for one in named]))
          for key in ("among_ten", "other_among_ten")),
        0.0,
        *(100 * float(np.mean([1 - getattr(one, key) for one in named]))
          for key in ("rank", "other_rank")),
        interval([(one.group, one.among_ten - one.other_among_ten) for one in named]),
        interval([(one.group, one.other_rank - one.rank) for one in named]),
    )  # fmt: skip
