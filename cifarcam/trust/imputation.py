"""Imputation of removed pixels from their neighbours."""

from __future__ import annotations

import numpy as np
import torch
from scipy.linalg import solveh_banded
from torch import Tensor

from cifarcam.errors import CifarcamError

# Of the eight neighbours those that come later, row by row: how far down and to the right, and their weight.
LATER = ((0, 1, 1 / 6), (1, -1, 1 / 12), (1, 0, 1 / 6), (1, 1, 1 / 12))


def impute(images: Tensor, removed: Tensor) -> Tensor:
    """Removed pixels replaced by the weighted means of their eight neighbours, all at once.

    The linear imputation of ROAD (Rong et al. 2022, arXiv 2202.00449), without its noise: side neighbours weigh 1/6,
    corner neighbours 1/12, and those outside the image nothing. What is removed depends on other removed pixels, so
    that is a linear system for each image: symmetric, positive definite, and in a band, because a pixel's neighbours
    lie at most a row away. The systems of the batch are set up together, and LAPACK solves them on the CPU.

    Args:
        images: float, (N, C, H, W); those of 64 bits are solved in 64, others in 32.
        removed: bool, (N, H, W).

    Returns:
        float, (N, C, H, W), on the images' device; 0 everywhere in an image of which nothing is left.

    Raises:
        CifarcamError: for images with NaN.

    Examples:
        >>> import torch
        >>> from cifarcam.trust import impute
        >>> removed = torch.zeros(1, 8, 8, dtype=torch.bool)
        >>> removed[0, 2:5, 2:5] = True
        >>> round(float(impute(torch.ones(1, 3, 8, 8), removed)[0, 0, 3, 3]), 3)
        1.0
    """
    if not images.isfinite().all():
        raise CifarcamError("The images hold NaN or infinite values; they cannot be filled in from.")
    gone = removed.cpu().numpy()
    known = images.detach().cpu()
    filled = np.where(gone[:, None], 0, (known if known.dtype == torch.float64 else known.float()).numpy())
    solvable = gone & ~gone.all((1, 2), keepdims=True)
    sums = np.moveaxis(_neighbour_sums(filled), 1, 3)[solvable]
    bands = _bands(solvable, filled.dtype)
    ends = solvable.sum((1, 2)).cumsum()
    for image, pixels, start, end in zip(filled, solvable, [0, *ends], ends, strict=False):
        if start < end:
            band = bands[start:end].T
            image[:, pixels] = solveh_banded(band, sums[start:end], lower=True, check_finite=False).T
    return torch.as_tensor(filled, dtype=images.dtype, device=images.device)


def _bands(removed: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """The systems' matrices, a row for each removed pixel: its own weight, then minus those of the pixels after it.

    Column d of a row is for the removed pixel that comes d places later in the same image.
    """
    place = removed.ravel().cumsum().reshape(removed.shape) - 1
    own = _neighbour_sums(np.ones((1, *removed.shape[1:]), dtype))  # less than 1 at the border
    entries = []
    for down, right, weight in LATER:
        later = _shifted(removed, down, right)
        both = removed & later
        entries.append((place[both], _shifted(place, down, right)[both] - place[both], weight))
    width = 1 + max(int(distance.max(initial=0)) for _, distance, _ in entries)
    bands = np.zeros((int(removed.sum()), width), dtype)
    bands[:, 0] = np.broadcast_to(own, removed.shape)[removed]
    for rows, distance, weight in entries:
        bands[rows, distance] = -weight
    return bands


def _shifted(values: np.ndarray, down: int, right: int) -> np.ndarray:
    """At each pixel the value that stands ``down`` below and ``right`` beside it, 0 from outside."""
    padded = np.pad(values, ((0, 0), (0, 1), (1, 1)))
    height, width = values.shape[1:]
    return padded[:, down : down + height, 1 + right : 1 + right + width]


def _neighbour_sums(images: np.ndarray) -> np.ndarray:
    """Σ of the eight neighbours, 1/6 of those at the sides and 1/12 of those at the corners, nothing from outside.

    The nine weights (1 2 1, 2 4 2, 1 2 1)/12 are a product of 1 2 1 along each axis; the middle is taken off again.
    """
    padded = np.pad(images, [(0, 0)] * (images.ndim - 2) + [(1, 1), (1, 1)])
    along = padded[..., :-2, :] + 2 * padded[..., 1:-1, :] + padded[..., 2:, :]
    return (along[..., :-2] + 2 * along[..., 1:-1] + along[..., 2:] - 4 * images) / 12
