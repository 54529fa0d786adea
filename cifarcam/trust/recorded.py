"""The recorded checks: for each explainer a number for each image and stage, with the command that makes them.

``python -m tools.record_trust`` writes them; chapter 9 reads them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from cifarcam.errors import CifarcamError
from cifarcam.files import written_whole
from cifarcam.measurements import RECORDED
from cifarcam.resnet import STAGES
from cifarcam.trust.bootstrap import bootstrap_interval

Measured = Mapping[str, Mapping[str, np.ndarray]]
"""By explainer and measure: float, (N, S), a number for each image and stage; (parts, N, S) for the cascade."""


def recorded_check(name: str) -> tuple[dict[str, dict[str, np.ndarray]], dict]:
    """A check that ships with the package, by explainer and measure, and where it comes from.

    Raises ``CifarcamError``, listing the names, for a check that is not recorded.
    """
    path = RECORDED / f"trust_{name}.npz"
    if not path.is_file():
        names = sorted(found.stem.removeprefix("trust_") for found in RECORDED.glob("trust_*.npz"))
        raise CifarcamError(f"There is no recorded check {name!r}; the checks are {', '.join(names) or 'none'}.")
    with np.load(path) as record:
        provenance = json.loads(str(record["provenance"]))
        measured: dict[str, dict[str, np.ndarray]] = {}
        for key in record.files:
            explainer, slash, measure = key.partition("/")
            if slash:
                measured.setdefault(explainer, {})[measure] = record[key].astype(np.float32)
    return measured, provenance


def write_check(name: str, measured: Measured, provenance: dict, folder: Path = RECORDED) -> Path:
    """Writes a check as ``trust_NAME.npz``, its numbers in 16 bits, and gives the path."""
    path = folder / f"trust_{name}.npz"
    content = {
        f"{explainer}/{measure}": np.asarray(values).astype(np.float16)
        for explainer, measures in measured.items()
        for measure, values in measures.items()
    }
    with written_whole(path) as temporary:
        np.savez_compressed(temporary, provenance=np.array(json.dumps(provenance)), **content)
    return path


def summary(measured: Measured, measure: str) -> pd.DataFrame:
    """A measure's mean over the images, and the ends of its 95 % bootstrap interval.

    Returns: columns ``mean``, ``low``, ``high`` and ``images``, a row for each explainer and stage.
    Raises ``CifarcamError`` for a measure that is not (N, S).
    """
    rows = []
    for explainer, measures in measured.items():
        values = measures[measure]
        if values.ndim != 2 or values.shape[1] != len(STAGES):
            raise CifarcamError(
                f"The measure {measure!r} is of shape {values.shape}; a summary needs (images, {len(STAGES)} stages). "
                "Choose one part of the cascade first."
            )
        low, high = bootstrap_interval(values)
        mean = np.nanmean(values, axis=0)
        rows += [
            {"explainer": explainer, "stage": stage, "mean": mean[place], "low": low[place], "high": high[place]}
            | {"images": int((~np.isnan(values[:, place])).sum())}
            for place, stage in enumerate(STAGES)
        ]
    return pd.DataFrame(rows).set_index(["explainer", "stage"])
