"""Augmentation: image by image with albumentations, or a whole batch at once on the training device.

This is the only module that knows albumentations, which is no longer maintained.
"""

from __future__ import annotations

import copy
import os
import random
from collections.abc import Iterator, Sequence
from functools import cache
from types import ModuleType

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, get_worker_info

from cifarcam.data import CLASSES, MEAN, STD
from cifarcam.errors import CifarcamError
from cifarcam.notebook_warnings import widget_warnings_ignored
from cifarcam.recipes import SIDE, Recipe
from cifarcam.split import Split

os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # else it asks the network for its version at import
FILL = tuple(round(255 * channel) for channel in MEAN)


def as_tensor(values: np.ndarray | Tensor | Sequence) -> Tensor:
    """``torch.as_tensor``, also of a mirrored view, whose strides torch does not take."""
    return torch.as_tensor(np.ascontiguousarray(values) if isinstance(values, np.ndarray) else values)


def normalize(images: np.ndarray | Tensor, device: torch.device | str = "cpu") -> Tensor:
    """Images as the network takes them: ``(pixel / 255 - MEAN) / STD`` in each channel.

    Args:
        images: uint8, (N, H, W, 3) or (H, W, 3).
    Returns: float32, (N, 3, H, W), on ``device``, in channels-last memory order.
    Raises ``CifarcamError`` for another type or shape.
    """
    images = as_tensor(images)
    if images.ndim == 3:
        images = images[None]
    if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[-1] != 3:
        raise CifarcamError(
            f"Images are {images.dtype} of shape {tuple(images.shape)}; expected uint8, 0 to 255, of shape "
            "(N, H, W, 3)."
        )
    mean, std = _mean_and_std(torch.device(device))
    return ((images.to(device) - mean) / std).permute(0, 3, 1, 2)


@cache  # a transfer for each batch would make a GPU wait
def _mean_and_std(device: torch.device) -> tuple[Tensor, Tensor]:
    with torch.inference_mode(False):  # what is made in inference mode cannot be used in training
        mean, std = (torch.tensor(value, device=device) * 255 for value in (MEAN, STD))
    return mean, std


def denormalize(x: Tensor) -> np.ndarray:
    """The inverse of ``normalize``: float (N, 3, H, W) to images for display, float32 (N, H, W, 3) in 0 to 1."""
    pixels = x.detach().cpu().float().permute(0, 2, 3, 1) * torch.tensor(STD) + torch.tensor(MEAN)
    return pixels.clamp(0, 1).numpy()


def train_transforms(recipe: Recipe, side: int = SIDE) -> list:
    """The random albumentations transforms of a recipe, in order, without normalisation.

    Each takes uint8 images; a crop has ``side`` pixels a side.
    """
    A = _albumentations()

    chosen = []
    if recipe.flip == "random":
        chosen.append(A.HorizontalFlip(p=0.5))
    if recipe.shift or recipe.scale or recipe.rotate:
        chosen.append(
            A.Affine(  # what ShiftScaleRotate is called now
                translate_percent=(-recipe.shift, recipe.shift),
                scale=(1 - recipe.scale, 1 + recipe.scale),
                rotate=(-recipe.rotate, recipe.rotate),
                keep_ratio=True,
                fill=FILL,
                p=0.5,
            )
        )
    if recipe.crop_padding:
        border = {"constant": 0, "reflect": 4}[recipe.padding_mode]  # OpenCV's numbers for the two
        chosen.append(A.Pad(padding=recipe.crop_padding, fill=FILL, border_mode=border))
        chosen.append(A.RandomCrop(side, side))
    if recipe.cutout:
        cut = (recipe.cutout, recipe.cutout)
        chosen.append(
            A.CoarseDropout(num_holes_range=(1, 1), hole_height_range=cut, hole_width_range=cut, fill=FILL, p=0.5)
        )
    return chosen


