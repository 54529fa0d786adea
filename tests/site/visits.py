"""What a browser meets on one page of the site, gathered in a single visit so that the tests are plain comparisons."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response

from tools.screenshots import HEIGHT, settle

# The theme declares a constant twice on every page; nothing on the page depends on it.
KNOWN_ERROR = "Identifier 'THEBE_JS_URL' has already been declared"

# How far what was seen already moved while the page arrived: the scores of Chromium's layout shifts.
SHIFTS = """new Promise((done) => {
  const seen = (list) => done(list.getEntries().map((entry) => entry.value));
  new PerformanceObserver(seen).observe({type: 'layout-shift', buffered: true});
  setTimeout(() => done([]), 500);
})"""

FACTS = """() => {
  const images = [...document.images];
  const figures = [...document.querySelectorAll('.bd-article .cell_output img, .bd-article figure img')];
  const style = (element) => getComputedStyle(element);
  const scrolled = (element) => {
    for (let parent = element.parentElement; parent && parent !== document.body; parent = parent.parentElement)
      if (style(parent).overflowX !== 'visible') return true;
    return false;
  };
  const maths = [...document.querySelectorAll('.math')];
  const sideways = [...document.querySelectorAll('body *')]
    .filter((element) => element.getBoundingClientRect().right > innerWidth + 1 && !scrolled(element))
    .map((element) => `${element.tagName.toLowerCase()}.${element.className}`);
  return {
    title: document.title,
    theme: document.documentElement.dataset.theme,
    background: style(document.body).backgroundColor,
    width: document.scrollingElement.scrollWidth,
    sideways: sideways.slice(0, 10),
    cut: [...document.querySelectorAll('main *:not(.math, .math *)')]
      .filter((element) => style(element).overflowX === 'hidden' && element.clientWidth > 1)
      .filter((element) => element.scrollWidth > element.clientWidth + 1)
      .map((element) => `${element.className}: ${element.textContent.trim()}`),
    broken: images.filter((image) => !image.complete || image.naturalWidth === 0).map((image) => image.src),
    figures: figures.map((image) => ({
      source: image.getAttribute('src'),
      alt: image.getAttribute('alt') || '',
      background: style(image).backgroundColor,
      filter: style(image).filter,
    })),
    maths: maths.length,
    unset: maths.filter((element) => !element.querySelector('mjx-container')).map((element) => element.textContent),
    // A wrong formula becomes an error node; an unknown command is set in red by its name.
    faulty: [...document.querySelectorAll('mjx-merror, mjx-container [style*="color: red"]')]
      .map((element) => element.closest('mjx-container').textContent),
    unspoken: maths.filter((element) => !element.querySelector('mjx-assistive-mml')).length,
    launch: [...document.querySelectorAll('.dropdown-launch-buttons .dropdown-menu a')].map((link) => link.href),
  };
}"""


@dataclass
class Visit:
    """One page, opened once: what it asked for, what went wrong, and the facts of the settled page."""

    status: int = 0
    requests: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def listen(self, page: Page) -> None:
        """Takes down every request, every one that fails, and every error from now on."""
        page.on("request", self._request)
        page.on("requestfailed", lambda request: self.failures.append(f"{request.url}: {request.failure}"))
        page.on("response", self._response)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._error(str(error)))

    def _request(self, request: Request) -> None:
        if not request.url.startswith(("data:", "blob:")):
            self.requests.append(request.url)

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.failures.append(f"{response.url}: {response.status}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._error(message.text)

    def _error(self, text: str) -> None:
        if KNOWN_ERROR not in text:
            self.errors.append(text)


def visit(browser: Browser, address: str, scheme: str, width: int) -> Visit:
    """Opens ``address`` in a fresh context and returns what was met."""
    result = Visit()
    page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": HEIGHT})
    result.listen(page)
    response = page.goto(address)
    result.status = response.status if response else 0
    settle(page)
    result.facts = page.evaluate(FACTS)
    page.close()
    return result
