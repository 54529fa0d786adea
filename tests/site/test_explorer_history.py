"""The steps that the explorer of maps leaves in the browser's history, and the place of its notices."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from explorer_page import PAGE, explorer, in_address, shows
from explorer_record import recorded
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser

IMAGES = [str(mistake["image"]) for mistake in recorded("mistakes")["mistakes"]]


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A page with the explorer, whose clock stands still unless a test moves it."""
    with explorer(browser, address + PAGE) as opened:
        opened.evaluate("now = 0; performance.now = () => now")
        yield opened


def press(page: Page, times: int, milliseconds_apart: int) -> None:
    """Moves from image to image by the arrow key."""
    page.locator("cam-explorer").locator("input[name=image]:checked").focus()
    for _ in range(times):
        page.keyboard.press("ArrowRight")
        page.evaluate("(step) => { now += step }", milliseconds_apart)


def test_arrows_that_follow_each_other_closely_are_one_step_back(page: Page) -> None:
    press(page, times=10, milliseconds_apart=300)
    shows(page, image=IMAGES[10])
    page.go_back()
    assert in_address(page) == {}


def test_a_pause_or_another_control_begins_a_new_step(page: Page) -> None:
    press(page, times=2, milliseconds_apart=2000)
    page.locator("cam-explorer").get_by_role("radio", name="layer1").check()
    for image in (IMAGES[2], IMAGES[1]):
        page.go_back()
        shows(page, image=image)


def test_a_change_after_going_back_leaves_the_step_gone_back_to(page: Page) -> None:
    press(page, times=1, milliseconds_apart=0)
    page.go_back()
    press(page, times=1, milliseconds_apart=0)
    shows(page, image=IMAGES[1])
    page.go_back()
    assert in_address(page) == {}


def test_an_empty_notice_is_a_box_without_room(page: Page) -> None:
    notice = page.locator("cam-explorer .notice")
    expect(notice).to_have_css("display", "block")
    height = page.locator("cam-explorer .explorer").evaluate("(explorer) => explorer.offsetHeight")
    notice.evaluate("(notice) => { notice.hidden = true; notice.style.display = 'none' }")
    assert page.locator("cam-explorer .explorer").evaluate("(explorer) => explorer.offsetHeight") == height
    assert height > 0
