"""The site's search finds the terms of the glossary and the names of the package."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
TERMS = [
    "logit",
    "batch normalisation",
    "receptive field",
    "range test",
    "label smoothing",
    "calibration",
    "class activation map",
    "raw maximum",
    "grid pointing game",
    "bootstrap interval",
]
FIRST = 3


def found(browser: Browser, address: str, query: str) -> list[str]:
    """The addresses of what the search page lists, in its order."""
    page = browser.new_page()
    try:
        page.goto(f"{address}search.html?q={quote(query)}")
        page.wait_for_selector("#search-results ul.search li a")
        page.wait_for_function("/Search finished|found/.test(document.querySelector('#search-results').textContent)")
        links = page.locator("#search-results ul.search > li > a").all()
        return [str(link.get_attribute("href")) for link in links]
    finally:
        page.close()


@pytest.mark.parametrize("term", TERMS)
def test_a_term_of_the_glossary_is_found_where_it_is_explained(browser: Browser, address: str, term: str) -> None:
    results = found(browser, address, term)[:FIRST]
    assert any("book/glossary.html#term-" in link for link in results), results


def test_a_function_of_the_package_is_found_on_its_page(browser: Browser, address: str) -> None:
    assert "book/api/maps.html#cifarcam.cam.stage_maps" in found(browser, address, "stage_maps")[:FIRST]


def test_a_reader_types_a_term_and_sees_the_glossary(browser: Browser, address: str) -> None:
    page = browser.new_page()
    try:
        page.goto(f"{address}book/intro.html")
        page.keyboard.press("Control+k")
        page.keyboard.type("reliability diagram")
        page.keyboard.press("Enter")
        page.wait_for_selector("#search-results ul.search li a[href*='glossary.html#term-reliability-diagram']")
    finally:
        page.close()


def test_every_term_of_the_glossary_is_in_the_index_of_the_search(site: Path) -> None:
    text = (site / "searchindex.js").read_text(encoding="utf-8")
    index = json.loads(text.removeprefix("Search.setIndex(").rstrip().removesuffix(";").removesuffix(")"))
    glossary = index["docnames"].index("book/glossary")
    source = (ROOT / "book" / "glossary.md").read_text(encoding="utf-8").partition("```{glossary}\n")[2]
    terms = re.findall(r"^(?=[^\s`])(.+)$", source, re.MULTILINE)
    assert len(terms) >= 45
    indexed = {term for term, places in index["indexentries"].items() if any(doc == glossary for doc, *_ in places)}
    assert {term.lower() for term in terms} - indexed == set()
