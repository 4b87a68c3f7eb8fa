"""How fast does the viewer open and scroll a large run?

    python benchmarks/viewer_run.py [--pairs 12234]

Needs Chromium. Makes data as large as SPair-71k's test split and a run on them, starts
`homologue view RUN` and opens its page. Prints JSON with

- command_seconds: from the start of the command to the printed address;
- grid_seconds: from the navigation to the frame in which the window is full of cards;
- pictures_seconds: until all of these cards have their images;
- filter_seconds: from choosing a category to the frame that shows its pairs;
- wheel and drag: scrolling by 60 pixels per frame, and from top to bottom in 120 frames: maximum
  number of cards, requests, longest and median frame.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from homologue.datasets.base import Pair, get_benchmark
from homologue.evaluation.record import Record
from homologue.evaluation.storage.store import Store

CHROMIUM = "/usr/bin/chromium"
CATEGORIES, IMAGES = 18, 30  # of SPair-71k's test split, about
WIDTH, HEIGHT, POINTS = 500, 375, 15
BAR = 2.0  # seconds to the grid

FULL = """() => {
  const cards = [...document.querySelectorAll(".pair-card")];
  return cards.length > 8 && cards.every((card) => card.hasAttribute("href"));
}"""

PICTURED = """() => {
  const cards = [...document.querySelectorAll(".pair-card")];
  return cards.length > 8 && cards.every((card) => card.querySelectorAll("image").length === 2);
}"""

# Milliseconds from the navigation to the frame after the one in which a condition holds.
WAIT = """(condition) => new Promise((resolve) => {
  const look = () => {
    if (!condition()) return requestAnimationFrame(look);
    return requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
  };
  look();
})"""

# Scrolls by so many pixels in each of so many frames; gives the frames' lengths and most cards.
SCROLL = """([step, frames]) => new Promise((resolve) => {
  const box = document.querySelector(".grid-scroll");
  const lengths = [];
  let [last, most] = [performance.now(), 0];
  const go = (now) => {
    lengths.push(now - last);
    last = now;
    most = Math.max(most, document.querySelectorAll(".pair-card").length);
    box.scrollTop += step;
    if (lengths.length < frames) requestAnimationFrame(go);
    else resolve({ lengths: lengths.slice(1), most });
  };
  requestAnimationFrame(go);
})"""


def write_data(root: Path, count: int) -> None:
    """Write a data set in the layout of SPair-71k, with `count` pairs in its test split."""
    random = np.random.default_rng(0)
    layout, annotations = root / "Layout/large", root / "PairAnnotation/test"
    for folder in (layout, annotations):
        folder.mkdir(parents=True)
    places = {}
    for category in range(CATEGORIES):
        (root / f"JPEGImages/{category}").mkdir(parents=True)
        for image in range(IMAGES):
            coarse = Image.fromarray(random.integers(0, 256, (24, 32, 3), dtype=np.uint8))
            picture = coarse.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
            picture.save(root / f"JPEGImages/{category}/{image}.jpg", quality=90)
            places[category, image] = random.uniform(0, 1, (POINTS, 2)) * [WIDTH, HEIGHT]
    couples = [
        (category, one, other)
        for category in range(CATEGORIES)
        for one in range(IMAGES)
        for other in range(IMAGES)
        if one != other
    ]
    names = []
    for index in range(count):
        category, one, other = couples[index * len(couples) // count]
        names.append(f"{index:06}-{one}-{other}:{category}")
        rows = np.sort(random.choice(POINTS, random.integers(5, 13), replace=False))
        facts = {
            "category": str(category), "src_imname": f"{one}.jpg", "trg_imname": f"{other}.jpg",
            "src_kps": places[category, one][rows].round().tolist(),
            "trg_kps": places[category, other][rows].round().tolist(),
            "kps_ids": [str(row) for row in rows],
            "src_bndbox": [0, 0, WIDTH, HEIGHT], "trg_bndbox": [0, 0, WIDTH, HEIGHT],
            "viewpoint_variation": int(random.integers(3)),
            "scale_variation": int(random.integers(3)),
            "truncation": int(random.integers(4)), "occlusion": int(random.integers(4)),
        }  # fmt: skip
        (annotations / f"{names[-1]}.json").write_text(json.dumps(facts))
    (layout / "test.txt").write_text("\n".join(names))


def write_run(folder: Path, root: Path) -> None:
    """Write a run with predictions that differ from the ground truth by Gaussian noise."""
    pairs = get_benchmark("spair-71k", root).pairs("test")
    asked = {"benchmark": "spair-71k", "split": "test", "matcher": "made up", "settings": {}}
    with Store.open(folder, asked, str(root), len(pairs)) as store:
        random = np.random.default_rng(1)
        store.add_all(record(place, pair, random) for place, pair in enumerate(pairs))


def record(position: int, pair: Pair, random: np.random.Generator) -> Record:
    truth = pair.target_points.numpy()
    return Record(
        pair=pair.name, position=position, category=pair.category, group=pair.group,
        source=pair.source.key, target=pair.target.key, tags=pair.tags,
        thresholds=pair.thresholds, point_names=pair.point_names,
        source_points=pair.source_points.numpy(), target_points=truth,
        predicted=truth + random.normal(0, 40, truth.shape),
        scores=random.uniform(0, 1, len(truth)), error=None, seconds=0.01, aspects=pair.aspects,
    )  # fmt: skip


@contextmanager
def viewer(run: Path) -> Iterator[tuple[str, float]]:
    """Start a viewer; yield its address and the seconds until it was printed."""
    start = time.perf_counter()
    arguments = [sys.executable, "-m", "homologue", "view", str(run), "--no-browser"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found
        try:
            yield found[0], time.perf_counter() - start
        finally:
            process.terminate()


def open_page(browser: Any, address: str, facts: dict[str, Any]) -> Page:
    page: Page = browser.new_page(viewport={"width": 1360, "height": 860})
    page.set_default_timeout(120_000)
    page.goto(address, wait_until="commit")
    page.wait_for_selector("main")
    facts["grid_seconds"].append(page.evaluate(f"({WAIT})({FULL})") / 1000)
    facts["pictures_seconds"].append(page.evaluate(f"({WAIT})({PICTURED})") / 1000)
    return page


def filtered(page: Page) -> float:
    """Return the seconds from choosing a category to its pairs."""
    start = page.evaluate("performance.now()")
    page.locator("select[name='by.category']").select_option("7")
    shown = "() => document.querySelector('.total').textContent.includes(' of ')"
    return float(page.evaluate(f"({WAIT})({shown})") - start) / 1000


def scrolled(page: Page, step: float, frames: int) -> dict[str, Any]:
    asked: list[str] = []

    def note(request: Any) -> None:
        if request.url.startswith("http"):  # not blobs of the page
            asked.append(request.url)

    page.on("request", note)
    told = page.evaluate(SCROLL, [step, frames])
    page.wait_for_function(PICTURED)
    return {
        "pixels": round(step * frames),
        "cards_at_most": told["most"],
        "requests": len(asked),
        "longest_frame_ms": round(max(told["lengths"])),
        "median_frame_ms": round(statistics.median(told["lengths"])),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=12_234)
    count = parser.parse_args().pairs
    facts: dict[str, Any] = {"pairs": count, "grid_seconds": [], "pictures_seconds": []}
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        root, run = Path(folder) / "SPair-71k", Path(folder) / "run"
        write_data(root, count)
        write_run(run, root)
        with viewer(run) as (address, seconds):
            facts["command_seconds"] = seconds
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            for _ in range(2):
                open_page(browser, address, facts).close()
            page = open_page(browser, address, facts)
            facts["wheel"] = scrolled(page, 60, 200)
            high = page.evaluate("document.querySelector('.grid-scroll').scrollHeight")
            facts["drag"] = scrolled(page, high / 120, 120)
            facts["filter_seconds"] = filtered(page)
            browser.close()
    facts["share_of_the_bar"] = round(max(facts["grid_seconds"]) / BAR, 3)
    print(json.dumps(facts, indent=2))


if __name__ == "__main__":
    main()
