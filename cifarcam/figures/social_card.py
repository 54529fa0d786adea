"""The preview image of the book for links that are shared (Open Graph)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from cifarcam.figures.display import Pictures
from cifarcam.figures.maps import draw_maps
from cifarcam.figures.style import NEUTRAL, TRAIN, sheet, show_image
from cifarcam.maps.cam import StageMaps

WIDTH, HEIGHT = 1200, 630  # pixels, as Open Graph's readers crop it
DPI = 100


def social_card(title: str, subtitle: str, images: np.ndarray, maps: StageMaps, captions: Sequence[str]) -> Figure:
    """A title above a row for each of two images: the image, then its maps from the first stage to the last.

    Args:
        title: the book's, one line.
        subtitle: one line below it.
        images: uint8, (2, H, W, 3).
        maps: of these images.
        captions: what each image is and what it was taken for, one line each; the stages' names stand at the bottom.

    Examples:
        >>> from cifarcam.data import synthetic_cifar10
        >>> from cifarcam.figures import social_card
        >>> from cifarcam.maps import stage_maps
        >>> from cifarcam.network import ResNet18
        >>> images = synthetic_cifar10("test").images[:2]
        >>> maps = stage_maps(ResNet18(width=9), images)
        >>> len(social_card("Title", "Subtitle", images, maps, ["one", "other"]).axes)
        12
    """
    columns = 1 + len(maps.stages)
    side, gap, left, top = 170, 18, 45, 190
    step = side + gap
    with sheet(WIDTH / DPI, HEIGHT / DPI, Pictures) as figure:
        figure.set_layout_engine("none")
        figure.set_dpi(DPI)
        figure.text(left / WIDTH, 1 - 75 / HEIGHT, title, fontsize=38, fontweight="bold", color=TRAIN)
        figure.text(left / WIDTH, 1 - 122 / HEIGHT, subtitle, fontsize=19, color="black")
        for row, caption in enumerate(captions):
            above = top + row * (side + 42)
            places = [(left + column * step, HEIGHT - above - side) for column in range(columns)]
            axes = [figure.add_axes((x / WIDTH, y / HEIGHT, side / WIDTH, side / HEIGHT)) for x, y in places]
            show_image(axes[0], images[row])
            draw_maps(axes[1:], images[row], maps, row)
            for ax in axes[1:]:
                if ax.get_title(loc="center") != "blank":  # raw maxima are too small to read on a card
                    ax.set_title("", loc="center")
            figure.text(left / WIDTH, 1 - (above - 10) / HEIGHT, caption, fontsize=15, color="black")
        for ax, name in zip(axes[1:], maps.stages, strict=True):
            figure.text(ax.get_position().x0, 27 / HEIGHT, name, fontsize=15, color=NEUTRAL)
    return figure
