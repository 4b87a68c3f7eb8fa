"""Which drawings of the benchmark are compared, and how the posed ones are posed.

Every draw is seeded by what it is for, so that subjects can be added without changing the plain
and posed pairs of the others.
"""

import itertools
import math
from random import Random
from typing import Any

SEED = 0
TARGETS = 2  # of every drawing, among the other styles
CROSS = {"val": 60, "test": 150}
LEAST_SHARED = 3  # keypoints of a cross pair
ATTEMPTS = 200  # at poses and styles that leave enough keypoints

Subjects = dict[str, Any]
Facts = dict[str, Any]


def draw_pairs(subjects: Subjects) -> dict[str, list[Facts]]:
    """The pairs of each split."""
    pairs: dict[str, list[Facts]] = {}
    for split, count in CROSS.items():
        chosen = {name: facts for name, facts in subjects.items() if facts["split"] == split}
        drawn = [pair for name in chosen for pair in within(name, chosen[name]["drawings"])]
        pairs[split] = drawn + across(split, chosen, count)
    return pairs


def within(subject: str, drawings: Facts) -> list[Facts]:
    """A plain and a posed pair for each choice of source and target."""
    pairs = []
    for source, target in targets(subject, drawings):
        ends = {"source": [subject, source], "target": [subject, target]}
        pose = draw_pose(subject, source, target, drawings)
        pairs += [{"kind": "plain", **ends}, {"kind": "posed", **ends, "pose": pose}]
    return pairs


def targets(subject: str, drawings: Facts) -> list[tuple[str, str]]:
    """(source, target) for each style and TARGETS others: each is a target as often as a source.

    The styles are put in a circle in random order; the targets are those at random distances.
    """
    random = Random(f"{SEED} targets {subject}")
    count = len(drawings)
    best: list[tuple[str, str]] = []
    for _ in range(ATTEMPTS):
        circle = random.sample(sorted(drawings), count)
        steps = random.sample(range(1, count), min(TARGETS, count - 1))
        place = {style: index for index, style in enumerate(circle)}
        pairs = [(style, circle[(place[style] + step) % count])
                 for style in drawings for step in steps]  # fmt: skip
        good = [pair for pair in pairs if len(shared(*(drawings[s] for s in pair))) >= LEAST_SHARED]
        if len(good) > len(best):
            best = good
        if len(good) == len(pairs):
            break
    return best


def shared(one: Facts, other: Facts) -> list[str]:
    return [name for name in one["keypoints"] if name in other["keypoints"]]


def draw_pose(subject: str, source: str, target: str, drawings: Facts) -> Facts:
    """Turned up to 30 degrees, scaled 0.6 to 0.95, shifted, on a coloured ground.

    Drawn again while fewer than three common keypoints stay inside (all of those that there are,
    where there are fewer).
    """
    random = Random(f"{SEED} pose {subject} {source} {target}")
    names = shared(drawings[source], drawings[target])
    for _ in range(ATTEMPTS):
        scale = round(random.uniform(0.6, 0.95), 4)
        room = (1 - scale) / 2
        pose = {
            "angle": round(random.uniform(-30, 30), 2),
            "scale": scale,
            "shift": [round(random.uniform(-room, room), 4) for _ in range(2)],
            "colour": [random.randint(51, 255) for _ in range(3)],
        }
        kept = [name for name in names if inside(pose, drawings[target]["keypoints"][name])]
        if len(kept) >= min(LEAST_SHARED, len(names)):
            return pose
    raise SystemExit(f"{subject}: no pose keeps the keypoints of {target} inside")


def inside(pose: Facts, point: list[float]) -> bool:
    """Whether a point, in shares of the side, stays in the picture."""
    angle = math.radians(pose["angle"])
    cos, sin = pose["scale"] * math.cos(angle), pose["scale"] * math.sin(angle)
    x, y = point[0] - 0.5, point[1] - 0.5
    there = cos * x - sin * y + pose["shift"][0], sin * x + cos * y + pose["shift"][1]
    return all(abs(coordinate) <= 0.5 for coordinate in there)


def across(split: str, subjects: Subjects, count: int) -> list[Facts]:
    """Pairs of different subjects that share keypoint names, spread evenly over the subjects."""
    random = Random(f"{SEED} cross {split}")
    queues = []
    for one, other in itertools.permutations(subjects, 2):
        pairs = [
            {"kind": "cross", "source": [one, a], "target": [other, b]}
            for a, here in subjects[one]["drawings"].items()
            for b, there in subjects[other]["drawings"].items()
            if len(shared(here, there)) >= LEAST_SHARED
        ]
        random.shuffle(pairs)
        queues.append(pairs)
    random.shuffle(queues)
    rounds = itertools.chain.from_iterable(itertools.zip_longest(*queues))
    drawn = list(itertools.islice((pair for pair in rounds if pair), count))
    return sorted(drawn, key=lambda pair: (pair["source"], pair["target"]))
