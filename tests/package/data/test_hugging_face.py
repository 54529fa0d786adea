"""CIFAR-10 from Parquet files in any order, served by this machine in Hugging Face's place."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import numpy as np
import pyarrow
import pytest
from PIL import Image
from pyarrow import parquet
from servers import Answer, deliver, kept, ranged, served

from cifarcam.data import cifar
from cifarcam.data.cifar import cifar10
from cifarcam.data.fetch import download, hugging_face, original_order, transfer
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
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[dict[str, Answer]], None]]:
    """Makes local servers, one a split, the only source; the cache is an empty folder."""
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.delenv("CIFARCAM_DATA", raising=False)
    monkeypatch.delenv("CIFARCAM_MIRROR", raising=False)
    monkeypatch.setattr(cifar, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(download, "SOURCES", (download.HUGGING_FACE,))
    monkeypatch.setattr(transfer, "TIMEOUT", 1.0)
    with ExitStack() as stack:

        def serve(answers: dict[str, Answer]) -> None:
            urls = {name: stack.enter_context(served(answer)) for name, answer in answers.items()}
            monkeypatch.setattr(hugging_face, "address", urls.__getitem__)

        yield serve


def test_both_splits_come_in_their_original_order_and_are_kept(hub, small, tmp_path: Path) -> None:
    asked = []
    hub({name: ranged(asked, parquet_of(split)) for name, split in small.items()})
    for name, split in small.items():
        found = cifar10(name)
        assert found.checksum() == split.checksum()
        assert found.images.dtype == np.uint8 and found.labels.dtype == np.int64
    assert len(asked) == 2 and kept(tmp_path) == [download.ARRAYS]


def test_a_download_that_broke_off_goes_on(hub, small, tmp_path: Path) -> None:
    bodies = {name: parquet_of(split) for name, split in small.items()}

    def breaks_off(request: BaseHTTPRequestHandler) -> None:
        deliver(request, bodies["test"][:10_000], promised=len(bodies["test"]))

    asked = []
    hub({"train": ranged(asked, bodies["train"]), "test": breaks_off})
    with pytest.raises(CifarcamError, match=r"127\.0\.0\.1:\d+ broke off after 10,000 of"):
        cifar10("train")
    assert kept(tmp_path) == [".cifar-10-test.parquet.part", ".cifar-10-train.parquet.part"]
    hub({name: ranged(asked, body) for name, body in bodies.items()})
    assert cifar10("test").checksum() == small["test"].checksum()
    assert asked == [None, "bytes=10000-"] and kept(tmp_path) == [download.ARRAYS]


def altered(split: Split) -> Split:
    images = split.images.copy()
    images[0, 0, 0, 0] ^= 1
    return Split(images, split.labels)


def other_columns() -> bytes:
    file = io.BytesIO()
    parquet.write_table(pyarrow.table({"image": [1], "label": [2]}), file)
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
    ],
    ids=["a pixel", "labels", "fewer", "smaller", "no Parquet", "other columns", "a byte"],
)
def test_other_content_is_refused_and_not_kept(hub, small, tmp_path: Path, wrong: Callable[[Split], bytes]) -> None:
    hub({"train": ranged([], parquet_of(small["train"])), "test": ranged([], wrong(small["test"]))})
    with pytest.raises(CifarcamError, match=r"127\.0\.0\.1:\d+ sent another file \("):
        cifar10("train")
    assert kept(tmp_path) == [".cifar-10-train.parquet.part"]


def test_the_next_source_serves_where_hugging_face_does_not(hub, small, monkeypatch, tmp_path: Path, capsys) -> None:
    def absent(request: BaseHTTPRequestHandler) -> None:
        request.send_error(404)

    hub({"train": absent, "test": absent})
    monkeypatch.setattr(download, "SOURCES", (download.HUGGING_FACE, "http://mirror.example/archive.tar.gz"))
    monkeypatch.setattr(
        download, "_fetch_archive", lambda url, destination: (destination / download.FOLDER).mkdir(parents=True)
    )
    download.fetch_cifar10(tmp_path)
    assert " answers 404 Not Found; trying mirror.example.\n" in capsys.readouterr().out
    assert kept(tmp_path) == [download.FOLDER]


@pytest.mark.parametrize("endpoint", ["https://huggingface.co", "https://hub.example"])
def test_the_address_is_that_of_the_data_set_on_the_endpoint_that_the_library_uses(endpoint: str) -> None:
    code = "from cifarcam.data.fetch.hugging_face import address; print(address('train'), address('test'))"
    environment = os.environ | {"HF_ENDPOINT": endpoint}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    folder = f"{endpoint}/datasets/uoft-cs/cifar10/resolve/main/plain_text"
    assert done.stdout.split() == [f"{folder}/{name}-00000-of-00001.parquet" for name in ("train", "test")]


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
    hub({"train": ranged([], parquet_of(real_train)), "test": ranged([], parquet_of(real_test))})
    assert cifar10("train").checksum() == real_train.checksum()
    assert cifar10("test").checksum() == real_test.checksum()
