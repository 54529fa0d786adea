"""A split: its checksum, and what is held out of it."""

from __future__ import annotations

import numpy as np
import pytest

from cifarcam.data.split import Split
from cifarcam.errors import CifarcamError


def test_a_checksum_tells_pixels_labels_and_order_apart():
    images = np.arange(2 * 32 * 32 * 3, dtype=np.uint8).reshape(2, 32, 32, 3)
    images[1] += 1
    split = Split(images, np.array([3, 5]))
    others = [Split(images, np.array([5, 3])), Split(images[::-1], split.labels), Split(images, split.labels + 1)]
    assert len({split.checksum(), *(other.checksum() for other in others)}) == 4
    same = Split(np.asfortranarray(images), split.labels.astype(np.int32))
    assert same.checksum() == split.checksum()


def test_a_held_out_part_and_the_rest_are_the_whole_and_the_same_each_time() -> None:
    images = np.arange(50, dtype=np.uint8)[:, None, None, None].repeat(32, 1).repeat(32, 2).repeat(3, 3)
    whole = Split(images, np.arange(50) % 10)
    rest, held_out = whole.train_val_split(5)
    assert len(rest.labels) == 45 and len(held_out.labels) == 5
    numbers = [*rest.images[:, 0, 0, 0].tolist(), *held_out.images[:, 0, 0, 0].tolist()]
    assert sorted(numbers) == list(range(50)) and numbers != sorted(numbers)
    for part in (rest, held_out):
        assert np.array_equal(part.labels, part.images[:, 0, 0, 0] % 10)
    assert (
        whole.train_val_split(5)[1].checksum() == held_out.checksum() != whole.train_val_split(5, seed=1)[1].checksum()
    )


@pytest.mark.parametrize("count", [0, -1, 50, 51])
def test_holding_out_nothing_or_everything_is_an_error(count: int) -> None:
    whole = Split(np.zeros((50, 32, 32, 3), np.uint8), np.zeros(50, np.int64))
    with pytest.raises(CifarcamError, match=f"hold out {count} of 50"):
        whole.train_val_split(count)
