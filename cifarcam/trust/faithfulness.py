"""Faithfulness measures: does the network need the pixels that a map shows? They are removed in the map's order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from scipy.stats import rankdata
from torch import Tensor, nn
from torchvision.transforms.functional import gaussian_blur

from cifarcam.data.normalization import normalize
from cifarcam.errors import CifarcamError
from cifarcam.maps.targets import check_logits, class_numbers
from cifarcam.network.restore import restored
from cifarcam.trust.finite import check_finite
from cifarcam.trust.imputation import impute

SHARES = tuple(np.linspace(0, 1, 11).round(1))
"""The shares of the pixels that are removed or put in: 0, 0.1, and so on to 1."""
BATCH = 500  # images a forward pass
Fill = Callable[[Tensor, Tensor], Tensor]
"""A function from normalised images, (N, 3, H, W), and removed pixels, bool (N, H, W), to images without these."""


def deletion(
    model: nn.Module, images: np.ndarray, maps: np.ndarray, targets: np.ndarray, shares: Sequence[float] = SHARES
) -> np.ndarray:
    """The probability of the target as the most relevant pixels are replaced by the data set's mean colour.

    p(x ⊙ (1 − m_s) + mean ⊙ m_s) for each share s, where p is the softmax at the target and m_s is 1 at the
    round(s·H·W) pixels of the largest values of the map. The deletion game of Petsiuk et al. 2018 (RISE, arXiv
    1806.07421). A faithful map makes it fall fast.

    Args:
        model: takes normalised images and gives logits.
        images: uint8, (N, H, W, 3).
        maps: (N, H, W), larger where more relevant. Equal values fall in one random order, the same for all images, so
            a blank map counts as a random one.
        targets: int, (N,), the classes that the maps explain.
        shares: of the pixels that are replaced, 0 to 1.

    Returns:
        float64, (N, shares), 0 to 1.

    Raises:
        CifarcamError: where images, maps and targets do not fit together, for NaN or infinite values in maps, and for
            shares that are none or not from 0 to 1.

    Examples:
        >>> from cifarcam.data import synthetic_cifar10
        >>> from cifarcam.network import ResNet18
        >>> from cifarcam.trust import deletion, edges
        >>> images, labels = synthetic_cifar10("test").first(3)
        >>> deletion(ResNet18(width=9), images, edges(images), labels, shares=(0, 0.5, 1)).shape
        (3, 3)
    """
    return _removal_curves(model, images, maps, targets, shares, _grey, most_relevant_first=True)


def insertion(
    model: nn.Module, images: np.ndarray, maps: np.ndarray, targets: np.ndarray, shares: Sequence[float] = SHARES
) -> np.ndarray:
    """The probability of the target as the most relevant pixels are put into a blurred image.

    p(x ⊙ m_s + blurred x ⊙ (1 − m_s)), with a Gaussian of 11×11 pixels and a standard deviation of 5. The insertion
    game of Petsiuk et al. 2018. A faithful map makes it rise fast.

    Args:
        model: takes normalised images and gives logits.
        images: uint8, (N, H, W, 3).
        maps: (N, H, W), larger where more relevant. Equal values fall in one random order, the same for all images, so
            a blank map counts as a random one.
        targets: int, (N,), the classes that the maps explain.
        shares: of the pixels that are put in, 0 to 1.

    Returns:
        float64, (N, shares), 0 to 1.

    Raises:
        CifarcamError: where images, maps and targets do not fit together, for NaN or infinite values in maps, and for
            shares that are none or not from 0 to 1.

    Examples:
        >>> from cifarcam.data import synthetic_cifar10
        >>> from cifarcam.network import ResNet18
        >>> from cifarcam.trust import edges, insertion
        >>> images, labels = synthetic_cifar10("test").first(3)
        >>> insertion(ResNet18(width=9), images, edges(images), labels, shares=(0, 0.5, 1)).shape
        (3, 3)
    """
    left_out = [1 - share for share in shares]
    return _removal_curves(model, images, maps, targets, left_out, _blurred, most_relevant_first=False)


def road(
    model: nn.Module,
    images: np.ndarray,
    maps: np.ndarray,
    targets: np.ndarray,
    shares: Sequence[float] = SHARES,
    *,
    most_relevant_first: bool,
) -> np.ndarray:
    """The probability of the target as pixels are removed and filled in from what is left around them.

    ROAD (Rong et al. 2022, arXiv 2202.00449), without its noise: what ``impute`` fills in stands for the removed
    pixels. With the most relevant pixels first a faithful map makes it fall fast, with the least relevant first slowly.

    Args:
        model: takes normalised images and gives logits.
        images: uint8, (N, H, W, 3).
        maps: (N, H, W), larger where more relevant. Equal values fall in one random order, the same for all images, so
            a blank map counts as a random one.
        targets: int, (N,), the classes that the maps explain.
        shares: of the pixels that are removed, 0 to 1.
        most_relevant_first: whether the pixels of the largest values go first, or those of the smallest.

    Returns:
        float64, (N, shares), 0 to 1.

    Raises:
        CifarcamError: where images, maps and targets do not fit together, for NaN or infinite values in maps, and for
            shares that are none or not from 0 to 1.

    Examples:
        >>> from cifarcam.data import synthetic_cifar10
        >>> from cifarcam.network import ResNet18
        >>> from cifarcam.trust import edges, road
        >>> images, labels = synthetic_cifar10("test").first(3)
        >>> model, shares = ResNet18(width=9), (0, 0.5, 1)
        >>> road(model, images, edges(images), labels, shares, most_relevant_first=True).shape
        (3, 3)
    """
    return _removal_curves(model, images, maps, targets, shares, impute, most_relevant_first=most_relevant_first)


def auc(curves: np.ndarray, shares: Sequence[float] = SHARES) -> np.ndarray:
    """The area under curves by the trapezoidal rule, (…, shares) to (…).

    Of values and shares from 0 to 1 it is from 0 to 1.

    Args:
        curves: (…, shares), as from ``deletion``.
        shares: of the pixels, rising.

    Returns:
        (…), an area for each curve.

    Examples:
        >>> import numpy as np
        >>> from cifarcam.trust import auc
        >>> auc(np.array([[1.0, 0.5, 0.0], [1.0, 0.0, 0.0]]), shares=(0, 0.5, 1)).tolist()
        [0.5, 0.25]
    """
    return np.trapezoid(curves, shares, axis=-1)


def _removal_curves(
    model: nn.Module,
    images: np.ndarray,
    maps: np.ndarray,
    targets: np.ndarray,
    shares: Sequence[float],
    fill: Fill,
    *,
    most_relevant_first: bool,
) -> np.ndarray:
    """Probabilities, (N, shares), with these shares of the pixels removed and filled."""
    count, height, width = images.shape[:3]
    if maps.shape != (count, height, width):
        raise CifarcamError(
            f"{count} images of {height}×{width} and maps of shape {maps.shape}; expected {(count, height, width)}."
        )
    device = next(model.parameters()).device
    if len(shares) == 0 or min(shares) < 0 or max(shares) > 1:
        raise CifarcamError(f"The shares are {list(shares)}; expected values from 0 to 1, one or more.")
    maps = np.asarray(maps, np.float64)
    place = torch.as_tensor(_order(-maps if most_relevant_first else maps), device=device)
    curves = np.empty((count, len(shares)))
    with restored(model), torch.no_grad():
        num_classes = model(normalize(images[:1], device)).shape[1]
        classes = torch.as_tensor(class_numbers(targets, count, num_classes), device=device)[:, None]
        for start in range(0, count, BATCH):
            part = slice(start, start + BATCH)
            x = normalize(images[part], device)
            for column, share in enumerate(shares):
                removed = place[part] < round(share * height * width)
                logits = model(fill(x, removed))
                check_logits(logits)
                curves[part, column] = logits.softmax(1).gather(1, classes[part])[:, 0].cpu().numpy()
    return curves


def _order(maps: np.ndarray) -> np.ndarray:
    """Each pixel's place, from 0, in the order of rising values; equal values in one random order for all maps."""
    check_finite(maps)
    flat = maps.reshape(len(maps), -1)
    shuffled = np.random.default_rng(0).permutation(flat.shape[1])
    places = np.empty(flat.shape, np.int64)
    places[:, shuffled] = rankdata(flat[:, shuffled], method="ordinal", axis=1) - 1
    return places.reshape(maps.shape)


def _grey(x: Tensor, removed: Tensor) -> Tensor:
    return torch.where(removed[:, None], 0, x)  # of a normalised image 0 is the mean


def _blurred(x: Tensor, removed: Tensor) -> Tensor:
    return torch.where(removed[:, None], gaussian_blur(x, [11, 11], [5.0, 5.0]), x)
