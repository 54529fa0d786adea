"""CIFAR-10: found on disk or downloaded, verified by checksums, and given as NumPy arrays.

The data set is Krizhevsky's (2009), "Learning multiple layers of features from tiny images".
"""

from __future__ import annotations

import os
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import platformdirs

from cifarcam.data.fetch.download import ARRAYS, FOLDER, fetch_cifar10, is_there
from cifarcam.data.fetch.original_order import CHECKSUMS
from cifarcam.data.split import Split
from cifarcam.errors import CifarcamError

STAND_IN = "synthetic"


def cifar10(split: str) -> Split:
    """The training (50,000 images) or test split (10,000 images) of CIFAR-10.

    It is looked for in the folder that the environment variable ``CIFARCAM_DATA`` names, then in the user's cache
    folder, as the original files or as the arrays of an earlier download, and checksums are verified. Where there is
    neither it is downloaded into the cache folder, see ``cifarcam.data.fetch``. With ``CIFARCAM_DATA=synthetic`` the
    synthetic stand-in is given instead, see ``cifarcam.data.synthetic``.

    Args:
        split: ``"train"`` or ``"test"``.

    Returns:
        The images, uint8 (N, 32, 32, 3), and their labels, int64 (N,).

    Raises:
        CifarcamError: for another split, a folder that does not exist, altered files, or no network.

    Examples:
        >>> import os
        >>> from cifarcam.data import cifar10
        >>> os.environ["CIFARCAM_DATA"] = "synthetic"  # CIFAR-10 itself without this line
        >>> cifar10("test").images.shape
        (1000, 32, 32, 3)
    """
    if split not in ("train", "test"):
        raise CifarcamError(f"CIFAR-10 has no split {split!r}; the splits are 'train' and 'test'.")
    if uses_stand_in():
        from cifarcam.data.synthetic import synthetic_cifar10

        return synthetic_cifar10(split)
    root = _find_or_fetch()
    return _read_files(root / FOLDER, split) if (root / FOLDER).is_dir() else _read_arrays(root / ARRAYS, split)


def uses_stand_in() -> bool:
    """Whether the environment variable ``CIFARCAM_DATA`` asks for the synthetic stand-in.

    Examples:
        >>> import os
        >>> from cifarcam.data import uses_stand_in
        >>> os.environ["CIFARCAM_DATA"] = "synthetic"
        >>> uses_stand_in()
        True
    """
    return os.environ.get("CIFARCAM_DATA") == STAND_IN


def cache_folder() -> Path:
    """The folder of the user's cache in which downloaded data is kept.

    Examples:
        >>> from cifarcam.data import cache_folder
        >>> "cifarcam" in cache_folder().parts
        True
    """
    return Path(platformdirs.user_cache_dir("cifarcam", appauthor=False))


def _find_or_fetch() -> Path:
    for root in (*_named_folder(), cache_folder()):
        if is_there(root):
            return root
    fetch_cifar10(cache_folder())
    return cache_folder()


def _named_folder() -> list[Path]:
    named = os.environ.get("CIFARCAM_DATA")
    if not named:
        return []
    folder = Path(named)
    if not folder.is_absolute() or not folder.is_dir() or folder.name == FOLDER:
        raise CifarcamError(
            f"CIFARCAM_DATA is {named!r}; expected '{STAND_IN}' or the absolute path of the folder that holds "
            f"{FOLDER} or {ARRAYS}. Correct it, or unset it to use the cache folder."
        )
    return [folder]


def _read_files(folder: Path, split: str) -> Split:
    from torchvision.datasets import CIFAR10  # here, because records can be read without it
    from torchvision.datasets.utils import check_integrity

    files = [*CIFAR10.train_list, *CIFAR10.test_list, [CIFAR10.meta["filename"], CIFAR10.meta["md5"]]]
    for name, md5 in files:
        if not check_integrity(str(folder / name), md5):
            state = "altered or truncated" if (folder / name).exists() else "missing"
            raise CifarcamError(f"{folder / name} is {state}; {_remedy(folder)}.")
    data = CIFAR10(root=str(folder.parent), train=split == "train")
    return Split(data.data, np.asarray(data.targets, dtype=np.int64))


def _read_arrays(path: Path, split: str) -> Split:
    try:
        with np.load(path) as arrays:
            found = Split(arrays[f"{split}_images"], arrays[f"{split}_labels"])
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise CifarcamError(f"{path} is damaged ({error}); {_remedy(path)}.") from error
    if found.checksum() != CHECKSUMS[split]:
        raise CifarcamError(f"{path} is altered; {_remedy(path)}.")
    return found


def _remedy(path: Path) -> str:
    ours = path.parent == cache_folder()
    return f"delete {path} and try again" if ours else "replace it, or unset CIFARCAM_DATA"
