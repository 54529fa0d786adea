"""The explorer of maps as a test operates it: opened, driven, and its pixels held against the record."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qsl, urlencode

import numpy as np
from explorer_record import maps, pictures, raw_maximum
from playwright.sync_api import Browser, Page

from cifarcam.figures.maps import overlay
from tools.book.screenshots import HEIGHT, WIDTHS

PAGE = "book/explorer.html"
CHAPTER = "book/07-grad-cam.html"
VIEW = {"image": "37", "for": "predicted", "method": "Grad-CAM", "stage": "layer4", "strength": "60"}
STEPS = 4  # grey levels, no more than between two neighbours of the 256 colours

PIXELS = """(selector) => {
  const canvas = document.querySelector('cam-explorer').shadowRoot.querySelector(selector);
  return [...canvas.getContext('2d').getImageData(0, 0, 32, 32).data];
}"""


@contextmanager
def explorer(browser: Browser, address: str, width: int = WIDTHS["wide"], **context: object) -> Iterator[Page]:
    """A page with the explorer in the place of its still picture."""
    page = browser.new_page(viewport={"width": width, "height": HEIGHT}, **context)
    try:
        page.goto(address)
        in_its_place(page)
        yield page
    finally:
        page.close()


def in_its_place(page: Page) -> None:
    page.evaluate("document.querySelector('.explorer-still, .tag_explorer').scrollIntoView()")
    page.wait_for_selector(".explorer-in-its-place", state="attached")


def query(**choices: str) -> str:
    return "?" + urlencode(VIEW | choices)


def in_address(page: Page) -> dict[str, str]:
    return dict(parse_qsl(page.evaluate("location.search").removeprefix("?")))


def pixels(page: Page, canvas: str = ".map") -> np.ndarray:
    """What a canvas shows, uint8, (32, 32, 3)."""
    shown = np.array(page.evaluate(PIXELS, canvas), np.uint8).reshape(32, 32, 4)
    assert (shown[..., 3] == 255).all()
    return shown[..., :3]


def expected(**choices: str) -> np.ndarray:
    """The picture of a view as the package draws it, from the recorded map."""
    view = VIEW | choices
    image = int(view["image"])
    kind = "predicted" if view["method"] == "Eigen-CAM" else view["for"]
    choice = view["method"], kind, view["stage"]
    if raw_maximum(image, *choice) <= 0:
        return pictures()[image]
    return 255 * overlay(pictures()[image], maps(image)[choice], int(view["strength"]) / 100)


def shows(page: Page, **choices: str) -> None:
    """Asserts that the address names a view and that the map's pixels are those of that view."""
    view = VIEW | choices
    assert {key: value for key, value in in_address(page).items() if key in view} == view
    shown = "(image) => document.querySelector('cam-explorer').found === camExplorerRecord[image]"
    page.wait_for_function(shown, arg=view["image"])
    np.testing.assert_allclose(pixels(page), expected(**choices), atol=STEPS)
