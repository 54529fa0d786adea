"""Maps that mean nothing are refused before they are measured."""

from __future__ import annotations

import numpy as np

from cifarcam.errors import CifarcamError


def check_finite(maps: np.ndarray) -> None:
    """Raises ``CifarcamError`` for maps with a value that is NaN or infinite; a blank map, 0 everywhere, is none."""
    wrong = int((~np.isfinite(maps)).sum())
    if wrong:
        raise CifarcamError(
            f"{wrong} values of the maps are NaN or infinite; expected finite ones. Look at what made the maps."
        )
