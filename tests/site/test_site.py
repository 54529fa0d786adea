"""The built site as a reader's browser meets it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
from pages import CHAPTERS, CONFIG, DARK_NARROW, LIGHT_WIDE, NOTEBOOKS, PAGES, BuiltPage
from visits import Visit

from tools.book.screenshots import SCHEMES

pytestmark = pytest.mark.browser

Visited = Callable[[str, str, int], Visit]


def test_every_page_opens_with_a_title_of_its_own(visited: Visited) -> None:
    visits = [visited(page, *LIGHT_WIDE) for page in PAGES]
    assert [visit.status for visit in visits] == [200] * len(PAGES)
    titles = [visit.facts["title"] for visit in visits]
    assert len(set(titles)) == len(PAGES)
    assert all(CONFIG["title"] in title for title in titles)


def test_a_page_has_no_broken_image(met: Visit) -> None:
    assert met.facts["broken"] == []


def test_nothing_a_page_asks_for_fails(met: Visit) -> None:
    assert met.failures == []


def test_a_page_asks_no_other_host_for_anything(met: Visit, address: str) -> None:
    assert met.requests
    assert [request for request in met.requests if not request.startswith(address)] == []


def test_a_page_raises_no_error_in_the_console(met: Visit) -> None:
    assert met.errors == []


def test_mathematics_is_set_and_can_be_read_aloud(met: Visit) -> None:
    assert met.facts["unset"] == []
    assert met.facts["faulty"] == []
    assert met.facts["unspoken"] == 0


def test_some_page_shows_a_formula(visited: Visited) -> None:
    assert sum(visited(page, *LIGHT_WIDE).facts["maths"] for page in PAGES) > 0


def test_a_page_does_not_scroll_sideways(met: Visit, look: tuple[str, int]) -> None:
    assert met.facts["width"] <= look[1], met.facts["sideways"]


def test_no_text_is_cut_off_on_a_phone(page: str, visited: Visited) -> None:
    folded, unfolded = (visited(page, scheme, DARK_NARROW[1]).facts["cut"] for scheme in reversed(SCHEMES))
    assert (folded, unfolded) == ([], [])


def test_a_page_is_light_or_dark_as_the_reader_has_it(page: str, visited: Visited) -> None:
    light, dark = (visited(page, *look).facts for look in (LIGHT_WIDE, DARK_NARROW))
    assert (light["theme"], dark["theme"]) == SCHEMES
    assert brightness(light["background"]) > 0.8
    assert brightness(dark["background"]) < 0.2


def test_pictures_lie_on_white_in_the_dark_and_charts_on_the_page_in_a_light_ink(page: str, visited: Visited) -> None:
    for figure in visited(page, *DARK_NARROW).facts["figures"]:
        ground = "rgba(0, 0, 0, 0)" if figure["chart"] else "rgb(255, 255, 255)"
        assert (figure["background"], figure["filter"]) == (ground, "none"), figure["source"]
        assert not figure["chart"] or brightness(figure["ink"]) > 0.6


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_figure_of_a_chapter_has_a_text_that_stands_for_it(chapter: str, visited: Visited) -> None:
    figures = visited(f"{chapter}.html", *LIGHT_WIDE).facts["figures"]
    assert figures, "a chapter shows at least one figure"
    nameless = [f["source"] for f in figures if len(f["alt"]) < 10 or re.search(r"_images/|\.png$", f["alt"])]
    assert nameless == []


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_launch_button_opens_the_chapter_in_colab(chapter: str, visited: Visited) -> None:
    repository = urlsplit(CONFIG["repository"]["url"]).path
    notebook = f"{repository}/blob/{CONFIG['repository']['branch']}/{chapter}.ipynb"
    expected = f"{CONFIG['launch_buttons']['colab_url']}/github{notebook}"
    assert visited(f"{chapter}.html", *LIGHT_WIDE).facts["launch"] == [expected]


@pytest.mark.parametrize("page", sorted({*NOTEBOOKS} - {*CHAPTERS}))
def test_an_executed_page_that_is_no_chapter_has_no_launch_button(page: str, visited: Visited) -> None:
    assert visited(f"{page}.html", *LIGHT_WIDE).facts["launch"] == []


def test_a_page_leads_to_the_one_before_and_the_one_after_it_in_every_look(
    page: str, met: Visit, visited: Visited
) -> None:
    place = PAGES.index(page)
    for key, neighbour in (("previous", place - 1), ("next", place + 1)):
        expected = PAGES[neighbour] if 0 <= neighbour < len(PAGES) else None
        link = met.facts[key]
        assert (urljoin(page, link) if link else None) == expected


def test_a_page_can_be_edited(page: str, met: Visit) -> None:
    source, branch = f"{page.removesuffix('.html')}", CONFIG["repository"]["branch"]
    edited = f"{source}.ipynb" if source in NOTEBOOKS else f"{source}.md"
    home = urlsplit(CONFIG["repository"]["url"])
    expected = (
        f"https://github.dev{home.path}/blob/{branch}/{edited}"  # cells, where GitHub's own editor shows JSON
        if source in NOTEBOOKS
        else f"{home.geturl()}/edit/{branch}/{edited}"
    )
    assert met.facts["edit"] == [expected]


def test_the_search_page_opens_without_an_error(visited: Visited) -> None:
    met = visited("search.html?q=resnet", *LIGHT_WIDE)
    assert (met.status, met.failures, met.errors) == (200, [], [])


def test_links_inside_the_site_lead_somewhere(site: Path) -> None:
    anchors = {path.relative_to(site).as_posix(): Anchors.of(path) for path in site.rglob("*.html")}
    dead = [
        f"{page} -> {link}"
        for page, found in anchors.items()
        for link in found.links
        if inside(link) and not leads_somewhere(site, anchors, page, link)
    ]
    assert dead == []


class Anchors(BuiltPage):
    """The links of a page and the places in it that a link can name."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.names: set[str] = {"", "top"}

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        self.names.update(filter(None, (values.get("id"), values.get("name"))))
        if tag == "a" and values.get("href"):
            self.links.append(values["href"] or "")


def inside(link: str) -> bool:
    return not urlsplit(link).scheme and not urlsplit(link).netloc


def leads_somewhere(site: Path, anchors: dict[str, Anchors], page: str, link: str) -> bool:
    target, fragment = urldefrag(urljoin(page, link))
    target = unquote(urlsplit(target).path)
    if target in anchors:
        return unquote(fragment) in anchors[target].names
    return (site / target).is_file()


def brightness(colour: str) -> float:
    """The mean of a CSS colour's three channels, from 0 to 1."""
    return sum(map(float, re.findall(r"[\d.]+", colour)[:3])) / (3 * 255)
