"""CIFAR-10 on disk: found, verified, given as arrays; and what is said where it is not there or not whole."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import numpy as np
import pytest
from known import TEST_CHECKSUM, TRAIN_CHECKSUM
from torchvision.datasets import CIFAR10

from cifarcam import data
from cifarcam.data import MEAN, STD, Split, cifar10
from cifarcam.drawn import drawn
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
    sums["batches.meta"] = _write(folder / "batches.meta", {"label_names": list(data.CLASSES)})
    return sums


def _write(path: Path, content: dict) -> str:
    path.write_bytes(pickle.dumps(content))
    return hashlib.md5(path.read_bytes()).hexdigest()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder, no ``CIFARCAM_DATA``, and no network."""

    def no_network(destination: Path, folder_name: str) -> None:
        raise CifarcamError("no network")

    monkeypatch.delenv("CIFARCAM_DATA", raising=False)
    monkeypatch.setattr(data, "cache_folder", lambda: tmp_path / "cache")
    monkeypatch.setattr(data, "fetch_archive", no_network)
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

    def fetch(destination: Path, folder_name: str) -> None:
        fetched.append((destination, folder_name))
        small.rename(destination)

    monkeypatch.setattr(data, "fetch_archive", fetch)
    assert len(cifar10("test").labels) == len(cifar10("test").labels) == EACH
    assert fetched == [(cache, CIFAR10.base_folder)]


def test_without_data_and_network_the_error_is_passed_on_and_no_stand_in_given(cache: Path):
    with pytest.raises(CifarcamError, match="no network"):
        cifar10("test")


@pytest.mark.parametrize("named", ["some/folder", "Drawn", "/does/not/exist", "~/data"])
def test_a_relative_or_missing_folder_is_an_error_that_names_it(cache: Path, monkeypatch, named: str):
    monkeypatch.setenv("CIFARCAM_DATA", named)
    with pytest.raises(CifarcamError, match=f"CIFARCAM_DATA is '{named}'; expected 'drawn' or the absolute path"):
        cifar10("test")


def test_naming_the_inner_folder_is_an_error_and_not_a_download(small: Path, monkeypatch):
    monkeypatch.setenv("CIFARCAM_DATA", str(small / CIFAR10.base_folder))
    with pytest.raises(CifarcamError, match="of the folder that holds cifar-10-batches-py"):
        cifar10("test")


# Nobody is told to delete a folder that this package did not make.
ADVICE = {"named": "replace it, or unset CIFARCAM_DATA", "cache": "delete the folder"}


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
    with pytest.raises(CifarcamError, match=f"{path} is altered or truncated; delete the folder"):
        cifar10("test")


def _install(small: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> Path:
    if where == "cache":
        return small.rename(cache)
    monkeypatch.setenv("CIFARCAM_DATA", str(small))
    return small


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_stand_in_is_given_where_it_is_asked_for(cache: Path, monkeypatch, split: str):
    monkeypatch.setenv("CIFARCAM_DATA", "drawn")
    assert data.uses_stand_in()
    assert cifar10(split).checksum() == drawn(split).checksum()


def test_a_checksum_tells_pixels_labels_and_order_apart():
    images = np.arange(2 * 32 * 32 * 3, dtype=np.uint8).reshape(2, 32, 32, 3)
    images[1] += 1
    split = Split(images, np.array([3, 5]))
    others = [Split(images, np.array([5, 3])), Split(images[::-1], split.labels), Split(images, split.labels + 1)]
    assert len({split.checksum(), *(other.checksum() for other in others)}) == 4
    same = Split(np.asfortranarray(images), split.labels.astype(np.int32))
    assert same.checksum() == split.checksum()


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
    counts = np.stack([np.bincount(real_train.images[..., channel].ravel(), minlength=256) for channel in range(3)])
    values = np.arange(256) / 255
    mean = counts @ values / counts.sum(1)
    std = np.sqrt(counts @ values**2 / counts.sum(1) - mean**2)
    assert tuple(mean.round(4)) == MEAN
    assert tuple(std.round(4)) == STD


def test_a_held_out_part_and_the_rest_are_the_whole_and_the_same_each_time() -> None:
    images = np.arange(50, dtype=np.uint8)[:, None, None, None].repeat(32, 1).repeat(32, 2).repeat(3, 3)
    whole = Split(images, np.arange(50) % 10)
    rest, held_out = whole.hold_out(5)
    assert len(rest.labels) == 45 and len(held_out.labels) == 5
    numbers = [*rest.images[:, 0, 0, 0].tolist(), *held_out.images[:, 0, 0, 0].tolist()]
    assert sorted(numbers) == list(range(50)) and numbers != sorted(numbers)
    for part in (rest, held_out):
        assert np.array_equal(part.labels, part.images[:, 0, 0, 0] % 10)
    assert whole.hold_out(5)[1].checksum() == held_out.checksum() != whole.hold_out(5, seed=1)[1].checksum()


@pytest.mark.parametrize("count", [0, -1, 50, 51])
def test_holding_out_nothing_or_everything_is_an_error(count: int) -> None:
    whole = Split(np.zeros((50, 32, 32, 3), np.uint8), np.zeros(50, np.int64))
    with pytest.raises(CifarcamError, match=f"hold out {count} of 50"):
        whole.hold_out(count)
