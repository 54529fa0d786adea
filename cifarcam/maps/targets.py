"""Target classes of class activation maps, and a check of a model's logits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from cifarcam.errors import CifarcamError


def check_logits(logits: np.ndarray | Tensor) -> None:
    """Checks that all logits are finite.

    Raises:
        CifarcamError: where a logit is NaN or infinite.
    """
    if not torch.as_tensor(logits).isfinite().all():
        raise CifarcamError("The model gives NaN or infinite logits for these images; what follows would mean nothing.")


def target_classes(
    targets: str | int | Sequence[int], count: int, num_classes: int, names: Sequence[str]
) -> np.ndarray | None:
    """Class numbers of the targets, (count,), or ``None`` for the predicted ones.

    Args:
        targets: ``"predicted"``, a class (name or number) for all images, or a class number for each image.
        count: of the images.
        num_classes: of the model.
        names: of the classes.

    Raises:
        CifarcamError: for targets or names that do not fit.
    """
    if isinstance(targets, str):
        if targets == "predicted":
            return None
        if len(names) != num_classes:
            raise CifarcamError(
                f"The model has {num_classes} classes, the names are {len(names)}: {', '.join(names)}. Give the names "
                "of its classes, or the class's number."
            )
        if targets not in names:
            raise CifarcamError(f"There is no class {targets!r}; give 'predicted' or one of {', '.join(names)}.")
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
