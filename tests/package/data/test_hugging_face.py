"""CIFAR-10 from Parquet files in any order, served by this machine in Hugging Face's place."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow
import pytest
from PIL import Image
from pyarrow import parquet
from servers import kept, served_as_hub

from cifarcam.data import cifar
from cifarcam.data.cifar import cifar10
from cifarcam.data.fetch import download, hugging_face, original_order
from cifarcam.data.fetch.original_order import by_content, in_original_order, recorded_order
from cifarcam.data.split import Split
from cifarcam.errors import CifarcamError


def png(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, format="PNG", compress_level=0)
    return file.getvalue()


def parquet_of(split: Split, seed: int = 0) -> bytes:
    """The file of a split in Hugging Face's layout, its rows shuffled."""
    order = np.random.default_rng(seed).permutation(len(split.labels))
    rows = {"img": [{"bytes": png(split.images[i]), "path": None} for i in order], "label": split.labels[order]}
    file = io.BytesIO()
    parquet.write_table(pyarrow.table(rows), file, compression="none")
    return file.getvalue()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> dict[str, Split]:
    """Two splits of random images, one of them twice, that count as CIFAR-10's."""
    random = np.random.default_rng(0)
    splits = {}
    for name, count in (("train", 40), ("test", 20)):
        images, labels = random.integers(0, 256, (count, 32, 32, 3), np.uint8), random.integers(0, 10, count)
        images[7], labels[7] = images[3], labels[3]
        splits[name] = Split(images, labels)
    checksums = {name: split.checksum() for name, split in splits.items()}
    for module in (original_order, cifar, hugging_face):
        monkeypatch.setattr(module, "CHECKSUMS", checksums)
    monkeypatch.setattr(original_order, "recorded_order", lambda name: by_content(splits[name]))
    return splits


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[dict[str, bytes]], list[str]]]:
    """Makes a local server of one file a split the only source; the cache is an empty folder."""
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.delenv("CIFARCAM_DATA", raising=False)
    monkeypatch.delenv("CIFARCAM_MIRROR", raising=False)
    monkeypatch.setattr(cifar, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(download, "SOURCES", (download.HUGGING_FACE,))
    with ExitStack() as stack:

        def serve(bodies: dict[str, bytes]) -> list[str]:
            asked: list[str] = []
            endpoint = stack.enter_context(served_as_hub(bodies, asked))
            monkeypatch.setattr(download, "fetch_splits", partial(hugging_face.fetch_splits, endpoint=endpoint))
            return asked

        yield serve


def test_both_splits_come_in_their_original_order_and_are_kept(hub, small, tmp_path: Path) -> None:
    asked = hub({name: parquet_of(split) for name, split in small.items()})
    for name, split in small.items():
        found = cifar10(name)
        assert found.checksum() == split.checksum()
        assert found.images.dtype == np.uint8 and found.labels.dtype == np.int64
    assert len(asked) == 2 and kept(tmp_path) == [download.ARRAYS]


def altered(split: Split) -> Split:
    images = split.images.copy()
    images[0, 0, 0, 0] ^= 1
    return Split(images, split.labels)


def other_columns() -> bytes:
    file = io.BytesIO()
    parquet.write_table(pyarrow.table({"image": [1], "label": [2]}), file)
    return file.getvalue()


def blank_png(side: int) -> bytes:
    file = io.BytesIO()
    Image.new("1", (side, side)).save(file, "PNG")
    return file.getvalue()


def rows_of(pictures: list[bytes]) -> bytes:
    """Rows with these pictures, the same ones but once in the file."""
    file = io.BytesIO()
    rows = {"img": [{"bytes": picture} for picture in pictures], "label": [0] * len(pictures)}
    parquet.write_table(pyarrow.table(rows), file, compression="zstd")
    return file.getvalue()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda split: parquet_of(altered(split)),
        lambda split: parquet_of(Split(split.images, (split.labels + 1) % 10)),
        lambda split: parquet_of(split.first(10)),
        lambda split: parquet_of(Split(split.images[:, :16], split.labels)),
        lambda split: b"<html>No such data set</html>",
        lambda split: other_columns(),
        lambda split: parquet_of(split)[:-1] + b"x",
        lambda split: rows_of([blank_png(20_000)] * 10),
        lambda split: rows_of([blank_png(32) + bytes(1_000_000)] * 4_600),
    ],
    ids=["a pixel", "labels", "fewer", "smaller", "no Parquet", "other columns", "a byte", "huge picture", "huge rows"],
)
def test_other_content_is_refused_and_not_kept(hub, small, tmp_path: Path, wrong: Callable[[Split], bytes]) -> None:
    hub({"train": parquet_of(small["train"]), "test": wrong(small["test"])})
    with pytest.raises(CifarcamError, match=r"huggingface.co sent another file \("):
        cifar10("train")
    assert not (tmp_path / download.ARRAYS).exists()
    asked = hub({name: parquet_of(split) for name, split in small.items()})
    assert cifar10("test").checksum() == small["test"].checksum()
    assert asked == ["test"] and kept(tmp_path) == [download.ARRAYS]  # what was right is not asked for again


def test_the_next_source_serves_where_hugging_face_does_not(hub, small, monkeypatch, tmp_path: Path, capsys) -> None:
    hub({})
    monkeypatch.setattr(download, "SOURCES", (download.HUGGING_FACE, "http://mirror.example/archive.tar.gz"))
    monkeypatch.setattr(download, "fetch_archive", lambda url, folder: (folder / download.FOLDER).mkdir(parents=True))
    download.fetch_cifar10(tmp_path)
    assert re.match(r"huggingface.co cannot deliver \(.*404.*\); trying mirror.example\.\n", capsys.readouterr().out)
    assert kept(tmp_path) == [download.FOLDER]


def test_a_file_that_is_too_large_is_not_asked_for(hub, small, monkeypatch, tmp_path: Path) -> None:
    asked = hub({name: parquet_of(split) for name, split in small.items()})
    monkeypatch.setattr(hugging_face, "LARGEST", 1000)
    with pytest.raises(CifarcamError, match=r"huggingface.co offers a file of \d+ bytes"):
        cifar10("train")
    assert asked == []


@pytest.mark.needs_cifar10
@pytest.mark.parametrize("name", ["train", "test"])
def test_the_recorded_order_puts_the_shuffled_data_set_back(request, name: str) -> None:
    real = request.getfixturevalue(f"real_{name}")
    assert np.array_equal(by_content(real), recorded_order(name))
    shuffled = np.random.default_rng(0).permutation(len(real.labels))
    again = in_original_order(Split(real.images[shuffled], real.labels[shuffled]), name)
    assert np.array_equal(again.images, real.images) and np.array_equal(again.labels, real.labels)


@pytest.mark.slow
@pytest.mark.needs_cifar10
def test_all_of_cifar10_comes_through_whole(hub, real_train: Split, real_test: Split) -> None:
    hub({"train": parquet_of(real_train), "test": parquet_of(real_test)})
    assert cifar10("train").checksum() == real_train.checksum()
    assert cifar10("test").checksum() == real_test.checksum()
