"""The explorer of maps, driven in a browser: by mouse, by keyboard alone, by touch, and by the page's address."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from explorer_page import (
    CHAPTER,
    PAGE,
    STEPS,
    VIEW,
    expected,
    explorer,
    in_address,
    in_its_place,
    pixels,
    query,
    shows,
)
from explorer_record import pictures, recorded
from playwright.sync_api import Browser, Locator, Page, expect
from validator import faults, page_of
from visits import go

from cifarcam.data.split import Split
from cifarcam.figures.maps import overlay
from cifarcam.maps.cam import stage_maps
from cifarcam.records.runs import load_run
from tools.book.screenshots import WIDTHS

pytestmark = pytest.mark.browser

MISTAKES = recorded("mistakes")["mistakes"]


@pytest.fixture(scope="module")
def opened(browser: Browser, address: str) -> Iterator[Page]:
    """The explorer's page, opened once; the address brings it from view to view."""
    with explorer(browser, address + PAGE) as page:
        yield page


@pytest.fixture
def page(opened: Page) -> Page:
    """The page with the first view and no choice in its address."""
    go(opened)
    return opened


@pytest.fixture
def fresh(browser: Browser, address: str) -> Iterator[Page]:
    """A page with a history and a focus of its own."""
    with explorer(browser, address + PAGE) as page:
        yield page


def said(page: Page) -> Locator:
    return page.locator("cam-explorer .said")


VIEWS = [
    {},
    {"stage": "layer0", "strength": "100"},
    {"stage": "layer1", "strength": "0"},
    {"image": "61", "for": "true", "stage": "layer2", "method": "Grad-CAM++"},
    {"image": "2165", "for": "true", "stage": "layer3", "method": "XGrad-CAM", "strength": "85"},
    {"image": "164", "stage": "layer2", "method": "HiResCAM"},
    {"image": "4036", "for": "true", "method": "LayerCAM"},
    {"image": "61", "for": "true", "method": "Eigen-CAM", "stage": "layer1"},
    {"image": "1685", "for": "true"},
]


@pytest.mark.parametrize("choices", VIEWS, ids=lambda choices: "-".join(choices.values()) or "first")
def test_the_pixels_are_those_of_the_package(page: Page, choices: dict[str, str]) -> None:
    go(page, query(**choices))
    shows(page, **choices)
    np.testing.assert_array_equal(pixels(page, ".original"), pictures()[int((VIEW | choices)["image"])])
    for place, stage in enumerate(recorded("mistakes")["stages"]):
        small = pixels(page, f".stages label:nth-of-type({place + 1}) canvas")
        np.testing.assert_allclose(small, expected(**choices | {"stage": stage["name"]}), atol=STEPS)


@pytest.mark.needs_cifar10
def test_the_browser_shows_what_the_network_gives(page: Page, real_test: Split) -> None:
    image, choices = 2165, {"image": "2165", "for": "true", "stage": "layer3", "method": "LayerCAM"}
    picture = real_test.images[[image]]
    now = stage_maps(load_run("best").model(), picture, real_test.labels[[image]], method="LayerCAM")
    go(page, query(**choices))
    shows(page, **choices)
    np.testing.assert_allclose(pixels(page), 255 * overlay(picture[0], now.maps[0, 3]), atol=2 * STEPS)


def test_it_can_be_driven_by_mouse(page: Page) -> None:
    explored = page.locator("cam-explorer")
    explored.get_by_title("ship, called airplane").click()
    shows(page, image="164")
    explored.locator(".stages label").filter(has_text="layer2").click()
    shows(page, image="164", stage="layer2")
    explored.locator(".classes").get_by_text("ship (true)").click()
    shows(page, image="164", stage="layer2", **{"for": "true"})
    explored.get_by_role("combobox", name="Method", exact=True).select_option("HiResCAM")
    shows(page, image="164", stage="layer2", method="HiResCAM", **{"for": "true"})
    slider = explored.get_by_role("slider", name="Strength")
    box = slider.bounding_box()
    assert box
    slider.click(position={"x": box["width"] - 4, "y": box["height"] / 2})
    shows(page, image="164", stage="layer2", method="HiResCAM", strength="100", **{"for": "true"})


def test_its_html_is_valid(page: Page, tmp_path: Path) -> None:
    made = page.evaluate("document.querySelector('cam-explorer').shadowRoot.innerHTML")
    assert faults(tmp_path, page_of(tmp_path / "explorer.html", made)) == []


