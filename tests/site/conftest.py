"""The built site behind a server on this machine, and one browser for all of its tests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from visits import Visit, visit

from tools.screenshots import SITE, launch


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="session")
def site() -> Path:
    if not (SITE / "index.html").is_file():
        pytest.skip(f"the site is not built in {SITE}: run `make book` first")
    return SITE


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def browser(site: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = launch(playwright)
        if found is None:
            pytest.skip("there is no Chromium on this machine")
        yield found
        found.close()


@pytest.fixture(scope="session")
def visited(browser: Browser, address: str) -> Callable[[str, str, int], Visit]:
    """A function of page, scheme and width that opens each combination once."""

    @cache
    def open_once(page: str, scheme: str, width: int) -> Visit:
        return visit(browser, address + page, scheme, width)

    return open_once
