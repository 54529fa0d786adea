"""Baseline maps that do not depend on the network: what a method has to beat."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import correlate1d, gaussian_filter

SIGMA = 4.0  # pixels; the blur of the random map


def blurred_random(count: int, side: int = 32, seed: int = 0) -> np.ndarray:
    """White noise under a Gaussian blur, float32 (count, side, side), each 0 to 1.

    Smooth blobs at random places: what a map owes to its smoothness alone (arXiv 2304.13836).

    Args:
        count: of maps.
        side: in pixels.
        seed: of the noise.

    Examples:
        >>> from cifarcam.trust import blurred_random
        >>> maps = blurred_random(3)
        >>> maps.shape, float(maps.min()), float(maps.max())
        ((3, 32, 32), 0.0, 1.0)
    """
    noise = np.random.default_rng(seed).random((count, side, side))
    return _scaled(gaussian_filter(noise, (0, SIGMA, SIGMA)))


def centre_gaussian(count: int, side: int = 32) -> np.ndarray:
    """A Gaussian hill in the middle, float32 (count, side, side), each 0 to 1; its standard deviation is side / 4.

    Photographers put things in the middle: what a map owes to that.

    Args:
        count: of maps, which are all alike.
        side: in pixels.

    Examples:
        >>> from cifarcam.trust import centre_gaussian
        >>> hill = centre_gaussian(1)[0]
        >>> float(hill[0, 0]), float(hill[16, 16])
        (0.0, 1.0)
    """
    places = np.arange(side) - (side - 1) / 2
    hill = np.exp(-(places**2) / (2 * (side / 4) ** 2))
    return _scaled(np.broadcast_to(np.outer(hill, hill), (count, side, side)))


def edges(images: np.ndarray) -> np.ndarray:
    """The strength of the edges, by Sobel's filter on the grey image: float32 (N, H, W), each 0 to 1.

    Args:
        images: uint8, (N, H, W, 3).

    Examples:
        >>> import numpy as np
        >>> from cifarcam.trust import edges
        >>> half_white = np.zeros((1, 32, 32, 3), np.uint8)
        >>> half_white[:, :, 16:] = 255
        >>> np.flatnonzero(edges(half_white)[0, 10]).tolist()
        [15, 16]
    """
    grey = images.mean(axis=3)
    across, down = (
        correlate1d(correlate1d(grey, [-1, 0, 1], axis), [1, 2, 1], other) for axis, other in ((2, 1), (1, 2))
    )
    return _scaled(np.hypot(across, down))


def _scaled(maps: np.ndarray) -> np.ndarray:
    maps = maps - maps.min((1, 2), keepdims=True)
    return (maps / np.maximum(maps.max((1, 2), keepdims=True), 1e-12)).astype(np.float32)
