"""Pictures, heat maps, window sizes and saved files in Chromium."""

import base64
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from helpers.browsing import Person, person
from helpers.running import Running, encoded, noise, png
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Locator, expect

TIMES = "\N{MULTIPLICATION SIGN}"
EYE, NOSE = (0.375, 0.57), (0.5, 0.83)


@pytest.fixture
def visitor(browser: Browser, server: Running) -> Iterator[Person]:
    with person(browser, accept_downloads=True) as one:
        one.go(server.address)
        yield one


def name_of(visitor: Person, end: str) -> str:
    return visitor.page.locator(f"[data-end={end}] .pane-name").inner_text()


def test_pictures_from_files(visitor: Person) -> None:
    with visitor.page.expect_file_chooser() as chooser:
        visitor.page.locator("[data-end=source]").get_by_role("button", name="Open").click()
    chooser.value.set_files(
        [
            {"name": "one.png", "mimeType": "image/png", "buffer": png(120, 80)},
            {"name": "two.jpg", "mimeType": "image/jpeg", "buffer": encoded(noise(90, 90), "JPEG")},
        ]
    )
    expect(visitor.page.locator("[data-end=source] .pane-name")).to_have_text(
        f"one.png · 120 {TIMES} 80"
    )
    expect(visitor.page.locator("[data-end=target] .pane-name")).to_have_text(
        f"two.jpg · 90 {TIMES} 90"
    )


DROP = """([end, kind, text]) => {
  const data = new DataTransfer();
  const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  data.items.add(new File([bytes], "dropped.png", { type: "image/png" }));
  const where = kind === "paste" ? document : document.querySelector(`[data-end=${end}] .well`);
  const event = kind === "paste"
    ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true })
    : new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
  where.dispatchEvent(event);
}"""


def test_pictures_by_dropping_and_pasting(visitor: Person) -> None:
    data = base64.b64encode(png(77, 66)).decode()
    visitor.page.evaluate(DROP, ["source", "drop", data])
    expect(visitor.page.locator("[data-end=source] .pane-name")).to_have_text(
        f"dropped.png · 77 {TIMES} 66"
    )
    visitor.page.locator("[data-end=target] .well").focus()
    other = base64.b64encode(png(55, 44)).decode()
    visitor.page.evaluate(DROP, ["", "paste", other])
    expect(visitor.page.locator("[data-end=target] .pane-name")).to_have_text(
        f"dropped.png · 55 {TIMES} 44"
    )
    expect(visitor.page.locator(".toast")).to_contain_text("Pasted as the target.")


def test_an_empty_pane_says_what_to_do(visitor: Person) -> None:
    data = base64.b64encode(png(77, 66)).decode()
    visitor.page.evaluate(DROP, ["source", "drop", data])
    empty = visitor.page.locator("[data-end=target] .empty")
    expect(empty).to_contain_text("Drop or paste an image here, or:")
    expect(visitor.page.locator(".status-text")).to_have_text("Open a target image.")
    visitor.click(*EYE)
    expect(visitor.rows("Fitted. Open a target image")).to_have_count(1)
    empty.get_by_role("button", name="Choose a sample").click()
    visitor.page.get_by_role("dialog").get_by_role("button", name="tabby").click()
    visitor.wait_found(1)


def test_other_files_are_refused_with_a_message(visitor: Person) -> None:
    before = name_of(visitor, "source")
    svg = b"<svg xmlns='x'><script>document.title = 'hacked'</script></svg>"
    visitor.page.evaluate(DROP, ["source", "drop", base64.b64encode(svg).decode()])
    expect(visitor.page.locator(".toast.problem")).to_contain_text("is an SVG drawing")
    assert name_of(visitor, "source") == before
    assert visitor.page.title() == "Match · homologue"
    visitor.complaints.clear()  # the browser itself says that it got a 400


def test_samples(visitor: Person) -> None:
    visitor.page.locator("[data-end=target]").get_by_role("button", name="Sample").click()
    dialog = visitor.page.get_by_role("dialog")
    dialog.get_by_label("Style").select_option("openmoji")
    dialog.get_by_label("Filter samples").fill("PANDA")
    dialog.get_by_role("button", name="panda").click()
    expect(visitor.page.locator("[data-end=target] .pane-name")).to_have_text(
        f"panda, openmoji · 256 {TIMES} 256"
    )


