"""Transfer in Chromium: folders, cards, corrections, files, keys."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.browsing import Person, person
from helpers.running import Running, png
from playwright.sync_api import Browser, Download, Locator, expect

from homologue.datasets.custom.benchmark import benchmark

EYE, NOSE = (0.375, 0.57), (0.5, 0.83)
TARGETS = ".target-card"


class Visitor:
    """A page that shows the transfer screen, with its elements."""

    def __init__(self, one: Person, server: Running) -> None:
        self.one, self.page, self.server = one, one.page, server

    def go(self, address: str) -> None:
        self.page.goto(address)
        self.page.wait_for_function("() => document.querySelector('.transfer .picture')?.complete")

    @property
    def session(self) -> str:
        return self.page.url.split("#/transfer/")[1].split("/")[0]

    @property
    def line(self) -> Locator:
        return self.page.locator(".transfer .status-text")

    @property
    def names(self) -> Locator:
        return self.page.locator(".target-name")

    def card(self, name: str) -> Locator:
        return self.page.locator(TARGETS, has=self.page.get_by_text(name, exact=True))

    def choose(self, *files: tuple[str, bytes]) -> None:
        """Choose files in the file dialog."""
        with self.page.expect_file_chooser() as chooser:
            self.page.locator(".target-choices").get_by_role("button", name="Files").click()
        chooser.value.set_files(
            [{"name": name, "mimeType": "", "buffer": data} for name, data in files]
        )

    def samples(self, *styles: str) -> None:
        """Add foxes of other styles."""
        self.page.locator(".target-choices").get_by_role("button", name="Samples").click()
        dialog = self.page.get_by_role("dialog")
        expect(dialog.get_by_label("Filter samples")).to_have_value("fox")
        for style in styles:
            dialog.get_by_role("button", name=f"fox, {style}", exact=True).click()
        dialog.get_by_role("button", name=f"Add {len(styles)}").click()

    def wait_done(self, count: int) -> None:
        noun = "image" if count == 1 else "images"
        expect(self.line).to_have_text(re.compile(f"^{count} {noun} done"))

    def marks(self, where: str) -> Locator:
        return self.page.locator(f"{where} .carried")

    def save(self, label: str) -> Download:
        self.page.get_by_role("button", name="Save …").click()
        with self.page.expect_download() as download:
            self.page.get_by_role("button", name=label).click()
        return download.value

    def corrections(self) -> list[dict[str, Any]]:
        rows = self.server.client.get(f"/api/sessions/{self.session}/transfer").json()["rows"]
        return [row["corrections"] for row in rows]

    def wait_corrections(self, until: Any) -> list[dict[str, Any]]:
        self.server.wait(self.session, lambda state: until(self.corrections()))
        return self.corrections()


@pytest.fixture
def visitor(browser: Browser, server: Running) -> Iterator[Visitor]:
    with person(browser, accept_downloads=True) as one:
        visitor = Visitor(one, server)
        visitor.go(f"{server.address}/#/transfer")
        yield visitor


def middle(node: Locator) -> tuple[float, float]:
    box = node.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_folder_becomes_a_data_set(visitor: Visitor, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    (folder / "sub").mkdir(parents=True)
    for seed, name in enumerate(("10.png", "9.png", "sub/9.png")):
        (folder / name).write_bytes(png(50, 40 + seed, seed))
    (folder / "notes.txt").write_text("no picture")
    (folder / "broken.jpg").write_bytes(b"no picture either")
    (folder / "source.png").write_bytes(png(80, 60, seed=4))
    with visitor.page.expect_file_chooser() as chooser:
        visitor.page.locator("[data-end=source]").get_by_role("button", name="Open").click()
    chooser.value.set_files(folder / "source.png")
    expect(visitor.page.locator("[data-end=source] .pane-name")).to_contain_text("source.png")
    for place in (EYE, NOSE):
        visitor.one.click(*place)
    with visitor.page.expect_file_chooser() as chooser:
        visitor.page.locator(".target-choices").get_by_role("button", name="Folder").click()
    chooser.value.set_files(folder)
    expect(visitor.page.locator(".toast")).to_contain_text("Skipped 1 file that is not an image")
    expect(visitor.names).to_have_text(
        ["9.png", "10.png", "broken.jpg", "source.png", "sub/9.png"], use_inner_text=True
    )
    expect(visitor.card("broken.jpg").locator(".target-problem")).to_contain_text("not an image")
    expect(visitor.card("source.png")).to_contain_text("Source image")
    visitor.wait_done(3)
    visitor.page.locator(".point-name").first.focus()
    visitor.page.keyboard.press("F2")
    visitor.page.keyboard.type("left eye")
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.locator(".point-name").first).to_have_text("1left eye")
    visitor.save("COCO").save_as(folder / "keypoints.json")
    pairs = {
        (p.source.key, p.target.key): p for p in benchmark(folder / "keypoints.json").pairs("all")
    }
    assert len(pairs) == 4 * 3
    pair = pairs["source.png", "sub/9.png"]
    assert pair.point_names == ("left eye", "2")
    assert pair.source_points[0].tolist() == pytest.approx([0.375 * 80, 0.57 * 60], abs=0.5)
    # As displayed.
    mark = visitor.card("sub/9.png").locator(".carried").first
    x, y = re.findall(r"[\d.]+", mark.get_attribute("transform") or "")
    assert pair.target_points[0].tolist() == pytest.approx([float(x), float(y)], abs=0.02)
    visitor.save("Table").save_as(tmp_path / "points.csv")
    with (tmp_path / "points.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["image"] for row in rows[::2]] == ["source.png", "9.png", "10.png", "sub/9.png"]
    assert float(rows[-2]["x"]) == pytest.approx(pair.target_points[0, 0].item(), abs=1e-3)
    visitor.one.complaints.clear()  # the browser itself says that it got a 400


DROP = """() => {
  const made = (name) => new File([Uint8Array.from(window.bytes[name])], name);
  const file = (name) => ({ isFile: true, name, file: (resolve) => resolve(made(name)) });
  const folder = (name, ...batches) => ({
    isDirectory: true, name,
    createReader: () => ({ readEntries: (resolve) => resolve(batches.shift() ?? []) }),
  });
  const deep = folder("deep", [file("b.png")]);
  const tree = folder("set", [file("a.png"), deep], [file(".hidden.png")]);
  const items = [{ kind: "file", webkitGetAsEntry: () => tree }];
  const data = { types: ["Files"], items };
  for (const kind of ["dragover", "drop"]) {
    const event = new Event(kind, { bubbles: true, cancelable: true });
    Object.defineProperty(event, "dataTransfer", { value: data });
    document.querySelector(".transfer-targets").dispatchEvent(event);
  }
}"""


def test_dropping_a_folder_and_pasting(visitor: Visitor) -> None:
    pictures = {
        name: list(png(30, 40, seed)) for seed, name in enumerate(("a.png", "b.png", ".hidden.png"))
    }
    visitor.page.evaluate("bytes => void (window.bytes = bytes)", pictures)
    visitor.page.evaluate(DROP)
    expect(visitor.names).to_have_text(["a.png", "deep/b.png"], use_inner_text=True)
    visitor.page.evaluate(
        """bytes => {
          const data = new DataTransfer();
          data.items.add(new File([Uint8Array.from(bytes)], "pasted.png", { type: "image/png" }));
          document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data }));
        }""",
        list(png(33, 44, 9)),
    )
    expect(visitor.names).to_have_count(3)
    expect(visitor.page.locator("[data-end=source] .pane-name")).to_contain_text("fox, noto")
    visitor.page.reload()
    expect(visitor.names).to_have_text(["a.png", "deep/b.png", "pasted.png"], use_inner_text=True)
    visitor.page.get_by_role("button", name="Remove deep/b.png").click()
    expect(visitor.names).to_have_count(2)
    visitor.page.get_by_role("button", name="Undo").click()
    expect(visitor.names).to_have_count(3)
    visitor.page.get_by_role("button", name="Remove all").click()
    expect(visitor.page.locator(".inviting")).to_be_visible()


def test_filters_and_orders(visitor: Visitor) -> None:
    visitor.samples("openmoji", "twemoji", "emojione")
    visitor.one.click(*EYE)
    visitor.choose(("noise.png", png(200, 40)), ("no.txt", b"text"))
    visitor.wait_done(4)
    expect(visitor.page.locator("[data-filter=failed]")).to_have_text("Failed 1")
    visitor.page.locator("[data-filter=failed]").click()
    expect(visitor.names).to_have_text(["no.txt"], use_inner_text=True)
    visitor.page.locator("[data-filter=all]").click()
    visitor.page.get_by_label("Sort by").select_option("score")
    expect(visitor.page.locator(TARGETS)).to_have_count(5)
    shown = visitor.page.locator(f"{TARGETS} .score:not([hidden])")
    scores = sorted(float(text) for text in shown.all_text_contents())
    expect(shown).to_have_text([f"{score:.2f}" for score in scores])
    assert len(scores) == 4
    low = sum(score < 0.3 for score in scores)
    visitor.page.locator("[data-filter=low]").click()
    expect(visitor.page.locator(TARGETS)).to_have_count(low)
    expect(visitor.page.locator(f"{TARGETS}.low")).to_have_count(low)
    visitor.page.reload()
    expect(visitor.page.locator("[data-filter=low]")).to_have_attribute("aria-pressed", "true")
    visitor.page.locator("[data-filter=all]").click()
    visitor.page.get_by_label("Sort by").select_option("name")
    expect(visitor.names.first).to_have_text("fox, emojione.png", use_inner_text=True)
    visitor.one.complaints.clear()  # the browser itself says that it got a 400


def test_correcting_by_dragging(visitor: Visitor) -> None:
    visitor.samples("openmoji", "twemoji")
    for place in (EYE, NOSE):
        visitor.one.click(*place)
    visitor.wait_done(2)
    visitor.page.locator(".target-open").first.click()
    mark = visitor.marks(".enlarged .overlay").first
    expect(mark).to_be_visible()
    x, y = middle(mark.locator(".face"))
    mouse = visitor.page.mouse
    mouse.move(x + 2, y + 1)
    mouse.down()
    mouse.move(x + 62, y + 31, steps=4)
    mouse.up()
    expect(mark).to_have_attribute("aria-label", re.compile("corrected"))
    assert middle(mark.locator(".face")) == pytest.approx((x + 60, y + 30), abs=1.5)
    first, second = visitor.wait_corrections(lambda all_: bool(all_[0]))
    assert len(first) == 1
    assert second == {}
    row = visitor.page.locator(".enlarged-points .row").first
    expect(row).to_contain_text("Corrected")
    visitor.page.keyboard.press("Control+z")
    expect(row).to_contain_text(re.compile("Found|Low score"))
    visitor.page.keyboard.press("Control+y")
    expect(row).to_contain_text("Corrected")
    visitor.page.reload()
    expect(visitor.page.locator(".enlarged-points .row").first).to_contain_text("Corrected")
    visitor.page.keyboard.press("PageDown")
    expect(visitor.page.locator(".dialog-head h2")).to_have_text("fox, twemoji.png")
    visitor.page.get_by_role("button", name="Close").click()
    expect(visitor.page.locator(".target-open").nth(1)).to_be_focused()
    expect(visitor.card("fox, openmoji.png")).to_contain_text("1 corrected")
    expect(visitor.page.locator("[data-filter=corrected]")).to_have_text("Corrected 1")
    visitor.one.click(0.7, 0.3)  # a point more, and the first one moved
    visitor.server.act(visitor.session, "move", id=next(iter(first)), x=90, y=140)
    expect(visitor.card("fox, openmoji.png")).to_contain_text("1 outdated")
    visitor.save("Grid (SVG)")


def test_fast_moves_arrive_in_order(visitor: Visitor) -> None:
    visitor.samples("openmoji", "twemoji")
    for place in (EYE, NOSE):
        visitor.one.click(*place)
    visitor.wait_done(2)
    visitor.page.locator(".target-open").first.click()
    for keys in ("]", "ArrowUp", "]", "ArrowUp", "PageDown", "]", "ArrowDown", "Escape"):
        visitor.page.keyboard.press(keys)
    first, second = visitor.wait_corrections(lambda all_: len(all_[0]) == 2 and bool(all_[1]))
    assert len(second) == 1
    assert {tuple(one["source"]) for one in first.values()} > {
        tuple(one["source"]) for one in second.values()
    }


SLOW = """() => {
  const { fetch } = window;
  window.fetch = async (...asked) => {
    const answer = await fetch(...asked);
    const late = /transfer[?]since/.test(asked[0]) ? 2000 : 0;
    await new Promise((resolve) => setTimeout(resolve, late));
    return answer;
  };
}"""


def test_done_is_said_when_the_points_are_there(visitor: Visitor) -> None:
    visitor.samples("openmoji", "twemoji")
    expect(visitor.names).to_have_count(2)
    visitor.page.evaluate(SLOW)
    for place in (EYE, NOSE):
        visitor.one.click(*place)
    visitor.wait_done(2)
    assert visitor.marks(TARGETS).count() == 4


def test_keys_are_heard_when_the_focused_mark_is_zoomed_out_of_view(visitor: Visitor) -> None:
    visitor.samples("openmoji", "twemoji")
    visitor.one.click(*EYE)
    visitor.wait_done(2)
    visitor.page.locator(".target-open").first.click()
    marks = visitor.marks(".enlarged .overlay")
    visitor.page.keyboard.press("]")
    expect(marks).to_be_focused()
    box = visitor.page.locator(".enlarged .well > .picture").bounding_box()
    assert box is not None
    visitor.page.mouse.move(box["x"] + 0.95 * box["width"], box["y"] + 0.95 * box["height"])
    for _ in range(8):
        visitor.page.mouse.wheel(0, -300)
    expect(marks).to_have_count(0)
    expect(visitor.page.locator(".enlarged .well")).to_be_focused()
    visitor.page.keyboard.press("PageDown")
    expect(visitor.page.locator(".dialog-head h2")).to_have_text("fox, twemoji.png")


def test_with_the_keyboard_alone(visitor: Visitor) -> None:
    press = visitor.page.keyboard.press
    press("Shift+S")
    expect(visitor.page.get_by_label("Filter samples")).to_be_focused()
    for _ in range(5):
        press("Tab")  # style, select all, the first two samples: Add is still disabled
    press("Enter")
    visitor.page.get_by_role("button", name="Add 1").focus()
    press("Enter")
    expect(visitor.page.locator(TARGETS)).to_have_count(1)
    visitor.page.locator("[data-end=source] .well").focus()
    press("ArrowLeft")
    press("Enter")
    for _ in range(4):
        press("ArrowDown")
    press("Enter")
    visitor.wait_done(1)
    visitor.page.locator(".target-open").focus()
    press("Enter")
    expect(visitor.page.locator(".enlarged .well")).to_be_focused()
    press("]")
    marks = visitor.marks(".enlarged .overlay")
    expect(marks.first).to_be_focused()
    before = middle(marks.first.locator(".face"))
    press("Shift+ArrowRight")
    press("ArrowDown")
    expect(marks.first).to_have_attribute("aria-label", re.compile("corrected"))
    assert middle(marks.first.locator(".face")) == pytest.approx(
        (before[0] + 10, before[1] + 1), abs=0.6
    )
    press("r")
    expect(marks.first).not_to_have_attribute("aria-label", re.compile("corrected"))
    press("Enter")
    expect(marks.first).to_have_attribute("aria-label", re.compile("corrected"))
    press("Delete")
    expect(marks).to_have_count(1)
    expect(marks.first).to_be_focused()
    ((corrections),) = visitor.wait_corrections(
        lambda all_: any(c["place"] is None for c in all_[0].values())
    )
    assert len(corrections) == 1
    press("Escape")
    expect(visitor.page.locator(TARGETS)).to_contain_text("1 not visible")
    press("?")
    expect(visitor.page.get_by_role("dialog")).to_contain_text("not visible")
    press("Escape")


def test_pause_resume_and_reload_while_a_job_runs(visitor: Visitor) -> None:
    visitor.page.locator("select[name=strategy]").select_option("exact")
    visitor.page.locator("select[name=preset]").select_option("patient")
    visitor.one.click(*EYE)
    visitor.samples("openmoji", "twemoji")
    visitor.page.reload()
    expect(visitor.line).to_contain_text("0 of 2 images")
    visitor.page.get_by_role("button", name="Cancel").click()
    expect(visitor.line).to_have_text("0 of 2 images · stopped")
    expect(visitor.page.locator(TARGETS).first).to_contain_text("Stopped")
    visitor.page.locator("select[name=preset]").select_option("hasty")
    visitor.page.locator("select[name=strategy]").select_option("preset")
    visitor.page.get_by_role("button", name="Resume").click()
    expect(visitor.page.get_by_role("button", name="Resume")).to_be_hidden()
    visitor.wait_done(2)
    assert visitor.server.state(visitor.session)["transfer"]["held"] is False


def test_two_tabs_and_the_match_screen(visitor: Visitor, browser: Browser, server: Running) -> None:
    with person(browser) as other:
        there = Visitor(other, server)
        there.go(visitor.page.url)
        visitor.samples("openmoji")
        there.one.click(*EYE)
        visitor.wait_done(1)
        there.wait_done(1)
        expect(there.names).to_have_text(["fox, openmoji.png"], use_inner_text=True)
        there.page.locator(".target-open").click()
        score = there.page.locator(".enlarged-points .row-state").inner_text().split()[-1]
        there.page.get_by_role("button", name="Open in Match").click()
        expect(there.page.locator("[data-end=target] .pane-name")).to_contain_text("openmoji")
        expect(there.page.locator(".row .score:not([hidden])")).to_have_text(score)
        there.page.go_back()


def test_many_targets_are_drawn_only_where_they_are_seen(visitor: Visitor) -> None:
    pictures = [visitor.server.upload(png(24, 24, seed)).json()["id"] for seed in range(3)]
    for number in range(120):
        fields = {"name": f"{number}.png", "picture": pictures[number % 3]}
        visitor.server.act(visitor.session, "add-target", **fields)
    expect(visitor.page.locator(TARGETS)).to_have_count(120)
    visitor.one.click(*EYE)
    expect(visitor.marks(".targets-grid").first).to_be_visible()
    visitor.page.locator(TARGETS).last.scroll_into_view_if_needed()
    visitor.wait_done(3)
    expect(visitor.page.locator(TARGETS).last.locator(".carried")).to_have_count(1)
    assert visitor.marks(".targets-grid").count() < 90


@pytest.mark.parametrize(("width", "height"), [(360, 740), (3840, 2160)])
def test_windows_of_all_sizes(browser: Browser, server: Running, width: int, height: int) -> None:
    with person(browser, viewport={"width": width, "height": height}) as one:
        visitor = Visitor(one, server)
        visitor.go(f"{server.address}/#/transfer")
        visitor.samples("openmoji", "twemoji")
        one.click(*EYE)
        visitor.wait_done(2)
        assert visitor.page.evaluate("document.documentElement.scrollWidth") <= width
        visitor.page.locator(".target-open").last.click()
        expect(visitor.marks(".enlarged .overlay")).to_have_count(1)
        box = visitor.page.locator(".enlarged .well > .picture").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["height"] > 0.25 * height
        visitor.page.keyboard.press("Escape")
