"""Sorts the images of CIFAR-10 into their original order, whichever source they come from."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from cifarcam.data.split import Split
from cifarcam.errors import CifarcamError

# Split.checksum() of the original files, in their own order.
CHECKSUMS = {
    "train": "67e12c2a5906880a4fe5595fe6d768185ad7ca587f35d3a7ece3c3b8b85035d2",
    "test": "e54a434ec35094516eacbaac0f2f9550358d985e9d1f71b47d41d333c15ba304",
}
ORDERS = Path(__file__).with_name("cifar10_order.npz")


def by_content(split: Split) -> np.ndarray:
    """The indices that sort the images by a hash of pixels and label, int64 (N,)."""
    hashes = [
        hashlib.blake2b(image.tobytes() + bytes([label]), digest_size=8).digest()
        for image, label in zip(split.images, split.labels.tolist(), strict=True)
    ]
    return np.argsort(np.frombuffer(b"".join(hashes), dtype=">u8"), kind="stable")


def recorded_order(name: str) -> np.ndarray:
    """``by_content`` of the original split ``"train"`` or ``"test"``; ``tools.records.original_order`` recorded it."""
    with np.load(ORDERS) as orders:
        return orders[name].astype(np.int64)


def in_original_order(split: Split, name: str) -> Split:
    """CIFAR-10's split ``"train"`` or ``"test"`` from the same images in any order.

    Raises:
        CifarcamError: where these are not its images and labels.
    """
    original = recorded_order(name)
    if split.images.shape != (len(original), 32, 32, 3):
        raise CifarcamError(f"{split.images.shape} is not the shape of CIFAR-10's {name} split.")
    index = np.empty_like(original)
    index[original] = by_content(split)
    ordered = Split(split.images[index], split.labels[index])
    if ordered.checksum() != CHECKSUMS[name]:
        raise CifarcamError(f"These are not the images and labels of CIFAR-10's {name} split.")
    return ordered
