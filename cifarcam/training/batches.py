"""Training batches, augmented image by image with albumentations, or a whole batch at once on the training device."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader

from cifarcam.data.constants import CLASSES, SIDE
from cifarcam.data.normalization import as_tensor, normalize
from cifarcam.data.split import Split, check_split
from cifarcam.errors import CifarcamError
from cifarcam.training.distributed import check_shares, share, weight
from cifarcam.training.main_guard import check_main_guard
from cifarcam.training.recipes import Recipe
from cifarcam.training.transforms import FILL, AugmentedImages, seed_worker, train_pipeline


def random_places(count: int, recipe: Recipe, generator: torch.Generator, side: int = SIDE) -> Tensor:
    """Random corners of the crops and the cut-out squares of ``batched``.

    They are drawn on the CPU, so that a seed means the same on every device.

    Args:
        count: of the images.
        recipe: gives the padding and the side of the square.
        generator: draws the numbers.
        side: of the crops, in pixels.

    Returns:
        int64, (4, count), top and left of the crops, then of the squares.
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

    Returns:
        float32, (N, 3, S, S), normalised, in channels-last memory order; the square is 0, the mean colour.
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
    """Images with a border of ``recipe.crop_padding`` pixels on each side: uint8, (N, H + 2p, W + 2p, 3)."""
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

    ``batches.epoch(k)`` yields ``(x, y)``: x float32, (batch, 3, S, S) for images of S pixels a side, normalised; y
    int64, (batch,); both on the device. The order and the augmentation of epoch k follow from the recipe's seed and k
    alone. Where ``torchrun`` has started several processes, each gets its share of the very same batches.

    Args:
        train: the training split.
        recipe: gives the batch size, the augmentation and the seed.
        device: where the batches are to be.
        classes: how many there are.

    Raises:
        CifarcamError: for a split of another form, with more than ``classes`` classes, or with fewer or smaller images
            than the recipe wants.

    Examples:
        >>> from cifarcam.data import synthetic_cifar10
        >>> from cifarcam.training import Batches, Recipe
        >>> batches = Batches(synthetic_cifar10("test").first(20), Recipe("mine", batch_size=8))
        >>> [tuple(x.shape) for x, y in batches.epoch(0)]
        [(8, 3, 32, 32), (8, 3, 32, 32), (4, 3, 32, 32)]
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
        check_shares(len(self.train.labels), recipe.batch_size)
        self.labels = as_tensor(self.train.labels).long().to(device)
        if recipe.augmentation == "albumentations" and recipe.workers:
            check_main_guard()
        if recipe.augmentation == "batched":
            self.padded = pad(self.train.images, recipe, device)

    def __len__(self) -> int:
        return -(-len(self.train.labels) // self.recipe.batch_size)

    def sizes(self) -> list[int]:
        """How many images each batch of an epoch has, over all processes."""
        whole, left = divmod(len(self.train.labels), self.recipe.batch_size)
        return [self.recipe.batch_size] * whole + [left] * (left > 0)

    def weights(self) -> list[float]:
        """What this process's mean loss of each batch of an epoch counts in the mean over the processes, about 1."""
        return [weight(len(share(torch.empty(size))), size) for size in self.sizes()]

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
        places = [random_places(size, self.recipe, generator, self.side) for size in self.sizes()]
        places = torch.cat(places, dim=1).to(self.device)
        order = order.to(self.device)
        for parts in zip(*(part.split(self.sizes(), -1) for part in (order, flipped, places)), strict=True):
            chosen, mirrored, where = (share(part, dim=-1) for part in parts)
            x = batched(self.padded[chosen], mirrored, where, self.recipe)
            yield (resize(x, self.recipe.side(epoch)) if self.side == SIDE else x), self.labels[chosen]

    def _by_image(self, order: Tensor, epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
        generator = generator_for(self.recipe.seed, epoch, "augment")
        seed = int(torch.randint(2**31, (1,), generator=generator))
        loader = DataLoader(
            AugmentedImages(self.train, train_pipeline(self.recipe, seed, self.side)),
            batch_size=self.recipe.batch_size,
            sampler=order.tolist(),
            num_workers=self.recipe.workers,
            worker_init_fn=seed_worker,
            generator=generator,
            pin_memory=self.device.type == "cuda",
        )
        for x, y in loader:  # each process augments all images, and so draws what one alone would have
            x, y = share(x), share(y)
            yield x.to(self.device, non_blocking=True), y.to(self.device, non_blocking=True)


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
