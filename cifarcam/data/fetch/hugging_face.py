"""CIFAR-10 from the data set uoft-cs/cifar10 on Hugging Face: Parquet files of PNG images, one a split."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from cifarcam.data.fetch.original_order import CHECKSUMS, in_original_order
from cifarcam.data.fetch.transfer import WrongFileError, transfer
from cifarcam.data.split import Split
from cifarcam.errors import CifarcamError
from cifarcam.notebook_warnings import widget_warnings_ignored

DATA_SET = "uoft-cs/cifar10"


def address(name: str) -> str:
    """Where the file of the split ``"train"`` or ``"test"`` lies; the host is that of ``HF_ENDPOINT`` if it is set."""
    with widget_warnings_ignored():
        from huggingface_hub import hf_hub_url  # here, because only a download needs it

    return hf_hub_url(DATA_SET, f"plain_text/{name}-00000-of-00001.parquet", repo_type="dataset")


def fetch_splits(folder: Path) -> dict[str, Split]:
    """Both splits in their original order, by name; what is downloaded stays in ``folder``, as ``.cifar-10-*.part``.

    Raises ``GivenUpError`` where they do not arrive, or are not CIFAR-10.
    """
    return {
        name: transfer(address(name), folder / f".cifar-10-{name}.parquet.part", partial(read, name=name))
        for name in CHECKSUMS
    }


def read(file: Path, name: str) -> Split:
    """A split from its Parquet file, in its original order. Raises ``WrongFileError`` where it is not CIFAR-10's."""
    from pyarrow.parquet import read_table  # here, because only a download needs it

    try:
        table = read_table(file)
        images = np.stack(list(_decoded([row["bytes"] for row in table["img"].to_pylist()], name)))
        return in_original_order(Split(images, np.array(table["label"].to_pylist())), name)
    except (KeyError, TypeError, ValueError, OSError, CifarcamError) as error:
        if getattr(error, "errno", None) is not None:  # this machine's fault: pyarrow's and Pillow's have no number
            raise
        raise WrongFileError(str(error)) from error


def _decoded(pictures: list[bytes], name: str) -> Iterator[np.ndarray]:
    for picture in tqdm(pictures, desc=f"decoding {name}", unit=" images"):
        yield np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))
