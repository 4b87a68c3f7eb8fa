"""Points in Chromium: click, drag, keys, undo, cancel, reload, two tabs."""

import re
import statistics
from collections.abc import Iterator
from typing import Any

import pytest
from helpers.browsing import Person, person
from helpers.running import Running
from playwright.sync_api import Browser, expect

from homologue.viewer.features.match.engine import MatchEngine

EYE, NOSE, EAR = (0.375, 0.57), (0.5, 0.83), (0.25, 0.06)


# Records the messages of the status line below the pictures.
WATCH = """() => {
  window.said = [];
  const line = document.querySelector(".status-text");
  new MutationObserver(() => window.said.push(line.textContent)).observe(
    line, { childList: true, characterData: true, subtree: true });
}"""


@pytest.fixture
def visitor(browser: Browser, server: Running) -> Iterator[Person]:
    with person(browser) as one:
        one.go(server.address)
        yield one


def use(visitor: Person, **choices: str) -> None:
    """Choose settings by the names of their fields."""
    for name, value in choices.items():
        visitor.page.locator(f"select[name={name}]").select_option(value)


def test_click_to_counterpart(visitor: Person, server: Running) -> None:
    use(visitor, preset="patient")
    visitor.page.evaluate(WATCH)
    visitor.click(*EYE)
    expect(visitor.discs("source")).to_have_count(1)
    visitor.wait_found(1)
    said = visitor.page.evaluate("window.said")
    told = r"Point 1: fitting, step (\d+) of 100 · loss \d\.\d\d · about \d+ s left"
    steps = [int(found[1]) for text in said if (found := re.fullmatch(told, text))]
    assert len(steps) >= 3
    assert steps == sorted(steps)
    expect(visitor.discs("target")).to_have_count(1)
    expect(visitor.page.locator(".line")).to_have_count(1)
    expect(visitor.rows("Found")).to_have_count(1)
    state = server.state(visitor.session)
    (facts,) = state["match"]["points"].values()
    found = facts["found"]
    # At the same eye of the other drawing, drawn at the position that the server returned.
    assert (found["x"], found["y"]) == pytest.approx((88, 130), abs=20)
    x, y = visitor.position("target", found["x"] / 256, found["y"] / 256)
    box = visitor.discs("target").locator(".face").bounding_box()
    assert box is not None
    assert (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) == pytest.approx(
        (x, y), abs=1
    )
    label = visitor.discs("source").get_attribute("aria-label")
    assert label is not None
    assert re.fullmatch(r"Point 1 at 96, 146, found at \d+, \d+, score 0\.\d\d", label)


def test_points_are_numbered_coloured_and_deleted(visitor: Person) -> None:
    for place in (EYE, NOSE, EAR):
        visitor.click(*place)
    visitor.wait_found(3)
    assert visitor.discs("source").locator("text").all_text_contents() == ["1", "2", "3"]
    fills = [disc.get_attribute("fill") for disc in visitor.discs("source").locator(".face").all()]
    assert fills == ["#0072B2", "#D55E00", "#009E73"]
    visitor.page.get_by_role("button", name="Delete: point 2").click()
    expect(visitor.discs("source").locator("text")).to_have_text(["1", "3"])
    visitor.click(*NOSE)
    expect(visitor.rows().locator(".disc")).to_have_text(["1", "3", "2"])
    visitor.page.get_by_role("button", name="Clear").click()
    expect(visitor.discs("source")).to_have_count(0)
    visitor.page.get_by_role("button", name="Undo").click()
    expect(visitor.discs("source")).to_have_count(3)