def draws(transforms: list, image: np.ndarray, count: int, seed: int, certain: bool = True) -> list[np.ndarray]:
    """What albumentations transforms make of one image, time after time.

    Args:
        transforms: some of ``train_transforms``, applied in their order.
        image: uint8, (H, W, 3).
        certain: apply each of them every time; otherwise with its own probability.
    Returns: ``count`` images, uint8.
    """
    A = _albumentations()

    transforms = copy.deepcopy(transforms)
    for transform in transforms:
        transform.p = 1.0 if certain else transform.p
    pipeline = A.Compose(transforms, seed=seed)
    return [pipeline(image=image)["image"] for _ in range(count)]


def train_pipeline(recipe: Recipe, seed: int | None = None, side: int = SIDE):
    """A recipe's albumentations pipeline: ``pipeline(image=uint8 (side, side, 3))["image"]``, float32 (3, side, side).

    ``seed`` seeds this pipeline alone; albumentations takes no notice of the global seeds.
    """
    A = _albumentations()

    return A.Compose([*train_transforms(recipe, side), *_to_network()], seed=seed)


def random_places(count: int, recipe: Recipe, generator: torch.Generator, side: int = SIDE) -> Tensor:
    """Where ``batched`` crops and cuts out: int64, (4, count), top and left of the crops, then of the squares.

    The crops have ``side`` pixels a side.
    Drawn on the CPU, so that a seed means the same on every device.
    """
    crops = torch.randint(2 * recipe.crop_padding + 1, (2, count), generator=generator)
    if not recipe.cutout:
        return torch.cat([crops, torch.zeros_like(crops)])
    return torch.cat([crops, torch.randint(side - recipe.cutout + 1, (2, count), generator=generator)])


def batched(images: Tensor, flipped: Tensor, places: Tensor, recipe: Recipe) -> Tensor:
    """A batch of crops, flipped where asked, each with a square cut out, on the images' device.

    Args:
        images: uint8, (N, S + 2p, S + 2p, 3) with p = ``recipe.crop_padding``, from ``pad``.
        flipped: bool, (N,): which images to mirror.
        places: int64, (4, N), from ``random_places``.
        recipe: gives the side of the cut-out square.
    Returns: float32, (N, 3, S, S), normalised, in channels-last memory order; the square is 0, the mean colour.
    """
    top, left = places[:2]
    side = images.shape[1] - 2 * recipe.crop_padding
    crops = _crop(images, top, left, side)
    crops = torch.where(flipped[:, None, None, None], crops.flip(2), crops)
    x = normalize(crops, images.device)
    return x * _outside_square(recipe.cutout, places[2:], side) if recipe.cutout else x


def resize(x: Tensor, side: int) -> Tensor:
    """Square images, float (N, 3, H, H), reduced to (N, 3, side, side) by antialiased bilinear interpolation."""
    if x.shape[-1] == side:
        return x
    small = F.interpolate(x, size=(side, side), mode="bilinear", antialias=True)
    return small.contiguous(memory_format=torch.channels_last)


def pad(images: np.ndarray | Tensor, recipe: Recipe, device: torch.device | str = "cpu") -> Tensor:
    """All images with ``recipe.crop_padding`` pixels more on each side: uint8, (N, H + 2p, W + 2p, 3)."""
    images = as_tensor(images).to(device)
    p, side = recipe.crop_padding, images.shape[1]
    if p == 0:
        return images
    if recipe.padding_mode == "reflect":
        index = torch.arange(-p, side + p, device=device).abs()
        index = torch.where(index >= side, 2 * (side - 1) - index, index)
        return images[:, index][:, :, index]
    padded = torch.tensor(FILL, dtype=torch.uint8, device=device).repeat(len(images), side + 2 * p, side + 2 * p, 1)
    padded[:, p : p + side, p : p + side] = images
    return padded


