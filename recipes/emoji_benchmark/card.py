"""Write the data card of the benchmark."""

from collections import Counter
from typing import Any

TEMPLATE = """# The `emoji` benchmark

Keypoints on drawings of the same subjects by seven independent artists: a test of semantic
correspondence across style, with {images} images of {subjects} subjects.

    homologue evaluate emoji

## Data
| set | npm package | version | author | licence |
| --- | --- | --- | --- | --- |
{sets}

`licences.json` lists the same with addresses, and the set and icon of every image. The images are
renderings of 256 x 256 pixels with transparency and keep the licences of their sets; those of
openmoji (`images/openmoji`) are under CC-BY-SA-4.0. The annotations, pairs and code are under
homologue's licence, Apache-2.0.

## Annotation
Each subject has 4 to 10 keypoints as a rule, each drawing at least {least}. They were annotated on
the images under a grid, drawn into the images and corrected. Keypoints are parts that are well
defined in every style; a part that is hidden or absent in a style is left out there. `left` and
`right` are the viewer's for subjects seen from the front; sides of subjects in profile are named
`front`, `rear`, `near`, `far`.

{second}

## Splits
{splits}

`val` is for choosing settings, `test` for reported numbers. No subject is in both.

## Pairs
| kind | | val | test |
| --- | --- | --- | --- |
{kinds}

Every drawing is the source of two plain pairs, and every style is a target about equally often. The
posed pairs are the same, with the target rotated by up to 30 degrees either way, scaled by 0.6 to
0.95, shifted by up to half of the margin that scaling leaves, on a plain background with each
channel from 0.2 to 1. All pairs were drawn once with a fixed seed and are stored in `pairs.json`;
posed images are rendered on reading. Keypoints that a pose moves out of the image are left out of
the pair.

A pair is `seen` if the built-in model was trained on both styles (without keypoints; on these and
other subjects), and `unseen` if one of the styles is openmoji or emojione.

## Protocol
PCK@a: the share of points whose distance from the ground truth is at most a times a length. The
length, `bbox-kp`, is the longest side of the box of **all** annotated keypoints of the target,
after its pose. Averages: per point, over all points; per image, over the PCK of the pairs.

## Limits
The drawings show a single, centred subject without a scene. The artists are few, and {unseen} of
their styles are unseen. Some styles are related: fluent-emoji and fluent-emoji-flat are one design
in two renderings, and noto succeeded noto-v1. Poses are planar transformations. Subjects were
chosen that most artists draw in the same view; many are symmetric, so that only the view
distinguishes `left` and `right`.
"""


def data_card(
    subjects: dict[str, Any],
    pairs: dict[str, list[dict[str, Any]]],
    sets: dict[str, dict[str, str]],
    second: dict[str, Any] | None,
) -> str:
    """Return the data card in Markdown.

    Args:
        subjects: Split and drawings by subject, as in annotations.json.
        pairs: Pairs by split, as in pairs.json.
        sets: Licences of the icon sets, as in licences.json.
        second: Output of disagreement.py; None without a second annotation.
    """
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
    counts = {
        split: Counter(pair["kind"] for pair in split_pairs)[kind]
        for split, split_pairs in pairs.items()
    }
    return f"| {kind} | {KINDS[kind]} | {counts['val']} | {counts['test']} |"


def second_pass(disagreement: dict[str, Any] | None) -> str:
    if disagreement is None:
        return "A second annotation of a part of them is not available yet."
    side, wrong = disagreement["shares_of_side"], disagreement["percent_beyond"]
    return (
        "A second annotation by the same written rules, without access to the first, of "
        f"{disagreement['subjects']} subjects ({disagreement['points']} points "
        f"in {disagreement['drawings']} drawings) differs from the first by "
        f"{100 * side['median']:.1f} % of the side (median; 90 % of the points: by less than "
        f"{100 * side['90%']:.1f} %). "
        f"{wrong['0.1']:.1f} % of the points differ by more than the threshold of PCK@0.1 and "
        f"{wrong['0.05']:.1f} % by more than that of PCK@0.05: no method can be expected to do "
        "better than that."
    )
