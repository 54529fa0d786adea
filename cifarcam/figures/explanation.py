"""One picture explained: what the network makes of it, and where it looks."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from cifarcam.cam import StageMaps
from cifarcam.data import CLASSES
from cifarcam.figures.maps import stage_row
from cifarcam.figures.style import NEUTRAL, RIGHT, drawing, show_image


def explanation(given: np.ndarray, image: np.ndarray, probabilities: Tensor, maps: StageMaps) -> Figure:
    """A picture as given and as the network sees it, the probabilities of the classes, and the five maps.

    Args:
        given: uint8, (H, W, 3), of any size.
        image: uint8, (32, 32, 3).
        probabilities: (classes,), shares of 1.
        maps: of this one image.
    """
    explained = int(maps.targets[0])
    with drawing(2, 5, 7.6, 4.2, height_ratios=[1.35, 1]) as (figure, axes):
        show_image(axes[0, 0], given, f"given: {given.shape[1]}×{given.shape[0]}")
        show_image(axes[0, 1], image, f"seen: {image.shape[1]}×{image.shape[0]}")
        grid = axes[0, 2].get_gridspec()
        for ax in axes[0, 2:]:
            ax.remove()
        ax = figure.add_subplot(grid[0, 2:])
        percent = 100 * np.asarray(probabilities)
        colours = [RIGHT if index == explained else NEUTRAL for index in range(len(percent))]
        bars = ax.barh(CLASSES, percent, color=colours)
        ax.bar_label(bars, [f"{value:.1f}" for value in percent], padding=3, fontsize=8)
        ax.set_xlim(0, 115)
        ax.set_xticks([0, 50, 100])
        ax.set_xlabel("probability (%)")
        ax.tick_params(labelsize=8)
        ax.grid(axis="y", visible=False)
        ax.invert_yaxis()
        stage_row(axes[1], image, maps, 0)
        axes[1, 0].set_ylabel(f"maps for {CLASSES[explained]}", fontsize=8)
    return figure
