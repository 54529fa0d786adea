"""CIFAR-10 on disk: found, verified, given as arrays; and what is said where it is not there or not whole."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import numpy as np
import pytest
from known import TEST_CHECKSUM, TRAIN_CHECKSUM
from torchvision.datasets import CIFAR10

from cifarcam.data import cifar
from cifarcam.data.cifar import cifar10
from cifarcam.data.constants import CLASSES, MEAN, STD
from cifarcam.data.custom import channel_statistics
from cifarcam.data.fetch.download import ARRAYS
from cifarcam.data.split import Split
from cifarcam.data.synthetic import synthetic_cifar10
from cifarcam.errors import CifarcamError

EACH = 4  # images in a file of the small data set


def write_small_cifar10(root: Path) -> dict[str, str]:
    """CIFAR-10's files with a few random images each; their checksums by name."""
    folder = root / CIFAR10.base_folder
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    sums = {}
    for name, _ in (*CIFAR10.train_list, *CIFAR10.test_list):
        pixels = rng.integers(0, 256, (EACH, 3072), np.uint8)
        sums[name] = _write(folder / name, {"data": pixels, "labels": rng.integers(0, 10, EACH).tolist()})
    sums["batches.meta"] = _write(folder / "batches.meta", {"label_names": list(CLASSES)})
    return sums


def _write(path: Path, content: dict) -> str:
    path.write_bytes(pickle.dumps(content))
    return hashlib.md5(path.read_bytes()).hexdigest()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder, no ``CIFARCAM_DATA``, and no network."""

    def no_network(destination: Path) -> None:
        raise CifarcamError("no network")

    monkeypatch.delenv("CIFARCAM_DATA", raising=False)
    monkeypatch.setattr(cifar, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(cifar, "fetch_cifar10", no_network)
    return tmp_path / "cache"


@pytest.fixture
def small(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a small data set of CIFAR-10's layout, whose checksums count as the right ones."""
    root = tmp_path / "small"
    sums = write_small_cifar10(root)
    for files in ("train_list", "test_list"):
        monkeypatch.setattr(CIFAR10, files, [[name, sums[name]] for name, _ in getattr(CIFAR10, files)])
    monkeypatch.setattr(CIFAR10, "meta", CIFAR10.meta | {"md5": sums["batches.meta"]})
    return root


@pytest.mark.parametrize("split", ["validation", "Train", "", None])
def test_another_split_is_an_error(split):
    with pytest.raises(CifarcamError, match=f"no split {split!r}; the splits are 'train' and 'test'"):
        cifar10(split)


def test_the_named_folder_is_read(small: Path, monkeypatch):
    monkeypatch.setenv("CIFARCAM_DATA", str(small))
    train, test = cifar10("train"), cifar10("test")
    assert train.images.shape == (5 * EACH, 32, 32, 3) and test.images.shape == (EACH, 32, 32, 3)
    stored = pickle.loads((small / CIFAR10.base_folder / "test_batch").read_bytes())
    assert np.array_equal(test.images, stored["data"].reshape(EACH, 3, 32, 32).transpose(0, 2, 3, 1))
    assert test.labels.tolist() == stored["labels"] and test.labels.dtype == np.int64


def test_the_named_folder_comes_before_the_cache(small: Path, cache: Path, monkeypatch):
    (cache / CIFAR10.base_folder).mkdir(parents=True)  # empty, and so an error if it were looked at
    monkeypatch.setenv("CIFARCAM_DATA", str(small))
    assert len(cifar10("test").labels) == EACH


def test_the_cache_comes_after_a_named_folder_without_the_data(small: Path, cache: Path, tmp_path: Path, monkeypatch):
    small.rename(cache)
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("CIFARCAM_DATA", str(tmp_path / "empty"))
    assert len(cifar10("test").labels) == EACH


def test_what_is_nowhere_is_fetched_into_the_cache_once(small: Path, cache: Path, monkeypatch):
    fetched = []

    def fetch(destination: Path) -> None:
        fetched.append(destination)
        small.rename(destination)

    monkeypatch.setattr(cifar, "fetch_cifar10", fetch)
    assert len(cifar10("test").labels) == len(cifar10("test").labels) == EACH
    assert fetched == [cache]


def test_without_data_and_network_the_error_is_passed_on_and_no_stand_in_given(cache: Path):
    with pytest.raises(CifarcamError, match="no network"):
        cifar10("test")


@pytest.mark.parametrize("named", ["some/folder", "Drawn", "/does/not/exist", "~/data"])
def test_a_relative_or_missing_folder_is_an_error_that_names_it(cache: Path, monkeypatch, named: str):
    monkeypatch.setenv("CIFARCAM_DATA", named)
    with pytest.raises(CifarcamError, match=f"CIFARCAM_DATA is '{named}'; expected 'synthetic' or the absolute path"):
        cifar10("test")


def test_naming_the_inner_folder_is_an_error_and_not_a_download(small: Path, monkeypatch):
    monkeypatch.setenv("CIFARCAM_DATA", str(small / CIFAR10.base_folder))
    with pytest.raises(CifarcamError, match="of the folder that holds cifar-10-batches-py"):
        cifar10("test")


