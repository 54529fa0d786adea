"""Augmentation does what the recipe says, and its randomness follows from the seed and the epoch alone."""

from __future__ import annotations

import random
import re
import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from cifarcam.data.constants import MEAN, STD
from cifarcam.data.normalization import denormalize, normalize
from cifarcam.data.split import Split
from cifarcam.errors import CifarcamError
from cifarcam.training import batches
from cifarcam.training.batches import Batches, batched, flips, generator_for, pad, random_places, resize
from cifarcam.training.recipes import BEST, ONE_CYCLE, STEP_LR, Recipe
from cifarcam.training.transforms import FILL, draws, train_pipeline, train_transforms

PLAIN = Recipe(name="plain", batch_size=32, flip="none", crop_padding=4, padding_mode="reflect")


def random_images(count: int = 6, height: int = 32, width: int = 32) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


def random_split(count: int) -> Split:
    return Split(random_images(count), np.arange(count) % 10)


def located_images(count: int) -> Tensor:
    """Padded images, uint8 (N, 40, 40, 3), whose pixels tell their row, their column and their image."""
    images = torch.zeros(count, 40, 40, 3, dtype=torch.uint8)
    images[..., 0] = 6 * torch.arange(40)[:, None]
    images[..., 1] = 6 * torch.arange(40)
    images[..., 2] = torch.arange(count)[:, None, None] % 256
    return images


def as_pixels(x: Tensor) -> Tensor:
    """Normalised images back as uint8 (N, H, W, 3)."""
    return torch.as_tensor(np.rint(denormalize(x) * 255).astype(np.uint8))


def test_normalize_is_the_formula() -> None:
    images = random_images(3, 32, 48)
    expected = (images / 255 - np.array(MEAN)) / np.array(STD)
    x = normalize(images)
    assert x.shape == (3, 3, 32, 48) and x.dtype == torch.float32
    assert x.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_allclose(x.permute(0, 2, 3, 1), expected, atol=1e-6)


def test_normalize_takes_one_image_as_a_batch_of_one() -> None:
    image = random_images(1)[0]
    assert torch.equal(normalize(image), normalize(image[None]))


def test_denormalize_undoes_normalize() -> None:
    images = random_images()
    assert np.array_equal(as_pixels(normalize(images)), images)


def test_denormalized_images_are_floats_from_0_to_1() -> None:
    shown = denormalize(torch.randn(2, 3, 8, 8) * 10)
    assert shown.shape == (2, 8, 8, 3) and shown.dtype == np.float32
    assert shown.min() == 0 and shown.max() == 1


@pytest.mark.parametrize(
    ("images", "found"),
    [
        (np.zeros((2, 32, 32, 3), np.float32), "torch.float32 of shape (2, 32, 32, 3)"),
        (np.zeros((2, 32, 32, 3), np.int64), "torch.int64 of shape (2, 32, 32, 3)"),
        (np.zeros((2, 3, 32, 32), np.uint8), "torch.uint8 of shape (2, 3, 32, 32)"),
        (np.zeros((2, 32, 32, 1), np.uint8), "torch.uint8 of shape (2, 32, 32, 1)"),
        (np.zeros((32, 32), np.uint8), "torch.uint8 of shape (32, 32)"),
        (np.zeros((1, 2, 32, 32, 3), np.uint8), "torch.uint8 of shape (1, 2, 32, 32, 3)"),
    ],
)
def test_images_of_another_type_or_shape_are_a_clear_error(images: np.ndarray, found: str) -> None:
    with pytest.raises(CifarcamError, match=re.escape(f"Images are {found}; expected uint8")):
        normalize(images)


def test_the_pipeline_normalizes_as_normalize_does() -> None:
    images = random_images()
    pipeline = batches.train_pipeline(ONE_CYCLE.replace(flip="none", crop_padding=0, cutout=0))
    x = torch.stack([pipeline(image=image)["image"] for image in images])
    torch.testing.assert_close(x, normalize(images).contiguous(), atol=1e-6, rtol=0)


