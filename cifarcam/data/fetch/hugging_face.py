"""Download of CIFAR-10 from uoft-cs/cifar10 on Hugging Face: Parquet files of PNG images, one a split."""

from __future__ import annotations

import errno
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from cifarcam.data.constants import SIDE
from cifarcam.data.fetch.archive import LARGEST, GivenUpError
from cifarcam.data.fetch.original_order import CHECKSUMS, in_original_order
from cifarcam.data.split import Split
from cifarcam.notebook_warnings import widget_warnings_ignored

DATA_SET = "uoft-cs/cifar10"
BATCH = 1_000  # rows read at once
OF_THIS_MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST)


def fetch_splits(folder: Path, endpoint: str | None = None) -> dict[str, Split]:
    """Both splits in their original order, by name; what is downloaded stays in the folder, to go on from there.

    Args:
        folder: for the Parquet files.
        endpoint: the hub's address; that of ``HF_ENDPOINT``, or Hugging Face's own, by default.

    Raises:
        GivenUpError: where they do not arrive, or are not CIFAR-10.
    """
    return {name: _read(_download(name, folder, endpoint), name) for name in CHECKSUMS}


def _download(name: str, folder: Path, endpoint: str | None) -> Path:
    with widget_warnings_ignored():
        from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url  # here: only a download needs it

    file = f"plain_text/{name}-00000-of-00001.parquet"
    try:
        size = get_hf_file_metadata(hf_hub_url(DATA_SET, file, repo_type="dataset", endpoint=endpoint)).size
        if size is None or size > LARGEST:
            raise GivenUpError(f"offers a file of {size} bytes")
        return Path(hf_hub_download(DATA_SET, file, repo_type="dataset", local_dir=folder, endpoint=endpoint))
    except GivenUpError:
        raise
    except Exception as error:  # those of the library's network library, which is another since its version 1
        if getattr(error, "errno", None) in OF_THIS_MACHINE:
            raise
        raise GivenUpError(f"cannot deliver ({' '.join(str(error).split())[:200]})") from error


def _read(file: Path, name: str) -> Split:
    """A split from its Parquet file, in its original order; ``GivenUpError`` where it is not CIFAR-10's."""
    try:
        pictures, labels = zip(*_rows(file), strict=True)
        decoded = [_decoded(picture) for picture in tqdm(pictures, desc=f"decoding {name}", unit=" images")]
        return in_original_order(Split(np.stack(decoded), np.array(labels)), name)
    except Exception as error:  # what is no such file makes pyarrow and Pillow raise many types
        if getattr(error, "errno", None) is not None:  # this machine's fault: theirs have no number
            raise
        file.unlink()
        raise GivenUpError(f"sent another file ({error})") from error


def _rows(file: Path) -> Iterator[tuple[bytes, int]]:
    """Picture and label of each row; a few kilobytes of Parquet can be gigabytes of rows, so they are counted."""
    from pyarrow.parquet import ParquetFile  # here, because only a download needs it

    read = 0
    with ParquetFile(file) as opened:
        for batch in opened.iter_batches(BATCH, columns=["img", "label"]):
            read += batch.nbytes
            if read > LARGEST:
                raise ValueError(f"more than {LARGEST // 10**6} MB of rows")
            yield from zip((row["bytes"] for row in batch["img"].to_pylist()), batch["label"].to_pylist(), strict=True)


def _decoded(picture: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(picture), formats=["PNG"]) as opened:
        if opened.size != (SIDE, SIDE):  # before its pixels are read
            raise ValueError(f"a picture of {opened.size[0]}×{opened.size[1]} pixels")
        return np.asarray(opened.convert("RGB"))
