"""The pictures that stand for the book: the card for shared links, and the icon for a phone."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from cifarcam import figures
from cifarcam.figures.social_card import DPI
from cifarcam.maps.cam import StageMaps
from cifarcam.network.resnet import STAGES
from tools.book import cover


def card(**changes: np.ndarray) -> Figure:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    raw = changes.get("raw_maxima", np.ones((2, len(STAGES)), dtype=np.float32))
    heat = random.random((2, len(STAGES), 32, 32), dtype=np.float32)
    maps = StageMaps(heat, raw, targets=np.zeros(2, dtype=int), logits=np.zeros((2, 10), dtype=np.float32))
    return figures.social_card("A title", "and what is below it", images, maps, ["cat, called dog", "frog, called cat"])


def test_the_card_has_the_size_that_readers_of_links_crop_to() -> None:
    assert tuple(card().get_size_inches() * DPI) == (1200, 630)


def test_the_card_shows_each_image_with_its_maps_under_its_caption() -> None:
    figure = card()
    assert len(figure.axes) == 2 * (1 + len(STAGES)) and all(ax.images for ax in figure.axes)
    texts = {text.get_text() for text in figure.texts}
    assert texts == {"A title", "and what is below it", "cat, called dog", "frog, called cat", *STAGES}


def test_nothing_on_the_card_lies_upon_another_or_over_the_edge() -> None:
    figure = card()
    figure.canvas.draw()
    boxes = [part.get_window_extent() for part in (*figure.texts, *figure.axes)]
    assert not any(one.overlaps(other) for place, one in enumerate(boxes) for other in boxes[:place])
    assert all(box.x0 >= 0 and box.y0 >= 0 and box.x1 <= 1200 and box.y1 <= 630 for box in boxes)


def test_a_blank_map_is_named_on_the_card() -> None:
    figure = card(raw_maxima=np.zeros((2, len(STAGES)), dtype=np.float32))
    assert {ax.get_title(loc="center") for ax in figure.axes} == {"", "blank"}


def test_the_books_pictures_have_their_sizes_and_are_light() -> None:
    for path, size in ((cover.CARD, (1200, 630)), (cover.ICON, (180, 180))):
        with Image.open(path) as picture:
            assert picture.size == size
        assert path.stat().st_size < 200_000


def test_the_icon_is_that_of_the_tabs_on_white() -> None:
    with Image.open(cover.ICON) as shipped:
        made = np.asarray(cover.touch_icon(), dtype=int)
        assert (
            np.abs(np.asarray(shipped.convert("RGB"), dtype=int) - made).max() <= 8
        )  # Pillow's versions differ a little
    assert (made[0, 0] == 255).all() and (made[40, 40] != 255).any()
