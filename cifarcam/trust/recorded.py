"""The recorded checks: for each explainer a number for each image and stage, with the command that makes them.

``python -m tools.record_trust`` writes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from cifarcam.errors import CifarcamError
from cifarcam.files import read_arrays, write_arrays
from cifarcam.measurements import RECORDED
from cifarcam.resnet import STAGES
from cifarcam.runs import Run, load_run
from cifarcam.trust.bootstrap import bootstrap_interval

SMALL_RUNS = Path(__file__).parents[1] / "recorded" / "small"
SCORES = {
    "on the mark": ("shortcut", "shortcut"),
    "own quadrant": ("pointing", "inside"),
    "on the object": ("drawn", "drawn"),
    "random weights": ("cascade", "rank correlation"),
    "shuffled labels": ("labels", "shuffled"),
    "deletion": ("faithfulness", "deletion"),
    "insertion": ("faithfulness", "insertion"),
    "ROAD": ("faithfulness", "ROAD"),
    "mirrored": ("stability", "mirrored"),
    "shifted far": ("stability", "shifted far"),
}
"""By column of a scorecard: the check and its measure."""
Measured = Mapping[str, Mapping[str, np.ndarray]]
"""By explainer and measure: float, (N, S), a number for each image and stage; (parts, N, S) for the cascade.

A baseline has one map for all stages, so S is 1.
"""


def recorded_check(name: str) -> tuple[dict[str, dict[str, np.ndarray]], dict]:
    """A check that ships with the package, by explainer and measure, and where it comes from.

    Raises ``CifarcamError``, listing the names, for a check that is not recorded.
    """
    path = RECORDED / f"trust_{name}.npz"
    if not path.is_file():
        names = sorted(found.stem.removeprefix("trust_") for found in RECORDED.glob("trust_*.npz"))
        raise CifarcamError(f"There is no recorded check {name!r}; the checks are {', '.join(names) or 'none'}.")
    arrays, provenance = read_arrays(path)
    measured: dict[str, dict[str, np.ndarray]] = {}
    for key, values in arrays.items():
        explainer, _, measure = key.partition("/")
        measured.setdefault(explainer, {})[measure] = values.astype(np.float32)
    return measured, provenance


def small_run(name: str) -> Run:
    """The record of a narrow network that the checks need, as ``python -m tools.train_small`` trained it.

    Raises ``CifarcamError``, listing the names, for another name.
    """
    names = sorted(folder.name for folder in SMALL_RUNS.glob("*") if folder.is_dir())
    if name not in names:
        raise CifarcamError(f"There is no narrow network {name!r}; they are {', '.join(names) or 'none'}.")
    return load_run(SMALL_RUNS / name)


def write_check(name: str, measured: Measured, provenance: dict, folder: Path = RECORDED) -> Path:
    """Writes a check as ``trust_NAME.npz``, its numbers in 16 bits, and gives the path."""
    path = folder / f"trust_{name}.npz"
    arrays = {
        f"{explainer}/{measure}": np.asarray(values).astype(np.float16)
        for explainer, measures in measured.items()
        for measure, values in measures.items()
    }
    write_arrays(path, arrays, provenance)
    return path


def summary(measured: Measured, measure: str) -> pd.DataFrame:
    """A measure's mean over the images, and the ends of its 95 % bootstrap interval.

    Returns: columns ``mean``, ``low``, ``high`` and ``images``, a row for each explainer and stage. The rows of a
        baseline are alike. NaN values, which most checks give for blank maps, are left out of a mean and of ``images``.
    Raises ``CifarcamError`` for a measure that is not (N, S).
    """
    rows = []
    for measures in measured.values():
        values = measures[measure]
        if values.ndim != 2 or values.shape[1] not in (1, len(STAGES)):
            raise CifarcamError(
                f"The measure {measure!r} is of shape {values.shape}; a summary needs (images, {len(STAGES)} stages). "
                "Choose one part of the cascade first."
            )
        values = np.broadcast_to(values, (len(values), len(STAGES)))
        low, high = bootstrap_interval(values)
        of_stages = pd.DataFrame(values, columns=STAGES)
        rows.append(pd.DataFrame({"mean": of_stages.mean(), "low": low, "high": high, "images": of_stages.count()}))
    return pd.concat(rows, keys=measured, names=["explainer", "stage"])


def by_stage(table: pd.DataFrame) -> pd.DataFrame:
    """The means of a summary: a row for each explainer, a column for each stage."""
    return table["mean"].unstack(sort=False)


def with_intervals(table: pd.DataFrame) -> pd.Series:
    """The rows of a summary as text: the mean and, in brackets, the ends of its interval."""
    return table.apply(lambda row: f"{row['mean']:.2f} [{row['low']:.2f}, {row['high']:.2f}]", axis=1)


def scorecard(stage: str) -> pd.DataFrame:
    """Every recorded check at one stage: a row for each explainer, a column for each of ``SCORES``, as text.

    Each entry is a mean over images with its 95 % bootstrap interval. ``random weights`` is the rank correlation with
    the map of a network all of whose parts are random.
    Raises ``CifarcamError`` for a stage that does not exist.
    """
    if stage not in STAGES:
        raise CifarcamError(f"There is no stage {stage!r}; the stages are {', '.join(STAGES)}.")
    columns = {}
    for label, (check, measure) in SCORES.items():
        measured, _ = recorded_check(check)
        last = {
            explainer: {measure: values[measure][-1] if values[measure].ndim == 3 else values[measure]}
            for explainer, values in measured.items()
        }
        columns[label] = with_intervals(summary(last, measure)).xs(stage, level="stage")
    return pd.DataFrame(columns)
