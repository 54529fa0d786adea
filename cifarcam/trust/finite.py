"""A check that maps hold finite values, before they are measured."""

from __future__ import annotations

import numpy as np

from cifarcam.errors import CifarcamError


def check_finite(maps: np.ndarray) -> None:
    """Checks that all values of maps are finite; a blank map, 0 everywhere, is.

    Raises:
        CifarcamError: for maps with a value that is NaN or infinite.
    """
    wrong = int((~np.isfinite(maps)).sum())
    if wrong:
        raise CifarcamError(
            f"{wrong} values of the maps are NaN or infinite; expected finite ones. Look at what made the maps."
        )