def test_it_can_be_driven_by_the_keyboard_alone(fresh: Page) -> None:
    def tab_to(name: str) -> None:
        for _ in range(60):
            fresh.keyboard.press("Tab")
            if fresh.evaluate("document.activeElement.shadowRoot?.activeElement?.name") == name:
                return
        raise AssertionError(f"{name} is not reached by tabs")

    tab_to("true")
    fresh.keyboard.type("ship")
    ships = [mistake["image"] for mistake in MISTAKES if mistake["true"] == "ship"]
    expect(fresh.locator("cam-explorer .count")).to_have_text(f"{len(ships)} of {len(MISTAKES)} images")
    tab_to("image")
    shows(fresh, image=str(ships[0]))
    fresh.keyboard.press("ArrowRight")
    shows(fresh, image=str(ships[1]))
    tab_to("stage")
    for stage in ("layer3", "layer2"):
        fresh.keyboard.press("ArrowLeft")
        shows(fresh, image=str(ships[1]), stage=stage)
    tab_to("for")
    fresh.keyboard.press("ArrowDown")
    tab_to("method")
    fresh.keyboard.press("ArrowDown")
    tab_to("strength")
    fresh.keyboard.press("ArrowRight")
    fresh.keyboard.press("ArrowRight")
    choices = {"image": str(ships[1]), "stage": "layer2", "for": "true", "method": "Grad-CAM++", "strength": "70"}
    shows(fresh, **choices)
    assert in_address(fresh)["true"] == "ship"


def test_it_can_be_driven_by_touch_on_a_phone(browser: Browser, address: str) -> None:
    with explorer(browser, address + PAGE, WIDTHS["narrow"], has_touch=True, is_mobile=True) as page:
        explored = page.locator("cam-explorer")
        explored.get_by_title("bird, called dog").tap()
        explored.locator(".stages label").filter(has_text="layer3").tap()
        explored.locator(".classes").get_by_text("bird (true)").tap()
        shows(page, image="147", stage="layer3", **{"for": "true"})
        assert page.evaluate("document.scrollingElement.scrollWidth") <= WIDTHS["narrow"]
        targets = explored.locator("label:has(input[type=radio]), select, input[type=range]").filter(visible=True)
        sizes = [target.bounding_box() for target in targets.all()]
        assert len(sizes) == len(MISTAKES) + 5 + 2 + 3 + 1
        assert min(min(size["width"], size["height"]) for size in sizes if size) >= 43.9


def test_the_chosen_image_is_seen_among_the_others(browser: Browser, address: str) -> None:
    with explorer(browser, address + PAGE + query(image="4036"), WIDTHS["narrow"]) as page:
        page.locator("cam-explorer .thumbnails").scroll_into_view_if_needed()
        expect(page.locator("cam-explorer").get_by_title("horse, called airplane")).to_be_in_viewport()


def test_what_is_shown_is_told(page: Page) -> None:
    explored = page.locator("cam-explorer")
    expect(said(page)).to_have_attribute("aria-live", "polite")
    spoken = (
        "Test image 37: an automobile, called truck. "
        "Grad-CAM for truck at layer4: raw maximum 0.32, strongest: upper left, near the centre."
    )
    expect(said(page)).to_have_text(spoken)
    expect(explored.get_by_role("img", name=spoken)).to_be_visible()
    explored.get_by_role("radio", name="layer2").check()
    expect(said(page)).to_contain_text("at layer2: raw maximum 0.028, strongest: upper")
    rows = explored.get_by_role("table", name="Raw maxima").get_by_role("row")
    expect(rows.nth(3)).to_have_text("layer2, 16 × 160.0280.084")
    expect(explored.get_by_role("row", name="truck (predicted) 66.3")).to_have_count(1)
    expect(explored.get_by_role("row", name="automobile (true) 25.1")).to_have_count(1)


def test_a_blank_map_is_called_blank(page: Page) -> None:
    go(page, query(image="1685", **{"for": "true"}))
    expect(said(page)).to_contain_text("Grad-CAM for ship at layer4: blank")
    expect(page.locator("cam-explorer .maximum").last).to_have_text("blank")
    np.testing.assert_array_equal(pixels(page), pictures()[1685])


def test_a_method_that_knows_no_class_offers_none(page: Page) -> None:
    explored = page.locator("cam-explorer")
    explored.get_by_role("combobox", name="Method", exact=True).select_option("Eigen-CAM")
    expect(said(page)).to_contain_text("Eigen-CAM for no class at layer4")
    expect(explored.get_by_role("radio", name="automobile (true)")).to_be_disabled()
    expect(explored.get_by_text("knows no class")).to_be_visible()
    expect(explored.get_by_role("table", name="Raw maxima").get_by_role("columnheader")).to_have_text(
        ["map for", "no class"]
    )


