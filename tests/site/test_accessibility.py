"""Everyone can read the site: axe-core finds nothing serious in our content, in both schemes and at both widths."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pages import DARK_NARROW, LIGHT_WIDE
from playwright.sync_api import Browser
from visits import UNFOLD, Visit, violations

pytestmark = pytest.mark.browser

Visited = Callable[[str, str, int], Visit]


@pytest.mark.parametrize("look", [LIGHT_WIDE, DARK_NARROW], ids=["light-wide", "dark-narrow"])
def test_axe_finds_no_serious_or_critical_violation(page: str, look: tuple[str, int], visited: Visited) -> None:
    assert visited(page, *look).violations == []


FAULTS = {
    "image-alt": '<img src="data:,">',
    "color-contrast": '<p style="color: #bbb; background: #fff">pale</p>',
    "link-name": '<a href="#"></a>',
    "scrollable-region-focusable": '<div style="height: 30px; overflow: auto"><p style="height: 90px">long</p></div>',
}


def test_axe_finds_what_is_wrong_where_a_page_is_folded(browser: Browser) -> None:
    page = browser.new_page()
    folded = f"<details><summary>Answer</summary>{''.join(FAULTS.values())}</details>"
    page.set_content(f"<!DOCTYPE html><main class='bd-article'>{folded}</main><img src='data:,'>")
    page.evaluate(UNFOLD)
    found = [line.split(" ")[0] for line in violations(page)]
    page.close()
    assert sorted(found) == sorted(FAULTS)  # and nothing outside of the article


def test_what_scrolls_sideways_on_a_phone_is_reached_by_keyboard(browser: Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": DARK_NARROW[1], "height": 800})
    page.goto(f"{address}book/07-grad-cam.html", wait_until="networkidle")
    figure = page.locator(".cell_output:has(img)").first
    figure.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("(figure) => figure.scrollLeft > 0", arg=figure.element_handle(), timeout=5000)
    page.close()
