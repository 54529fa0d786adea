"""The still picture of the explorer of maps, and how the explorer takes its place."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from explorer_page import CHAPTER, PAGE, expected, explorer, in_its_place, pixels, shows
from playwright.sync_api import Browser, Page, Route, expect
from visits import change_scheme

from tools.book.screenshots import HEIGHT, SCHEMES, SITE, WIDTHS

pytestmark = pytest.mark.browser

PAGES = pytest.mark.parametrize("name", [PAGE, CHAPTER])
STILL = ".explorer-still img, .tag_explorer .cell_output img"
TOP_OF_WHAT_FOLLOWS = """() => {
  const still = document.querySelector('.explorer-still, .tag_explorer');
  const next = still.nextElementSibling;
  const after = next.localName === 'cam-explorer' ? next.nextElementSibling : next;
  return after.getBoundingClientRect().top + scrollY;
}"""


@pytest.fixture(scope="module")
def opened(browser: Browser, address: str) -> Iterator[Page]:
    """The explorer's page, opened once for what only depends on how the reader sees it."""
    with explorer(browser, address + PAGE) as page:
        yield page


@pytest.fixture
def page(opened: Page) -> Iterator[Page]:
    yield opened
    opened.emulate_media(color_scheme="light", reduced_motion="no-preference", forced_colors="none")


def still_stands(page: Page) -> None:
    still = page.locator(STILL)
    expect(still).to_be_visible()
    assert "two rows" in (still.get_attribute("alt") or "")
    expect(still).to_have_js_property("complete", True)
    assert still.evaluate("(image) => image.naturalWidth") > 0


@PAGES
def test_without_javascript_the_still_picture_stands(browser: Browser, address: str, name: str) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(address + name)
    still_stands(page)
    expect(page.locator("cam-explorer")).to_have_count(0)
    still = page.locator(".explorer-still, .tag_explorer")
    box = still.bounding_box()
    assert box and box["height"] < HEIGHT, "no room is kept for what does not come"
    page.emulate_media(media="print")
    still_stands(page)
    page.close()


@PAGES
def test_in_print_the_still_picture_stands(browser: Browser, address: str, name: str) -> None:
    with explorer(browser, address + name) as page:
        expect(page.locator(STILL)).to_be_hidden()
        expect(page.locator("cam-explorer .map")).to_be_visible()
        page.emulate_media(media="print")
        still_stands(page)
        expect(page.locator("cam-explorer")).to_be_hidden()


@pytest.mark.parametrize("missing", ["data/mistakes.js", "data/37.js", "explorer.css", "markup.js"])
def test_where_a_part_cannot_be_loaded_the_still_picture_stays(browser: Browser, address: str, missing: str) -> None:
    page = browser.new_page()
    page.route(f"**/explorer/{missing}", lambda route: route.abort())
    page.goto(address + PAGE)
    page.wait_for_selector(".explorer-missing")
    still_stands(page)
    expect(page.locator("cam-explorer")).to_have_count(0)
    page.close()


def test_where_the_maps_of_an_image_cannot_be_loaded_a_sentence_says_so(browser: Browser, address: str) -> None:
    with explorer(browser, address + PAGE) as page:
        page.route("**/explorer/data/164.js", lambda route: route.abort())
        page.locator("cam-explorer").get_by_title("ship, called airplane").click()
        expect(page.locator("cam-explorer .notice")).to_contain_text("The maps of test image 164 could not be loaded")
        expect(page.locator("cam-explorer").get_by_role("radio", name="test image 37")).to_be_checked()
        shows(page)


@PAGES
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_nothing_moves_when_the_explorer_comes(browser: Browser, address: str, name: str, width: int) -> None:
    held: list[Route] = []
    page = browser.new_page(viewport={"width": width, "height": HEIGHT})
    page.route("**/explorer/maps.js", lambda route: held.append(route))
    page.goto(address + name, wait_until="domcontentloaded")  # a script that is held back holds back the load event
    page.evaluate("async () => { await window.MathJax?.startup?.promise; await document.fonts.ready }")
    still_stands(page)
    before = page.evaluate(TOP_OF_WHAT_FOLLOWS)
    page.evaluate("document.querySelector('.explorer-still, .tag_explorer').scrollIntoView()")
    while not held:
        page.wait_for_timeout(20)
    held[0].continue_()
    in_its_place(page)
    assert abs(page.evaluate(TOP_OF_WHAT_FOLLOWS) - before) < 1
    page.close()


def test_a_reader_who_does_not_come_near_it_loads_none_of_it(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": WIDTHS["wide"], "height": HEIGHT})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for name in (CHAPTER, "book/intro.html"):
        page.goto(address + name)
        page.wait_for_load_state("networkidle")
    assert [url for url in asked if "/explorer/" in url] == []
    page.close()


def test_the_first_view_loads_the_maps_of_one_image(browser: Browser, address: str) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.rpartition("/explorer/")[2]))
    page.goto(address + PAGE)
    in_its_place(page)
    assert [name for name in asked if name.startswith("data/")] == ["data/mistakes.js", "data/37.js"]
    page.close()


def test_it_works_on_a_page_opened_from_a_disk(browser: Browser, site: object) -> None:
    with explorer(browser, (SITE / PAGE).as_uri()) as page:
        page.locator("cam-explorer").get_by_role("radio", name="layer1").check()
        assert abs(pixels(page) - expected(stage="layer1")).max() < 5
        expect(page.locator("cam-explorer .said")).to_contain_text("at layer1")


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_bars_move_only_for_readers_who_do_not_mind(page: Page, motion: str) -> None:
    page.emulate_media(reduced_motion=motion)
    bar = page.locator("cam-explorer .bar div").first
    seconds = bar.evaluate("(bar) => getComputedStyle(bar).transitionDuration")
    assert seconds == ("0s" if motion == "reduce" else "0.2s")


def test_what_is_chosen_can_be_told_without_colours(page: Page) -> None:
    page.emulate_media(forced_colors="active")
    for group in (".thumbnails", ".stages"):
        outlines = page.locator(f"cam-explorer {group} label").evaluate_all(
            "(labels) => labels.map((label) => getComputedStyle(label).outlineStyle)"
        )
        assert outlines.count("solid") == 1


@pytest.mark.parametrize("scheme", SCHEMES)
def test_its_text_stands_out_from_the_page(page: Page, scheme: str) -> None:
    change_scheme(page, scheme)
    colours = page.evaluate("""() => {
      const root = document.querySelector('cam-explorer').shadowRoot;
      const ink = (selector) => getComputedStyle(root.querySelector(selector)).color;
      const ground = getComputedStyle(document.body).backgroundColor;
      return [ground, ...['.said', '.foot', 'caption', 'a'].map(ink)];
    }""")
    ground, *inks = map(luminance, colours)
    assert (ground > 0.8, ground < 0.2) == (scheme == "light", scheme == "dark")
    assert min(contrast(ground, ink) for ink in inks) >= 4.5


def luminance(colour: str) -> float:
    """Of a CSS colour such as rgb(1, 2, 3), as WCAG 2 defines it."""
    shares = [int(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    red, green, blue = (share / 12.92 if share <= 0.03928 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: float, second: float) -> float:
    lighter, darker = max(first, second), min(first, second)
    return (lighter + 0.05) / (darker + 0.05)
