"""How fast does the viewer transfer points to many targets?

    python benchmarks/viewer_transfer.py [TARGETS]

Needs Chromium. Starts `homologue view`, uploads TARGETS (default 100) JPEGs of 640 x 480 pixels and
clicks five points of the source. Prints

- upload: seconds from choosing the folder to the last card;
- search: seconds from the last click to the last result;
- messages: data sent to the page during the search, without images;
- server: memory of the server before, and its maximum;
- longest task: longest time for which the page was blocked.
"""

import io
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from homologue.viewer.samples import read_sample, sample_names

CHROMIUM = "/usr/bin/chromium"
PLACES = [(0.375, 0.57), (0.62, 0.57), (0.5, 0.83), (0.25, 0.06), (0.74, 0.06)]
MIB = 2**20

NOTE = """() => {
  window.tasks = [0];
  const note = (list) => window.tasks.push(...list.getEntries().map((one) => one.duration));
  new PerformanceObserver(note).observe({ type: "longtask" });
}"""


@contextmanager
def viewer() -> Iterator[tuple[str, int]]:
    """Start a viewer; yield its address and process id."""
    arguments = [sys.executable, "-m", "homologue", "view", "--no-browser"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found
        try:
            yield found[0], process.pid
        finally:
            process.terminate()


class Memory:
    """Maximum memory of a process, sampled five times per second."""

    def __init__(self, number: int) -> None:
        self._process = psutil.Process(number)
        self.first = self.maximum = self._process.memory_info().rss
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        while self._process.is_running():
            self.maximum = max(self.maximum, self._process.memory_info().rss)
            time.sleep(0.2)


def write_pictures(folder: Path, count: int) -> None:
    names = [f"{subject}/{style}" for subject, styles in sample_names().items() for style in styles]
    for number, name in enumerate(islice(cycle(names), count)):
        with Image.open(io.BytesIO(read_sample(name) or b"")) as drawing:
            drawing.resize((640, 480)).save(folder / f"{number:04}.jpg", quality=90)


def count_bytes(page: Page) -> dict[str, int]:
    """Count the bytes that the page receives from now on, by kind."""
    kinds: dict[str, str] = {}
    sizes = {"events": 0, "answers": 0}
    client = page.context.new_cdp_session(page)

    def name(event: Any) -> None:
        url = event["request"]["url"]
        kinds[event["requestId"]] = "events" if url.endswith("/events") else "answers"
        if "/thumbnails/" in url or "/pictures" in url:
            kinds[event["requestId"]] = ""

    def add(event: Any) -> None:
        if kind := kinds.get(event["requestId"], "events"):
            sizes[kind] += event["dataLength"]

    client.send("Network.enable")
    client.on("Network.requestWillBeSent", name)
    client.on("Network.dataReceived", add)
    return sizes


def main(targets: int) -> None:
    """Print the times and sizes."""
    with TemporaryDirectory() as folder, viewer() as (address, number), sync_playwright() as play:
        write_pictures(Path(folder), targets)
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(1_200_000)
        page.goto(f"{address}#/transfer")
        page.wait_for_timeout(6000)  # until the model is loaded
        memory, sizes = Memory(number), count_bytes(page)
        page.evaluate(NOTE)
        start = time.perf_counter()
        with page.expect_file_chooser() as chooser:
            page.locator(".target-choices").get_by_role("button", name="Folder").click()
        chooser.value.set_files(folder)
        page.locator(f".target-card:nth-child({targets})").wait_for()
        print(f"upload        {time.perf_counter() - start:6.1f} s")
        uploaded = dict(sizes)
        box: Any = page.locator("[data-end=source] .well > .picture").bounding_box()
        for x, y in PLACES:
            page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
        start = time.perf_counter()
        page.locator(".status-text", has_text="images done").wait_for()
        seconds = time.perf_counter() - start
        print(f"search        {seconds:6.1f} s, {seconds / targets:.2f} s a target")
        for kind, size in sizes.items():
            print(f"messages      {(size - uploaded[kind]) / 2**10:6.0f} KiB of {kind}")
        print(
            f"server        {memory.first / MIB:6.0f} MiB, at most {memory.maximum / MIB:.0f} MiB"
        )
        print(f"longest task  {page.evaluate('Math.max(...window.tasks)'):6.0f} ms")
        browser.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
