"""A figure of one explained picture: the image, the class probabilities and the maps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from cifarcam.data.pictures import Picture
from cifarcam.figures.display import Pictures
from cifarcam.figures.maps import stage_row
from cifarcam.figures.style import EXPLAINED, NEUTRAL, class_labels, plain, sheet, show_image
from cifarcam.maps.cam import StageMaps


def explanation(picture: Picture, probabilities: Tensor, maps: StageMaps) -> Figure:
    """A picture as given and as the network sees it, the probabilities of the classes, and the maps.

    Args:
        picture: from ``open_picture``.
        probabilities: (classes,), shares of 1.
        maps: of this one image.

    Examples:
        >>> import torch
        >>> from cifarcam.data import Picture, synthetic_cifar10
        >>> from cifarcam.figures import explanation
        >>> from cifarcam.maps import stage_maps
        >>> from cifarcam.network import ResNet18
        >>> images = synthetic_cifar10("test").images[:1]
        >>> maps = stage_maps(ResNet18(width=9), images)
        >>> picture = Picture((32, 32), images[0], images[0], ())
        >>> len(explanation(picture, torch.full((10,), 0.1), maps).axes)
        8
    """
    explained = int(maps.targets[0])
    with sheet(7.6, 4.4, Pictures) as figure:
        above, below = figure.subfigures(2, 1, height_ratios=[1.5, 1])
        left, middle, right = above.subplots(1, 3, width_ratios=[1, 1, 2])
        show_image(left, picture.given, f"given: {picture.size[0]}×{picture.size[1]}", interpolation="antialiased")
        show_image(middle, picture.image, "seen: 32×32")
        _probability_bars(right, np.asarray(probabilities), explained, maps.classes)
        row = below.subplots(1, len(maps.stages), squeeze=False)[0]
        stage_row(row, picture.image, maps, 0)
        row[0].set_ylabel(plain(f"maps for {maps.subject(0)}"), fontsize=8)
    return figure


def _probability_bars(ax: Axes, probabilities: np.ndarray, explained: int, classes: Sequence[str]) -> None:
    percent, names = 100 * probabilities, class_labels(classes, len(probabilities))
    bars = ax.barh(names, percent, color=[EXPLAINED if index == explained else NEUTRAL for index in range(len(names))])
    ax.bar_label(bars, [f"{value:.1f}" for value in percent], padding=3, fontsize=8)
    ax.set_xlim(0, 115)
    ax.set_xticks([0, 50, 100])
    ax.set_xlabel("probability (%)", fontsize=8)
    ax.tick_params(labelsize=8)
    ax.grid(axis="y", visible=False)
    ax.invert_yaxis()
