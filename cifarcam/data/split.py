"""A split of a data set: its images and their labels."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np

from cifarcam.data.constants import CLASSES
from cifarcam.errors import CifarcamError


class Split(NamedTuple):
    """The images and labels of a split.

    Attributes:
        images: uint8, (N, side, side, 3); CIFAR-10's have 32 pixels a side.
        labels: int64, (N,), from 0.

    Examples:
        >>> import numpy as np
        >>> from cifarcam.data import Split
        >>> split = Split(np.zeros((5, 32, 32, 3), np.uint8), np.arange(5))
        >>> training, validation = split.train_val_split(2, seed=0)
        >>> len(training.labels), len(validation.labels)
        (3, 2)
    """

    images: np.ndarray
    labels: np.ndarray

    def checksum(self) -> str:
        """SHA-256 of all pixels and labels in their order, in hexadecimal."""
        digest = hashlib.sha256(np.ascontiguousarray(self.images))
        digest.update(np.ascontiguousarray(self.labels, dtype="<i8"))
        return digest.hexdigest()

    def first(self, count: int | None) -> Split:
        """The first ``count`` images and labels, all of them for ``None``."""
        return Split(self.images[:count], self.labels[:count])

    def train_val_split(self, count: int, seed: int = 0) -> tuple[Split, Split]:
        """Two splits: all but ``count`` images, and those ``count``, drawn at random; the same for the same seed.

        Raises:
            CifarcamError: unless both get an image or more.
        """
        if not 0 < count < len(self.labels):
            raise CifarcamError(f"Cannot hold out {count} of {len(self.labels)} images; expected fewer, at least one.")
        order = np.random.Generator(np.random.PCG64(seed)).permutation(len(self.labels))
        kept, held_out = np.sort(order[count:]), np.sort(order[:count])
        labels = np.asarray(self.labels)
        return Split(self.images[kept], labels[kept]), Split(self.images[held_out], labels[held_out])


def check_split(name: str, split: Split, classes: int | None = len(CLASSES)) -> None:
    """Checks that a split has one or more square colour images, and a valid label for each.

    Args:
        name: what an error message calls the split.
        split: the images and labels.
        classes: how many there are; labels lie below this number. ``None`` where that is not known yet.

    Raises:
        CifarcamError: for images or labels of another type, shape or range.
    """
    if not hasattr(split, "images") or not hasattr(split, "labels"):
        raise CifarcamError(
            f"The {name} split is a {type(split).__name__}; expected a Split, such as Split(images, labels) of NumPy "
            "arrays, or as_split(dataset) of a data set of pictures and their labels."
        )
    images, labels = np.asarray(split.images), np.asarray(split.labels)
    square = images.ndim == 4 and images.shape[1] == images.shape[2] and images.shape[3] == 3
    if images.dtype != np.uint8 or not square or not len(images):
        raise CifarcamError(
            f"The {name} images are {images.dtype} of shape {images.shape}; "
            "expected uint8 of shape (N, side, side, 3), at least one."
        )
    whole = np.issubdtype(labels.dtype, np.integer)
    most = np.inf if classes is None else classes - 1
    if labels.shape != images.shape[:1] or not whole or not 0 <= labels.min() <= labels.max() <= most:
        raise CifarcamError(
            f"The {name} labels, {labels.dtype} of shape {labels.shape}, do not fit: expected a whole number from 0 "
            f"{'up' if classes is None else f'to {most}'} for each of the {len(images)} images."
        )
