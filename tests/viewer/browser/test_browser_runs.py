"""Browsing runs in Chromium."""

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from helpers.browsing import Person, person
from helpers.running import Running, running
from helpers.some_runs import GIVEN, make_data, make_run
from PIL import Image
from playwright.sync_api import Browser, expect

from homologue.diffusion.model import LatentDiffusion
from homologue.viewer.features.runs.open_runs import OpenRuns

ONE, TWO, THREE, FOUR, FIVE = (f"{source}.png-{target}.png" for source, target, *_ in GIVEN)
MANY = 3000


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def site(builtin: LatentDiffusion, place: Path) -> Iterator[Running]:
    """Three runs: `grown`, which is continued; `hand`, which stores maps; `many`, of many pairs."""
    few = make_data(place / "few", GIVEN)
    make_run(place / "hand", few, keep=("maps",))
    make_run(place / "grown", few, pairs=3)
    many = make_data(place / "data", [GIVEN[index % len(GIVEN)] for index in range(MANY)])
    make_run(place / "many", many)
    runs = OpenRuns([place / "grown", place / "hand", place / "many"])
    with running(lambda name: builtin, runs=runs) as one:
        yield one


@pytest.fixture
def visitor(browser: Browser, site: Running) -> Iterator[Person]:
    with person(browser, accept_downloads=True) as one:
        yield one


def go(visitor: Person, site: Running, rest: str) -> None:
    visitor.page.goto(f"{site.address}/#/runs/-/{rest}")


def cards(visitor: Person) -> list[str]:
    names = visitor.page.locator(".pair-card[href] .pair-name")
    expect(names.first).to_be_visible()
    return names.all_inner_texts()


def rest(visitor: Person) -> str:
    return visitor.page.url.partition("#/runs/-/")[2]


def expect_rest(visitor: Person, pattern: str) -> None:
    expect(visitor.page).to_have_url(re.compile(rf"#/runs/-/{pattern}$"))


def expect_pair(visitor: Person, name: str) -> None:
    expect(visitor.page.locator(".pair-title")).to_have_text(name)


def expect_total(visitor: Person, text: str) -> None:
    expect(visitor.page.locator(".total")).to_have_text(text)


def test_from_the_list_of_runs_to_a_layer_of_a_point(visitor: Person, site: Running) -> None:
    page = visitor.page
    page.goto(site.address)
    expect(page.locator(".chooser tbody tr")).to_have_count(3)
    row = page.get_by_role("row", name=re.compile("^hand "))
    expect(row).to_contain_text("66.67")
    row.get_by_role("link").click()
    expect_rest(visitor, "hand")
    assert cards(visitor) == [ONE, TWO, THREE, FOUR, FIVE]
    expect(page.locator(".pair-card image")).to_have_count(10)
    expect(page.locator(".pck .per_point dd")).to_have_text("66.67")
    page.locator(".pair-card").first.click()
    expect_pair(visitor, ONE)
    expect(page.locator(".run-sources .spot")).to_have_count(2)
    expect(page.locator(".run-line.right .stroke, .run-line.wrong .stroke")).to_have_count(2)
    dashes = [
        page.locator(f".run-line.{verdict} .stroke").evaluate(
            "(line) => getComputedStyle(line).strokeDasharray"
        )
        for verdict in ("right", "wrong")
    ]
    assert dashes[0] == "none"
    assert dashes[1] != "none"
    page.locator(".run-line.wrong .hit").dispatch_event("click")
    expect(page.locator(".map")).to_have_count(3)
    expect(page.locator(".map-name")).to_have_text(["all", "layer up 0.0", "layer mid"])
    expect(page.locator(".well > .heat:visible")).to_have_count(2)
    page.locator(".map").nth(1).click()
    expect_rest(visitor, re.escape(f"hand/{ONE}?point=2&map=1"))
    page.reload()
    expect(page.locator(".map[aria-pressed=true]")).to_have_text("layer up 0.0")
    expect(page.locator("tr.selected th")).to_have_text("2")
    page.locator(".map").nth(1).click()
    expect(page.locator(".large-head strong")).to_have_text("layer up 0.0, over the target")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    page.go_back()
    expect_rest(visitor, "hand")
    page.go_forward()
    expect_pair(visitor, ONE)
    expect(page.locator("tr.selected th")).to_have_text("2")


