"""The common style of the figures: one palette, one text size, charts on the page's background, pictures on white."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cifarcam.errors import CifarcamError
from cifarcam.figures.display import INK, Chart

# Okabe and Ito's colours, told apart by readers with any common colour vision; one meaning each in all chapters.
TRAIN, TEST = "#0072B2", "#D55E00"
STEP_LR, ONE_CYCLE, BEST, PUBLISHED = "#CC79A7", "#E69F00", "#009E73", INK
RIGHT, NEUTRAL, EXPLAINED = "#0072B2", "#6B6B6B", "#56B4E9"
# Whatever a figure compares beside these: colours and markers in order, told apart by their lightness too.
SERIES = (("#0072B2", "o"), ("#E69F00", "s"), (INK, "D"), ("#56B4E9", "^"))
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
    "grid.color": INK,
    "grid.alpha": 0.14,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
}


@contextmanager
def drawing(
    rows: int, columns: int, width: float, height: float, kind: type[Figure] = Chart, **options: object
) -> Iterator[tuple[Figure, np.ndarray]]:
    """A new figure of ``width`` by ``height`` inches and its axes, (rows, columns), in the book's style.

    Args:
        rows, columns: of axes.
        width, height: of the figure, in inches.
        kind: of figure: a ``Chart``, or ``Pictures``.
        options: further arguments of ``Figure.subplots``.

    Yields:
        The figure and its axes.
    """
    with sheet(width, height, kind) as figure:
        yield figure, figure.subplots(rows, columns, squeeze=False, **options)


@contextmanager
def sheet(width: float, height: float, kind: type[Figure] = Chart) -> Iterator[Figure]:
    """A new figure of ``width`` by ``height`` inches without axes, in the book's style.

    The figure is closed at the end: a notebook shows it once, as the value of its cell, and no window is kept.

    Yields:
        The figure.
    """
    with plt.rc_context(STYLE):
        figure = plt.figure(figsize=(width, height), layout="constrained", FigureClass=kind)
        try:
            yield figure
        finally:
            plt.close(figure)


def plain(text: str) -> str:
    """The text as it stands: Matplotlib takes what is between two dollar signs for mathematics."""
    return text.replace("$", r"\$")


def class_labels(classes: Sequence[str], count: int) -> list[str]:
    """The names of ``count`` classes as labels of a figure.

    Raises:
        CifarcamError: for more or fewer names.
    """
    if len(classes) != count:
        raise CifarcamError(f"The figure shows {count} classes, and there are {len(classes)} names; give one for each.")
    return [plain(name) for name in classes]


def show_image(
    axes: Axes, image: np.ndarray, title: str = "", colour: str = INK, interpolation: str = "nearest"
) -> None:
    """Draws one image without ticks: uint8 or floats in 0 to 1, (H, W, 3), a title above it."""
    axes.imshow(image, interpolation=interpolation)
    axes.set_title(plain(title), fontsize=8, color=colour, loc="center")
    bare(axes)


def bare(axes: Axes) -> None:
    """Takes ticks, grid and frame off."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(False)
