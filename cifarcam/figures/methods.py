"""Figures that compare methods of class activation maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from cifarcam.figures.display import Pictures
from cifarcam.figures.maps import draw_map, draw_maps, name_stages
from cifarcam.figures.style import AGAINST_AND_FOR, SEQUENTIAL, bare, drawing, show_image
from cifarcam.maps.cam import StageMaps


def method_grid(image: np.ndarray, maps: Mapping[str, StageMaps], index: int = 0) -> Figure:
    """A row for each method: its maps of one image at all stages, with their raw maxima written above.

    Args:
        image: uint8, (H, W, 3).
        maps: of the methods, by name.
        index: which of the maps' images it is.

    Examples:
        >>> from cifarcam.data import synthetic_cifar10
        >>> from cifarcam.figures import method_grid
        >>> from cifarcam.maps import stage_maps
        >>> from cifarcam.network import ResNet18
        >>> model, images = ResNet18(width=9), synthetic_cifar10("test").images[:1]
        >>> maps = {name: stage_maps(model, images, method=name) for name in ("Grad-CAM", "LayerCAM")}
        >>> len(method_grid(images[0], maps).axes)
        12
    """
    stages = next(iter(maps.values())).stages
    columns = 1 + len(stages)
    with drawing(len(maps), columns, 7.6 * columns / 6, 1.3 * len(maps) + 0.3, kind=Pictures) as (figure, axes):
        for row, (name, of_method) in zip(axes, maps.items(), strict=True):
            show_image(row[0], image, f"{name}\nfor {of_method.subject(index)}")
            draw_maps(row[1:], image, of_method, index)
        name_stages(axes[0, 1:], stages)
    return figure


def methods_at_stage(images: np.ndarray, maps: Mapping[str, StageMaps], stage: str, titles: Sequence[str]) -> Figure:
    """A column for each image: the image, then below it its map at one stage by each of the methods.

    Args:
        images: uint8, (N, H, W, 3).
        maps: of the methods, by name, of these images.
        stage: its name.
        titles: of the images.

    Examples:
        >>> from cifarcam.data import synthetic_cifar10
        >>> from cifarcam.figures import methods_at_stage
        >>> from cifarcam.maps import stage_maps
        >>> from cifarcam.network import ResNet18
        >>> model, images = ResNet18(width=9), synthetic_cifar10("test").images[:2]
        >>> maps = {name: stage_maps(model, images, method=name) for name in ("Grad-CAM", "LayerCAM")}
        >>> len(methods_at_stage(images, maps, "layer4", ["one", "other"]).axes)
        6
    """
    with drawing(1 + len(maps), len(images), 1.4 * len(images) + 1.1, 1.36 * len(maps) + 1.6, kind=Pictures) as (
        figure,
        axes,
    ):
        for index, column in enumerate(axes.T):
            show_image(column[0], images[index], titles[index])
            for ax, of_method in zip(column[1:], maps.values(), strict=True):
                draw_map(ax, images[index], of_method, index, of_method.stages.index(stage))
        for ax, name in zip(axes[1:, 0], maps, strict=True):
            ax.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    return figure


def agreement(values: np.ndarray, names: Sequence[str], label: str) -> Figure:
    """A matrix of how much each method agrees with each other, as colours with the numbers written in.

    Args:
        values: (methods, methods), at most 1.
        names: of the methods.
        label: what the values are.

    Examples:
        >>> import numpy as np
        >>> from cifarcam.figures import agreement
        >>> values = np.array([[1.0, 0.25], [0.25, 1.0]])
        >>> axes = agreement(values, ["Grad-CAM", "LayerCAM"], "rank correlation").axes[0]
        >>> [text.get_text() for text in axes.texts]
        ['1.00', '0.25', '0.25', '1.00']
    """
    with drawing(1, 1, 6.4, 5.4) as (figure, axes):
        ax = axes[0, 0]
        shown = ax.imshow(values, cmap=SEQUENTIAL, vmin=min(0, values.min()), vmax=1)
        for (row, column), value in np.ndenumerate(values):
            ink = "white" if shown.norm(value) < 0.6 else "black"
            ax.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=8, color=ink)
        ax.set_xticks(range(len(names)), names, rotation=40, ha="right", rotation_mode="anchor")
        ax.set_yticks(range(len(names)), names)
        ax.grid(False)
        figure.colorbar(shown, ax=ax, label=label, shrink=0.8)
    return figure


def predicted_minus_true(
    images: np.ndarray, predicted: StageMaps, true: StageMaps, differences: np.ndarray, titles: Sequence[str]
) -> Figure:
    """A row for each image: the image, its last map for two classes, and what each place adds to their difference.

    Args:
        images: uint8, (N, H, W, 3).
        predicted, true: the maps for the two classes.
        differences: (N, h, w), in logits; positive where a place speaks for the predicted class rather than the true.
        titles: of the images.

    Examples:
        >>> import numpy as np
        >>> from cifarcam.data import synthetic_cifar10
        >>> from cifarcam.figures import predicted_minus_true
        >>> from cifarcam.maps import stage_maps
        >>> from cifarcam.network import ResNet18
        >>> images = synthetic_cifar10("test").images[:1]
        >>> maps = stage_maps(ResNet18(width=9), images)
        >>> len(predicted_minus_true(images, maps, maps, np.ones((1, 4, 4)), ["one"]).axes)
        5
    """
    bound = float(np.abs(differences).max()) or 1.0
    with drawing(len(images), 4, 6.2, 1.5 * len(images) + 0.4, kind=Pictures) as (figure, axes):
        for index, row in enumerate(axes):
            show_image(row[0], images[index], titles[index])
            for ax, maps in ((row[1], predicted), (row[2], true)):
                draw_map(ax, images[index], maps, index, len(maps.stages) - 1)
                ax.set_title(f"for {maps.subject(index)}\n{ax.get_title(loc='center')}", fontsize=8, loc="center")
            squares = row[3].imshow(differences[index], AGAINST_AND_FOR, vmin=-bound, vmax=bound)
            row[3].set_title(f"difference\nsum {differences[index].sum():+.2f}", fontsize=8, loc="center")
            bare(row[3])
        figure.colorbar(squares, ax=axes[:, 3], label="predicted minus true (logits a place)", shrink=0.6)
    return figure
