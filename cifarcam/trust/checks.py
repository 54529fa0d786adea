"""Checks of maps, each for any explainer: a method, a method of one's own, or a baseline.

An explainer is a function from a model, images, uint8 (N, H, W, 3), and targets, int (N,), to maps, float (N, S, H, W);
a baseline gives one map for all stages, S = 1. A check gives a number for each image and stage, so that means and their
intervals can be taken.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from torch import nn

from cifarcam.maps.cam import stage_maps
from cifarcam.maps.methods import Weights
from cifarcam.network.resnet import ResNet18
from cifarcam.trust.baselines import blurred_random, centre_gaussian, edges
from cifarcam.trust.faithfulness import auc, deletion, insertion, road
from cifarcam.trust.localisation import Mosaics, energy_inside, quadrants
from cifarcam.trust.randomisation import randomised_in_cascade
from cifarcam.trust.similarity import rank_correlation, ssim

Explainer = Callable[[nn.Module, np.ndarray, np.ndarray], np.ndarray]
"""A function from a model, images and targets to maps, with the shapes that the module's docstring gives."""
NOISE = 4  # standard deviation of the noise that a map should survive, in grey levels of 256
FAR = 4  # pixels of the longer shift


def by_method(method: str | Weights) -> Explainer:
    """The explainer that makes the maps of a method.

    Args:
        method: one of ``cifarcam.maps.METHODS``, or a function from activations and gradients, float32 (N, channels, h,
            w) each, to the channels' weights, (N, channels).

    Returns:
        A function from a model, images and targets to maps, float32 (N, 5, H, W).

    Examples:
        >>> from cifarcam.data import synthetic_cifar10
        >>> from cifarcam.network import ResNet18
        >>> from cifarcam.trust import by_method
        >>> explainer = by_method("LayerCAM")
        >>> explainer(ResNet18(width=9), *synthetic_cifar10("test").first(2)).shape
        (2, 5, 32, 32)
    """
    return lambda model, images, targets: stage_maps(model, images, targets, method=method).maps


def _of_images_alone(maps_of: Callable[[np.ndarray], np.ndarray]) -> Explainer:
    return lambda model, images, targets: maps_of(images)[:, None]


BASELINES: dict[str, Explainer] = {
    "blurred random": _of_images_alone(lambda images: blurred_random(len(images), images.shape[1])),
    "centre Gaussian": _of_images_alone(lambda images: centre_gaussian(len(images), images.shape[1])),
    "edges": _of_images_alone(edges),
}
"""The baseline maps, which do not depend on the network, as explainers by their names."""


def similarity_in_cascade(
    explainer: Explainer,
    model: ResNet18,
    images: np.ndarray,
    targets: np.ndarray,
    calibration: np.ndarray,
    seed: int = 1,
) -> dict[str, np.ndarray]:
    """How alike the maps stay as the network's parts become random, from the last to the first.

    The cascading randomisation of Adebayo et al. 2018 (arXiv 1810.03292), by two of their measures of likeness.

    Args:
        explainer: makes the maps.
        model: the trained network.
        images: uint8, (N, H, W, 3).
        targets: int, (N,), the classes to explain, the same at every step.
        calibration: uint8, (M, H, W, 3), some hundred images, for the statistics of BatchNorm in the random parts.
        seed: of the random weights, another than that of the network's training.

    Returns:
        ``"rank correlation"`` and ``"ssim"``, float (6, N, S) each, by part made random, in the order of ``CASCADE``,
        image and stage. The rank correlation is NaN where one of two maps is blank, SSIM where both are.
    """
    trained = explainer(model, images, targets)
    similar: dict[str, list[np.ndarray]] = {"rank correlation": [], "ssim": []}
    for _, randomised in randomised_in_cascade(model, calibration, seed):
        maps = explainer(randomised, images, targets)
        similar["rank correlation"].append(rank_correlation(trained, maps))
        similar["ssim"].append(ssim(trained, maps))
    return {name: np.stack(values) for name, values in similar.items()}


def grid_pointing(
    explainer: Explainer, model: nn.Module, mosaics: Mosaics, asked: np.ndarray | None = None
) -> np.ndarray:
    """The share of a class's map that lies in its own quadrant, 0.25 on average for a map that knows nothing.

    The grid pointing game of Böhle et al. 2021 (arXiv 2104.00032). Maps of ``stage_maps`` are scaled so that their
    smallest value is 0; the share is of what is left above it.

    Args:
        explainer: makes the maps.
        model: takes images of a mosaic's size.
        mosaics: N of them.
        asked: int, (N, Q), 0 to 3: the quadrants whose classes are asked for in each mosaic; by default all four.

    Returns:
        float (N, Q, S); NaN for a blank map.
    """
    count = len(mosaics.images)
    asked = np.tile(np.arange(4), (count, 1)) if asked is None else asked
    own = quadrants(mosaics.images.shape[1])
    shares = []
    for places in asked.T:
        maps = explainer(model, mosaics.images, mosaics.labels[np.arange(count), places])
        shares.append(energy_inside(maps, own[places][:, None]))
    return np.stack(shares, axis=1)


