"""The site's search finds the terms of the glossary and the names of the package."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
SOURCE = (ROOT / "book" / "glossary.md").read_text(encoding="utf-8").partition("```{glossary}\n")[2]
TERMS = re.findall(r"^(?=[^\s`])(.+)$", SOURCE, re.MULTILINE)
FIRST = 3
# What Sphinx's search finds for a query; it shows the last of its results first.
RESULTS = """(query) => Search._performSearch(...Search._parseQuery(query)).reverse()
  .map(([document, , anchor]) => `${document}.html${anchor}`)"""


@pytest.fixture(scope="module")
def search(browser: Browser, address: str) -> Iterator[Page]:
    """The search page with its index."""
    page = browser.new_page()
    page.goto(f"{address}search.html")
    page.wait_for_function("Search.hasIndex()")
    yield page
    page.close()


@pytest.fixture(scope="module")
def places(site: Path) -> dict[str, str]:
    """Where the glossary explains each term, in lower case, by the index of the search."""
    text = (site / "searchindex.js").read_text(encoding="utf-8")
    index = json.loads(text.removeprefix("Search.setIndex(").rstrip().removesuffix(";").removesuffix(")"))
    glossary = index["docnames"].index("book/glossary")
    return {
        term: f"book/glossary.html#{anchor}"
        for term, entries in index["indexentries"].items()
        for document, anchor, *_ in entries
        if document == glossary
    }


def found(search: Page, query: str) -> list[str]:
    """The addresses that the search page lists first."""
    return search.evaluate(RESULTS, query)[:FIRST]


def test_every_term_of_the_glossary_is_in_the_index_of_the_search(places: dict[str, str]) -> None:
    assert len(TERMS) >= 45
    assert {term.lower() for term in TERMS} - set(places) == set()


def test_every_term_of_the_glossary_is_found_where_it_is_explained(search: Page, places: dict[str, str]) -> None:
    results = {term: found(search, term) for term in TERMS}
    assert {term: first for term, first in results.items() if places[term.lower()] not in first} == {}


def test_a_function_of_the_package_is_found_on_its_page(search: Page) -> None:
    assert "book/api/maps.html#cifarcam.maps.cam.stage_maps" in found(search, "stage_maps")


def test_a_reader_types_a_term_and_sees_what_the_search_finds(browser: Browser, address: str, search: Page) -> None:
    page = browser.new_page()
    page.goto(f"{address}book/intro.html")
    page.keyboard.press("Control+k")
    page.keyboard.type("reliability diagram")
    page.keyboard.press("Enter")
    links = page.locator("#search-results ul.search > li > a")
    links.nth(FIRST - 1).wait_for()
    shown = links.evaluate_all("(links) => links.map((link) => link.getAttribute('href'))")[:FIRST]
    page.close()
    assert shown == found(search, "reliability diagram")
    assert "book/glossary.html#term-reliability-diagram" in shown
