"""The training curves of chapter 5, touched as readers touch them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from math import log
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from validator import faults, page_of
from visits import SHIFTS, change_scheme, go

from cifarcam.records.runs import load_run, recorded_runs
from tools.book.screenshots import SCHEMES, settle

pytestmark = pytest.mark.browser

PAGE = "book/05-curves.html"
EPOCHS = len(load_run("best").history)
# The colour as drawn, whatever CSS calls it: red, green and blue from 0 to 255.
PAINTED = """(element, property) => {
  const context = document.createElement('canvas').getContext('2d');
  context.fillStyle = getComputedStyle(element)[property];
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
}"""

Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Open]:
    """Opens chapter 5 at a query, in a context of its own; an error of the page fails the test."""
    contexts, errors = [], []

    def open_at(query: str = "", width: int = 1280, **options: object) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{address}{PAGE}{query}")
        if options.get("java_script_enabled", True):
            curves(page).locator(".curves-chart .curves-line").first.wait_for()
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture(scope="module")
def opened(browser: Browser, address: str) -> Iterator[tuple[Page, list[str]]]:
    """Chapter 5, opened once and come to rest, and the errors it raises."""
    errors: list[str] = []
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address + PAGE)
    settle(page)
    yield page, errors
    page.close()


@pytest.fixture
def page(opened: tuple[Page, list[str]]) -> Iterator[Page]:
    """The page with the first view, as most readers see it; an error of the page fails the test."""
    page, errors = opened
    go(page)
    yield page
    page.emulate_media(media="screen", color_scheme="light", forced_colors="none")
    assert errors == []


def curves(page: Page) -> Locator:
    return page.locator("training-curves")


def readout(page: Page) -> Locator:
    return curves(page).locator("output")


def logarithmic(page: Page) -> Locator:
    return curves(page).get_by_role("checkbox", name="logarithmic axis")


def line(page: Page, run: str) -> Locator:
    return curves(page).locator(f".curves-chart [data-run={run}]")


def marker(page: Page, run: str, epoch: int) -> tuple[float, float]:
    """The place of an epoch's marker in the window."""
    mark = line(page, run).locator(".curves-marker").nth(epoch - 1)
    mark.scroll_into_view_if_needed()
    box = mark.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def recorded(run: str, epoch: int) -> str:
    return f"{100 * load_run(run).history['test_accuracy'][epoch - 1]:.2f} %"


def test_every_recorded_run_has_its_line(page: Page) -> None:
    for run in (*recorded_runs(), "published"):
        expect(line(page, run)).to_have_count(1)
        expect(line(page, run).locator(".curves-marker")).to_have_count(EPOCHS)


@pytest.mark.parametrize("epoch", [1, 7, EPOCHS])
def test_pointing_at_an_epoch_reads_its_recorded_values(page: Page, epoch: int) -> None:
    page.mouse.move(*marker(page, "best", 3))
    page.mouse.move(*marker(page, "best", epoch))
    expect(readout(page)).to_contain_text(f"epoch {epoch}:")
    for run in recorded_runs():
        expect(readout(page)).to_contain_text(f"{run} {recorded(run, epoch)}")


def test_the_keyboard_alone_does_all_of_it(open_page: Open) -> None:
    page = open_page()
    curves(page).locator("select").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(readout(page)).to_contain_text(f"test loss, epoch {EPOCHS}:")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(curves(page).locator(".curves-title")).to_contain_text("logarithmic")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(line(page, recorded_runs()[0])).to_have_count(0)
    for _ in range(len(recorded_runs()) + 1):
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(readout(page)).to_contain_text(f"test loss, epoch {EPOCHS - 2}:")
    expected = load_run("one_cycle").history["test_loss"][EPOCHS - 3]
    expect(readout(page)).to_contain_text(f"one_cycle {expected:.3f} nats")
    page.keyboard.press("Home")
    expect(readout(page)).to_contain_text("test loss, epoch 1:")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(curves(page).locator("table")).to_be_visible()


def test_its_html_is_valid(page: Page, tmp_path: Path) -> None:
    made = curves(page).evaluate("(curves) => curves.outerHTML")
    assert faults(tmp_path, page_of(tmp_path / "curves.html", made)) == []


def test_what_is_heard_is_what_is_seen(page: Page) -> None:
    go(page, "?epoch=4")
    expect(readout(page)).to_have_attribute("aria-live", "polite")
    expect(page.get_by_role("slider", name="Epoch")).to_have_attribute("aria-valuetext", f"epoch 4 of {EPOCHS}")
    chart = curves(page).get_by_role("img", name="Lines of test accuracy (%)")
    expect(chart).to_have_attribute("aria-label", re.compile("linear axis: .*best.*published"))
    for name in (*recorded_runs(), "published"):
        expect(page.get_by_role("checkbox", name=name, exact=True)).to_be_checked()


def test_runs_go_off_and_on(page: Page) -> None:
    box = page.get_by_role("checkbox", name="best", exact=True)
    box.uncheck()
    expect(line(page, "best")).to_have_count(0)
    expect(readout(page)).not_to_contain_text("best")
    box.check()
    expect(line(page, "best")).to_have_count(1)
    for name in (*recorded_runs(), "published"):
        page.get_by_role("checkbox", name=name, exact=True).uncheck()
    expect(readout(page)).to_contain_text("no run is shown")