def flips(count: int, recipe: Recipe, epoch: int) -> Tensor:
    """Which of ``count`` images an epoch mirrors, bool (count,).

    ``"random"`` draws anew in each epoch. ``"alternating"`` draws once and then turns every image over from epoch to
    epoch, so that two epochs in a row show both of its sides (Jordan 2024, arXiv 2404.00498).
    """
    if recipe.flip == "none":
        return torch.zeros(count, dtype=torch.bool)
    alternating = recipe.flip == "alternating"
    drawn = torch.rand(count, generator=generator_for(recipe.seed, 0 if alternating else epoch, "flip")) < 0.5
    return drawn ^ (alternating and epoch % 2 == 1)


def generator_for(seed: int, epoch: int, use: str) -> torch.Generator:
    """A CPU generator that depends on nothing but its arguments, so that a resumed run draws what it would have."""
    state = np.random.SeedSequence([seed, epoch, *use.encode()]).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state[0] >> np.uint64(1)))


class Batches:
    """The training batches of a recipe, epoch by epoch.

    ``batches.epoch(k)`` yields ``(x, y)``: x float32, (batch, 3, S, S) for images of S pixels a side, normalised;
    y int64, (batch,); both on the device. The order and the augmentation of epoch k follow from the recipe's seed and
    k alone.
    Raises ``CifarcamError`` for a split of another form, with more than ``classes`` classes, or with fewer or smaller
    images than the recipe wants.
    """

    def __init__(
        self, train: Split, recipe: Recipe, device: torch.device | str = "cpu", classes: int = len(CLASSES)
    ) -> None:
        self.recipe, self.device = recipe, torch.device(device)
        check_split("training", train, classes)
        self.side = train.images.shape[1]
        _check_side(recipe, self.side)
        if recipe.train_images and recipe.train_images > len(train.labels):
            raise CifarcamError(
                f"The recipe's train_images is {recipe.train_images}; there are only {len(train.labels)}."
            )
        self.train = train.first(recipe.train_images)
        self.labels = as_tensor(self.train.labels).long().to(device)
        if recipe.augmentation == "batched":
            self.padded = pad(self.train.images, recipe, device)

    def __len__(self) -> int:
        return -(-len(self.train.labels) // self.recipe.batch)

    def epoch(self, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        order = torch.randperm(len(self.train.labels), generator=generator_for(self.recipe.seed, epoch, "order"))
        if self.recipe.augmentation == "albumentations":
            yield from self._by_image(order, epoch)
        else:
            yield from self._by_batch(order, epoch)

    def _by_batch(self, order: Tensor, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        # All that is random goes to the device at once: a transfer a batch would make a GPU wait.
        flipped = flips(len(order), self.recipe, epoch)[order].to(self.device)
        generator = generator_for(self.recipe.seed, epoch, "augment")
        sizes = [len(chosen) for chosen in order.split(self.recipe.batch)]
        places = [random_places(size, self.recipe, generator, self.side) for size in sizes]
        places = torch.cat(places, dim=1).to(self.device)
        order = order.to(self.device)
        for chosen, mirrored, where in zip(*(part.split(sizes, -1) for part in (order, flipped, places)), strict=True):
            x = batched(self.padded[chosen], mirrored, where, self.recipe)
            yield (resize(x, self.recipe.side(epoch)) if self.side == SIDE else x), self.labels[chosen]

    def _by_image(self, order: Tensor, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        generator = generator_for(self.recipe.seed, epoch, "augment")
        seed = int(torch.randint(2**31, (1,), generator=generator))
        loader = DataLoader(
            AugmentedImages(self.train, train_pipeline(self.recipe, seed, self.side)),
            batch_size=self.recipe.batch,
            sampler=order.tolist(),
            num_workers=self.recipe.workers,
            worker_init_fn=seed_worker,
            generator=generator,
            pin_memory=self.device.type == "cuda",
        )
        for x, y in loader:
            yield x.to(self.device, non_blocking=True), y.to(self.device, non_blocking=True)


def check_split(name: str, split: Split, classes: int = len(CLASSES)) -> None:
    """Raises ``CifarcamError`` unless there is a square colour image or more, and one of the labels for each.

    ``name`` is what the message calls the split.
    """
    images, labels = np.asarray(split.images), np.asarray(split.labels)
    square = images.ndim == 4 and images.shape[1] == images.shape[2] and images.shape[3] == 3
    if images.dtype != np.uint8 or not square or not len(images):
        raise CifarcamError(
            f"The {name} images are {images.dtype} of shape {images.shape}; "
            "expected uint8 of shape (N, side, side, 3), at least one."
        )
    whole = np.issubdtype(labels.dtype, np.integer)
    if labels.shape != images.shape[:1] or not whole or not 0 <= labels.min() <= labels.max() < classes:
        raise CifarcamError(
            f"The {name} labels, {labels.dtype} of shape {labels.shape}, do not fit: expected a whole number from 0 to "
            f"{classes - 1} for each of the {len(images)} images."
        )


def _check_side(recipe: Recipe, side: int) -> None:
    if recipe.first_side != SIDE and side != SIDE:
        raise CifarcamError(
            f"The recipe's first_side is {recipe.first_side}: its progressive resizing is for images of {SIDE}×{SIDE}, "
            f"these are {side}×{side}. Set first_side to {SIDE}."
        )
    for name, most in (("cutout", side), ("crop_padding", side // 2)):
        value = getattr(recipe, name)
        if value > most:
            raise CifarcamError(
                f"The recipe's {name} is {value}; expected at most {most} for images of {side} pixels a side."
            )


class AugmentedImages(Dataset):
    """A split as ``(float32 (3, H, W), label)`` pairs, each image passed through an albumentations pipeline."""

    def __init__(self, split: Split, pipeline) -> None:
        self.split, self.pipeline = split, pipeline

    def __len__(self) -> int:
        return len(self.split.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.pipeline(image=self.split.images[index])["image"], int(self.split.labels[index])


def seed_worker(worker_id: int) -> None:
    """Gives each DataLoader worker a random stream of its own (``worker_init_fn``).

    Workers start as copies of one process: without this each of them draws the same augmentations, in every epoch.
    """
    worker = get_worker_info()
    worker.dataset.pipeline.set_random_seed(worker.seed % 2**32)


def _albumentations() -> ModuleType:
    state = random.getstate()
    with widget_warnings_ignored():
        import albumentations  # here, because it takes a second and most of the package does without
    random.setstate(state)  # what it imports draws a number
    return albumentations


def _to_network() -> list:
    A = _albumentations()
    return [A.Normalize(MEAN, STD, max_pixel_value=255.0), A.ToTensorV2()]


def _crop(images: Tensor, top: Tensor, left: Tensor, side: int) -> Tensor:
    # A row of a crop is one piece of memory: 96 bytes for 32 pixels. Copying 32 such rows is several times faster
    # than gathering 3,072 single values.
    count, padded = images.shape[:2]
    images = images.contiguous()
    pixels = images.numel() // 3
    windows = images.flatten().as_strided((pixels - side + 1, 3 * side), (3, 1))
    first_row = torch.arange(count, device=images.device) * padded + top
    rows = first_row[:, None] + torch.arange(side, device=images.device)
    starts = rows * padded + left[:, None]
    return windows.index_select(0, starts.flatten()).view(count, side, side, 3)


def _outside_square(cutout: int, corner: Tensor, side: int) -> Tensor:
    """Float (N, 1, side, side): 0 inside the square whose top and left ``corner``, (2, N), gives, 1 outside."""
    at = torch.arange(side, device=corner.device)
    corner = corner[..., None]
    rows, columns = (at >= corner) & (at < corner + cutout)
    return (~(rows[:, :, None] & columns[:, None, :]))[:, None].float()
