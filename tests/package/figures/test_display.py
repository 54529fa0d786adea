"""How a notebook shows figures: charts as SVG, pictures as PNG at twice the size, the same bytes each time."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from PIL import Image

from cifarcam import figures
from cifarcam.figures.display import INK, Chart, Pictures, as_png, as_svg


@pytest.fixture
def chart() -> Chart:
    return figures.range_test(np.geomspace(1e-4, 1, 30), np.linspace(2, 1, 30), {"valley": 0.1})


@pytest.fixture
def pictures() -> Pictures:
    return figures.gallery(np.zeros((2, 32, 32, 3), np.uint8), ["a", "b"])


def test_a_chart_takes_ink_and_type_of_the_page(chart: Chart) -> None:
    svg = as_svg(chart)
    root = ElementTree.fromstring(svg)
    assert root.tag.endswith("svg") and root.attrib["viewBox"]
    assert "currentColor" in svg and INK not in svg and "DejaVu" not in svg
    texts = ["".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "learning rate" in texts and any("valley" in text for text in texts)  # text, not outlines


def test_a_chart_has_no_ground(chart: Chart) -> None:
    filled = re.findall(r"fill: (#[0-9a-f]{6}|currentColor)", as_svg(chart))
    assert "#ffffff" not in filled and filled


def test_the_same_chart_is_the_same_text_and_two_charts_share_no_names(chart: Chart) -> None:
    again = figures.range_test(np.geomspace(1e-4, 1, 30), np.linspace(2, 1, 30), {"valley": 0.1})
    other = figures.range_test(np.geomspace(1e-4, 1, 30), np.linspace(3, 1, 30), {"valley": 0.1})
    first, second, third = (set(re.findall(r'id="([^"]+)"', as_svg(each))) for each in (chart, again, other))
    assert as_svg(chart) == as_svg(again) and first == second and first and not first & third
    assert set(re.findall(r'(?:url\(|href=")#([^")]+)', as_svg(chart))) <= first


def test_pictures_have_twice_the_pixels_of_the_size_they_are_shown_at(pictures: Pictures) -> None:
    png, size = as_png(pictures)
    with Image.open(io.BytesIO(png)) as opened:
        assert (opened.width // 2, opened.height // 2) == (size["width"], size["height"])
    assert size["width"] <= pictures.get_figwidth() * pictures.dpi + 20


@pytest.mark.parametrize(("kind", "mime"), [("chart", "image/svg+xml"), ("pictures", "image/png")])
def test_a_notebook_shows_one_image_and_the_figures_name(
    kind: str, mime: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = []
    shell = InteractiveShell.instance()
    monkeypatch.setattr(shell.display_pub, "publish", lambda **message: shown.append(message))
    figure = request.getfixturevalue(kind)
    figure._ipython_display_()
    (message,) = shown
    assert set(message["data"]) == {mime, "text/plain"} and message["data"]["text/plain"] == repr(figure)
    assert re.fullmatch(r"<(Chart|Pictures) size [\d.]+x[\d.]+ with \d+ Axes>", repr(figure))
