"""The built site behind a server on this machine, and one browser for all of its tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from missing import missing
from pages import DARK_NARROW, LIGHT_WIDE, LOOK_NAMES, LOOKS, PAGES
from playwright.sync_api import Browser, sync_playwright
from server import served
from visits import Visit, visit

from tools.book.screenshots import SITE, launch


@pytest.fixture(scope="session")
def site() -> Path:
    if not (SITE / "index.html").is_file():
        missing(f"The site is not built in {SITE}: run `make book` first.")
    return SITE


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    with served(site) as top:
        yield top


@pytest.fixture(scope="session")
def browser(site: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = launch(playwright)
        if found is None:
            missing("There is no Chromium: install Debian's package chromium, or name one in the variable CHROMIUM.")
        yield found
        found.close()


@pytest.fixture(scope="session")
def visited(browser: Browser, address: str) -> Callable[[str, str, int], Visit]:
    """A function of page, scheme and width; it opens each page once at each width."""

    @cache
    def open_once(page: str, width: int) -> dict[str, Visit]:
        # One width begins in the light and one in the dark. Contrast depends on the scheme and scrolling on the width,
        # so these two show all that axe can find.
        begin = next(scheme for scheme, at in (LIGHT_WIDE, DARK_NARROW) if at == width)
        return visit(browser, address + page, begin, width)

    return lambda page, scheme, width: open_once(page, width)[scheme]


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(params=LOOKS, ids=LOOK_NAMES)
def look(request: pytest.FixtureRequest) -> tuple[str, int]:
    """A scheme and a width."""
    return request.param


@pytest.fixture
def met(page: str, look: tuple[str, int], visited: Callable[[str, str, int], Visit]) -> Visit:
    return visited(page, *look)
