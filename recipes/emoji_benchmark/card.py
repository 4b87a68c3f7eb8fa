"""The data card of the benchmark."""

from collections import Counter
from typing import Any

TEMPLATE = """# The `emoji` benchmark

The same things drawn by seven independent artists, with keypoints: a test of semantic
correspondence across style, in {images} pictures of {subjects} subjects.

    homologue evaluate emoji

## Data
| set | npm package | version | author | licence |
| --- | --- | --- | --- | --- |
{sets}

`licences.json` has the same with addresses, and the set and icon of every image. The pictures are
renderings, at 256 x 256 pixels with transparency, and keep the licences of their sets; those of
openmoji (`images/openmoji`) stay under CC-BY-SA-4.0. The annotations, pairs and code are under
homologue's licence, Apache-2.0.

## Annotation
The keypoints, 4 to 10 of a subject as a rule and never fewer than {least} of a drawing, were
annotated by looking at the pictures under a grid, and drawn into them again until they were right.
They are parts that are well defined in every style; one that is hidden or absent in a style is left
out there. `left` and `right` are the viewer's for what is seen from the front; sides seen in
profile are named `front`, `rear`, `near`, `far`.

{second}

## Splits
{splits}

`val` is for choosing settings, `test` for reported numbers. No subject is in both.

## Pairs
| kind | | val | test |
| --- | --- | --- | --- |
{kinds}

Every drawing is the source of two plain pairs, and every style is a target about equally often;
the posed pairs are the same with the target turned by up to 30 degrees either way, scaled by 0.6 to
0.95, shifted by up to half of what it has become smaller, on a plain ground with each channel from
0.2 to 1. Everything was drawn once with a fixed seed and is stored in `pairs.json`; posed pictures
are rendered from the drawing when they are read. Keypoints that a pose moves out of the picture are
left out of the pair.

A pair is `seen` if the built-in model was trained on both styles (without keypoints; on other
subjects and on these), and `unseen` if one of them is openmoji or emojione.

## Protocol
PCK@a: the share of points whose distance from the truth is at most a times a length. The length,
`bbox-kp`, is the longest side of the box of **all** annotated keypoints of the target, in the
target's own frame: posed where it is posed. Per point over all points, per image as the mean over
pairs of their shares.

## Limits
Drawings of one thing, centred, without a scene; few artists, {unseen} of whose styles are unseen.
Styles are not independent of each other everywhere: fluent-emoji and fluent-emoji-flat are one
design in two renderings, noto followed noto-v1. Posed pictures are flat transformations. Subjects
are those that most artists draw in the same view, and many are symmetric, where `left` and `right`
are decided by the view alone.
"""


def data_card(
    subjects: dict[str, Any],
    pairs: dict[str, list[dict[str, Any]]],
    sets: dict[str, dict[str, str]],
    second: dict[str, Any] | None,
) -> str:
    images = sum(len(facts["drawings"]) for facts in subjects.values())
    return TEMPLATE.format(
        images=images,
        subjects=len(subjects),
        least=min(
            len(drawing["keypoints"])
            for facts in subjects.values()
            for drawing in facts["drawings"].values()
        ),
        sets="\n".join(set_row(name, facts) for name, facts in sets.items()),
        second=second_pass(second),
        splits="\n".join(split_row(split, subjects) for split in pairs),
        kinds="\n".join(kind_row(kind, pairs) for kind in KINDS),
        unseen="two",
    )


KINDS = {
    "plain": "a subject in two styles, as drawn, on white",
    "posed": "the same, the target posed, on colour",
    "cross": "different subjects that share at least 3 keypoint names, as drawn, on white",
}


def set_row(name: str, facts: dict[str, str]) -> str:
    author = f"[{facts['author']}]({facts['author_url']})"
    licence = f"[{facts['licence']}]({facts['licence_url']})"
    return f"| {name} | {facts['package']} | {facts['version']} | {author} | {licence} |"


def split_row(split: str, subjects: dict[str, Any]) -> str:
    names = [name for name, facts in subjects.items() if facts["split"] == split]
    return f"- `{split}` ({len(names)}): {', '.join(names)}" if names else f"- `{split}`: none yet"


def kind_row(kind: str, pairs: dict[str, list[dict[str, Any]]]) -> str:
    counts = {split: Counter(pair["kind"] for pair in some)[kind] for split, some in pairs.items()}
    return f"| {kind} | {KINDS[kind]} | {counts['val']} | {counts['test']} |"


def second_pass(found: dict[str, Any] | None) -> str:
    if found is None:
        return "A second, independent pass over a part of them is to come."
    side, wrong = found["shares_of_side"], found["percent_beyond"]
    return (
        "A second pass by the same written rules, without sight of the first's places, over "
        f"{found['subjects']} subjects ({found['points']} points "
        f"in {found['drawings']} drawings) differs from the first by {100 * side['median']:.1f} % "
        f"of the side (median; 90 % of the points: by less than {100 * side['90%']:.1f} %). "
        f"{wrong['0.1']:.1f} % of the points differ by more than the threshold of PCK@0.1 and "
        f"{wrong['0.05']:.1f} % by more than that of PCK@0.05: no method can be expected to do "
        "better than that."
    )
