"""A split of a data set: its images and their labels."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np

from cifarcam.errors import CifarcamError


class Split(NamedTuple):
    """Images, uint8 (N, side, side, 3), of 32 pixels a side in CIFAR-10, and their labels, int64 (N,), from 0."""

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

    def hold_out(self, count: int, seed: int = 0) -> tuple[Split, Split]:
        """Two splits: all but ``count`` images, and those ``count``, drawn at random; the same for the same seed.

        Raises ``CifarcamError`` unless both get an image or more.
        """
        if not 0 < count < len(self.labels):
            raise CifarcamError(f"Cannot hold out {count} of {len(self.labels)} images; expected fewer, at least one.")
        order = np.random.Generator(np.random.PCG64(seed)).permutation(len(self.labels))
        kept, held_out = np.sort(order[count:]), np.sort(order[:count])
        return Split(self.images[kept], self.labels[kept]), Split(self.images[held_out], self.labels[held_out])
