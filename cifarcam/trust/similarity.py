"""Similarity measures for pairs of maps: Spearman's rank correlation and SSIM."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import uniform_filter
from scipy.stats import rankdata

from cifarcam.errors import CifarcamError
from cifarcam.trust.finite import check_finite

WINDOW = 7  # pixels a side of SSIM's window
C1, C2 = 0.01**2, 0.03**2  # SSIM's constants for values from 0 to 1


def rank_correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation of the pixels of two maps: do they put the pixels in the same order?

    Pearson's correlation of the ranks; pixels of equal value share their mean rank. Used for maps by Adebayo et al.
    2018 (arXiv 1810.03292).

    Args:
        a, b: (…, H, W) each.

    Returns:
        (…), −1 to 1; NaN where a map is the same everywhere, as a blank one is.

    Raises:
        CifarcamError: for maps of different shapes, or with values that are NaN or infinite.

    Examples:
        >>> import numpy as np
        >>> from cifarcam.trust import rank_correlation
        >>> a = np.arange(9.0).reshape(3, 3)
        >>> round(float(rank_correlation(a, a**2)), 3), round(float(rank_correlation(a, -a)), 3)
        (1.0, -1.0)
    """
    _check_pair(a, b)
    first, second = (_standardised(rankdata(_pixels(maps), axis=-1)) for maps in (a, b))
    return (first * second).mean(-1)


def ssim(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Structural similarity of two maps of values from 0 to 1 (Wang et al. 2004, doi 10.1109/TIP.2003.819861).

    The mean over all windows of 7×7 pixels that lie inside the map of (2 μ_a μ_b + C₁)(2 σ_ab + C₂) over (μ_a² + μ_b² +
    C₁)(σ_a² + σ_b² + C₂), with the unbiased variances of a window. The windows are even, as in scikit-image; the
    paper's are of 11×11 pixels weighed by a Gaussian.

    Args:
        a, b: (…, H, W) each, 7 pixels a side or more.

    Returns:
        (…), −1 to 1; 1 for equal maps; NaN for two blank ones, which have nothing to compare.

    Raises:
        CifarcamError: for maps of different shapes, smaller than a window, or with NaN or infinite values.

    Examples:
        >>> from cifarcam.trust import blurred_random, centre_gaussian, ssim
        >>> noise, hill = blurred_random(1), centre_gaussian(1)
        >>> round(float(ssim(hill, hill)[0]), 3), bool(ssim(noise, hill)[0] < 0.9)
        (1.0, True)
    """
    _check_pair(a, b)
    if min(a.shape[-2:]) < WINDOW:
        raise CifarcamError(f"SSIM needs maps of {WINDOW}×{WINDOW} or more; these are {a.shape[-2]}×{a.shape[-1]}.")
    a, b = a.astype(np.float64), b.astype(np.float64)
    mean_a, mean_b = _window_mean(a), _window_mean(b)
    unbiased = WINDOW**2 / (WINDOW**2 - 1)
    var_a = unbiased * (_window_mean(a * a) - mean_a**2)
    var_b = unbiased * (_window_mean(b * b) - mean_b**2)
    covariance = unbiased * (_window_mean(a * b) - mean_a * mean_b)
    similarity = (2 * mean_a * mean_b + C1) * (2 * covariance + C2)
    similarity /= (mean_a**2 + mean_b**2 + C1) * (var_a + var_b + C2)
    both_blank = ~(a.any((-2, -1)) | b.any((-2, -1)))
    return np.where(both_blank, np.nan, similarity.mean((-2, -1)))


def _window_mean(maps: np.ndarray) -> np.ndarray:
    """Means of all windows that lie inside the map."""
    sizes = (1,) * (maps.ndim - 2) + (WINDOW, WINDOW)
    margin = WINDOW // 2
    return uniform_filter(maps, sizes)[..., margin:-margin, margin:-margin]


def _pixels(maps: np.ndarray) -> np.ndarray:
    return maps.reshape(*maps.shape[:-2], -1)


def _standardised(values: np.ndarray) -> np.ndarray:
    """Mean 0 and standard deviation 1 along the last axis; NaN where all values are the same."""
    centred = values - values.mean(-1, keepdims=True)
    spread = centred.std(-1, keepdims=True)
    return np.divide(centred, spread, out=np.full_like(centred, np.nan), where=spread > 0)


def _check_pair(a: np.ndarray, b: np.ndarray) -> None:
    if a.shape != b.shape or a.ndim < 2:
        raise CifarcamError(f"Maps of shapes {a.shape} and {b.shape}; expected two of the same shape (…, H, W).")
    check_finite(a)
    check_finite(b)
