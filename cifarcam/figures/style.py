"""The common style of the figures: one palette, one text size, a white background that holds in dark mode."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito's colours, told apart by readers with any common colour vision; one meaning each in all chapters.
TRAIN, TEST = "#0072B2", "#D55E00"
STEP_LR, ONE_CYCLE, BEST, PUBLISHED = "#CC79A7", "#E69F00", "#009E73", "#000000"
RIGHT, NEUTRAL, EXPLAINED = "#0072B2", "#6B6B6B", "#56B4E9"
# Whatever a figure compares beside these: colours and markers in order, told apart by their lightness too.
SERIES = (("#0072B2", "o"), ("#E69F00", "s"), ("#000000", "D"), ("#56B4E9", "^"))
SEQUENTIAL = "viridis"  # rises evenly in lightness
HEAT = "inferno"
AGAINST_AND_FOR = "PuOr_r"  # purple for negative, orange for positive

STYLE = {
    "figure.dpi": 120,
    "figure.facecolor": "white",
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#E3E3E3",
    "axes.axisbelow": True,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
}


@contextmanager
def drawing(
    rows: int, columns: int, width: float, height: float, **options: object
) -> Iterator[tuple[Figure, np.ndarray]]:
    """A new figure of ``width`` by ``height`` inches and its axes, (rows, columns), in the book's style.

    Args:
        rows, columns: of axes.
        width, height: of the figure, in inches.
        options: further arguments of ``Figure.subplots``.

    Yields:
        The figure and its axes.
    """
    with sheet(width, height) as figure:
        yield figure, figure.subplots(rows, columns, squeeze=False, **options)


@contextmanager
def sheet(width: float, height: float) -> Iterator[Figure]:
    """A new figure of ``width`` by ``height`` inches without axes, in the book's style.

    The figure is closed at the end: a notebook shows it once, as the value of its cell, and no window is kept.

    Yields:
        The figure.
    """
    with plt.rc_context(STYLE):
        figure = plt.figure(figsize=(width, height), layout="constrained")
        try:
            yield figure
        finally:
            plt.close(figure)


def show_image(
    axes: Axes, image: np.ndarray, title: str = "", colour: str = "black", interpolation: str = "nearest"
) -> None:
    """Draws one image without ticks: uint8 or floats in 0 to 1, (H, W, 3), a title above it."""
    axes.imshow(image, interpolation=interpolation)
    axes.set_title(title, fontsize=8, color=colour, loc="center")
    bare(axes)


def bare(axes: Axes) -> None:
    """Takes ticks, grid and frame off."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(False)