def test_heat_maps_come_with_a_point_and_go_with_a_key(visitor: Person) -> None:
    visitor.click(*EYE)
    visitor.wait_maps()
    heat = visitor.page.locator(".well > .heat")
    visitor.page.keyboard.press("h")
    expect(visitor.page.locator(".well > .heat:visible")).to_have_count(0)
    visitor.page.get_by_label("Show on images").check()
    visitor.wait_maps()
    visitor.page.get_by_label("Opacity").fill("0.4")
    visitor.page.wait_for_timeout(100)
    assert painted(heat.last)[..., 3].max() == 102  # 0.4 of 255
    visitor.page.get_by_label("Opacity").fill("1")
    visitor.page.wait_for_timeout(100)
    viridis = painted(heat.last)
    assert viridis[..., 3].min() == 255
    peak = np.unravel_index(viridis[..., :3].sum(axis=2).argmax(), (128, 128))
    assert viridis[peak].tolist() == [253, 231, 37, 255]  # the brightest of viridis
    visitor.page.get_by_label("Colour map", exact=True).select_option("cividis")
    visitor.page.wait_for_timeout(100)
    assert painted(heat.last)[peak].tolist() == [254, 232, 56, 255]


def painted(canvas: Locator) -> NDArray[np.uint8]:
    """Return the pixels of a canvas, (height, width, 4)."""
    address = canvas.evaluate("canvas => canvas.toDataURL()")
    with Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))) as picture:
        return np.asarray(picture.convert("RGBA"))


def test_hovering_shows_another_point_s_map(visitor: Person, server: Running) -> None:
    visitor.click(*EYE)
    visitor.click(*NOSE)
    visitor.wait_found(2)
    server.settled(visitor.session)
    visitor.wait_maps()
    heat = visitor.page.locator(".well > .heat").last
    nose = painted(heat)
    visitor.page.locator(".row").first.hover()
    expect(visitor.page.locator(".strip .card-head .disc")).to_have_text("1")
    visitor.page.wait_for_timeout(200)
    assert not np.array_equal(painted(heat), nose)
    visitor.page.mouse.move(5, 5)
    expect(visitor.page.locator(".strip .card-head .disc")).to_have_text("2")
    visitor.page.wait_for_timeout(200)
    assert np.array_equal(painted(heat), nose)


def test_the_strip_has_the_mean_every_layer_and_every_embedding(visitor: Person) -> None:
    visitor.click(*EYE)
    visitor.wait_maps()
    names = visitor.page.locator(".map-name")
    assert names.all_text_contents() == [
        "mean", "layer up 0.0", "layer up 0.1", "layer up 1.0", "layer up 1.1", "embedding 1",
        "embedding 2",
    ]  # fmt: skip
    visitor.page.locator(".strip").get_by_role("button", name="source").click()
    expect(visitor.page.locator(".map img").first).to_have_attribute(
        "src", visitor.picture("source").get_attribute("src") or ""
    )
    heat = visitor.page.locator(".well > .heat").first
    mean = painted(heat)
    visitor.page.locator(".map").nth(1).hover()
    visitor.page.wait_for_timeout(200)
    assert not np.array_equal(painted(heat), mean)


def test_a_map_is_enlarged_and_read(visitor: Person) -> None:
    visitor.click(*EYE)
    visitor.wait_maps()
    visitor.page.locator(".map").first.click()
    dialog = visitor.page.get_by_role("dialog")
    expect(dialog.locator("strong")).to_have_text("mean, over the target")
    view = dialog.locator(".large-view")
    expect(view).to_be_focused()
    box = view.bounding_box()
    assert box is not None
    highest = float((dialog.locator(".scale span").inner_text()).split(" ")[0])
    assert highest > 1.2

    def value_at(x: float, y: float) -> float:
        visitor.page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        text = dialog.locator(".readout").inner_text()
        found = re.fullmatch(rf"x ([\d.]+), y ([\d.]+) · ([\d.]+) {TIMES} average", text)
        assert found, text
        assert (float(found[1]), float(found[2])) == pytest.approx((256 * x, 256 * y), abs=0.5)
        return float(found[3])

    values = [value_at((i + 0.5) / 16, (j + 0.5) / 16) for i in range(16) for j in range(16)]
    assert 0 <= min(values) < 1 < max(values) <= highest
    assert np.mean(values) == pytest.approx(1, abs=0.5)
    visitor.page.keyboard.press("PageDown")
    expect(dialog.locator("strong")).to_have_text("layer up 0.0, over the target")
    dialog.get_by_role("button", name="Show the source").click()
    expect(dialog.locator("strong")).to_have_text("layer up 0.0, over the source")
    view.focus()
    before = dialog.locator(".readout").inner_text()
    visitor.page.keyboard.press("ArrowLeft")
    assert dialog.locator(".readout").inner_text() != before
    expect(dialog.locator(".cross")).to_be_visible()
    visitor.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def saved(visitor: Person, label: str, folder: Path) -> Path:
    visitor.page.get_by_role("button", name="Save …").click()
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("button", name=label).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_the_figure_is_saved_as_displayed(
    visitor: Person, server: Running, browser: Browser, tmp_path: Path
) -> None:
    visitor.click(*EYE)
    visitor.click(*NOSE)
    visitor.wait_found(2)
    server.settled(visitor.session)
    visitor.wait_maps()
    file = saved(visitor, "Image (PNG)", tmp_path)
    assert file.name == "match.png"
    with Image.open(file) as picture:
        well = visitor.page.locator("[data-end=source] .well").bounding_box()
        assert well is not None
        assert picture.height == pytest.approx(2 * well["height"], abs=2)
        pixels = np.asarray(picture.convert("RGB"))
    for colour in ((0, 114, 178), (213, 94, 0)):  # the two discs, on each of the two pictures
        there = (np.abs(pixels.astype(int) - colour).max(axis=2) < 12).nonzero()[1]
        assert (there < pixels.shape[1] / 2).sum() > 300
        assert (there > pixels.shape[1] / 2).sum() > 300

    file = saved(visitor, "Image (SVG)", tmp_path)
    root = ElementTree.parse(file).getroot()
    tags = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert (tags.count("image"), tags.count("text")) == (4, 4)
    addresses = [
        value for element in root.iter() for name, value in element.items() if "href" in name
    ]
    assert all(value.startswith("data:image/") for value in addresses)
    assert "script" not in tags
    page = browser.new_page()
    page.goto(file.as_uri())  # it is whole without the viewer
    shown = Image.open(io.BytesIO(page.screenshot()))
    page.close()
    assert len(shown.convert("RGB").getcolors(10**6) or []) > 500

    content = json.loads(saved(visitor, "Points (JSON)", tmp_path).read_text())
    state = server.state(visitor.session)
    assert content["points"] == [[point["x"], point["y"]] for point in state["scene"]["points"]]
    found = [one["found"] for one in state["match"]["points"].values()]
    assert [match["target"] for match in content["matches"]] == [[f["x"], f["y"]] for f in found]


