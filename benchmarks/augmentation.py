"""Augmented images a second on one core: the batched augmentation against albumentations.

Both flip, crop after padding by 4 pixels, cut out a square and normalise. The batched one pads all images once, before
the clock starts, as it does in training. ``python -m benchmarks.augmentation``
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import torch

from benchmarks.side_by_side import about, arguments, in_turns, rate, report
from cifarcam.data.cifar import cifar10
from cifarcam.data.split import Split
from cifarcam.training.batches import Batches
from cifarcam.training.recipes import ONE_CYCLE


def augmenting(train: Split, augmentation: str, images: int) -> Callable[[], float]:
    """A function that augments the first images and gives images a second."""
    recipe = ONE_CYCLE.replace(augmentation=augmentation, workers=0, train_images=images)
    batches = Batches(train, recipe)
    return rate(lambda: deque(batches.epoch(0), maxlen=0), images)


def main(words: list[str] | None = None) -> dict:
    parser = arguments(__doc__, rounds=5)
    parser.add_argument("--images", type=int, default=10_000, help="how many images a turn augments")
    parsed = parser.parse_args(words)
    train, threads = cifar10("train"), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        ways = {name: augmenting(train, name, parsed.images) for name in ("batched", "albumentations")}
        rates = in_turns(ways, parsed.rounds)
        settings = about(__spec__.name, parsed, parser, torch.device("cpu")) | {"data_checksum": train.checksum()}
    finally:
        torch.set_num_threads(threads)
    return report("images a second, augmented on one core", rates, settings, parsed.out)


if __name__ == "__main__":
    main()
