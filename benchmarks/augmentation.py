"""Augmented images a second on one core: the batched augmentation against albumentations, twice.

Once as it is commonly used, image by image to the end, and once so that only the whole batch is normalised.

All flip, crop after padding by 4 pixels, cut out a square and normalise. The batched one pads all images once, before
the clock starts, as it does in training. ``python -m benchmarks.augmentation``
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import albumentations as A
import numpy as np
import torch

from benchmarks.side_by_side import about, arguments, in_turns, rate, report
from cifarcam.data.cifar import cifar10
from cifarcam.data.normalization import normalize
from cifarcam.data.split import Split
from cifarcam.training.batches import Batches
from cifarcam.training.recipes import ONE_CYCLE
from cifarcam.training.transforms import train_transforms


def augmenting(train: Split, augmentation: str, images: int) -> Callable[[], float]:
    """A function that augments the first images and gives images a second."""
    recipe = ONE_CYCLE.replace(augmentation=augmentation, workers=0, train_images=images)
    batches = Batches(train, recipe)
    return rate(lambda: deque(batches.epoch(0), maxlen=0), images)


def normalised_by_batch(train: Split, images: int) -> Callable[[], float]:
    """A function that augments image by image as albumentations does it, and makes one tensor of each whole batch."""
    split, pipeline = train.first(images), A.Compose(train_transforms(ONE_CYCLE), seed=ONE_CYCLE.seed)

    def epoch() -> None:
        for start in range(0, images, ONE_CYCLE.batch_size):
            batch = split.images[start : start + ONE_CYCLE.batch_size]
            normalize(np.stack([pipeline(image=image)["image"] for image in batch]))

    return rate(epoch, images)


def main(words: list[str] | None = None) -> dict:
    parser = arguments(__doc__, rounds=5)
    parser.add_argument("--images", type=int, default=10_000, help="how many images a turn augments")
    parsed = parser.parse_args(words)
    train, threads = cifar10("train"), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        ways = {name: augmenting(train, name, parsed.images) for name in ("batched", "albumentations")}
        ways["albumentations, normalised by batch"] = normalised_by_batch(train, parsed.images)
        rates = in_turns(ways, parsed.rounds)
        settings = about(__spec__.name, parsed, parser, torch.device("cpu")) | {"data_checksum": train.checksum()}
    finally:
        torch.set_num_threads(threads)
    return report("images a second, augmented on one core", rates, settings, parsed.out)


if __name__ == "__main__":
    main()
