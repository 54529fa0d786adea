"""Target classes of class activation maps, and a check of a model's logits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from cifarcam.data.constants import CLASSES
from cifarcam.errors import CifarcamError


def check_logits(logits: np.ndarray | Tensor) -> None:
    """Checks that all logits are finite.

    Raises:
        CifarcamError: where a logit is NaN or infinite.
    """
    if not torch.as_tensor(logits).isfinite().all():
        raise CifarcamError("The model gives NaN or infinite logits for these images; what follows would mean nothing.")


def class_names(names: Sequence[str] | None, num_classes: int) -> tuple[str, ...]:
    """The names of a model's classes: those given, or for none CIFAR-10's where it has ten classes, else numbers.

    Raises:
        CifarcamError: for more or fewer names than classes.
    """
    if names is None:
        return CLASSES if num_classes == len(CLASSES) else tuple(f"class {number}" for number in range(num_classes))
    if len(names) != num_classes:
        raise CifarcamError(
            f"The model has {num_classes} classes, the names are {len(names)}: {shortened(names)}. Give as many "
            "names as it has classes."
        )
    return tuple(names)


def shortened(names: Sequence[str]) -> str:
    """The names as a list in a sentence, the first ten of many."""
    return ", ".join(map(str, names[:10])) + (", …" if len(names) > 10 else "")


def target_classes(
    targets: str | int | Sequence[int], count: int, num_classes: int, names: Sequence[str]
) -> np.ndarray | None:
    """Class numbers of the targets, (count,), or ``None`` for the predicted ones.

    Args:
        targets: ``"predicted"``, a class (name or number) for all images, or a class number for each image.
        count: of the images.
        num_classes: of the model.
        names: of the classes, as many.

    Raises:
        CifarcamError: for targets that do not fit.
    """
    if isinstance(targets, str):
        if targets == "predicted":
            return None
        if targets not in names:
            raise CifarcamError(f"There is no class {targets!r}; give 'predicted' or one of {shortened(names)}.")
        targets = names.index(targets)
    classes = np.asarray(targets)
    return class_numbers(np.repeat(classes, count) if classes.ndim == 0 else classes, count, num_classes)


def class_numbers(targets: np.ndarray, count: int, num_classes: int) -> np.ndarray:
    """The same numbers, int64 (count,), checked to be one class for each image.

    Raises:
        CifarcamError: for another shape, or a number that is no class's.
    """
    classes = np.asarray(targets)
    if classes.shape != (count,):
        raise CifarcamError(f"Targets of shape {classes.shape} for {count} images; give one class for each image.")
    if not np.issubdtype(classes.dtype, np.integer) or classes.min() < 0 or classes.max() >= num_classes:
        raise CifarcamError(f"Targets must be class numbers from 0 to {num_classes - 1}, not {targets!r}.")
    return classes.astype(np.int64)
