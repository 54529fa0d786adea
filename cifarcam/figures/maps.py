"""Figures of class activation maps, drawn over their images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cifarcam.figures.display import Pictures
from cifarcam.figures.style import HEAT, drawing, plain, show_image
from cifarcam.maps.cam import StageMaps


def overlay(image: np.ndarray, heat: np.ndarray, strength: float = 0.6) -> np.ndarray:
    """An image under its map: floats in 0 to 1, (H, W, 3).

    The image is turned grey, so that colour means the map alone.

    Args:
        image: uint8, (H, W, 3).
        heat: the map, (H, W), 0 to 1.
        strength: share of the map's colour, 0 to 1.
    """
    grey = (image / 255).mean(axis=2, keepdims=True).repeat(3, axis=2)
    return (1 - strength) * grey + strength * colormaps[HEAT](heat)[..., :3]


def stage_grid(images: np.ndarray, maps: StageMaps, titles: Sequence[str]) -> Figure:
    """A row for each image: the image, then its maps with their raw maxima written above.

    Args:
        images: uint8, (N, H, W, 3).
        maps: of these images.
        titles: of the images.

    Examples:
        >>> from cifarcam.data import synthetic_cifar10
        >>> from cifarcam.figures import stage_grid
        >>> from cifarcam.maps import stage_maps
        >>> from cifarcam.network import ResNet18
        >>> images = synthetic_cifar10("test").images[:2]
        >>> len(stage_grid(images, stage_maps(ResNet18(width=9), images), ["one", "other"]).axes)
        12
    """
    columns = 1 + len(maps.stages)
    with drawing(len(images), columns, 7.6 * columns / 6, 1.42 * len(images) + 0.3, kind=Pictures) as (figure, axes):
        for index, row in enumerate(axes):
            show_image(row[0], images[index], titles[index])
            draw_maps(row[1:], images[index], maps, index)
        name_stages(axes[0, 1:], maps.stages)
    return figure


def stage_row(row: Sequence[Axes], image: np.ndarray, maps: StageMaps, index: int) -> None:
    """Draws the maps of one image onto as many axes, their raw maxima and the stages' names above them."""
    draw_maps(row, image, maps, index)
    name_stages(row, maps.stages)


def target_pairs(images: np.ndarray, predicted: StageMaps, true: StageMaps) -> Figure:
    """Two rows for each image: the maps for the predicted class, and those for the true class.

    Args:
        images: uint8, (N, H, W, 3).
        predicted, true: the maps of these images for the two classes.

    Examples:
        >>> from cifarcam.data import synthetic_cifar10
        >>> from cifarcam.figures import target_pairs
        >>> from cifarcam.maps import stage_maps
        >>> from cifarcam.network import ResNet18
        >>> model, (images, labels) = ResNet18(width=9), synthetic_cifar10("test").first(1)
        >>> len(target_pairs(images, stage_maps(model, images), stage_maps(model, images, labels)).axes)
        12
    """
    columns = 1 + len(predicted.stages)
    with drawing(2 * len(images), columns, 7.6 * columns / 6, 2.84 * len(images) + 0.3, kind=Pictures) as (
        figure,
        axes,
    ):
        for index in range(len(images)):
            for row, maps, kind in ((axes[2 * index], predicted, "predicted"), (axes[2 * index + 1], true, "true")):
                show_image(row[0], images[index], f"{kind}:\n{maps.classes[maps.targets[index]]}")
                draw_maps(row[1:], images[index], maps, index)
        name_stages(axes[0, 1:], predicted.stages)
    return figure


def draw_maps(row: Sequence[Axes], image: np.ndarray, maps: StageMaps, index: int) -> None:
    """Draws the maps of one image, stage by stage, onto as many axes."""
    for stage, ax in enumerate(row):
        draw_map(ax, image, maps, index, stage)


def draw_map(ax: Axes, image: np.ndarray, maps: StageMaps, index: int, stage: int) -> None:
    """Draws one map over its image, its raw maximum above it; a blank one is the bare image."""
    if maps.blank[index, stage]:  # a tint would look like a map
        show_image(ax, image, "blank")
    else:
        show_image(ax, overlay(image, maps.maps[index, stage]), f"max {maps.raw_maxima[index, stage]:.2g}")


def name_stages(row: Sequence[Axes], stages: Sequence[str]) -> None:
    """Puts the stages' names above the titles of a row of maps."""
    for ax, name in zip(row, stages, strict=True):
        ax.set_title(f"{plain(name)}\n{ax.get_title(loc='center')}", fontsize=8, loc="center")
