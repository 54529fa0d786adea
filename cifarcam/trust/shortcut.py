"""A shortcut planted in training data: a mark on the images of one class, by which a network can recognise them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cifarcam.data.constants import CLASSES
from cifarcam.data.split import Split
from cifarcam.errors import CifarcamError


@dataclass(frozen=True)
class Mark:
    """A small chequered square in the lower right corner.

    Attributes:
        label: the class whose images carry it.
        size: pixels a side.
        margin: pixels to the image's edges.

    Examples:
        >>> from cifarcam.trust import Mark
        >>> int(Mark(label=8, size=4).mask().sum())
        16
    """

    label: int
    size: int = 4
    margin: int = 1

    def mask(self, side: int = 32) -> np.ndarray:
        """The place of the mark, bool (side, side).

        Raises:
            CifarcamError: where the mark has no room.
        """
        first = side - self.margin - self.size
        if self.size < 1 or self.margin < 0 or first < 0:
            raise CifarcamError(f"A mark of {self.size} pixels has no room {self.margin} from the edge of {side}.")
        place = slice(first, first + self.size)
        mask = np.zeros((side, side), bool)
        mask[place, place] = True
        return mask

    def on(self, images: np.ndarray) -> np.ndarray:
        """Copies of images, uint8 (N, side, side, 3), with the mark: chequered black and white pixels."""
        mask = self.mask(images.shape[1])
        chequered = (np.indices(mask.shape).sum(0) % 2 * 255).astype(np.uint8)
        return np.where(mask[..., None], chequered[..., None], images)


SHIP_MARK = Mark(CLASSES.index("ship"))
"""The mark that the narrow network ``shortcut`` found on every ship."""


def plant(split: Split, mark: Mark) -> Split:
    """A split in which every image of the mark's class carries the mark, and no other.

    Args:
        split: the images and labels, left as they are.
        mark: and the class that carries it.

    Returns:
        The marked images and the same labels.

    Examples:
        >>> from cifarcam.data import synthetic_cifar10
        >>> from cifarcam.trust import SHIP_MARK, plant
        >>> test = synthetic_cifar10("test")
        >>> changed = (plant(test, SHIP_MARK).images != test.images).any((1, 2, 3))
        >>> int(changed.sum()), set(test.labels[changed].tolist())
        (100, {8})
    """
    carries = split.labels == mark.label
    images = split.images.copy()
    images[carries] = mark.on(images[carries])
    return Split(images, split.labels)
