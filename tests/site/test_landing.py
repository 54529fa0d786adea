"""The first page, and what stands for the book where its pages are shared."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
import yaml
from pages import PAGES, BuiltPage
from PIL import Image
from playwright.sync_api import Browser, Page
from visits import change_scheme

from tools.book.chapters import ROOT, chapter_paths
from tools.book.screenshots import HEIGHT, SCHEMES, WIDTHS, settle

pytestmark = pytest.mark.browser

FIRST_PAGE = "book/intro.html"
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["sphinx"]["config"]


class Head(BuiltPage):
    """What a built page says of itself: its meta tags, its icons, and the first heading of its article."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: dict[str, str] = {}
        self.icons: dict[str, str] = {}
        self.heading = ""
        self._inside: list[str] = []  # the article and, in it, the first heading

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        if tag == "meta" and (name := values.get("property") or values.get("name") or values.get("http-equiv")):
            self.tags[name] = values.get("content", "")
        elif tag == "link" and values.get("rel") in ("icon", "apple-touch-icon"):
            self.icons.setdefault(values["rel"], values["href"])
        elif (tag == "article" and "bd-article" in values.get("class", "").split()) or (
            tag == "h1" and self._inside == ["article"] and not self.heading
        ):
            self._inside.append(tag)

    def handle_data(self, data: str) -> None:
        if self._inside == ["article", "h1"]:
            self.heading += data

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()


@pytest.fixture(scope="module")
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The first page, opened once for all of these tests."""
    page = browser.new_page()
    page.goto(address + FIRST_PAGE)
    settle(page)
    yield page
    page.close()


def test_no_page_loads_the_icons_twice(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert pages and [page.name for page in pages if "scripts/fontawesome.js" in page.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
def test_the_cover_keeps_its_shape_and_the_first_sentence_is_seen_at_once(page: Page, width: int, scheme: str) -> None:
    page.set_viewport_size({"width": width, "height": HEIGHT})
    change_scheme(page, scheme)
    cover = page.locator(".bd-article img").first
    shown, real = cover.evaluate("(i) => [i.clientWidth / i.clientHeight, i.naturalWidth / i.naturalHeight]")
    assert shown == pytest.approx(real, rel=0.05)
    sentence = page.locator(".bd-article p", has_text="Three photographs").bounding_box()
    assert sentence and sentence["y"] + sentence["height"] < HEIGHT


def test_every_chapter_has_its_card(page: Page) -> None:
    links = page.locator(".bd-article .sd-card a").evaluate_all("(links) => links.map((link) => link.href)")
    assert [Path(urlsplit(link).path).stem for link in links] == [path.stem for path in chapter_paths()]


@pytest.mark.parametrize("name", PAGES)
def test_a_shared_link_shows_title_description_and_card(site: Path, name: str) -> None:
    head = Head.of(site / name)
    tags, home = head.tags, CONFIG["ogp_site_url"]
    assert tags["og:title"] == head.heading.removesuffix("#").strip() != ""
    assert tags["og:description"] == tags["description"] and 20 < len(tags["description"]) <= 200
    assert not re.search(r"in Colab", tags["description"]) and "<" not in tags["description"]
    assert tags["og:url"] == urljoin(home, name)
    assert tags["twitter:card"] == "summary_large_image"
    assert tags["og:image"].startswith(home) and len(tags["og:image:alt"]) > 20
    with Image.open(site / tags["og:image"].removeprefix(home)) as card:
        assert card.size == (int(tags["og:image:width"]), int(tags["og:image:height"])) == (1200, 630)


@pytest.mark.parametrize("name", ["genindex.html", *PAGES])
def test_a_page_has_its_icons(site: Path, name: str) -> None:
    icons = Head.of(site / name).icons
    assert all((site / urljoin(name, icon)).is_file() for icon in icons.values()), icons
    assert icons["icon"].endswith(".svg") and icons["apple-touch-icon"].endswith(".png")


def test_the_top_of_the_site_leads_to_the_first_page(site: Path) -> None:
    assert Head.of(site / "index.html").tags["Refresh"] == f"0; url={FIRST_PAGE}"