def test_images_are_chosen_by_true_and_predicted_class(page: Page) -> None:
    explored = page.locator("cam-explorer")
    explored.get_by_role("combobox", name="True class", exact=True).select_option("cat")
    cats = [mistake for mistake in MISTAKES if mistake["true"] == "cat"]
    expect(explored.locator(".thumbnails label").filter(visible=True)).to_have_count(len(cats))
    shows(page, image=str(cats[0]["image"]))
    called = explored.get_by_role("combobox", name="Called", exact=True)
    offered = called.locator("option:not(:disabled)").all_text_contents()
    assert set(offered) == {"any", *(cat["predicted"] for cat in cats)}
    called.select_option("bird")
    shows(page, image=next(str(cat["image"]) for cat in cats if cat["predicted"] == "bird"))


def test_back_and_forward_go_from_view_to_view_and_over_changes_of_strength(fresh: Page) -> None:
    explored = fresh.locator("cam-explorer")
    explored.get_by_role("radio", name="layer1").check()
    explored.get_by_role("combobox", name="Method", exact=True).select_option("LayerCAM")
    for _ in range(4):
        explored.get_by_role("slider").press("ArrowLeft")
    shows(fresh, stage="layer1", method="LayerCAM", strength="40")
    fresh.go_back()
    shows(fresh, stage="layer1")
    fresh.go_back()
    assert in_address(fresh) == {}
    np.testing.assert_allclose(pixels(fresh), expected(), atol=STEPS)
    fresh.go_forward()
    fresh.go_forward()
    shows(fresh, stage="layer1", method="LayerCAM", strength="40")
    fresh.reload()
    in_its_place(fresh)
    shows(fresh, stage="layer1", method="LayerCAM", strength="40")


def test_a_link_to_a_view_opens_that_view_at_the_explorer(browser: Browser, address: str) -> None:
    with explorer(browser, address + CHAPTER + "?highlight=map") as page:
        page.locator("cam-explorer").get_by_role("radio", name="layer0").check()
        link = page.locator("cam-explorer").get_by_role("link", name="Link to this view")
        opened = link.evaluate("(link) => link.href")
    assert opened.endswith("#cam-explorer") and "highlight=map" in opened
    with explorer(browser, opened) as page:
        shows(page, stage="layer0")
        expect(page.locator("cam-explorer .map")).to_be_in_viewport()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ("stage=layer9", "The address asks for stage “layer9”, which is not on record."),
        ("image=1&strength=61", "The address asks for image “1”, which is not on record."),
        ("method=Score-CAM", "The address asks for method “Score-CAM”, which is not on record."),
        ("true=ship&called=horse", "There is no image on record of: ship called horse. All images are offered."),
        ("image=37&true=cat", "Test image 37 is not one of: cat called any class. All images are offered."),
    ],
)
def test_what_an_address_names_wrongly_is_left_out_and_said(page: Page, wrong: str, sentence: str) -> None:
    go(page, f"?{wrong}")
    expect(page.locator("cam-explorer .notice")).to_contain_text(sentence)
    np.testing.assert_allclose(pixels(page), expected(), atol=STEPS)
    page.locator("cam-explorer").get_by_role("radio", name="layer0").check()
    expect(page.locator("cam-explorer .notice")).to_be_hidden()
    shows(page, stage="layer0")


def test_a_page_opened_at_a_wrong_address_shows_the_rest_of_it(browser: Browser, address: str) -> None:
    with explorer(browser, f"{address}{PAGE}?image=61&stage=layer9") as page:
        expect(page.locator("cam-explorer .notice")).to_contain_text("stage “layer9”, which is not on record.")
        np.testing.assert_allclose(pixels(page), expected(image="61"), atol=STEPS)


def test_the_links_of_the_page_set_the_explorer_without_loading_it_again(page: Page) -> None:
    page.evaluate("window.still = 'the same page'")
    page.get_by_role("link", name="Two methods that part and meet.").click()
    shows(page, image="61", method="HiResCAM", stage="layer0")
    expect(page.locator("cam-explorer .map")).to_be_in_viewport()
    assert page.evaluate("window.still") == "the same page"
    page.go_back()
    np.testing.assert_allclose(pixels(page), expected(), atol=STEPS)
