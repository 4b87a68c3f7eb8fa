"""The page in Chromium, driven by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE = 120_000.0  # milliseconds; the machine may be busy
expect.set_options(timeout=PATIENCE)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a headless Chromium that resolves all names below .example to this machine.

    The sandbox is off because Chromium refuses to use it as root.
    """
    names = "--host-resolver-rules=MAP *.example 127.0.0.1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", names])
        try:
            yield browser
        finally:
            browser.close()


class Person:
    """A page; `complaints` collects its errors and the warnings of its console."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("requestfailed", lambda request: self._miss(request))

    def _hear(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.text} {message.location}")

    def _miss(self, request: Any) -> None:
        # Leaving a page aborts its open requests, such as the event stream.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"{request.url}: {request.failure}")

    def go(self, address: str) -> None:
        self.page.goto(address)
        expect(self.page.locator(".well").first).to_be_visible()
        expect(self.picture("target")).to_be_visible()
        self.page.wait_for_function(
            "() => [...document.querySelectorAll('.well > .picture')].every((one) => one.complete)"
        )

    @property
    def session(self) -> str:
        return self.page.url.rpartition("/")[2]

    def picture(self, end: str) -> Locator:
        return self.page.locator(f"[data-end={end}] .well > .picture")

    def position(self, end: str, x: float, y: float) -> tuple[float, float]:
        """Return the page position of a point, given as fractions of the picture's sides."""
        box = self.picture(end).bounding_box()
        assert box is not None
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    def click(self, x: float, y: float) -> None:
        """Click the source at fractions of its sides."""
        self.page.mouse.click(*self.position("source", x, y))

    def rows(self, state: str = "") -> Locator:
        """Return the rows of the point list that show a state."""
        return self.page.locator(".row", has=self.page.locator(".row-state", has_text=state))

    def wait_found(self, count: int) -> None:
        expect(self.page.locator(".row .score:not([hidden])")).to_have_count(count)

    def wait_maps(self) -> None:
        """Wait until the selected point has maps over both pictures."""
        expect(self.page.locator(".well > .heat:visible")).to_have_count(2)

    def discs(self, end: str) -> Locator:
        return self.page.locator(f".{end}s > .point")


Kind = TypeVar("Kind", bound=Person)


@contextmanager
def person(
    browser: Browser,
    kind: type[Kind] = Person,  # type: ignore[assignment]  # what a default may be is not inferred
    **options: Any,
) -> Iterator[Kind]:
    """Open a page in its own browser context; assert at the end that it has no complaints."""
    size = options.pop("viewport", {"width": 1280, "height": 800})
    context: BrowserContext = browser.new_context(viewport=size, **options)
    try:
        one = kind(context.new_page())
        yield one
        assert one.complaints == [], one.complaints
    finally:
        context.close()
