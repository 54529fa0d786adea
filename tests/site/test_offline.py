"""The site needs no host of its own and, once there, no network: below a path (see ``server``), offline, as files."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser
from visits import Visit

from tools.book.screenshots import WIDTHS

pytestmark = pytest.mark.browser


def test_a_page_that_has_arrived_can_be_used_without_a_network(met: Visit) -> None:
    assert met.later == []
    assert (met.failures, met.errors) == ([], [])


def test_a_page_opens_as_a_file(page: str, site: Path, browser: Browser) -> None:
    met = Visit()
    opened = browser.new_page(viewport={"width": WIDTHS["wide"], "height": 900})
    met.listen(opened)
    opened.goto((site / page).as_uri())
    opened.evaluate("async () => { await window.MathJax?.startup?.promise }")
    unset = opened.evaluate("document.querySelectorAll('.math:not(:has(mjx-container))').length")
    broken = opened.evaluate("[...document.images].filter((image) => !image.naturalWidth).map((image) => image.src)")
    opened.close()
    assert (met.failures, met.errors, unset, broken) == ([], [], 0, [])
    assert [address for address in met.requests if not address.startswith("file:")] == []
