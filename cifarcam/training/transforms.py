"""Data augmentation image by image, with albumentations.

This is the only module that knows albumentations, which is no longer maintained.
"""

from __future__ import annotations

import copy
import os
import random
from types import ModuleType

import numpy as np
from torch import Tensor
from torch.utils.data import Dataset, get_worker_info

from cifarcam.data.constants import MEAN, SIDE, STD
from cifarcam.data.split import Split
from cifarcam.notebook_warnings import widget_warnings_ignored
from cifarcam.training.recipes import Recipe

FILL = tuple(round(255 * channel) for channel in MEAN)


def train_transforms(recipe: Recipe, side: int = SIDE) -> list:
    """The random albumentations transforms of a recipe, in order, without normalisation.

    Args:
        recipe: its fields say which transforms there are.
        side: of the crops, in pixels.

    Returns:
        Transforms of albumentations, each of uint8 images.

    Examples:
        >>> from cifarcam.training import STEP_LR, train_transforms
        >>> [type(transform).__name__ for transform in train_transforms(STEP_LR)]
        ['HorizontalFlip', 'Affine', 'Pad', 'RandomCrop', 'CoarseDropout']
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
    """Several random results of albumentations transforms for one image.

    Args:
        transforms: some of ``train_transforms``, applied in their order.
        image: uint8, (H, W, 3).
        count: how many results.
        seed: of the random numbers.
        certain: apply each of them every time; otherwise with its own probability.

    Returns:
        ``count`` images, uint8.

    Examples:
        >>> import numpy as np
        >>> from cifarcam.training import STEP_LR, draws, train_transforms
        >>> flip = train_transforms(STEP_LR)[:1]
        >>> image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
        >>> [np.array_equal(drawn, image[:, ::-1]) for drawn in draws(flip, image, count=2, seed=0)]
        [True, True]
    """
    A = _albumentations()

    transforms = copy.deepcopy(transforms)
    for transform in transforms:
        transform.p = 1.0 if certain else transform.p
    pipeline = A.Compose(transforms, seed=seed)
    return [pipeline(image=image)["image"] for _ in range(count)]


def train_pipeline(recipe: Recipe, seed: int | None = None, side: int = SIDE):
    """A recipe's albumentations transforms, normalisation and conversion to a tensor, as one pipeline.

    Args:
        recipe: its fields say which transforms there are.
        seed: of this pipeline alone; albumentations takes no notice of the global seeds.
        side: of the images, in pixels.

    Returns:
        A pipeline to be called as ``pipeline(image=image)["image"]``, from uint8 (side, side, 3) to float32 (3, side,
        side).

    Examples:
        >>> import numpy as np
        >>> from cifarcam.training import STEP_LR, train_pipeline
        >>> pipeline = train_pipeline(STEP_LR, seed=0)
        >>> pipeline(image=np.zeros((32, 32, 3), np.uint8))["image"].shape
        torch.Size([3, 32, 32])
    """
    A = _albumentations()

    return A.Compose([*train_transforms(recipe, side), *_to_network()], seed=seed)


class AugmentedImages(Dataset):
    """A split as ``(float32 (3, H, W), label)`` pairs, each image passed through an albumentations pipeline.

    Args:
        split: the images and labels.
        pipeline: as from ``train_pipeline``.

    Examples:
        >>> from cifarcam.data import synthetic_cifar10
        >>> from cifarcam.training import STEP_LR, AugmentedImages, train_pipeline
        >>> images = AugmentedImages(synthetic_cifar10("test").first(8), train_pipeline(STEP_LR))
        >>> x, label = images[0]
        >>> len(images), x.shape
        (8, torch.Size([3, 32, 32]))
    """

    def __init__(self, split: Split, pipeline) -> None:
        self.split, self.pipeline = split, pipeline

    def __len__(self) -> int:
        return len(self.split.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.pipeline(image=self.split.images[index])["image"], int(self.split.labels[index])


def seed_worker(worker_id: int) -> None:
    """Gives each DataLoader worker a random stream of its own (``worker_init_fn``).

    Workers start as copies of one process: without this each of them draws the same augmentations, in every epoch.

    Args:
        worker_id: the worker's number, which a DataLoader gives.

    Examples:
        >>> from torch.utils.data import DataLoader
        >>> from cifarcam.data import synthetic_cifar10
        >>> from cifarcam.training import STEP_LR, AugmentedImages, seed_worker, train_pipeline
        >>> images = AugmentedImages(synthetic_cifar10("test").first(8), train_pipeline(STEP_LR))
        >>> loader = DataLoader(images, batch_size=4, num_workers=2, worker_init_fn=seed_worker)
        >>> [len(labels) for x, labels in loader]
        [4, 4]
    """
    worker = get_worker_info()
    worker.dataset.pipeline.set_random_seed(worker.seed % 2**32)


def _albumentations() -> ModuleType:
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # else it asks the network for its version at import
    state = random.getstate()
    with widget_warnings_ignored():
        import albumentations  # here, because it takes a second and most of the package does without
    random.setstate(state)  # what it imports draws a number
    return albumentations


def _to_network() -> list:
    A = _albumentations()
    return [A.Normalize(MEAN, STD, max_pixel_value=255.0), A.ToTensorV2()]
