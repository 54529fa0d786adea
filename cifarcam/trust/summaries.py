"""The recorded checks: for each explainer a number for each image and stage, with the command that makes them.

``python -m tools.record_trust`` writes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from cifarcam.errors import CifarcamError
from cifarcam.files import read_arrays, write_arrays
from cifarcam.measurements import RECORDED
from cifarcam.methods import SLOW
from cifarcam.resnet import STAGES
from cifarcam.runs import Run, load_run
from cifarcam.trust.bootstrap import bootstrap_interval

SMALL_RUNS = Path(__file__).parents[1] / "recorded" / "small"
FEW = 30  # images; intervals of fewer are too narrow


class Score(NamedTuple):
    """A column of a scorecard.

    Attributes:
        check, measure: what is shown.
        minus: another measure of the check, whose value for the same image is taken off.
        blank: what a blank map counts as.
    """

    check: str
    measure: str
    minus: str | None = None
    blank: float = np.nan


SCORES = {
    "mark, cheat − honest ↑": Score("shortcut", "shortcut", minus="control", blank=0),
    "own quadrant ↑": Score("pointing", "inside"),
    "on the object ↑": Score("drawn", "drawn"),
    "random linear layer ↓": Score("cascade", "rank correlation"),
    "labels, true − shuffled ↑": Score("labels", "control", minus="shuffled"),
    "deletion ↓": Score("faithfulness", "deletion"),
    "insertion ↑": Score("faithfulness", "insertion"),
    "ROAD ↑": Score("faithfulness", "ROAD"),
    "mirrored ↑": Score("stability", "mirrored"),
    "shifted ↑": Score("stability", "shifted"),
    "shifted far ↑": Score("stability", "shifted far"),
    "noisy ↑": Score("stability", "noisy"),
}
"""By column of a scorecard, with an arrow to where better is, what it shows."""
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


def ahead_of(baseline: str, measured: Measured, measure: str) -> pd.DataFrame:
    """A summary of how much more each other explainer has than a baseline, image by image.

    Differences of the same images tell more than two intervals beside each other: what makes an image easy for the one
    makes it easy for the other. Where one of the two has fewer images, they are compared on those.

    Raises ``CifarcamError``, listing the names, for a baseline that was not measured.
    """
    if baseline not in measured:
        raise CifarcamError(f"There is no explainer {baseline!r}; those measured are {', '.join(measured)}.")
    compared = measured[baseline][measure]
    differences = {}
    for explainer, measures in measured.items():
        if explainer != baseline:
            both = min(len(measures[measure]), len(compared))
            differences[explainer] = {measure: measures[measure][:both] - compared[:both]}
    return summary(differences, measure)


def by_stage(table: pd.DataFrame) -> pd.DataFrame:
    """The means of a summary: a row for each explainer, a column for each stage."""
    return table["mean"].unstack(sort=False)


def beside(explainer: str, measured: Mapping[str, Measured]) -> pd.DataFrame:
    """Means of newly measured checks and of a recorded explainer, over the first images, as many as both have.

    Args:
        explainer: the recorded one.
        measured: by check, as from ``through_every_check``.
    Returns: a row for each ``"check: measure"``, of the cascade for its first part; columns by stage, and in each
        ``new`` and the explainer.
    """
    rows = {}
    for check, measures in measured.items():
        recorded, _ = recorded_check(check)
        for measure, values in measures.items():
            known = recorded[explainer][measure]
            both = min(values.shape[-2], known.shape[-2])
            means = [pd.DataFrame(_first_part(each[..., :both, :])).mean().to_numpy() for each in (values, known)]
            rows[f"{check}: {measure}"] = np.stack(np.broadcast_arrays(*means), axis=1).ravel()
    columns = pd.MultiIndex.from_product([STAGES, ["new", explainer]])
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def _first_part(values: np.ndarray) -> np.ndarray:
    """(N, S) of (N, S), or of the cascade's (parts, N, S)."""
    return values[0] if values.ndim == 3 else values


def with_intervals(table: pd.DataFrame) -> pd.Series:
    """The rows of a summary as text: mean, ends of the interval in brackets, and the images where they are under 30."""
    return table.apply(_as_text, axis=1)


def _as_text(row: pd.Series) -> str:
    mean, low, high = (round(row[name], 2) + 0.0 for name in ("mean", "low", "high"))  # no -0.00
    return f"{mean:.2f} [{low:.2f}, {high:.2f}]" + (f", n = {row['images']:.0f}" if row["images"] < FEW else "")


def how_recorded(provenance: Mapping[str, Mapping], shown: str = "images") -> str:
    """One line for a chapter: the command, the hardware, the date and how many images, or what is ``shown``.

    Explainers that were measured on other hardware or another day than Grad-CAM are named with theirs.
    """
    explainers = provenance["explainers"]
    fast, slow = explainers["Grad-CAM"], explainers[SLOW[0]]
    others: dict[str, list[str]] = {}
    for name, how in explainers.items():
        if (how["hardware"], how["date"]) != (fast["hardware"], fast["date"]):
            others.setdefault(f"{how['hardware']}, {how['date']}", []).append(name)
    text = f"{fast['command']}, {fast['hardware']}, {fast['date']}"
    text += f": {fast['images']} {shown}, {slow['images']} for {' and '.join(SLOW)}"
    return "; ".join([text, *(f"{' and '.join(names)} on {where}" for where, names in others.items())])


def scorecard(stage: str) -> pd.DataFrame:
    """Every recorded check at one stage: a row for each explainer, a column for each of ``SCORES``, as text.

    Each entry is a mean over images with its 95 % bootstrap interval, and the number of images where it is under 30.
    Raises ``CifarcamError`` for a stage that does not exist.
    """
    if stage not in STAGES:
        raise CifarcamError(f"There is no stage {stage!r}; the stages are {', '.join(STAGES)}.")
    columns = {}
    for label, score in SCORES.items():
        measured, _ = recorded_check(score.check)
        values = {explainer: {label: _scored(measures, score)} for explainer, measures in measured.items()}
        columns[label] = with_intervals(summary(values, label)).xs(stage, level="stage")
    return pd.DataFrame(columns)


def _scored(measures: Mapping[str, np.ndarray], score: Score) -> np.ndarray:
    """A score's value for each image and stage, (N, S); of the cascade, that of its first part."""
    values = np.nan_to_num(measures[score.measure], nan=score.blank)
    if score.minus is not None:
        values = values - np.nan_to_num(measures[score.minus], nan=score.blank)
    return _first_part(values)
