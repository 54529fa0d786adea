"""The first page, and what stands for the book where its pages are shared."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
import yaml
from pages import PAGES
from PIL import Image
from playwright.sync_api import Browser, Page

from tools.chapters import ROOT, chapter_paths
from tools.screenshots import settle

pytestmark = pytest.mark.browser

FIRST_PAGE = "book/intro.html"
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["sphinx"]["config"]
TAGS = """() => Object.fromEntries([...document.querySelectorAll('meta[property], meta[name]')]
  .map((tag) => [tag.getAttribute('property') ?? tag.getAttribute('name'), tag.content]))"""


@pytest.fixture
def page(browser: Browser) -> Page:
    page = browser.new_page()
    yield page
    page.close()


def test_no_page_loads_the_icons_twice(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert pages and [page.name for page in pages if "scripts/fontawesome.js" in page.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_cover_keeps_its_shape_and_the_first_sentence_is_seen_at_once(
    browser: Browser, address: str, width: int, scheme: str
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto(address + FIRST_PAGE)
    settle(page)
    cover = page.locator(".bd-article img").first
    shown, real = cover.evaluate("(i) => [i.clientWidth / i.clientHeight, i.naturalWidth / i.naturalHeight]")
    assert shown == pytest.approx(real, rel=0.05)
    sentence = page.locator(".bd-article p", has_text="Three photographs").bounding_box()
    page.close()
    assert sentence and sentence["y"] + sentence["height"] < 900


def test_every_chapter_has_its_card(page: Page, address: str) -> None:
    page.goto(address + FIRST_PAGE)
    links = page.locator(".bd-article .sd-card a").evaluate_all("(links) => links.map((link) => link.href)")
    assert [Path(urlsplit(link).path).stem for link in links] == [path.stem for path in chapter_paths()]


@pytest.mark.parametrize("name", PAGES)
def test_a_shared_link_shows_title_description_and_card(page: Page, address: str, site: Path, name: str) -> None:
    page.goto(address + name)
    tags = page.evaluate(TAGS)
    home = CONFIG["ogp_site_url"]
    heading = page.locator(".bd-article h1").first.text_content()
    assert tags["og:title"] == heading.removesuffix("#").strip()
    assert tags["og:description"] == tags["description"] and 20 < len(tags["description"]) <= 200
    assert not re.search(r"in Colab", tags["description"]) and "<" not in tags["description"]
    assert tags["og:url"] == urljoin(home, name)
    assert tags["twitter:card"] == "summary_large_image"
    assert tags["og:image"].startswith(home) and len(tags["og:image:alt"]) > 20
    with Image.open(site / tags["og:image"].removeprefix(home)) as card:
        assert card.size == (int(tags["og:image:width"]), int(tags["og:image:height"])) == (1200, 630)


@pytest.mark.parametrize("name", ["index.html", "genindex.html", *PAGES[:2]])
def test_a_page_has_its_icons(page: Page, address: str, name: str) -> None:
    page.goto(address + name)
    page.wait_for_load_state()
    icons = {}
    for kind in ("icon", "apple-touch-icon"):
        icons[kind] = page.locator(f"link[rel='{kind}']").first.evaluate("(link) => link.href")
        assert page.request.get(icons[kind]).ok
    assert icons["icon"].endswith(".svg") and icons["apple-touch-icon"].endswith(".png")