def test_a_logarithmic_axis_has_equal_steps_for_equal_ratios(page: Page) -> None:
    go(page, "?curves=lr&axis=log")
    history = load_run("best").history["lr"]
    curves(page).scroll_into_view_if_needed()
    heights = [marker(page, "best", epoch)[1] for epoch in (1, 2, 3)]
    expected = log(history[1] / history[0]) / log(history[2] / history[1])
    assert (heights[0] - heights[1]) / (heights[1] - heights[2]) == pytest.approx(expected, rel=0.02)
    ticks = curves(page).locator(".curves-grid text[text-anchor=end]").all_text_contents()
    assert {"0.001", "0.01", "0.1"} <= set(ticks)


def test_a_finger_reads_an_epoch_on_a_phone(open_page: Open) -> None:
    page = open_page(width=360, has_touch=True, is_mobile=True)
    settle(page)
    page.touchscreen.tap(*marker(page, "best", 9))
    expect(readout(page)).to_contain_text("epoch 9:")
    expect(readout(page)).to_contain_text(f"best {recorded('best', 9)}")
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 360
    small = "(nodes) => nodes.map((node) => node.getBoundingClientRect().height).filter((height) => height < 24)"
    assert curves(page).locator("label:has(input), select, input[type=range]").evaluate_all(small) == []


def test_a_view_has_an_address_that_leads_back_to_it(open_page: Open) -> None:
    page = open_page()
    curves(page).locator("select").select_option("train_loss")
    logarithmic(page).check()
    page.get_by_role("checkbox", name="best", exact=True).uncheck()
    page.get_by_role("slider", name="Epoch").fill("5")
    page.wait_for_url("**/*?curves=train_loss&axis=log&hide=best&epoch=5")
    again = open_page("?" + page.url.partition("?")[2])
    for view in (page, again):
        expect(readout(view)).to_contain_text("training loss, epoch 5:")
        expect(logarithmic(view)).to_be_checked()
        expect(line(view, "best")).to_have_count(0)
    page.goto("about:blank")
    page.go_back()
    expect(readout(page)).to_contain_text("training loss, epoch 5:")
    expect(logarithmic(page)).to_be_checked()


@pytest.mark.parametrize("query", ["?curves=nonsense&axis=round&hide=nobody&epoch=x", "?epoch=900"])
def test_an_address_of_nothing_shows_the_first_view(page: Page, query: str) -> None:
    go(page, "?curves=lr&hide=best&epoch=2")
    go(page, query)
    expect(readout(page)).to_contain_text("test accuracy, epoch")
    expect(curves(page).locator(".curves-chart .curves-line")).to_have_count(len(recorded_runs()) + 1)


def still(page: Page) -> Locator:
    return page.locator(".cell", has=page.locator("svg[aria-label^='Test accuracy over']")).locator(".cell_output")


def test_the_figure_stands_on_paper(page: Page) -> None:
    expect(still(page)).to_be_hidden()
    page.emulate_media(media="print")
    expect(still(page)).to_be_visible()
    expect(curves(page)).to_be_hidden()


def test_the_figure_stands_without_javascript_on_the_screen_and_on_paper(open_page: Open) -> None:
    page = open_page(java_script_enabled=False)
    for media in ("screen", "print"):
        page.emulate_media(media=media)
        expect(still(page)).to_be_visible()
        expect(curves(page)).to_be_hidden()


def test_the_figure_stands_where_the_data_do_not_arrive(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.route("**/curves/data.js", lambda route: route.abort())
    page.goto(address + PAGE)
    expect(still(page)).to_be_visible()
    page.close()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_line_stands_out_from_the_page(page: Page, scheme: str) -> None:
    change_scheme(page, scheme)
    ground = luminance(page.locator("body").evaluate(PAINTED, "backgroundColor"))
    assert (ground > 0.8, ground < 0.2) == (scheme == "light", scheme == "dark")
    for run in (*recorded_runs(), "published"):
        path = line(page, run).locator("path").first
        own = luminance(path.evaluate(PAINTED, "stroke"))
        contrast = (max(own, ground) + 0.05) / (min(own, ground) + 0.05)
        assert contrast >= 3, f"{run} has a contrast of {contrast:.2f}"  # WCAG 2.2, 1.4.11, for graphical objects


def test_lines_differ_in_more_than_colour(page: Page) -> None:
    looks = (
        "(nodes) => nodes.map((node) => [node.getAttribute('stroke-dasharray'), node.nextSibling.getAttribute('d')])"
    )
    found = curves(page).locator(".curves-chart .curves-line path:first-child").evaluate_all(looks)
    dashes, marks = zip(*found, strict=True)
    assert len(set(dashes)) == len(set(marks)) == len(found)


def test_readers_own_colours_reach_the_lines(page: Page) -> None:
    page.emulate_media(forced_colors="active")
    expected = page.evaluate(f"({PAINTED})(document.querySelector('h1'), 'color')")
    assert line(page, "best").locator("path").first.evaluate(PAINTED, "stroke") == expected


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_moves_when_the_curves_take_the_figures_place(browser: Browser, address: str, width: int) -> None:
    """At that moment the page ends with them; what belongs below has not arrived yet."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.add_init_script("""{
      const define = customElements.define.bind(customElements);
      customElements.define = (name, kind) => {
        define(name, kind);
        const element = document.querySelector(name);
        window.below = [element.offsetHeight, element.parentElement.nextSibling];
      };
    }""")
    page.goto(f"{address}{PAGE}#beside-the-published-log")
    settle(page)
    height, below = page.evaluate("window.below")
    assert below is None and height == page.evaluate("document.querySelector('training-curves').offsetHeight")
    shifts = page.evaluate(SHIFTS)
    page.close()
    assert sum(shifts) < 0.1  # what web.dev/cls calls good


def luminance(colour: list[int]) -> float:
    """WCAG's relative luminance of red, green and blue from 0 to 255."""
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in (c / 255 for c in colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
