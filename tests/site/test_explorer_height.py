"""The room that is kept for the explorer of maps: as high as the explorer, at every width."""

from __future__ import annotations

import pytest
from explorer_page import CHAPTER, PAGE, explorer
from playwright.sync_api import Browser

from tools.book.screenshots import HEIGHT

pytestmark = pytest.mark.browser

WIDTHS = (320, 360, 390, 430, 520, 576, 580, 600, 601, 620, 640, 768, 1024, 1200, 1280)
LARGEST_GAP = 4  # rem
# Heights in rem: of the explorer alone, of the box that it stands in, and of the still picture's box before it.
HEIGHTS = """async () => {
  await new Promise(requestAnimationFrame);
  await Promise.allSettled(document.getAnimations().map((moving) => moving.finished)); // the sidebars slide
  const still = document.querySelector('.explorer-still, .tag_explorer');
  const host = document.querySelector('cam-explorer');
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const [own, kept] = [host.shadowRoot.querySelector('.explorer').offsetHeight, host.offsetHeight];
  still.classList.remove('explorer-in-its-place');
  const before = still.offsetHeight;
  still.classList.add('explorer-in-its-place');
  return [own, kept, before].map((height) => height / rem);
}"""


@pytest.mark.parametrize("name", [PAGE, CHAPTER])
def test_the_room_that_is_kept_is_as_high_as_the_explorer(browser: Browser, address: str, name: str) -> None:
    with explorer(browser, address + name) as page:
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": HEIGHT})
            own, kept, before = page.evaluate(HEIGHTS)
            assert abs(kept - before) < 0.1, f"at {width} pixels the page moves from {before} to {kept} rem"
            assert own <= kept <= own + LARGEST_GAP, f"at {width} pixels {kept} rem are kept for {own}"