def energy_on(
    explainer: Explainer, model: nn.Module, images: np.ndarray, targets: np.ndarray, masks: np.ndarray
) -> np.ndarray:
    """The share of each map that lies inside a mask.

    Energy-based pointing (Wang et al. 2020, arXiv 1910.01279).

    Args:
        explainer: makes the maps.
        model: what is explained.
        images: uint8, (N, H, W, 3).
        targets: int, (N,), the classes to explain.
        masks: bool, (H, W) for all images or (N, H, W).

    Returns:
        float (N, S), 0 to 1; NaN for a blank map.

    Raises:
        CifarcamError: for maps with negative, NaN or infinite values.

    Examples:
        >>> from cifarcam.data import synthetic_cifar10, synthetic_masks
        >>> from cifarcam.network import ResNet18
        >>> from cifarcam.trust import BASELINES, energy_on
        >>> images, labels = synthetic_cifar10("test").first(4)
        >>> masks = synthetic_masks("test")[:4]
        >>> energy_on(BASELINES["edges"], ResNet18(width=9), images, labels, masks).shape
        (4, 1)
    """
    maps = explainer(model, images, targets)
    return energy_inside(maps, masks if masks.ndim == 2 else masks[:, None])


def faithfulness(
    explainer: Explainer, model: nn.Module, images: np.ndarray, targets: np.ndarray
) -> dict[str, np.ndarray]:
    """Areas under the curves of deletion, insertion and ROAD, with pixels removed in the maps' order.

    The areas are under the curves of ``deletion`` and ``insertion`` (Petsiuk et al. 2018, arXiv 1806.07421) and of
    ``road`` (Rong et al. 2022, arXiv 2202.00449). A blank map gets one random order and the areas that go with it.

    Args:
        explainer: makes the maps.
        model: takes normalised images and gives logits.
        images: uint8, (N, H, W, 3).
        targets: int, (N,), the classes to explain.

    Returns:
        float (N, S) each, ``"deletion"``, lower is better; ``"insertion"``, higher is better; ``"ROAD"``, the area with
        the least relevant pixels removed first less that with the most relevant first, higher is better.
    """
    maps = explainer(model, images, targets)
    by_stage: dict[str, list[np.ndarray]] = {"deletion": [], "insertion": [], "ROAD": []}
    for stage in range(maps.shape[1]):
        given = (model, images, maps[:, stage], targets)
        by_stage["deletion"].append(auc(deletion(*given)))
        by_stage["insertion"].append(auc(insertion(*given)))
        least, most = (auc(road(*given, most_relevant_first=first)) for first in (False, True))
        by_stage["ROAD"].append(least - most)
    return {name: np.stack(areas, axis=1) for name, areas in by_stage.items()}


def robustness(
    explainer: Explainer, model: nn.Module, images: np.ndarray, targets: np.ndarray, seed: int = 0
) -> dict[str, np.ndarray]:
    """How alike the maps stay when the image changes a little: their rank correlation for each change.

    ρ(map(x), g⁻¹ map(g x)) for a change g of the image and its inverse on the map.

    Args:
        explainer: makes the maps.
        model: what is explained.
        images: uint8, (N, H, W, 3).
        targets: int, (N,), the classes to explain.
        seed: of the noise.

    Returns:
        float (N, S) for each change, NaN where one of the two maps is blank. For ``"mirrored"`` the image is turned
        over and its map turned back. For ``"shifted"`` it is moved by one pixel to the right, with the first column
        repeated, and back; the columns at both edges are left out. ``"shifted far"`` is the same by four pixels,
        because a coarse map that does not move at all is hardly off after one. For ``"noisy"`` Gaussian noise of four
        grey levels is added, by the seed.
    """
    maps = explainer(model, images, targets)
    mirrored = explainer(model, images[:, :, ::-1], targets)[..., ::-1]

    def follows(pixels: int) -> np.ndarray:
        shifted = np.concatenate([images[:, :, :1].repeat(pixels, 2), images[:, :, :-pixels]], axis=2)
        moved = explainer(model, shifted, targets)
        return rank_correlation(maps[..., pixels:-pixels], moved[..., 2 * pixels :])

    noise = np.random.default_rng(seed).normal(0, NOISE, images.shape)
    noisy = explainer(model, np.clip(np.round(images + noise), 0, 255).astype(np.uint8), targets)
    return {
        "mirrored": rank_correlation(maps, mirrored),
        "shifted": follows(1),
        "shifted far": follows(FAR),
        "noisy": rank_correlation(maps, noisy),
    }
