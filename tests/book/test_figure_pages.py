"""The Sphinx extensions behind the figures of the pages, without Sphinx."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PIL import Image

from tools.book.chapters import ROOT

sys.path.insert(0, str(ROOT / "book" / "_extensions"))

import notebook_figures
import numbered_figures

SVG = '<svg width="4" viewBox="0 0 4 4"><g></g></svg>'


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A chart, a picture of 8 by 6 pixels, and a picture that is no notebook's, by their places in the site."""
    made = tmp_path / "jupyter_execute"
    made.mkdir()
    (made / "chart.svg").write_text(SVG)
    for path in (made / "picture.png", tmp_path / "other.png"):
        Image.effect_noise((8, 6), 50).convert("RGB").save(path)
    return {
        "_images/chart.svg": made / "chart.svg",
        "_images/picture.png": made / "picture.png",
        "_images/other.png": tmp_path / "other.png",
    }


def shown(body: str, files: dict[str, Path], tmp_path: Path) -> str:
    return notebook_figures.shown(body, "book", files, tmp_path / "_images")


def test_a_chart_becomes_part_of_the_page_with_its_text(files: dict[str, Path], tmp_path: Path) -> None:
    body = '<p>a</p><img alt="bars &quot;up&quot;" src="../_images/chart.svg" />b'
    found = shown(body, files, tmp_path)
    label = 'role="img" aria-label="bars &quot;up&quot;"'
    assert found == f"<p>a</p>{SVG.replace('<svg ', f'<svg {label} ')}b"


def test_a_picture_becomes_a_webp_of_the_same_pixels_at_its_size(files: dict[str, Path], tmp_path: Path) -> None:
    body = '<img alt="noise" src="../_images/picture.png" style="width: 4px; height: 3px;" />'
    found = shown(body, files, tmp_path)
    assert found == '<img alt="noise" src="../_images/picture.webp" width="4" height="3">'
    with Image.open(tmp_path / "_images" / "picture.webp") as webp, Image.open(files["_images/picture.png"]) as png:
        assert webp.tobytes() == png.tobytes()


def test_a_picture_that_is_no_notebooks_stays_as_it_is(files: dict[str, Path], tmp_path: Path) -> None:
    for body in ('<img alt="x" src="../_images/other.png">', '<img src="https://elsewhere/x.png">'):
        assert shown(body, files, tmp_path) == body


CHAPTERS = {7: "book/07-grad-cam", 10: "book/10-checks"}


def test_a_caption_has_an_address_and_mentions_lead_there() -> None:
    body = "<p><strong>Figure 7.2.</strong> Maps.</p><p>As Figure 7.2 shows, and Figure 10.1.</p>"
    assert numbered_figures.with_addresses(body, "book/07-grad-cam", CHAPTERS) == (
        '<p class="figure-caption" id="figure-7-2"><strong>Figure 7.2.</strong> Maps.</p>'
        '<p>As <a class="reference internal" href="#figure-7-2">Figure 7.2</a> shows, and '
        '<a class="reference internal" href="10-checks.html#figure-10-1">Figure 10.1</a>.</p>'
    )


@pytest.mark.parametrize(
    "body", ["<a href='x'>Figure 7.2</a>", "<code>Figure 7.2</code>", '<img alt="Figure 7.2">', "Figure 3.1"]
)
def test_what_leads_elsewhere_or_is_no_text_stays_as_it_is(body: str) -> None:
    assert numbered_figures.with_addresses(body, "book/07-grad-cam", CHAPTERS) == body