@pytest.mark.parametrize("recipe", [STEP_LR, ONE_CYCLE], ids=["step_lr", "one_cycle"])
def test_albumentations_understands_every_argument(recipe: Recipe) -> None:
    """A misspelt argument only warns, and then its default is used."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        x = train_pipeline(recipe, seed=0)(image=random_images(1)[0])["image"]
    assert x.shape == (3, 32, 32) and x.dtype == torch.float32


def test_the_write_ups_transforms_are_all_there_in_order() -> None:
    names = [type(transform).__name__ for transform in train_transforms(STEP_LR)]
    assert names == ["HorizontalFlip", "Affine", "Pad", "RandomCrop", "CoarseDropout"]
    affine, padding, crop, dropout = train_transforms(STEP_LR)[1:]
    assert affine.translate_percent == {"x": (-0.0625, 0.0625), "y": (-0.0625, 0.0625)}
    assert (affine.scale["x"], affine.rotate, affine.keep_ratio) == ((0.9, 1.1), (-15, 15), True)
    assert (padding.padding, crop.height, crop.width) == (4, 32, 32)
    assert (dropout.hole_height_range, dropout.hole_width_range, dropout.num_holes_range) == (
        (16, 16),
        (16, 16),
        (1, 1),
    )
    assert affine.fill == padding.fill == dropout.fill == FILL == (125, 123, 114)


def test_a_recipe_without_augmentation_has_no_transforms() -> None:
    assert train_transforms(ONE_CYCLE.replace(flip="none", crop_padding=0, cutout=0)) == []


def test_the_albumentations_cutout_is_a_square_of_the_mean_colour() -> None:
    recipe = ONE_CYCLE.replace(flip="none", crop_padding=0)
    pipeline = train_pipeline(recipe, seed=0)
    image = np.full((32, 32, 3), 255, np.uint8)
    areas = set()
    for _ in range(30):
        x = pipeline(image=image)["image"]
        cut = (x.abs() < 0.01).all(0)
        areas.add(int(cut.sum()))
        if cut.any():
            assert (int(cut.any(0).sum()), int(cut.any(1).sum())) == (16, 16)
    assert areas == {0, 256}


def test_one_albumentations_seed_gives_one_stream() -> None:
    image = random_images(1)[0]

    def stream(seed: int) -> Tensor:
        pipeline = train_pipeline(STEP_LR, seed)
        return torch.stack([pipeline(image=image)["image"] for _ in range(5)])

    assert torch.equal(stream(1), stream(1))
    assert not torch.equal(stream(1), stream(2))


def test_draws_apply_a_transform_every_time_and_leave_it_as_it_was() -> None:
    image = random_images(1)[0]
    (flip,) = train_transforms(ONE_CYCLE.replace(crop_padding=0, cutout=0))
    assert all(np.array_equal(shown, image[:, ::-1]) for shown in draws([flip], image, 8, seed=0))
    assert flip.p == 0.5
    by_chance = [np.array_equal(shown, image) for shown in draws([flip], image, 40, seed=0, certain=False)]
    assert 8 < sum(by_chance) < 32
    crops = train_transforms(STEP_LR)
    first, again = draws(crops, image, 3, seed=1), draws(crops, image, 3, seed=1)
    assert np.array_equal(first, again) and not np.array_equal(first[0], first[1])
    assert first[0].shape == (32, 32, 3) and first[0].dtype == np.uint8


def test_reflect_padding_is_torchs() -> None:
    for p in (1, 4, 16):
        images = random_images()
        padded = pad(images, PLAIN.replace(crop_padding=p))
        expected = F.pad(torch.as_tensor(images).permute(0, 3, 1, 2).float(), (p, p, p, p), mode="reflect")
        assert padded.dtype == torch.uint8
        assert torch.equal(padded, expected.permute(0, 2, 3, 1).to(torch.uint8))


def test_constant_padding_is_the_mean_colour() -> None:
    images = random_images()
    padded = pad(images, PLAIN.replace(padding_mode="constant"))
    assert padded.shape == (6, 40, 40, 3) and padded.dtype == torch.uint8
    channels = torch.as_tensor(images).permute(0, 3, 1, 2)
    expected = [F.pad(channels[:, i], (4, 4, 4, 4), value=FILL[i]) for i in range(3)]
    assert torch.equal(padded, torch.stack(expected, dim=3))


def test_no_padding_leaves_the_images_alone() -> None:
    images = random_images()
    assert torch.equal(pad(images, PLAIN.replace(crop_padding=0)), torch.as_tensor(images))


def test_each_batched_image_is_a_crop_flipped_where_asked_with_a_square_cut_out() -> None:
    count, side = 250, 8
    images = located_images(count)
    flipped = torch.rand(count, generator=torch.Generator().manual_seed(5)) < 0.5
    recipe = PLAIN.replace(cutout=side)
    x = batched(images, flipped, random_places(count, recipe, generator_for(1, 0, "augment")), recipe)
    assert x.shape == (count, 3, 32, 32) and x.dtype == torch.float32
    assert x.is_contiguous(memory_format=torch.channels_last)
    offsets, squares = set(), set()  # (top, left) of crops and of squares
    for number in range(count):
        cut = (x[number] == 0).all(0)  # no pixel value is exactly the mean
        rows, columns = (cut.any(axis).nonzero().flatten().tolist() for axis in (1, 0))
        assert len(rows) == len(columns) == side and int(cut.sum()) == side**2
        squares.add((rows[0], columns[0]))
        seen = as_pixels(x[number : number + 1])[0]
        if flipped[number]:
            seen, cut = seen.flip(1), cut.flip(1)
        row, column = (~cut).nonzero()[0].tolist()
        top, left = int(seen[row, column, 0]) // 6 - row, int(seen[row, column, 1]) // 6 - column
        assert torch.equal(seen[~cut], images[number, top : top + 32, left : left + 32][~cut])
        offsets.add((top, left))
    for found, places in ((offsets, range(9)), (squares, range(25))):
        assert {top for top, _ in found} == {left for _, left in found} == set(places)
        assert len(found) > 3 * len(places)


def test_batched_without_padding_flip_or_cutout_is_normalize() -> None:
    recipe = PLAIN.replace(crop_padding=0)
    images = random_images()
    places = random_places(6, recipe, generator_for(0, 0, "augment"))
    x = batched(pad(images, recipe), torch.zeros(6, dtype=torch.bool), places, recipe)
    assert torch.equal(x, normalize(images))


def test_alternating_flips_turn_every_image_over_from_epoch_to_epoch() -> None:
    first, second, third = (flips(1000, BEST, epoch) for epoch in range(3))
    assert torch.equal(second, ~first)
    assert torch.equal(third, first)
    assert 400 < int(first.sum()) < 600


def test_random_flips_are_drawn_anew_in_each_epoch() -> None:
    recipe = PLAIN.replace(flip="random")
    first, second = flips(1000, recipe, 0), flips(1000, recipe, 1)
    assert 400 < int(first.sum()) < 600
    assert 400 < int((first != second).sum()) < 600
    assert torch.equal(second, flips(1000, recipe, 1))


def test_no_flips_are_no_flips() -> None:
    assert not flips(1000, PLAIN, 0).any() and not flips(1000, PLAIN, 1).any()


def test_generators_depend_on_seed_epoch_and_use() -> None:
    keys = [(seed, epoch, use) for seed in (0, 1) for epoch in (0, 1) for use in ("order", "flip")]
    drawn = {key: torch.rand(1, generator=generator_for(*key)).item() for key in keys}
    assert len(set(drawn.values())) == len(keys)
    assert all(torch.rand(1, generator=generator_for(*key)).item() == value for key, value in drawn.items())


def test_resize_agrees_with_pillow_and_keeps_the_full_size() -> None:
    gradient = np.random.default_rng(0).random((2, 8, 8, 3)) * 255
    images = np.stack([np.asarray(Image.fromarray(g.astype(np.uint8)).resize((32, 32))) for g in gradient])
    x = normalize(images)
    assert resize(x, 32) is x
    small = resize(x, 20)
    assert small.shape == (2, 3, 20, 20) and small.is_contiguous(memory_format=torch.channels_last)
    expected = [np.asarray(Image.fromarray(image).resize((20, 20), Image.Resampling.BILINEAR)) for image in images]
    np.testing.assert_allclose(denormalize(small) * 255, np.stack(expected), atol=1.01)


RECIPES = {
    "batched": PLAIN.replace(flip="random", cutout=8),
    "albumentations": STEP_LR.replace(batch_size=32, workers=0),
    "workers": STEP_LR.replace(batch_size=32, workers=2),
}


def drawn(recipe: Recipe, epoch: int, split: Split) -> tuple[Tensor, Tensor]:
    """All batches of an epoch, joined."""
    batches = list(Batches(split, recipe).epoch(epoch))
    return torch.cat([x for x, _ in batches]), torch.cat([y for _, y in batches])


@pytest.mark.parametrize("name", RECIPES)
def test_the_same_seed_and_epoch_give_the_same_batches(name: str) -> None:
    recipe, split = RECIPES[name], random_split(70)
    x, y = drawn(recipe, 1, split)
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    again_x, again_y = drawn(recipe, 1, split)
    assert torch.equal(x, again_x) and torch.equal(y, again_y)
    assert x.shape == (70, 3, 32, 32) and x.dtype == torch.float32 and y.dtype == torch.int64
    for other in (drawn(recipe, 2, split), drawn(recipe.replace(seed=1), 1, split)):
        assert not torch.equal(x, other[0]) and not torch.equal(y, other[1])


@pytest.mark.parametrize("name", RECIPES)
def test_an_epoch_shows_every_image_once_with_its_own_label(name: str) -> None:
    count = 70
    images = np.broadcast_to(np.arange(count, dtype=np.uint8)[:, None, None, None] * 3, (count, 32, 32, 3)).copy()
    split = Split(images, np.arange(count) % 10)
    recipe = RECIPES[name].replace(cutout=0, shift=0.0, scale=0.0, rotate=0.0)
    batches = Batches(split, recipe)
    seen = list(batches.epoch(0))
    assert [len(y) for _, y in seen] == [32, 32, 6] and len(batches) == 3
    x, y = torch.cat([x for x, _ in seen]), torch.cat([y for _, y in seen])
    which = as_pixels(x)[:, 16, 16, 0].long() // 3
    assert sorted(which.tolist()) == list(range(count))
    assert which.tolist() != list(range(count))
    assert torch.equal(which % 10, y)


def test_a_recipe_may_use_the_first_images_only() -> None:
    split = random_split(70)
    x, y = drawn(PLAIN.replace(train_images=40, crop_padding=0), 0, split)
    shown, expected = as_pixels(x), torch.as_tensor(split.images[:40])
    assert len(y) == 40
    assert {image.numpy().tobytes() for image in shown} == {image.numpy().tobytes() for image in expected}


def test_every_worker_draws_differently_and_so_does_every_epoch() -> None:
    """Forty copies of one image: what differs between the batches is what was drawn."""
    copies = Split(np.repeat(random_images(1), 40, axis=0), np.zeros(40, np.int64))
    recipe = STEP_LR.replace(batch_size=10, workers=2)
    epochs = [[x for x, _ in Batches(copies, recipe).epoch(epoch)] for epoch in (0, 1)]
    batches = [x for epoch in epochs for x in epoch]  # workers 0, 1, 0, 1 in each epoch
    for number, x in enumerate(batches):
        assert all(not torch.equal(x, other) for other in batches[number + 1 :])
    again = [x for x, _ in Batches(copies, recipe).epoch(0)]
    assert all(torch.equal(x, other) for x, other in zip(epochs[0], again, strict=True))


def test_batches_mirror_each_image_every_other_epoch() -> None:
    images = np.zeros((70, 32, 32, 3), np.uint8)
    images[..., 0] = np.arange(70)[:, None, None]  # which image it is
    images[:, :, :16, 1] = 200  # its left half
    recipe = PLAIN.replace(flip="alternating", crop_padding=0)
    mirrored = []
    for epoch in range(3):
        shown = as_pixels(drawn(recipe, epoch, Split(images, np.zeros(70, np.int64)))[0])
        in_order = shown[shown[:, 0, 0, 0].long().argsort()]
        mirrored.append(in_order[:, 0, 0, 1] == 0)
        assert torch.equal(mirrored[-1], flips(70, recipe, epoch))
    assert torch.equal(mirrored[1], ~mirrored[0]) and torch.equal(mirrored[2], mirrored[0])


def test_small_first_epochs_grow_to_full_size() -> None:
    recipe = PLAIN.replace(first_side=20, full_side_from=3)
    split = random_split(8)
    sides = [tuple(drawn(recipe, epoch, split)[0].shape[2:]) for epoch in range(4)]
    assert sides == [(20, 20), (24, 24), (32, 32), (32, 32)]