def test_filters_numbers_and_back(visitor: Person, site: Running) -> None:
    page = visitor.page
    go(visitor, site, "hand")
    expect_total(visitor, "5 pairs")
    page.locator(".bar-row", has_text="dog").click()
    expect_total(visitor, "3 of 5 pairs")
    expect(page.locator(".pck .per_point dd")).to_have_text("50.00")
    page.locator("[name=verdict]").select_option("all wrong")
    expect_total(visitor, "1 of 5 pairs")
    page.locator("[name=alpha]").fill("0.3")
    expect_total(visitor, "0 of 5 pairs")
    expect(page.locator(".note")).to_have_text("No pairs match these filters.")
    expect_rest(visitor, re.escape("hand?by.category=dog&verdict=wrong&alpha=0.3"))
    page.go_back()
    expect_total(visitor, "3 of 5 pairs")
    page.get_by_role("button", name="Clear").click()
    expect_total(visitor, "5 pairs")
    page.get_by_label("Name contains").press_sequentially("a.png-")
    expect_total(visitor, "2 of 5 pairs")
    assert cards(visitor) == [ONE, THREE]
    page.locator("[name=sort]").select_option("Worst error")
    page.get_by_role("button", name="Ascending order").click()
    expect(page.locator(".pair-name").first).to_have_text(THREE)
    expect_rest(visitor, re.escape("hand?text=a.png-&sort=worst&order=down"))
    page.reload()
    expect_total(visitor, "2 of 5 pairs")
    assert cards(visitor) == [THREE, ONE]
    expect(page.get_by_label("Name contains")).to_have_value("a.png-")
    page.get_by_role("button", name="Save").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="List (CSV)").click()
    rows = csv.DictReader(io.StringIO(Path(download.value.path()).read_text()))
    assert [row["pair"] for row in rows] == [THREE, ONE]


def test_with_the_keyboard_alone(visitor: Person, site: Running) -> None:
    page = visitor.page
    go(visitor, site, "hand")
    cards(visitor)
    page.keyboard.press("/")
    expect(page.get_by_label("Name contains")).to_be_focused()
    page.locator(".pair-card[tabindex='0']").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".pair-card:focus .pair-name")).to_have_text(FOUR)
    page.keyboard.press("Enter")
    expect_pair(visitor, FOUR)
    expect(page.locator(".strip .hint")).to_contain_text("failed")
    for key, name in [("n", FIVE), ("p", FOUR), ("k", THREE), ("j", FOUR)]:
        page.keyboard.press(key)
        expect_pair(visitor, name)
    for key, name in [("ArrowLeft", THREE), ("ArrowLeft", TWO), ("ArrowLeft", ONE)]:
        page.keyboard.press(key)
        expect_pair(visitor, name)
    expect(page.get_by_role("button", name="Previous pair")).to_be_disabled()
    for key in "nnnnp":  # faster than pairs can be loaded
        page.keyboard.press(key)
    expect_pair(visitor, FOUR)
    for key in "ppppppp":
        page.keyboard.press(key)
    expect_pair(visitor, ONE)
    page.keyboard.press("]")
    expect(page.locator("tr.selected th")).to_have_text("1")
    expect(page.locator(".map")).to_have_count(3)
    page.keyboard.press("l")
    expect(page.locator(".map[aria-pressed=true]")).to_have_text("layer up 0.0")
    page.locator(".run-sources .spot").nth(1).focus()
    page.keyboard.press("Enter")
    expect(page.locator("tr.selected th")).to_have_text("2")
    expect_rest(visitor, re.escape(f"hand/{ONE}?point=2&map=1"))
    page.keyboard.press("Escape")
    expect(page.locator(".pair-card:focus .pair-name")).to_have_text(ONE)
    expect_rest(visitor, "hand")


def test_only_cards_near_the_window_are_in_the_page(visitor: Person, site: Running) -> None:
    page, asked = visitor.page, list[str]()
    page.on("request", lambda request: asked.append(request.url))
    go(visitor, site, "many")
    expect_total(visitor, "3,000 pairs")
    cards(visitor)
    assert 0 < page.locator(".pair-card").count() < 60
    assert sum("/runs/pairs?" in url for url in asked) <= 2
    page.evaluate("document.querySelector('.grid-scroll').scrollTop = 1e9")
    last = page.locator(".pair-card[href]", has_text=f"{FIVE}#{MANY // 5}")
    expect(last).to_be_visible()
    assert page.locator(".pair-card").count() < 60
    assert sum("/runs/pairs?" in url for url in asked) <= 5
    expect_rest(visitor, r"many\?at=29\d\d")
    seen = page.locator(".grid-scroll").evaluate("(box) => box.scrollTop")
    last.click()
    expect_pair(visitor, f"{FIVE}#{MANY // 5}")
    page.keyboard.press("Escape")
    expect(last).to_be_focused()
    assert page.locator(".grid-scroll").evaluate("(box) => box.scrollTop") == pytest.approx(seen)
    page.reload()
    expect(last).to_be_visible()


