"""What a page is on paper."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tools.book.screenshots import settle

pytestmark = pytest.mark.browser

CHAPTERS = ["book/05-curves.html", "book/07-grad-cam.html", "book/09-cheating-networks.html"]
SCREEN_ONLY = [
    ".bd-sidebar-primary",
    ".bd-sidebar-secondary",
    ".bd-header-article",
    ".prev-next-area",
    ".headerlink",
    "button",
    "#jb-print-toc",
]
PAPER = {"width": 673, "height": 986}  # CSS pixels of A4 less its margins


@pytest.fixture(scope="module", params=CHAPTERS)
def printed(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Page]:
    """A chapter as it is printed by a reader whose screen is dark."""
    page = browser.new_page(color_scheme="dark", viewport=PAPER)
    page.goto(address + request.param)
    settle(page)
    page.emulate_media(media="print")
    yield page
    page.close()


def test_nothing_to_click_is_printed(printed: Page) -> None:
    visible = "(nodes) => nodes.filter((node) => node.checkVisibility()).length"
    assert {name: printed.locator(name).evaluate_all(visible) for name in SCREEN_ONLY} == dict.fromkeys(SCREEN_ONLY, 0)
    assert printed.locator("h1").first.is_visible() or printed.locator("h1").nth(1).is_visible()


def test_all_text_is_dark_on_white(printed: Page) -> None:
    assert printed.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    pale = """(nodes) => nodes.filter((node) => node.checkVisibility())
      .filter((node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim()))
      .filter((node) => getComputedStyle(node).color.match(/[\\d.]+/g).slice(0, 3).map(Number)
        .reduce((sum, value) => sum + value) > 3 * 120)
      .map((node) => `${node.tagName}.${node.className}: ${node.textContent.trim().slice(0, 30)}`)"""
    assert printed.locator(".bd-article *:not(mjx-container *)").evaluate_all(pale) == []


def test_figures_fit_on_a_sheet_and_keep_their_shape(printed: Page) -> None:
    sizes = """(figures) => figures.filter((figure) => figure.checkVisibility()).map((figure) => {
      const { width, height } = figure.getBoundingClientRect(), view = figure.viewBox?.baseVal;
      return [width, height, view ? view.width / view.height : figure.naturalWidth / figure.naturalHeight];
    })"""
    found = printed.locator('.bd-article :is(img, .cell_output svg[role="img"])').evaluate_all(sizes)
    assert found
    for width, height, shape in found:
        assert width <= PAPER["width"] and height <= PAPER["height"]
        assert width / height == pytest.approx(shape, rel=0.02)
    whole = "(nodes) => nodes.map((node) => getComputedStyle(node).breakInside)"
    kept = '.bd-article :is(img, svg[role="img"], table, .cell_output .output)'
    assert set(printed.locator(kept).evaluate_all(whole)) == {"avoid"}


def test_nothing_is_wider_than_the_sheet(printed: Page) -> None:
    assert printed.evaluate("document.scrollingElement.scrollWidth") <= PAPER["width"]
    cut = "(nodes) => nodes.filter((node) => node.scrollWidth > node.clientWidth + 1).map((node) => node.className)"
    assert printed.locator(".bd-article :is(pre, .output, .cell_output)").evaluate_all(cut) == []


def test_folded_code_and_solutions_are_printed_without_their_buttons(printed: Page) -> None:
    folded = printed.locator(".bd-article details.hide")
    assert folded.count() > 2
    assert folded.locator("> summary").evaluate_all("(nodes) => nodes.some((node) => node.checkVisibility())") is False
    heights = folded.locator(".highlight").evaluate_all("(nodes) => nodes.map((node) => node.offsetHeight)")
    assert min(heights) > 10


def test_where_a_link_leads_can_be_read(printed: Page) -> None:
    shown = "(links) => links.map((link) => [link.getAttribute('href'), getComputedStyle(link, '::after').content])"
    links = printed.locator(".bd-article a.external[href^=http]").evaluate_all(shown)
    assert links and all(address in content for address, content in links)


def test_a_chapter_can_be_made_a_pdf(printed: Page) -> None:  # the last, for it lays out the shared page again
    assert printed.pdf(format="A4").startswith(b"%PDF")
