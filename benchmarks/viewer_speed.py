"""How fast does the viewer respond to clicks?

    python benchmarks/viewer_speed.py

Needs Chromium. Starts `homologue view` with the built-in model and the default preset, opens its
page and prints

- first click: seconds from the first click to the frame that shows its counterpart;
- further click: the same for further points on the same images, the median;
- drawn while a job runs: time from a click to the frame that shows its point while other points are
  being fitted, by Chromium's Event Timing (in steps of 8 ms).
"""

import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
PLACES = [(0.375, 0.57), (0.5, 0.83), (0.25, 0.06), (0.74, 0.06), (0.62, 0.57), (0.5, 0.45)]

# Times, from the click's own time stamp to the frame after the one that has `count` discs.
WATCH = """([end, count]) => new Promise((resolve) => {
  const group = document.querySelector(`.${end}s`);
  let clicked = null;
  const note = (event) => (clicked = event.timeStamp);
  addEventListener("pointerup", note, { capture: true, once: true });
  const look = () => {
    if (clicked !== null && group.children.length >= count) {
      requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => resolve(performance.now() - clicked);
        channel.port2.postMessage(null);
      });
    } else setTimeout(look, 1);
  };
  look();
})"""

# Keeps how long Chromium took from each release of the button to the frame after it.
NOTE = """() => {
  window.drawn = [];
  const note = (list) => list.getEntries().filter((entry) => entry.name === "pointerup")
    .forEach((entry) => window.drawn.push(entry.duration));
  new PerformanceObserver(note).observe({ type: "event", durationThreshold: 16 });
}"""


@contextmanager
def viewer() -> Iterator[str]:
    """Start a viewer; yield its address."""
    arguments = [sys.executable, "-m", "homologue", "view", "--no-browser"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found
        try:
            yield found[0]
        finally:
            process.terminate()


def timed_click(page: Page, place: tuple[float, float], end: str, count: int) -> float:
    """Click on the source; return the seconds until an image has `count` points."""
    box: Any = page.locator("[data-end=source] .well > .picture").bounding_box()
    page.evaluate(f"void (window.timed = ({WATCH})({[end, count]}))")
    page.mouse.click(box["x"] + place[0] * box["width"], box["y"] + place[1] * box["height"])
    return float(page.evaluate("window.timed")) / 1000


def open_page(browser: Any, address: str) -> Page:
    page: Page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(120_000)
    page.goto(address)
    page.locator("[data-end=target] .well > .picture").wait_for()
    page.wait_for_function(
        "() => !/Loading|Getting/.test(document.querySelector('.status').innerText)"
    )
    page.wait_for_timeout(1000)
    return page


def wait_until_idle(page: Page, found: int) -> None:
    page.wait_for_function(
        f"() => document.querySelectorAll('.targets > .point').length >= {found}"
    )
    page.wait_for_timeout(1500)


def main() -> None:
    """Print the three times."""
    with viewer() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        start = time.perf_counter()
        page = open_page(browser, address)
        print(f"page ready, model loaded  {time.perf_counter() - start:6.2f} s")
        print(f"first click               {timed_click(page, PLACES[0], 'target', 1):6.2f} s")
        further = []
        for index, place in enumerate(PLACES[1:], start=1):
            wait_until_idle(page, index)
            further.append(timed_click(page, place, "target", index + 1))
        print(f"further click, median     {statistics.median(further):6.2f} s")
        wait_until_idle(page, len(PLACES))
        page.evaluate(NOTE)
        for index in range(20):
            place = (0.1 + 0.04 * index, 0.3 + 0.02 * (index % 7))
            timed_click(page, place, "source", len(PLACES) + 1 + index)
            page.wait_for_timeout(120)
        page.wait_for_timeout(500)
        drawn = page.evaluate("window.drawn")
        shown = f"median {statistics.median(drawn):.0f} ms, longest {max(drawn):.0f} ms"
        print(f"drawn while a job runs    {shown} ({len(drawn)} clicks)")
        browser.close()


if __name__ == "__main__":
    main()
