"""Bootstrap confidence intervals of means over images."""

from __future__ import annotations

import numpy as np

from cifarcam.errors import CifarcamError


def bootstrap_interval(
    values: np.ndarray, level: float = 0.95, resamples: int = 2_000, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """The percentile bootstrap interval of the mean over images (Efron 1979, doi 10.1214/aos/1176344552).

    As many images are drawn with replacement as there are, over and over; the ends are the quantiles (1 ± level)/2 of
    the means. NaN values are left out of each mean. An interval of few images is too narrow: one of ten holds the true
    mean in about 90 % of the cases, where 95 % are asked for.

    Args:
        values: (N, …), a value or several for each image.
        level: share of the means inside, between 0 and 1.
        resamples: how many times N images are drawn.
        seed: of the draws.

    Returns:
        Lower and upper ends, (…) each; NaN where all values are.

    Raises:
        CifarcamError: for no images, no resamples, or a level that is not between 0 and 1.

    Examples:
        >>> import numpy as np
        >>> from cifarcam.trust import bootstrap_interval
        >>> low, high = bootstrap_interval(np.arange(100))
        >>> bool(40 < low < 49.5 < high < 60)
        True
    """
    if not 0 < level < 1 or resamples < 1:
        raise CifarcamError(
            f"A bootstrap of {resamples} resamples at a level of {level}; expected one or more, and a level between "
            "0 and 1, such as 0.95."
        )
    values = np.asarray(values, np.float64)
    if values.ndim == 0 or len(values) == 0:
        raise CifarcamError(f"A bootstrap needs values of one image or more; these are of shape {values.shape}.")
    random = np.random.default_rng(seed)
    # How often each image is drawn; the means are then one product of matrices.
    draws = random.multinomial(len(values), np.full(len(values), 1 / len(values)), size=resamples)
    flat = values.reshape(len(values), -1)
    there = ~np.isnan(flat)
    counted = draws @ there.astype(np.float64)
    sums = draws @ np.where(there, flat, 0)
    means = np.divide(sums, counted, out=np.full_like(sums, np.nan), where=counted > 0)
    low, high = np.full((2, means.shape[1]), np.nan)
    known = there.any(0)
    low[known], high[known] = np.nanquantile(means[:, known], [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low.reshape(values.shape[1:]), high.reshape(values.shape[1:])