# Nobody is told to delete a folder that this package did not make.
ADVICE = {"named": "replace it, or unset CIFARCAM_DATA", "cache": "delete .*cifar-10-batches-py and try again"}


@pytest.mark.parametrize("name", ["data_batch_3", "test_batch", "batches.meta"])
@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize(("where", "advice"), ADVICE.items())
def test_a_missing_file_is_an_error_that_names_it(small: Path, cache: Path, monkeypatch, name, split, where, advice):
    root = _install(small, cache, monkeypatch, where)
    (root / CIFAR10.base_folder / name).unlink()
    with pytest.raises(CifarcamError, match=rf"{root}/{CIFAR10.base_folder}/{name} is missing; {advice}"):
        cifar10(split)


@pytest.mark.parametrize(("where", "advice"), ADVICE.items())
def test_a_truncated_file_is_an_error_that_names_it(small: Path, cache: Path, monkeypatch, where, advice):
    root = _install(small, cache, monkeypatch, where)
    path = root / CIFAR10.base_folder / "data_batch_2"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CifarcamError, match=f"{path} is altered or truncated; {advice}"):
        cifar10("train")


def test_a_file_with_one_bit_altered_is_an_error_that_names_it(small: Path, cache: Path, monkeypatch):
    root = _install(small, cache, monkeypatch, "cache")
    path = root / CIFAR10.base_folder / "test_batch"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(CifarcamError, match=f"{path} is altered or truncated; delete"):
        cifar10("test")


def _install(small: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> Path:
    if where == "cache":
        return small.rename(cache)
    monkeypatch.setenv("CIFARCAM_DATA", str(small))
    return small


@pytest.fixture
def arrays(cache: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Split]:
    """A small data set in the cache as arrays, whose checksums count as the right ones."""
    splits = {name: synthetic_cifar10(name).first(EACH) for name in ("train", "test")}
    monkeypatch.setattr(cifar, "CHECKSUMS", {name: split.checksum() for name, split in splits.items()})
    keep_arrays(cache, splits)
    return splits


def keep_arrays(folder: Path, splits: dict[str, Split]) -> None:
    folder.mkdir(exist_ok=True)
    named = {f"{name}_{field}": value for name, split in splits.items() for field, value in split._asdict().items()}
    np.savez(folder / ARRAYS, **named)


def test_arrays_in_the_cache_or_in_the_named_folder_are_read(arrays, cache: Path, tmp_path: Path, monkeypatch):
    assert cifar10("test").checksum() == arrays["test"].checksum()
    cache.rename(tmp_path / "school")
    monkeypatch.setenv("CIFARCAM_DATA", str(tmp_path / "school"))
    assert cifar10("train").checksum() == arrays["train"].checksum()


def test_altered_arrays_are_an_error(arrays, cache: Path):
    arrays["test"].images[0, 0, 0, 0] ^= 1
    keep_arrays(cache, arrays)
    assert len(cifar10("train").labels) == EACH
    with pytest.raises(CifarcamError, match=r"cifar-10\.npz is altered; delete .*cifar-10\.npz and try again"):
        cifar10("test")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no archive"])
def test_damaged_arrays_are_an_error(arrays, cache: Path, content: bytes):
    (cache / ARRAYS).write_bytes(content)
    with pytest.raises(CifarcamError, match=r"cifar-10\.npz is damaged \(.*\); delete"):
        cifar10("test")


def test_truncated_arrays_are_an_error(arrays, cache: Path):
    (cache / ARRAYS).write_bytes((cache / ARRAYS).read_bytes()[:-100])
    with pytest.raises(CifarcamError, match=r"cifar-10\.npz is damaged"):
        cifar10("test")


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_stand_in_is_given_where_it_is_asked_for(cache: Path, monkeypatch, split: str):
    monkeypatch.setenv("CIFARCAM_DATA", "synthetic")
    assert cifar.uses_stand_in()
    assert cifar10(split).checksum() == synthetic_cifar10(split).checksum()


@pytest.mark.needs_cifar10
@pytest.mark.parametrize(
    ("split", "count", "checksum"),
    [
        ("train", 50_000, TRAIN_CHECKSUM),
        ("test", 10_000, TEST_CHECKSUM),
    ],
)
def test_the_real_data_set_is_the_one_everybody_has(request, split: str, count: int, checksum: str):
    real = request.getfixturevalue(f"real_{split}")
    assert real.images.shape == (count, 32, 32, 3) and real.images.dtype == np.uint8
    assert real.labels.dtype == np.int64 and np.array_equal(np.bincount(real.labels), [count // 10] * 10)
    assert real.checksum() == checksum


@pytest.mark.needs_cifar10
def test_mean_and_std_are_those_of_the_training_pixels(real_train: Split):
    mean, std = channel_statistics(real_train.images)
    assert tuple(np.round(mean, 4)) == MEAN
    assert tuple(np.round(std, 4)) == STD
