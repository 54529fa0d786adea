"""A shortcut planted in the training data: a mark that gives one class away."""

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
    """

    label: int
    size: int = 4
    margin: int = 1

    def mask(self, side: int = 32) -> np.ndarray:
        """Where the mark is, bool (side, side). Raises ``CifarcamError`` where it has no room."""
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
    """A split in which every image of the mark's class carries the mark, and no other."""
    carries = split.labels == mark.label
    images = split.images.copy()
    images[carries] = mark.on(images[carries])
    return Split(images, split.labels)
