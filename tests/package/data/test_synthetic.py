"""The stand-in data set: the same everywhere, balanced, masked truly, and to be learned by shape."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.random import PCG64, Generator

from cifarcam.data.constants import CLASSES
from cifarcam.data.synthetic import synthetic_cifar10, synthetic_masks
from cifarcam.data.synthetic.canvas import Canvas
from cifarcam.data.synthetic.objects import OBJECTS
from cifarcam.data.synthetic.surroundings import SURROUNDINGS, paint_surroundings
from cifarcam.errors import CifarcamError
from cifarcam.network.predictions import Predictions, predict
from cifarcam.records.checks import small_run


@pytest.mark.parametrize(("split", "count"), [("train", 6000), ("test", 1000)])
def test_shapes_types_and_as_many_of_each_class(split: str, count: int):
    images, labels = synthetic_cifar10(split)
    assert images.shape == (count, 32, 32, 3) and images.dtype == np.uint8 and images.flags.c_contiguous
    assert labels.dtype == np.int64 and np.array_equal(np.bincount(labels), [count // 10] * 10)
    masks = synthetic_masks(split)
    assert masks.shape == (count, 32, 32) and masks.dtype == bool


def test_the_pixels_are_the_same_on_every_machine():
    assert synthetic_cifar10("test").checksum() == "4e23710ee159859435fcfb529882b145be98b07f74aa6a88246992360d5ad9eb"
    assert synthetic_cifar10("train").checksum() == "fb0405660b652fed83b5e09e3d7ef2363ac5c56a95db40ea8f83bf05fa458fa2"


def test_the_classes_are_shuffled():
    labels = synthetic_cifar10("test").labels
    assert len(set(labels[:30])) > 5
    assert 50 < (labels[1:] == labels[:-1]).sum() < 150  # 100 by chance


def test_the_splits_share_no_picture():
    pictures = [{image.tobytes() for image in synthetic_cifar10(split).images} for split in ("train", "test")]
    assert [len(pictures[0]), len(pictures[1]), len(pictures[0] & pictures[1])] == [6000, 1000, 0]


def test_what_a_caller_does_to_the_arrays_stays_with_the_caller():
    first, masks = synthetic_cifar10("test"), synthetic_masks("test")
    before = first.checksum(), masks.sum()
    first.images[:], first.labels[:], masks[:] = 0, 0, False
    assert (synthetic_cifar10("test").checksum(), synthetic_masks("test").sum()) == before


@pytest.mark.parametrize("give", [synthetic_cifar10, synthetic_masks])
def test_another_split_is_an_error(give):
    with pytest.raises(CifarcamError, match="no split 'validation'; the splits are 'train' and 'test'"):
        give("validation")


@pytest.mark.parametrize("name", CLASSES)
def test_the_mask_is_where_the_object_changed_the_scene(name: str):
    canvas = Canvas(Generator(PCG64(1)), 100)
    paint_surroundings(canvas, canvas.rng.choice(SURROUNDINGS[name], 100))
    before = canvas.pixels.copy()
    canvas.place_object()
    assert not canvas.mask.any()
    OBJECTS[name](canvas)
    change = np.abs(canvas.pixels - before).max(0)
    assert (change[canvas.mask] > 0.05).mean() > 0.97  # the rest is where the object's colour meets its like
    outside = change[~canvas.mask]
    assert (outside > 0).mean() < 0.12  # the soft edge
    assert outside.mean() < 0.02


@pytest.mark.parametrize("name", CLASSES)
def test_every_object_is_sizeable_and_wholly_in_the_picture(name: str):
    masks = synthetic_masks("test")[synthetic_cifar10("test").labels == CLASSES.index(name)]
    area = masks.mean((1, 2))
    assert area.min() > 0.05 and area.max() < 0.4
    border = masks.copy()
    border[:, 1:-1, 1:-1] = False
    assert border.sum((1, 2)).max() <= 6  # a wheel or a wing tip may touch


def test_the_object_stands_out_from_its_surroundings():
    images, masks = synthetic_cifar10("test").images.astype(float), synthetic_masks("test")[..., None]
    inside, outside = (((images * part).sum((1, 2)) / part.sum((1, 2))) for part in (masks, ~masks))
    assert np.median(np.abs(inside - outside).max(1)) > 25


def mean_colours(split: str, *, of_object: bool) -> np.ndarray:
    masks = synthetic_masks(split)[..., None] == of_object
    return (synthetic_cifar10(split).images * masks).sum((1, 2)) / masks.sum((1, 2))


@pytest.mark.parametrize(("of_object", "limit"), [(True, 0.25), (False, 0.35)])
def test_the_colour_of_object_or_surroundings_does_not_give_the_class_away(of_object: bool, limit: float):
    known, asked = (mean_colours(split, of_object=of_object) for split in ("train", "test"))
    distance = ((asked[:, None] - known[None]) ** 2).sum(2)
    nearest = synthetic_cifar10("train").labels[np.argpartition(distance, 25, axis=1)[:, :25]]
    votes = np.stack([(nearest == k).sum(1) for k in range(10)], 1)
    assert (votes.argmax(1) == synthetic_cifar10("test").labels).mean() < limit  # 0.1 by chance


def test_each_class_shares_its_surroundings_with_another():
    for name, kinds in SURROUNDINGS.items():
        others = {kind for other, their in SURROUNDINGS.items() if other != name for kind in their}
        assert set(kinds) <= others


def test_a_narrow_network_has_learnt_it():
    run, test = small_run("synthetic"), synthetic_cifar10("test")
    assert run.recipe.width == 16 and run.provenance["train_checksum"] == synthetic_cifar10("train").checksum()
    accuracy = Predictions(predict(run.model(), test.images), test.labels).accuracy
    assert accuracy >= 0.95 and accuracy == pytest.approx(run.provenance["results"]["test_accuracy"], abs=0.002)
