"""A synthetic stand-in for CIFAR-10: drawn scenes of its ten classes, with a mask of each object.

It is there for where CIFAR-10 is not, and for questions that need to know where the object is. Every class shares its
colours with all others and its surroundings with at least one other, so that only the shape gives it away.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.random import PCG64, Generator

from cifarcam.data.constants import CLASSES
from cifarcam.data.split import Split
from cifarcam.data.synthetic.canvas import Canvas
from cifarcam.data.synthetic.objects import OBJECTS
from cifarcam.data.synthetic.surroundings import SURROUNDINGS, paint_surroundings
from cifarcam.errors import CifarcamError

COUNTS = {"train": 6000, "test": 1000}
BATCH = 50  # pictures painted at once; so few fit into the processor's cache


def synthetic_cifar10(split: str) -> Split:
    """The training (6,000 images) or test split (1,000) of the stand-in, the same at every call and on every machine.

    Args:
        split: ``"train"`` or ``"test"``.

    Returns:
        Images, uint8 (N, 32, 32, 3), and labels, int64 (N,), with as many images of each class, in random order.

    Raises:
        CifarcamError: for another split.

    Examples:
        >>> import numpy as np
        >>> from cifarcam.data import synthetic_cifar10
        >>> test = synthetic_cifar10("test")
        >>> test.images.shape, np.bincount(test.labels).tolist()
        ((1000, 32, 32, 3), [100, 100, 100, 100, 100, 100, 100, 100, 100, 100])
    """
    images, _, labels = _paint(split)
    return Split(images.copy(), labels.copy())


def synthetic_masks(split: str) -> np.ndarray:
    """A mask of the object in each image of ``synthetic_cifar10(split)``.

    Args:
        split: ``"train"`` or ``"test"``.

    Returns:
        bool, (N, 32, 32), true where the object is.

    Raises:
        CifarcamError: for another split.

    Examples:
        >>> from cifarcam.data import synthetic_masks
        >>> masks = synthetic_masks("test")
        >>> masks.shape, masks.dtype
        ((1000, 32, 32), dtype('bool'))
    """
    return _paint(split)[1].copy()


@cache
def _paint(split: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if split not in COUNTS:
        raise CifarcamError(f"The synthetic stand-in has no split {split!r}; the splits are 'train' and 'test'.")
    rng = Generator(PCG64([2026, list(COUNTS).index(split)]))
    each = COUNTS[split] // len(CLASSES)
    batches = [_paint_class(name, rng, BATCH) for name in CLASSES for _ in range(each // BATCH)]
    order = rng.permutation(COUNTS[split])
    images, masks = (np.concatenate(parts)[order] for parts in zip(*batches, strict=True))
    return images, masks, np.repeat(np.arange(len(CLASSES)), each)[order]


def _paint_class(name: str, rng: Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    canvas = Canvas(rng, count)
    paint_surroundings(canvas, rng.choice(SURROUNDINGS[name], count))
    canvas.place_object()
    OBJECTS[name](canvas)
    return canvas.finished(), canvas.mask