def test_the_same_pair_in_another_run_and_one_that_grows(
    visitor: Person, site: Running, place: Path
) -> None:
    page = visitor.page
    go(visitor, site, f"hand/{ONE}?point=2")
    expect(page.locator(".other-runs button")).to_have_text(["grown", "hand", "many"])
    for _ in range(2):
        page.keyboard.press("r")
    expect_rest(visitor, re.escape(f"grown/{ONE}?point=2"))
    expect(page.locator(".strip .hint")).to_contain_text("--keep maps")
    page.locator(".other-runs button", has_text="hand").click()
    expect(page.locator(".map")).to_have_count(3)
    page.locator("[name=run]").select_option("grown")
    page.keyboard.press("Escape")
    expect_total(visitor, "3 pairs")
    expect(page.locator(".run-state")).to_contain_text("3 of 5")
    make_run(place / "grown", place / "few/pairs.jsonl")
    page.get_by_role("button", name="Reload").click()
    expect_total(visitor, "5 pairs")


def test_other_screens_keep_their_session(visitor: Person, site: Running) -> None:
    page = visitor.page
    go(visitor, site, f"hand/{TWO}")
    expect_pair(visitor, TWO)
    page.get_by_role("link", name="Match").click()
    expect(page.locator(".match")).to_be_visible()
    session = visitor.session
    page.get_by_role("link", name="Runs").click()
    expect_pair(visitor, TWO)
    page.get_by_role("link", name="Match").click()
    expect(page.locator(".match")).to_be_visible()
    assert visitor.session == session


def test_saved_files(visitor: Person, site: Running, tmp_path: Path) -> None:
    page = visitor.page
    go(visitor, site, f"hand/{ONE}?point=1")
    expect(page.locator(".well > .heat:visible")).to_have_count(2)
    saved = {}
    for entry, name in [
        ("Image (PNG)", "pair.png"), ("Image (SVG)", "pair.svg"), ("Points (JSON)", "pair.json")
    ]:  # fmt: skip
        page.get_by_role("button", name="Save").click()
        with page.expect_download() as download:
            page.get_by_role("button", name=entry).click()
        assert download.value.suggested_filename == name
        saved[name] = tmp_path / name
        download.value.save_as(saved[name])
    with Image.open(saved["pair.png"]) as picture:
        assert min(picture.size) > 400
    drawing = ElementTree.parse(saved["pair.svg"]).getroot()
    svg = "{http://www.w3.org/2000/svg}"
    assert len(drawing.findall(f".//{svg}image")) == 4
    assert {"1", "2"} <= {text.text for text in drawing.iter(f"{svg}text")}
    assert len(drawing.findall(f".//{svg}ellipse")) >= 4
    assert json.loads(saved["pair.json"].read_text())["points"][0]["found"] == [15, 40]


def test_a_narrow_screen(browser: Browser, site: Running) -> None:
    with person(browser, viewport={"width": 360, "height": 740}, has_touch=True) as visitor:
        page = visitor.page
        go(visitor, site, "hand")
        assert cards(visitor)[0] == ONE
        wide = "document.scrollingElement.scrollWidth"
        assert page.evaluate(wide) == 360
        expect(page.get_by_label("Name contains")).to_be_hidden()
        page.locator("summary", has_text="Filters").tap()
        page.locator("[name=verdict]").select_option("all wrong")
        expect_total(visitor, "1 of 5 pairs")
        page.locator(".pair-card").first.tap()
        expect_pair(visitor, THREE)
        boxes = [
            page.locator(f"[data-end={end}] .well").bounding_box() for end in ("source", "target")
        ]
        assert boxes[0] is not None
        assert boxes[1] is not None
        assert boxes[1]["y"] > boxes[0]["y"] + boxes[0]["height"]
        assert page.evaluate(wide) == 360


def test_without_the_data_points_are_shown_and_a_sentence(browser: Browser, tmp_path: Path) -> None:
    make_run(tmp_path / "run", make_data(tmp_path / "data", GIVEN))
    (tmp_path / "data").rename(tmp_path / "elsewhere")
    runs = OpenRuns([tmp_path / "run"])
    with running(lambda name: None, runs=runs) as site, person(browser) as visitor:
        page = visitor.page
        page.goto(site.address)
        expect(page.locator(".pair-card .missing")).to_have_count(10)
        page.locator(".pair-card").first.click()
        expect(page.locator(".run-sources .spot")).to_have_count(2)
        expect(page.locator("[data-end=source] .empty")).to_contain_text("does not exist")
        expect(page.locator("[data-end=target] .empty")).to_contain_text("does not exist")


def test_without_a_run_there_is_no_such_screen(browser: Browser, server: Running) -> None:
    with person(browser) as visitor:
        visitor.go(f"{server.address}/#/runs/-/")
        expect(visitor.page.get_by_role("link", name="Match")).to_be_visible()
        expect(visitor.page.get_by_role("link", name="Runs")).to_have_count(0)
