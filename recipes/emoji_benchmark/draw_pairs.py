"""Draw the pairs of the benchmark and the poses of their targets.

The seed of each draw includes its purpose and subject, so that new subjects do not change the plain
and posed pairs of the others.
"""

import itertools
import math
from random import Random
from typing import Any

SEED = 0
TARGETS = 2  # number of targets of each drawing, among the other styles
CROSS = {"val": 60, "test": 150}
MIN_COMMON = 3  # common keypoints of a pair
MAX_ATTEMPTS = 200  # to draw targets or a pose with enough common keypoints

Subjects = dict[str, Any]
JSONObject = dict[str, Any]


def draw_pairs(subjects: Subjects) -> dict[str, list[JSONObject]]:
    """Return the pairs of each split."""
    pairs: dict[str, list[JSONObject]] = {}
    for split, count in CROSS.items():
        members = {name: facts for name, facts in subjects.items() if facts["split"] == split}
        drawn = [pair for name in members for pair in within(name, members[name]["drawings"])]
        pairs[split] = drawn + across(split, members, count)
    return pairs


def within(subject: str, drawings: JSONObject) -> list[JSONObject]:
    """Return a plain and a posed pair of a subject for each source and target style."""
    pairs = []
    for source, target in targets(subject, drawings):
        ends = {"source": [subject, source], "target": [subject, target]}
        pose = draw_pose(subject, source, target, drawings)
        pairs += [{"kind": "plain", **ends}, {"kind": "posed", **ends, "pose": pose}]
    return pairs


def targets(subject: str, drawings: JSONObject) -> list[tuple[str, str]]:
    """Return (source, target) for each style and TARGETS others, each style equally often.

    The styles are arranged in a circle in random order; the targets are at TARGETS random offsets.
    If no attempt yields enough common keypoints for all pairs, the best is returned.
    """
    random = Random(f"{SEED} targets {subject}")
    count = len(drawings)
    best: list[tuple[str, str]] = []
    for _ in range(MAX_ATTEMPTS):
        circle = random.sample(sorted(drawings), count)
        steps = random.sample(range(1, count), min(TARGETS, count - 1))
        index_of = {style: index for index, style in enumerate(circle)}
        pairs = [(style, circle[(index_of[style] + step) % count])
                 for style in drawings for step in steps]  # fmt: skip
        valid = [pair for pair in pairs if len(common(*(drawings[s] for s in pair))) >= MIN_COMMON]
        if len(valid) > len(best):
            best = valid
        if len(valid) == len(pairs):
            break
    return best


def common(drawing: JSONObject, other: JSONObject) -> list[str]:
    """Return the names of the keypoints of both drawings."""
    return [name for name in drawing["keypoints"] if name in other["keypoints"]]


def draw_pose(subject: str, source: str, target: str, drawings: JSONObject) -> JSONObject:
    """Draw a rotation of up to 30 degrees, a scale of 0.6 to 0.95, a shift and a background colour.

    Repeat until MIN_COMMON common keypoints stay inside the image, or all of them if there are
    fewer.
    """
    random = Random(f"{SEED} pose {subject} {source} {target}")
    names = common(drawings[source], drawings[target])
    for _ in range(MAX_ATTEMPTS):
        scale = round(random.uniform(0.6, 0.95), 4)
        max_shift = (1 - scale) / 2
        pose = {
            "angle": round(random.uniform(-30, 30), 2),
            "scale": scale,
            "shift": [round(random.uniform(-max_shift, max_shift), 4) for _ in range(2)],
            "colour": [random.randint(51, 255) for _ in range(3)],
        }
        visible = [name for name in names if inside(pose, drawings[target]["keypoints"][name])]
        if len(visible) >= min(MIN_COMMON, len(names)):
            return pose
    raise SystemExit(f"{subject}: no pose keeps the keypoints of {target} inside")


def inside(pose: JSONObject, point: list[float]) -> bool:
    """Return whether a posed point, as fractions of the side, stays inside the image."""
    angle = math.radians(pose["angle"])
    cos, sin = pose["scale"] * math.cos(angle), pose["scale"] * math.sin(angle)
    x, y = point[0] - 0.5, point[1] - 0.5
    posed = cos * x - sin * y + pose["shift"][0], sin * x + cos * y + pose["shift"][1]
    return all(abs(coordinate) <= 0.5 for coordinate in posed)


def across(split: str, subjects: Subjects, count: int) -> list[JSONObject]:
    """Draw pairs of different subjects with common keypoints, evenly over the subjects."""
    random = Random(f"{SEED} cross {split}")
    queues = []
    for source, target in itertools.permutations(subjects, 2):
        pairs = [
            {"kind": "cross", "source": [source, a], "target": [target, b]}
            for a, source_drawing in subjects[source]["drawings"].items()
            for b, target_drawing in subjects[target]["drawings"].items()
            if len(common(source_drawing, target_drawing)) >= MIN_COMMON
        ]
        random.shuffle(pairs)
        queues.append(pairs)
    random.shuffle(queues)
    rounds = itertools.chain.from_iterable(itertools.zip_longest(*queues))
    drawn = list(itertools.islice((pair for pair in rounds if pair), count))
    return sorted(drawn, key=lambda pair: (pair["source"], pair["target"]))
