"""Figures of images in rows and columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from cifarcam.data.constants import CLASSES
from cifarcam.data.normalization import denormalize
from cifarcam.data.split import Split
from cifarcam.errors import CifarcamError
from cifarcam.figures.display import INK, Pictures
from cifarcam.figures.style import bare, drawing, plain, show_image


def class_samples(split: Split, columns: int = 10, seed: int = 0, classes: Sequence[str] = CLASSES) -> Figure:
    """A row of randomly chosen images for each class, as many as it has where that is fewer than ``columns``.

    Args:
        split: the images and labels.
        columns: images a row.
        seed: of the choice.
        classes: the names of the classes.

    Examples:
        >>> from cifarcam.data import synthetic_cifar10
        >>> from cifarcam.figures import class_samples
        >>> len(class_samples(synthetic_cifar10("test"), columns=3).axes)
        30
    """
    random, labels = np.random.default_rng(seed), np.asarray(split.labels)
    if labels.size and labels.max() >= len(classes):
        raise CifarcamError(f"There is a label {labels.max()}, and {len(classes)} names of classes; give one for each.")
    with drawing(len(classes), columns, 0.72 * columns + 1, 0.72 * len(classes), kind=Pictures) as (figure, axes):
        for label, (name, row) in enumerate(zip(classes, axes, strict=True)):
            members = np.flatnonzero(labels == label)
            chosen = random.choice(members, min(columns, len(members)), replace=False)
            for ax in row:
                bare(ax)
            for ax, index in zip(row, chosen, strict=False):
                show_image(ax, split.images[index])
            row[0].set_ylabel(plain(name), rotation=0, ha="right", va="center", fontsize=10)
    return figure


def transforms(original: np.ndarray, results: Mapping[str, Sequence[np.ndarray]]) -> Figure:
    """A row for each named transform: the original image, then what the transform made of it, draw by draw.

    Args:
        original: uint8, (H, W, 3).
        results: for each name as many images, uint8 (H, W, 3).

    Examples:
        >>> from cifarcam.data import synthetic_cifar10
        >>> from cifarcam.figures import transforms
        >>> image = synthetic_cifar10("test").images[0]
        >>> len(transforms(image, {"mirrored": [image[:, ::-1]], "turned": [image[::-1, ::-1]]}).axes)
        4
    """
    columns = 1 + max(len(images) for images in results.values())
    with drawing(len(results), columns, 0.9 * columns + 1.6, 0.95 * len(results), kind=Pictures) as (figure, axes):
        for (name, images), row in zip(results.items(), axes, strict=True):
            for ax in row:
                bare(ax)
            for ax, image in zip(row, [original, *images], strict=False):
                show_image(ax, image)
            row[0].set_ylabel(plain(name), rotation=0, ha="right", va="center", fontsize=10)
        axes[0, 0].set_title("original", fontsize=9, loc="center")
        axes[0, 1].set_title("draw 1", fontsize=9, loc="center")
    return figure


def batch(x: Tensor, y: Tensor, columns: int = 8, classes: Sequence[str] = CLASSES) -> Figure:
    """The first images of a batch as the network gets them, turned back into colours.

    Args:
        x: normalised floats, (N, 3, H, W).
        y: labels, (N,).
        columns: images a row.
        classes: the names of the classes.

    Examples:
        >>> from cifarcam.data import synthetic_cifar10
        >>> from cifarcam.figures import batch
        >>> from cifarcam.training import BEST, Batches
        >>> x, y = next(iter(Batches(synthetic_cifar10("test").first(16), BEST).epoch(19)))
        >>> len(batch(x, y).axes)
        16
    """
    labels = y.tolist()
    if labels and max(labels) >= len(classes):
        raise CifarcamError(f"There is a label {max(labels)}, and {len(classes)} names of classes; give one for each.")
    return gallery(denormalize(x), [classes[label] for label in labels], columns)


def gallery(images: np.ndarray, titles: Sequence[str], columns: int = 5, colour: str = INK) -> Figure:
    """Images in rows of ``columns``, a title above each.

    Args:
        images: (N, H, W, 3), uint8 or floats in 0 to 1.
        titles: of the images.
        columns: images a row.
        colour: of the titles.

    Raises:
        CifarcamError: for no images.

    Examples:
        >>> from cifarcam.data import synthetic_cifar10
        >>> from cifarcam.figures import gallery
        >>> len(gallery(synthetic_cifar10("test").images[:4], ["a", "b", "c", "d"], columns=2).axes)
        4
    """
    if len(images) == 0:
        raise CifarcamError("There are no images to show; expected one or more.")
    rows = -(-len(images) // columns)
    lines = max(title.count("\n") + 1 for title in titles)
    side = min(1.5, 8.5 / columns)
    with drawing(rows, columns, side * columns, (side - 0.15 + 0.17 * lines) * rows, kind=Pictures) as (figure, axes):
        for ax in axes.flat:
            bare(ax)
        for ax, image, title in zip(axes.flat, images, titles, strict=False):
            show_image(ax, image, title, colour)
    return figure
