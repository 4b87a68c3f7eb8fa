"""Take the screenshots of the viewer for the documentation.

    python tools/screenshots.py [FOLDER]     # or: make screenshots

Starts `homologue view`, opens each screen in Chromium and writes a PNG of it to FOLDER, by default
`docs/`.
"""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = "/usr/bin/chromium"
TIMEOUT = 120_000.0  # milliseconds
PARTS = [(0.38, 0.38), (0.71, 0.46), (0.59, 0.8), (0.56, 0.92), (0.7, 0.06), (0.8, 0.24)]
"""Eyes, nose, mouth and right ear of the first source, as fractions of its sides."""


@contextmanager
def viewer() -> Iterator[str]:
    """Start a viewer with a run of a few pairs; yield its address."""
    command = [sys.executable, "-m", "homologue"]
    with TemporaryDirectory() as folder:
        run = f"{folder}/attention"
        evaluate = ["evaluate", "emoji", "--split", "val", "--limit", "6", "--keep", "maps"]
        quiet = subprocess.DEVNULL
        subprocess.run([*command, *evaluate, "--run", run], check=True, stdout=quiet, stderr=quiet)
        arguments = [*command, "view", run, "--no-browser"]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            found = re.search(r"http://[^#\s]+", process.stdout.readline())
            assert found
            try:
                yield f"{found[0]}#/match/"
            finally:
                process.terminate()


def place_points(page: Page, count: int) -> None:
    """Click the first `count` points of the source, and wait for their results and maps."""
    click(page, count)
    expect(page.locator(".row .score:not([hidden])")).to_have_count(count)
    expect(page.locator(".well > .heat:visible")).to_have_count(2)
    page.wait_for_timeout(300)


def click(page: Page, count: int) -> None:
    """Click the first `count` points of the source."""
    box = page.locator("[data-end=source] .well > .picture").bounding_box()
    assert box is not None
    for x, y in PARTS[:count]:
        page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
    page.mouse.move(2, 2)


def matched(page: Page) -> None:
    place_points(page, 6)


def narrow(page: Page) -> None:
    place_points(page, 3)


def fitting(page: Page) -> None:
    page.locator("select[name=strategy]").select_option("exact")
    click(page, 2)
    expect(page.locator(".status-text")).to_contain_text(re.compile(r"step [3-9] of"))


def map_enlarged(page: Page) -> None:
    place_points(page, 3)
    page.locator(".map").nth(3).click()
    expect(page.locator(".large-view .picture")).to_be_visible()
    page.locator(".large-view").hover(position={"x": 300, "y": 470})


def samples(page: Page) -> None:
    page.locator("[data-end=target]").get_by_role("button", name="Sample").click()
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1500)


def words(page: Page) -> None:
    page.get_by_role("link", name="Words").click()
    page.get_by_label("Sentence").fill("a cat with green eyes and a nose")
    page.keyboard.press("Enter")
    for name in ("cat", "eyes", "nose"):
        page.get_by_label(f"Combine: {name}", exact=True).check()
    page.get_by_role("button", name="segments").click()
    page.get_by_label("Segments by").select_option("strongest")
    page.mouse.move(2, 2)
    page.wait_for_timeout(300)


def runs(page: Page) -> None:
    page.get_by_role("link", name="Runs").click()
    expect(page.locator(".pair-card image")).to_have_count(36)
    page.wait_for_timeout(500)


def pair(page: Page) -> None:
    page.get_by_role("link", name="Runs").click()
    page.locator("[name='by.category']").select_option("turtle")
    page.locator(".pair-card", has_text="turtle").first.click()
    expect(page.locator(".run-sources .spot").first).to_be_visible()
    page.wait_for_timeout(500)


def pair_maps(page: Page) -> None:
    pair(page)
    page.locator(".run-sources .spot").nth(3).click()
    page.locator(".map").nth(3).click()
    expect(page.locator(".well > .heat:visible")).to_have_count(2)
    page.mouse.move(2, 2)
    page.wait_for_timeout(500)


def transfer(page: Page) -> None:
    page.get_by_role("link", name="Transfer").click()
    page.locator(".inviting").get_by_role("button", name="Samples").click()
    for subject in ("kitten", "raccoon", "cat face"):
        page.get_by_label("Filter samples").fill(subject)
        page.get_by_role("button", name="Select all shown").click()
    page.get_by_role("button", name="Add").click()
    click(page, 5)
    expect(page.locator(".status-text")).to_contain_text("done")
    page.wait_for_timeout(500)


def transfer_enlarged(page: Page) -> None:
    transfer(page)
    page.get_by_role("button", name="Enlarge kitten, photograph.png").click()
    to_the_eye = ["Shift+ArrowRight"] * 3 + ["Shift+ArrowUp"] * 2
    to_the_nose = ["Shift+ArrowUp"] * 8 + ["Shift+ArrowRight"] * 2
    for keys in ("]", "]", *to_the_eye, "]", *to_the_nose):
        page.keyboard.press(keys)
    expect(page.locator(".enlarged-points .row", has_text="Corrected")).to_have_count(2)
    page.wait_for_timeout(500)


# File name -> width, height, colour scheme, and the actions before the screenshot.
SCREENS: dict[str, tuple[int, int, str, Callable[[Page], None]]] = {
    "viewer": (1360, 860, "light", matched),
    "viewer-dark": (1360, 860, "dark", matched),
    "viewer-fitting": (1360, 860, "light", fitting),
    "viewer-map": (1360, 860, "light", map_enlarged),
    "viewer-samples": (1360, 860, "light", samples),
    "viewer-narrow": (360, 1240, "light", narrow),
    "viewer-runs": (1360, 860, "light", runs),
    "viewer-pair": (1360, 860, "light", pair),
    "viewer-pair-maps": (1360, 860, "light", pair_maps),
    "viewer-transfer": (1360, 860, "light", transfer),
    "viewer-transfer-large": (1360, 860, "light", transfer_enlarged),
    "viewer-words": (1360, 1000, "light", words),
}


def take(browser: Browser, address: str, name: str, folder: Path) -> None:
    """Take one screenshot in a new window."""
    width, height, scheme, prepare = SCREENS[name]
    size = {"width": width, "height": height}
    context = browser.new_context(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(TIMEOUT)
    page.goto(address)
    expect(page.locator("[data-end=target] .well > .picture")).to_be_visible()
    page.wait_for_timeout(500)
    prepare(page)
    page.screenshot(path=folder / f"{name}.png")
    page.keyboard.press("Escape")
    context.close()
    print(folder / f"{name}.png")


def main(folder: Path) -> None:
    """Take all screenshots."""
    expect.set_options(timeout=TIMEOUT)
    with viewer() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for name in SCREENS:
            take(browser, address, name, folder)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs"))
