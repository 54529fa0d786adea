"""CIFAR-10: found on disk or fetched, checked, and given as plain arrays.

The data set is Krizhevsky's (2009), "Learning multiple layers of features from tiny images".
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import platformdirs

from cifarcam.download import fetch_archive
from cifarcam.errors import CifarcamError

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
# Over all pixels of the 50,000 training images, in units of the pixel range 0 to 1; chapter 1 computes them.
MEAN = (0.4914, 0.4822, 0.4465)
STD = (0.2470, 0.2435, 0.2616)

STAND_IN = "drawn"
FOLDER = "cifar-10-batches-py"  # what the archive unpacks to


class Split(NamedTuple):
    """Images, uint8 (N, 32, 32, 3), and their labels, int64 (N,), indices into ``CLASSES``."""

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


def cifar10(split: str) -> Split:
    """The training (50,000 images) or test split (10,000 images) of CIFAR-10.

    The files are looked for in the folder that the environment variable ``CIFARCAM_DATA`` names, then in the user's
    cache folder, and their checksums verified. Where there are none they are downloaded into the cache folder, from the
    address in ``CIFARCAM_MIRROR`` first if there is one.
    With ``CIFARCAM_DATA=drawn`` the drawn stand-in is given instead, see ``cifarcam.drawn``.

    Args:
        split: ``"train"`` or ``"test"``.
    Raises ``CifarcamError`` for another split, a folder that does not exist, altered files, or no network.
    """
    if split not in ("train", "test"):
        raise CifarcamError(f"CIFAR-10 has no split {split!r}; the splits are 'train' and 'test'.")
    if uses_stand_in():
        from cifarcam.drawn import drawn

        return drawn(split)
    from torchvision.datasets import CIFAR10  # here, because records can be read without it

    data = CIFAR10(root=str(_find_or_fetch()), train=split == "train")
    return Split(data.data, np.asarray(data.targets, dtype=np.int64))


def uses_stand_in() -> bool:
    """Whether ``CIFARCAM_DATA`` asks for the drawn stand-in."""
    return os.environ.get("CIFARCAM_DATA") == STAND_IN


def cache_folder() -> Path:
    """Where downloaded data is kept for the next time."""
    return Path(platformdirs.user_cache_dir("cifarcam", appauthor=False))


def _find_or_fetch() -> Path:
    for root in (*_named_folder(), cache_folder()):
        if (root / FOLDER).is_dir():
            _verify(root / FOLDER)
            return root
    fetch_archive(cache_folder(), FOLDER)
    _verify(cache_folder() / FOLDER)
    return cache_folder()


def _named_folder() -> list[Path]:
    named = os.environ.get("CIFARCAM_DATA")
    if not named:
        return []
    folder = Path(named)
    if not folder.is_absolute() or not folder.is_dir() or folder.name == FOLDER:
        raise CifarcamError(
            f"CIFARCAM_DATA is {named!r}; expected '{STAND_IN}' or the absolute path of the folder that holds "
            f"{FOLDER}. Correct it, or unset it to use the cache folder."
        )
    return [folder]


def _verify(folder: Path) -> None:
    from torchvision.datasets import CIFAR10
    from torchvision.datasets.utils import check_integrity

    files = [*CIFAR10.train_list, *CIFAR10.test_list, [CIFAR10.meta["filename"], CIFAR10.meta["md5"]]]
    for name, md5 in files:
        if not check_integrity(str(folder / name), md5):
            state = "altered or truncated" if (folder / name).exists() else "missing"
            ours = folder.parent == cache_folder()
            advice = f"delete the folder {folder} and try again" if ours else "replace it, or unset CIFARCAM_DATA"
            raise CifarcamError(f"{folder / name} is {state}; {advice}.")