def test_dragging_moves_a_point_and_fits_only_it(
    visitor: Person, server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in (EYE, NOSE):
        visitor.click(*place)
    visitor.wait_found(2)
    server.settled(visitor.session)
    fitted: list[tuple[float, float]] = []
    fit = MatchEngine._fit

    def record(self: MatchEngine, key: Any, progress: Any) -> Any:
        fitted.append((key.x, key.y))
        return fit(self, key, progress)

    monkeypatch.setattr(MatchEngine, "_fit", record)
    before = server.state(visitor.session)["scene"]["points"]
    mouse = visitor.page.mouse
    start, end = visitor.position("source", *NOSE), visitor.position("source", 0.7, 0.3)
    mouse.move(start[0] + 3, start[1] + 2)
    mouse.down()
    mouse.move(*start, steps=2)
    mouse.move(end[0] + 3, end[1] + 2, steps=5)
    assert server.state(visitor.session)["scene"]["points"] == before
    mouse.up()
    state = server.wait(visitor.session, lambda state: state["scene"]["points"] != before)
    server.settled(visitor.session)
    first, moved = state["scene"]["points"]
    assert first == before[0]
    assert (moved["x"], moved["y"]) == pytest.approx((0.7 * 256, 0.3 * 256), abs=1.5)
    assert fitted == [(moved["x"], moved["y"])]
    visitor.wait_found(2)


def test_a_point_cannot_be_dragged_out_of_its_picture(visitor: Person, server: Running) -> None:
    visitor.click(*EYE)
    visitor.wait_found(1)
    mouse = visitor.page.mouse
    mouse.move(*visitor.position("source", *EYE))
    mouse.down()
    mouse.move(2, 2, steps=5)
    mouse.up()
    state = server.wait(visitor.session, lambda state: state["revision"] == 2)
    (point,) = state["scene"]["points"]
    assert (point["x"], point["y"]) == (0, 0)


def test_everything_by_keyboard(visitor: Person, server: Running) -> None:
    press = visitor.page.keyboard.press
    while visitor.page.evaluate("document.activeElement.closest('.pane')?.dataset.end") != "source":
        press("Tab")
    while not visitor.page.evaluate("document.activeElement.matches('.well')"):
        press("Tab")
    for key in ("ArrowLeft", "ArrowUp", "Shift+ArrowUp"):
        press(key)
    press("Enter")
    visitor.wait_found(1)
    (point,) = server.state(visitor.session)["scene"]["points"]
    scale = visitor.page.evaluate("document.querySelector('.picture').width / 256")
    assert point["x"] == pytest.approx(128 - 12 / scale, abs=0.01)
    assert point["y"] == pytest.approx(128 - 13 / scale, abs=0.01)
    press("ArrowDown")
    press(" ")
    visitor.wait_found(2)
    press("]")  # to the next point, which is the first: the second was selected
    expect(visitor.discs("source").first).to_be_focused()
    press("ArrowRight")
    press("Shift+ArrowRight")
    server.wait(visitor.session, lambda state: state["revision"] == 3)
    moved = server.state(visitor.session)["scene"]["points"][0]
    assert moved["x"] == pytest.approx(point["x"] + 11 / scale, abs=0.01)
    press("Delete")
    expect(visitor.discs("source")).to_have_count(1)
    expect(visitor.discs("source").first).to_be_focused()
    press("Control+z")
    expect(visitor.discs("source")).to_have_count(2)
    press("Control+Shift+z")
    expect(visitor.discs("source")).to_have_count(1)
    press("Control+z")
    press("Control+y")
    expect(visitor.discs("source")).to_have_count(1)
    press("x")
    expect(visitor.page.locator("[data-end=source] .pane-name")).to_contain_text("twemoji")
    press("?")
    expect(visitor.page.get_by_role("dialog")).to_contain_text("Select the next point")
    press("Escape")
    expect(visitor.page.get_by_role("dialog")).to_have_count(0)
    press("s")
    visitor.page.keyboard.type("cat face")
    press("Tab")
    press("Tab")
    press("Enter")
    expect(visitor.page.locator("[data-end=source] .pane-name")).to_contain_text("cat-face")


def test_zooming_keeps_points_on_their_places(visitor: Person, server: Running) -> None:
    visitor.click(*EYE)
    visitor.wait_found(1)
    mouse = visitor.page.mouse
    mouse.move(*visitor.position("source", 0.3, 0.5))
    for _ in range(4):
        mouse.wheel(0, -100)
    width = visitor.picture("source").bounding_box()
    assert width is not None
    assert width["width"] > 800
    expect(visitor.discs("source")).to_have_count(1)
    box = visitor.discs("source").locator(".face").bounding_box()
    assert box is not None
    where = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert where == pytest.approx(visitor.position("source", *EYE), abs=1)
    visitor.click(0.4, 0.6)
    state = server.wait(visitor.session, lambda state: len(state["scene"]["points"]) == 2)
    point = state["scene"]["points"][1]
    assert (point["x"], point["y"]) == pytest.approx((0.4 * 256, 0.6 * 256), abs=0.5)
    visitor.page.locator("[data-end=source] .well").focus()
    visitor.page.keyboard.press("0")
    expect(visitor.page.locator("[data-end=source] .well")).not_to_have_class(re.compile("zoomed"))


def test_cancelling_a_running_job(visitor: Person) -> None:
    use(visitor, preset="patient", strategy="exact")
    visitor.click(*EYE)
    visitor.click(*NOSE)
    expect(visitor.rows("Fitting")).to_have_count(1)
    visitor.page.get_by_role("button", name="Cancel", exact=True).click()
    expect(visitor.rows("Cancelled")).to_have_count(2)
    expect(visitor.discs("source")).to_have_count(2)
    visitor.click(*EAR)
    expect(visitor.rows("Fitting")).to_have_count(1)
    visitor.page.locator("[data-end=source] .well").focus()
    visitor.page.keyboard.press("Escape")
    expect(visitor.rows("Cancelled")).to_have_count(3)
    visitor.page.get_by_role("button", name="Run again: point 2").click()
    expect(visitor.rows("Fitting")).to_have_count(1)
    visitor.page.get_by_role("button", name="Cancel: point 2").click()
    expect(visitor.rows("Cancelled")).to_have_count(3)
    use(visitor, preset="hasty")
    use(visitor, strategy="preset")
    visitor.wait_found(3)


def test_reloading_during_a_job_loses_nothing(visitor: Person, server: Running) -> None:
    use(visitor, preset="default")
    address = visitor.page.url
    for place in (EYE, NOSE, EAR):
        visitor.click(*place)
    visitor.page.reload()  # before all clicks have been answered
    expect(visitor.discs("source")).to_have_count(3)
    assert visitor.page.url == address
    visitor.wait_found(3)
    expect(visitor.page.locator("select[name=preset]")).to_have_value("default")
    visitor.page.get_by_role("button", name="Undo").click()
    expect(visitor.discs("source")).to_have_count(2)


def test_two_tabs_of_one_session_show_the_same(visitor: Person, browser: Browser) -> None:
    with person(browser) as other:
        other.go(visitor.page.url)
        visitor.click(*EYE)
        expect(other.discs("source")).to_have_count(1)
        other.wait_found(1)
        other.click(*NOSE)
        visitor.wait_found(2)
        visitor.page.get_by_role("button", name="Clear").click()
        expect(other.discs("source")).to_have_count(0)


def test_two_sessions_are_independent(visitor: Person, browser: Browser, server: Running) -> None:
    with person(browser) as other:
        other.go(server.address)
        assert other.session != visitor.session
        for place in (EYE, NOSE, EAR):
            visitor.click(*place)
            other.click(*place)
        visitor.wait_found(3)
        other.wait_found(3)
        visitor.page.get_by_role("button", name="Clear").click()
        expect(visitor.discs("source")).to_have_count(0)
        expect(other.discs("source")).to_have_count(3)


def test_a_model_that_cannot_be_loaded(visitor: Person) -> None:
    use(visitor, model="broken")
    visitor.click(*EYE)
    expect(visitor.rows("/nowhere/broken")).to_have_count(1)
    expect(visitor.page.locator(".toast.problem")).to_contain_text("Point 1:")
    expect(visitor.page.locator(".status")).to_have_class(re.compile("problem"))
    use(visitor, model="builtin")
    visitor.wait_found(1)


def test_a_removed_session(browser: Browser, server: Running) -> None:
    with person(browser) as one:
        one.go(f"{server.address}/#/match/no-such-session")
        expect(one.page.locator(".toast")).to_contain_text("This session has ended")
        assert one.session != "no-such-session"
        (complaint,) = one.complaints  # the browser itself says that it got a 404
        assert "404" in complaint
        one.complaints.clear()


# Resolves with the milliseconds from the next click to the frame that shows one more disc.
DRAWN = """() => new Promise((resolve) => {
  const discs = document.querySelector(".sources");
  const before = discs.children.length;
  let clicked = null;
  const note = (event) => (clicked = event.timeStamp);
  addEventListener("pointerup", note, { capture: true, once: true });
  const look = () => {
    if (discs.children.length === before) return setTimeout(look, 1);
    return requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - clicked)));
  };
  look();
})"""


def test_a_click_is_drawn_while_a_job_runs(visitor: Person) -> None:
    """benchmarks/viewer_speed.py says how fast; here other tests may run at the same time."""
    use(visitor, preset="patient", strategy="exact")
    visitor.click(*EYE)
    expect(visitor.rows("Fitting")).to_have_count(1)
    times = []
    for index in range(9):
        visitor.page.evaluate(f"void (window.drawn = ({DRAWN})())")
        visitor.click(0.1 + 0.08 * index, 0.9)
        times.append(visitor.page.evaluate("window.drawn"))
    assert statistics.median(times) < 250
    expect(visitor.rows("Fitting")).to_have_count(1)
    visitor.page.keyboard.press("Escape")