@pytest.mark.parametrize(
    ("width", "height", "scheme"),
    [(360, 740, "light"), (800, 600, "dark"), (1280, 800, "light"), (3840, 2160, "dark")],
)
def test_windows_of_all_sizes(
    browser: Browser, server: Running, width: int, height: int, scheme: str
) -> None:
    size = {"width": width, "height": height}
    with person(browser, viewport=size, color_scheme=scheme, has_touch=width < 700) as one:
        one.go(server.address)
        place = one.position("source", *EYE)
        (one.page.touchscreen.tap if width < 700 else one.page.mouse.click)(*place)
        one.wait_found(1)
        one.wait_maps()
        across = one.page.evaluate("document.documentElement.scrollWidth")
        assert across <= width
        down = one.page.evaluate("document.documentElement.scrollHeight")
        if width >= 1000:
            assert down <= height
        for control in one.page.locator("button:visible, select:visible, input:visible").all():
            box = control.bounding_box()
            assert box is not None
            assert box["x"] >= 0, control.inner_text()
            if not control.evaluate("node => Boolean(node.closest('.maps'))"):
                assert box["x"] + box["width"] <= width + 0.5, control.inner_text()
        ground = one.page.evaluate("getComputedStyle(document.body).backgroundColor")
        light = sum(map(int, re.findall(r"\d+", ground))) > 380
        assert light == (scheme == "light")


def test_forty_points(browser: Browser, server: Running) -> None:
    with person(browser, viewport={"width": 1440, "height": 900}) as one:
        one.go(server.address)
        for row in range(5):
            for column in range(8):
                one.click(0.06 + 0.125 * column, 0.1 + 0.2 * row)
        expect(one.discs("source")).to_have_count(40)
        one.wait_found(40)
        expect(one.page.locator(".line")).to_have_count(40)
        assert one.page.evaluate("document.documentElement.scrollHeight") <= 900
        one.page.locator(".row").last.scroll_into_view_if_needed()
        one.page.locator(".row").last.hover()
        expect(one.page.locator(".overlay")).to_have_class(re.compile("focussed"))


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), [(50, 50), (6000, 6000), (50, 3000)])
def test_pictures_of_all_sizes(visitor: Person, server: Running, width: int, height: int) -> None:
    data = encoded(Image.linear_gradient("L").resize((width, height)), "JPEG")
    picture = server.upload(data, "picture.jpg").json()
    for end in ("source", "target"):
        server.act(visitor.session, end, picture=picture["id"])
    expect(visitor.page.locator("[data-end=target] .pane-name")).to_have_text(
        f"picture.jpg · {width} {TIMES} {height}"
    )
    visitor.page.wait_for_function(
        "() => [...document.querySelectorAll('.well > .picture')].every((image) => image.complete)"
    )
    box = visitor.picture("source").bounding_box()
    assert box is not None
    assert box["width"] / box["height"] == pytest.approx(width / height, rel=0.02)
    visitor.click(0.5, 0.25)
    visitor.wait_found(1)
    (point,) = server.state(visitor.session)["scene"]["points"]
    assert (point["x"], point["y"]) == pytest.approx((width / 2, height / 4), rel=0.03)
