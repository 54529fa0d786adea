"""What a browser meets on one page of the site, gathered in a single visit so that the tests are plain comparisons."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response

from tools.book.screenshots import HEIGHT, SCHEMES, settle

# Parts of console messages that are let pass, each with its reason. There are none.
KNOWN_ERRORS: tuple[str, ...] = ()

ARTICLE = ".bd-article"  # our content; the theme's header, sidebars and footer stand around it
HARMFUL = ("serious", "critical")  # of axe's impacts

# Every jump of what is in view, but those that answer the reader within half a second.
COUNT_SHIFTS = """
window.layoutShifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries())
    if (!entry.hadRecentInput)
      layoutShifts.push({ value: entry.value, moved: entry.sources.map(({ node }) => node?.className) });
}).observe({ type: "layout-shift", buffered: true });
"""

# Opens all that is folded, and ends what moves meanwhile: text that is still fading in would look pale to axe.
UNFOLD = """() => {
  for (const folded of document.querySelectorAll('details')) folded.open = true;
  for (const animation of document.getAnimations()) animation.finish();
}"""

# What readers do with a page that has arrived: read to the end, change the theme.
USE = """async () => {
  for (const image of document.images) image.loading = 'eager';
  scrollTo(0, document.body.scrollHeight);
  document.querySelector('.theme-switch-button')?.click();
  await new Promise((done) => setTimeout(done, 100));
}"""

# Both in one step, for a page may write its old view into its address at any time in between.
GO_TO = """(address) => {
  history.pushState(null, '', address);
  dispatchEvent(new PopStateEvent('popstate'));
}"""

# How far what was seen already moved while the page arrived: the scores of Chromium's layout shifts.
SHIFTS = """new Promise((done) => {
  const seen = (list) => done(list.getEntries().map((entry) => entry.value));
  new PerformanceObserver(seen).observe({type: 'layout-shift', buffered: true});
  setTimeout(() => done([]), 500);
})"""

FACTS = """() => {
  const images = [...document.images];
  const figures = [...document.querySelectorAll(
    '.bd-article .cell_output img, .bd-article figure img, .bd-article .cell_output svg[role="img"]')];
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
      source: image.getAttribute('src') || 'a chart',
      chart: image.tagName === 'svg',
      alt: image.getAttribute('alt') || image.getAttribute('aria-label') || '',
      ink: style(image).color,
      sized: image.hasAttribute('width') && image.hasAttribute('height'),
      background: style(image).backgroundColor,
      filter: style(image).filter,
    })),
    maths: maths.length,
    unset: maths.filter((element) => !element.querySelector('mjx-container')).map((element) => element.textContent),
    // A wrong formula becomes an error node; an unknown command is set in red by its name.
    faulty: [...document.querySelectorAll('mjx-merror, mjx-container [style*="color: red"]')]
      .map((element) => element.closest('mjx-container').textContent),
    unspoken: maths.filter((element) => !element.querySelector('mjx-assistive-mml')).length,
    edit: [...document.querySelectorAll('.dropdown-source-buttons a[class*="edit"]')].map((link) => link.href),
    previous: document.querySelector('a.left-prev')?.getAttribute('href') ?? null,
    next: document.querySelector('a.right-next')?.getAttribute('href') ?? null,
    launch: [...document.querySelectorAll('.dropdown-launch-buttons .dropdown-menu a')].map((link) => link.href),
  };
}"""


@dataclass
class Visit:
    """One page in one look: what it asked for, what went wrong, and the facts of the settled page.

    Attributes:
        status: of the response.
        requests: the addresses that were asked for until the page had settled.
        sizes: bytes of each response as transferred, headers included, by address.
        failures: requests that failed or were refused, at any time.
        errors: in the console.
        later: requests after the page had settled, while it was unfolded, changed and used without a network.
        shifts: jumps of the layout: ``value`` and what ``moved``; the values add up to the cumulative layout shift.
        violations: axe's rules that the article, unfolded, breaks seriously, with the elements, in the scheme it was
            opened in.
        facts: see ``FACTS``; taken folded in the scheme the page was opened in, unfolded in the other.
    """

    status: int = 0
    requests: list[str] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    later: list[str] = field(default_factory=list)
    shifts: list[dict[str, Any]] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def listen(self, page: Page) -> None:
        """Takes down every request, every one that fails, and every error from now on."""
        page.on("request", self._request)
        page.on("requestfinished", self._finished)
        page.on("requestfailed", lambda request: self.failures.append(f"{request.url}: {request.failure}"))
        page.on("response", self._response)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._error(str(error)))

    def _request(self, request: Request) -> None:
        if not request.url.startswith(("data:", "blob:")):
            self.requests.append(request.url)

    def _finished(self, request: Request) -> None:
        sizes = request.sizes()
        self.sizes[request.url] = sizes["responseBodySize"] + sizes["responseHeadersSize"]

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.failures.append(f"{response.url}: {response.status}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._error(message.text)

    def _error(self, text: str) -> None:
        if not any(known in text for known in KNOWN_ERRORS):
            self.errors.append(text)


def visit(browser: Browser, address: str, scheme: str, width: int) -> dict[str, Visit]:
    """Opens ``address`` in a fresh context, first in the scheme, then, offline and unfolded, in the other, and uses it.

    Returns what was met by scheme. The two share what went over the line and what the console said.
    """
    loaded = Visit()
    page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": HEIGHT})
    page.add_init_script(COUNT_SHIFTS)
    loaded.listen(page)
    response = page.goto(address)
    loaded.status = response.status if response else 0
    settle(page)
    loaded.shifts = page.evaluate("layoutShifts")
    loaded.facts = page.evaluate(FACTS)
    settled, loaded.requests = loaded.requests, loaded.later
    page.context.set_offline(True)
    page.evaluate(UNFOLD)
    loaded.violations = violations(page)
    other = SCHEMES[1 - SCHEMES.index(scheme)]
    change_scheme(page, other)
    changed = replace(loaded, facts=page.evaluate(FACTS))
    page.evaluate(USE)
    page.close()
    loaded.requests = changed.requests = settled
    return {scheme: loaded, other: changed}


def go(page: Page, query: str = "") -> None:
    """Has the open page show what an address asks for, as a step of the browser's history does."""
    page.evaluate(GO_TO, urlsplit(page.url).path + query)


def change_scheme(page: Page, scheme: str) -> None:
    """Has the reader's system turn light or dark, and waits until the page has followed."""
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function("(scheme) => document.documentElement.dataset.theme === scheme", arg=scheme)


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong with the article, seriously or critically, a line for each element."""
    if not page.locator(ARTICLE).count():
        return [f"there is no article {ARTICLE}"]
    # Without preloading: axe would fetch the style sheets again, and one that is nowhere.
    options = {"resultTypes": ["violations"], "preload": False}
    found = Axe().run(page, context={"include": [[ARTICLE]]}, options=options).response["violations"]
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:200]}: {node['failureSummary']}"
        for rule in found
        if rule["impact"] in HARMFUL
        for node in rule["nodes"]
    ]
