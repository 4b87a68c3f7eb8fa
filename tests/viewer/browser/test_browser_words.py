"""Words in Chromium: a sentence, its maps, their combinations, and nearest words of points."""

import base64
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from helpers.browsing import Person, person
from helpers.running import Running, encoded, png
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Locator, expect

from homologue.diffusion.model import LatentDiffusion
from homologue.viewer.features.words import engine as words_engine
from homologue.words import vocabulary

TIMES = "\N{MULTIPLICATION SIGN}"
PROMPT = "a fox's face, a red fox"
NAMES = ["a 1", "fox's", "face", "a 2", "red", "fox"]


@pytest.fixture(autouse=True)
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Store vocabularies in a folder of the test."""
    monkeypatch.setattr(vocabulary, "cached_assets_path", lambda *names: tmp_path)


class Reader(Person):
    """A page that shows the words screen."""

    def arrive(self, server: Running, session: str = "") -> None:
        self.page.goto(f"{server.address}/#/words/{session or server.session()}")
        expect(self.picture("source")).to_be_visible()

    def write(self, prompt: str) -> None:
        self.page.get_by_label("Sentence").fill(prompt)
        self.page.keyboard.press("Enter")

    def show(self, prompt: str = PROMPT) -> None:
        self.write(prompt)
        expect(self.cards.first).to_be_visible()

    @property
    def cards(self) -> Locator:
        return self.page.locator(".word")

    @property
    def heat(self) -> Locator:
        return self.page.locator(".well > .heat")

    def tick(self, *names: str) -> None:
        for name in names:
            self.page.get_by_label(f"Combine: {name}", exact=True).check()

    def facts(self, server: Running, threshold: float = 0.5) -> dict[str, Any]:
        address = server.state(self.session)["words"]["address"]
        return dict(server.client.get(f"/api/words/{address}?threshold={threshold}").json())

    def saved(self, label: str, folder: Path) -> Path:
        self.page.get_by_role("button", name="Save …").click()
        with self.page.expect_download() as download:
            self.page.get_by_role("button", name=label, exact=True).click()
        path = folder / download.value.suggested_filename
        download.value.save_as(path)
        return path


@pytest.fixture
def reader(browser: Browser, server: Running) -> Iterator[Reader]:
    with person(browser, Reader, accept_downloads=True) as one:
        one.arrive(server)
        yield one


def painted(canvas: Locator) -> NDArray[np.uint8]:
    """Return the pixels of a canvas, (height, width, 4)."""
    address = canvas.evaluate("canvas => canvas.toDataURL()")
    with Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))) as picture:
        return np.asarray(picture.convert("RGBA"))


def share(region: float) -> str:
    return f"region {100 * region:.{1 if region < 0.1 else 0}f} %"


def middle(mark: Locator) -> tuple[float, float]:
    box = mark.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_sentence_has_a_map_for_each_word(reader: Reader, server: Running) -> None:
    expect(reader.page.get_by_label("Sentence")).to_be_focused()
    reader.show()
    expect(reader.page.locator(".word .map-name")).to_have_text(NAMES)
    facts = reader.facts(server)
    for index in (1, 4):
        card, found = reader.cards.nth(index), facts["words"][index]
        view = card.locator(".map-view")
        box = view.bounding_box()
        assert box is not None
        for mark, (x, y) in ((".mark-peak", found["peak"]), (".mark-centre", found["centre"])):
            place = (box["x"] + x / 256 * box["width"], box["y"] + y / 256 * box["height"])
            assert middle(card.locator(mark)) == pytest.approx(place, abs=1)
        expect(card.locator(".word-facts")).to_contain_text(
            f"peak {found['peak'][0]:.0f}, {found['peak'][1]:.0f} · "
            f"{facts['highest'][index]:.2f} {TIMES} average"
        )
        expect(card.locator(".word-facts")).to_contain_text(share(facts["regions"][index]))
    expect(reader.heat).to_be_hidden()
    reader.cards.nth(1).locator(".map").hover()
    expect(reader.page.locator(".legend-title")).to_have_text("Word “fox's”")
    expect(reader.heat).to_be_visible()
    peak = facts["words"][1]["peak"]
    where = reader.position("source", peak[0] / 256, peak[1] / 256)
    assert middle(reader.page.locator(".word-marks .peak")) == pytest.approx(where, abs=1)
    reader.tick("fox's")
    reader.page.mouse.move(*where)
    expect(reader.page.locator(".pane .readout")).to_contain_text(
        f"word “fox's”: {facts['highest'][1]:.2f} {TIMES} average"
    )
    reader.page.get_by_label("Opacity").fill("1")
    reader.page.get_by_label("Colour map", exact=True).select_option("cividis")
    expect(reader.page.get_by_label("Colour map", exact=True)).to_have_value("cividis")
    row, column = int(peak[1] / 2), int(peak[0] / 2)
    reader.page.wait_for_function("() => document.querySelector('.well > .heat').width === 128")
    reader.page.wait_for_timeout(100)
    assert painted(reader.heat)[row, column].tolist() == [254, 232, 56, 255]


def test_a_map_is_enlarged_and_its_layers_are_shown(reader: Reader, server: Running) -> None:
    reader.show()
    reader.cards.nth(2).locator(".map").click()
    dialog = reader.page.get_by_role("dialog")
    expect(dialog.locator("strong")).to_have_text("word “face”, over the image")
    facts = reader.facts(server)
    x, y = facts["words"][2]["peak"]
    box = dialog.locator(".large-view").bounding_box()
    assert box is not None
    reader.page.mouse.move(box["x"] + x / 256 * box["width"], box["y"] + y / 256 * box["height"])
    highest = f"{facts['highest'][2]:.2f} {TIMES} average"
    expect(dialog.locator(".readout")).to_contain_text(highest)
    reader.page.keyboard.press("PageDown")
    expect(dialog.locator("strong")).to_have_text("word “a 2”, over the image")
    reader.page.keyboard.press("Escape")
    reader.page.get_by_label("Layers: face", exact=True).click()
    strip = reader.page.get_by_label("Layers of a word")
    expect(strip.get_by_role("heading")).to_have_text("Layers of the word “face”")
    expect(strip.locator(".map-name")).to_have_text(
        ["all layers", "layer up 0.0", "layer up 0.1", "layer up 1.0", "layer up 1.1"]
    )
    strip.locator(".map").nth(1).click()
    expect(dialog.locator("strong")).to_have_text("layer up 0.0, over the image")
    reader.page.keyboard.press("Escape")
    reader.page.get_by_label("Layers: red", exact=True).click()
    expect(strip.get_by_role("heading")).to_have_text("Layers of the word “red”")
    strip.get_by_label("Close the layers").click()
    expect(strip).to_be_hidden()


def test_words_are_combined_and_cut_out(reader: Reader, server: Running, tmp_path: Path) -> None:
    reader.show()
    reader.tick("face", "red")
    expect(reader.page.locator(".legend-title")).to_have_text("Mean of “face”, “red”")
    reader.page.get_by_role("button", name="segments").click()
    entries = reader.page.locator(".legend li")
    expect(entries).to_have_count(2)
    assert [one.inner_text().split() for one in entries.all()] == [["1", "face"], ["2", "red"]]
    patterns = [one.get_attribute("aria-label") for one in entries.locator("canvas").all()]
    assert patterns == ["plain", "rising lines"]
    expect(reader.page.locator(".swatch:visible")).to_have_text(["1", "2"])
    reader.page.get_by_label("Opacity").fill("1")
    reader.page.get_by_label("Segments by").select_option("strongest")
    reader.page.wait_for_function("() => document.querySelector('.well > .heat').width === 512")
    reader.page.wait_for_timeout(100)
    assert painted(reader.heat)[..., 3].min() == 255  # no place is left out
    reader.page.get_by_label("Segments by").select_option("threshold")
    slider = reader.page.get_by_label("Threshold of regions")
    for threshold in (0.5, 0.8):
        slider.fill(str(threshold))
        facts = reader.facts(server, threshold)
        text = reader.cards.nth(2).locator(".word-facts")
        expect(text).to_contain_text(share(facts["regions"][2]))
        file = reader.saved("Mask (PNG)", tmp_path)
        assert file.name == "mask.png"
        with Image.open(file) as mask:
            labels = np.array(mask)
        assert labels.shape == (256, 256)
        reader.page.wait_for_timeout(100)
        # Every other of 512 pixels, of which lines of the pattern are white.
        shown = painted(reader.heat)[::2, ::2]
        assert ((shown[..., 3] > 0) == (labels > 0)).mean() > 0.99
        blue = np.abs(shown[..., :3].astype(int) - (0, 114, 178)).max(axis=2) < 3
        assert (blue & (shown[..., 3] > 0) == (labels == 1)).mean() > 0.99
    reader.page.get_by_role("button", name="Clear").click()
    expect(reader.page.locator(".legend-title")).to_have_text("No heat map on the image")


def test_all_of_it_survives_a_reload_and_is_in_another_tab(
    reader: Reader, browser: Browser, server: Running
) -> None:
    reader.show()
    reader.tick("red")
    server.wait(reader.session, lambda state: state["words"]["chosen"] == [4])
    reader.page.reload()
    expect(reader.page.locator(".word .map-name")).to_have_text(NAMES)
    expect(reader.page.get_by_label("Sentence")).to_have_value(PROMPT)
    expect(reader.page.get_by_label("Combine: red")).to_be_checked()
    with person(browser) as other:
        other.page.goto(reader.page.url)
        expect(other.page.get_by_label("Combine: red")).to_be_checked()
        reader.tick("face")
        expect(other.page.get_by_label("Combine: face")).to_be_checked()
        other.page.get_by_label("Sentence").fill("a dog")
        other.page.keyboard.press("Enter")
        expect(reader.page.locator(".word .map-name")).to_have_text(["a", "dog"])
        expect(reader.page.get_by_label("Sentence")).to_have_value("a dog")
        reader.page.get_by_role("button", name="Undo").click()
        expect(other.page.locator(".word .map-name")).to_have_text(NAMES)
        expect(other.page.get_by_label("Sentence")).to_have_value(PROMPT)
    reader.page.get_by_role("button", name="Undo").click()
    expect(reader.cards).to_have_count(0)
    expect(reader.page.get_by_label("Sentence")).to_have_value("")


def test_errors_are_shown(reader: Reader) -> None:
    status = reader.page.locator(".status-text")
    reader.write(" !? ")
    expect(status).to_have_text("Describe the image first, for example “a cat wearing a hat”.")
    reader.write("a fox " * 8)
    expect(status).to_contain_text("The prompt has 16 tokens and the context of builtin has room")
    expect(reader.page.locator(".words-form .status")).to_have_class(re.compile("problem"))
    reader.show("a fox")
    expect(reader.page.locator(".words-form .status")).not_to_have_class(re.compile("problem"))
    expect(reader.page.locator(".words-notice")).to_contain_text("understands almost no words")


def test_cancel_and_reload_while_a_job_runs(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    attend = words_engine.attend

    def endless(*given: Any, progress: Any, **options: Any) -> Any:
        while True:
            progress("words", 2, 6)

    monkeypatch.setattr(words_engine, "attend", endless)
    reader.write("a fox in a hurry")
    status = reader.page.locator(".status-text")
    expect(status).to_contain_text(re.compile(r"^Computing heat maps, 2 of 6 · about .* left$"))
    reader.page.reload()
    expect(status).to_contain_text("Computing heat maps, 2 of 6")
    reader.page.get_by_role("button", name="Cancel").click()
    expect(status).to_contain_text("Cancelled")
    monkeypatch.setattr(words_engine, "attend", attend)
    reader.page.get_by_role("button", name="Show words").click()
    expect(reader.cards).to_have_count(5)


def test_a_model_without_words_names_those_that_have_them(
    browser: Browser, families: Running, worded: dict[str, LatentDiffusion]
) -> None:
    with person(browser, Reader) as one:
        one.arrive(families)
        notice = one.page.locator(".words-notice")
        expect(notice).to_contain_text("has no text encoder, so it cannot read words.")
        one.write("a cat wearing cats")
        expect(one.page.locator(".status-text")).to_contain_text("has no text encoder")
        for family in ("sd1", "sdxl"):
            name = worded[family].name
            if family == "sd1":
                notice.get_by_role("button", name=name).click()
            else:
                one.page.locator("select[name=model]").select_option(name)
            expect(one.page.locator(".word .map-name")).to_have_text(
                ["a", "cat", "wearing", "cats"]
            )
            expect(notice).to_be_empty()


def test_points_are_named(reader: Reader, server: Running, tmp_path: Path) -> None:
    card = reader.page.get_by_label("Nearest words of a point")
    expect(card).to_contain_text("No points yet")
    card.get_by_role("link").click()
    expect(reader.picture("target")).to_be_visible()
    reader.click(0.375, 0.57)
    reader.click(0.5, 0.83)
    reader.page.get_by_role("link", name="Words").click()
    reader.page.locator(".well .point", has_text="Point 2: show its nearest words").click()
    expect(card.locator(".names li")).to_have_count(10)
    expect(card).to_contain_text("Point 2: most similar first")
    expect(card).to_contain_text("understands too few words")
    named = server.state(reader.session)["words"]["named"]["words"]
    assert card.locator(".name-word").all_text_contents() == [one["word"] for one in named]
    card.get_by_role("button", name="Point 1").click()
    expect(card).to_contain_text("Point 1: most similar first")
    content = json.loads(reader.saved("Nearest words (JSON)", tmp_path).read_text())
    assert [point["number"] for point in content["points"]] == [1, 2]
    assert content["points"][1]["words"] == named
    reader.page.reload()
    expect(card).to_contain_text("Point 1: most similar first")


def test_the_figure_is_saved(reader: Reader, server: Running, tmp_path: Path) -> None:
    reader.show()
    reader.tick("face", "red")
    reader.page.get_by_role("button", name="segments").click()
    file = reader.saved("Figure (SVG)", tmp_path)
    root = ElementTree.parse(file).getroot()
    tags = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert tags.count("image") == 2 * 7  # the picture and a map in each of seven cells
    texts = [element.text for element in root.iter() if element.tag.endswith("text")]
    assert texts == [f"“{PROMPT}” · builtin", "1", "2", "1 face · 2 red", *NAMES]
    addresses = [value for one in root.iter() for name, value in one.items() if "href" in name]
    assert all(value.startswith("data:image/") for value in addresses)
    with Image.open(reader.saved("Figure (PNG)", tmp_path)) as picture:
        assert picture.width == 2 * float(root.attrib["width"])
        assert len(picture.convert("RGB").getcolors(10**7) or []) > 1000
    content = json.loads(reader.saved("Words (JSON)", tmp_path).read_text())
    assert content["words"] == reader.facts(server)["words"]


def test_everything_by_keyboard(reader: Reader) -> None:
    press = reader.page.keyboard.press
    reader.page.locator(".well").focus()
    press("/")
    expect(reader.page.get_by_label("Sentence")).to_be_focused()
    reader.page.keyboard.type("a red fox")
    press("Enter")
    expect(reader.cards).to_have_count(3)
    first = reader.page.locator(".word .map").first
    while not first.evaluate("node => node === document.activeElement"):
        press("Tab")
    expect(reader.page.locator(".legend-title")).to_have_text("Word “a”")
    press("Enter")
    expect(reader.page.get_by_role("dialog").locator("strong")).to_contain_text("word “a”")
    press("ArrowLeft")
    expect(reader.page.get_by_role("dialog").locator(".readout")).to_contain_text("average")
    press("Escape")
    expect(first).to_be_focused()
    press("Tab")
    press(" ")
    expect(reader.page.get_by_label("Combine: a", exact=True)).to_be_checked()
    press("Tab")
    press("Enter")
    expect(reader.page.get_by_label("Layers of a word")).to_be_visible()
    press("Control+z")
    expect(reader.cards).to_have_count(0)
    press("Control+y")
    expect(reader.cards).to_have_count(3)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("width", "height", "scheme"),
    [(360, 740, "dark"), (1280, 800, "light"), (3840, 2160, "dark")],
)
def test_windows_and_pictures_of_all_sizes(
    browser: Browser, server: Running, width: int, height: int, scheme: str
) -> None:
    size = {"width": width, "height": height}
    with person(browser, Reader, viewport=size, color_scheme=scheme) as one:
        one.arrive(server)
        large = Image.linear_gradient("L").resize((6000, 4000))
        for data in (png(50, 50), encoded(large, "JPEG"), png(40, 2000)):
            picture = server.upload(data).json()
            server.act(one.session, "source", picture=picture["id"])
            expect(one.page.locator(".pane-name")).to_contain_text(f"{picture['width']} {TIMES}")
            one.show("a cat, an extraordinary-hat")
            one.tick("cat", "extraordinary-hat")
            one.page.get_by_label("Layers: extraordinary-hat").click()
            expect(one.page.get_by_label("Layers of a word")).to_be_visible()
            root = "document.documentElement"
            assert one.page.evaluate(f"{root}.scrollWidth") <= width
            if width >= 1000:
                assert one.page.evaluate(f"{root}.scrollHeight") <= height
            for control in one.page.locator("button:visible, select:visible, input:visible").all():
                box = control.bounding_box()
                assert box is not None
                assert box["x"] >= 0, control.inner_text()
                if not control.evaluate("node => Boolean(node.closest('.maps'))"):
                    assert box["x"] + box["width"] <= width + 0.5, control.inner_text()
