"""The site is light and steady: bytes and requests within a budget, and nothing jumps while a page arrives."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pages import LIGHT_WIDE, PAGES
from playwright.sync_api import Browser
from visits import COUNT_SHIFTS, Visit

pytestmark = pytest.mark.browser

Visited = Callable[[str, str, int], Visit]

FIRST_PAGE, ANY_PAGE = 600_000, 3_000_000  # bytes as transferred, text compressed, MathJax apart
REQUESTS = 45
SHIFT = 0.1  # the cumulative layout shift that web.dev calls good


def transferred(visit: Visit) -> int:
    return sum(size for address, size in visit.sizes.items() if "/mathjax/" not in address)


def largest(visit: Visit) -> list[tuple[int, str]]:
    return sorted(((size, address) for address, size in visit.sizes.items()), reverse=True)[:8]


def test_the_first_page_is_light(visited: Visited) -> None:
    first = visited(PAGES[0], *LIGHT_WIDE)
    assert 50_000 < transferred(first) < FIRST_PAGE, largest(first)


def test_a_page_keeps_to_its_budget_of_bytes_and_requests(met: Visit) -> None:
    assert transferred(met) < ANY_PAGE, largest(met)
    assert 10 < len(met.requests) <= REQUESTS, met.requests


def test_mathjax_is_loaded_only_where_there_is_a_formula(met: Visit) -> None:
    loaded = any("/mathjax/" in address for address in met.requests)
    assert loaded == (met.facts["maths"] > 0)


def test_nothing_jumps_while_a_page_arrives(met: Visit) -> None:
    assert sum(shift["value"] for shift in met.shifts) < SHIFT, met.shifts


def test_a_jump_is_seen(browser: Browser) -> None:
    page = browser.new_page()
    page.add_init_script(COUNT_SHIFTS)
    page.goto("data:text/html,<p id=above></p><p style='height: 300px; background: red'>text</p>")
    page.wait_for_timeout(200)
    page.evaluate("document.querySelector('#above').style.height = '400px'")
    page.wait_for_timeout(200)
    assert sum(shift["value"] for shift in page.evaluate("layoutShifts")) > SHIFT
    page.close()


@pytest.mark.parametrize("look", [LIGHT_WIDE], ids=["light-wide"])
def test_every_image_says_how_large_it_is(met: Visit) -> None:
    assert [figure["source"] for figure in met.facts["figures"] if not figure["sized"]] == []
