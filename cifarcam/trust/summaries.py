"""Summaries of measured checks: means over images, bootstrap intervals, differences from a baseline."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cifarcam.errors import CifarcamError
from cifarcam.network.resnet import STAGES
from cifarcam.records.checks import RECORDED_SLOW, Measured, recorded_check
from cifarcam.trust.bootstrap import bootstrap_interval

FEW = 30  # images; intervals of fewer are too narrow


def summary(measured: Measured, measure: str) -> pd.DataFrame:
    """A measure's mean over the images, and the ends of its 95 % bootstrap interval.

    Args:
        measured: by explainer and measure, as from ``recorded_check``.
        measure: its name.

    Returns:
        Columns ``mean``, ``low``, ``high`` and ``images``, a row for each explainer and stage. The rows of a baseline
        are alike. NaN values, which most checks give for blank maps, are left out of a mean and of ``images``.

    Raises:
        CifarcamError: for a measure that is not (N, S).

    Examples:
        >>> import numpy as np
        >>> from cifarcam.trust import summary
        >>> values = np.tile([[0.0], [1.0]], (20, 5))
        >>> table = summary({"Grad-CAM": {"inside": values}}, "inside")
        >>> table.loc[("Grad-CAM", "layer4"), ["mean", "images"]].tolist()
        [0.5, 40.0]
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

    Args:
        baseline: the explainer that the others are compared with.
        measured: by explainer and measure, as from ``recorded_check``.
        measure: its name.

    Returns:
        Columns and rows as of ``summary``, for the differences.

    Raises:
        CifarcamError: listing the names, for a baseline that was not measured.

    Examples:
        >>> import numpy as np
        >>> from cifarcam.trust import ahead_of
        >>> measured = {"edges": {"inside": np.zeros((9, 1))}, "Grad-CAM": {"inside": np.ones((9, 5))}}
        >>> ahead_of("edges", measured, "inside")["mean"].tolist()
        [1.0, 1.0, 1.0, 1.0, 1.0]
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
    """The means of a summary: a row for each explainer, a column for each stage.

    Args:
        table: as from ``summary``.

    Examples:
        >>> from cifarcam.records import recorded_check
        >>> from cifarcam.trust import by_stage, summary
        >>> measured, _ = recorded_check("synthetic")
        >>> by_stage(summary(measured, "synthetic")).columns.tolist()
        ['layer0', 'layer1', 'layer2', 'layer3', 'layer4']
    """
    return table["mean"].unstack(sort=False)


def beside(explainer: str, measured: Mapping[str, Measured]) -> pd.DataFrame:
    """Means of newly measured checks and of a recorded explainer, over the first images, as many as both have.

    Args:
        explainer: the recorded one.
        measured: by check, as from ``through_every_check``.

    Returns:
        A row for each ``"check: measure"``, of the cascade for its first part; columns by stage, and in each ``new``
        and the explainer.

    Examples:
        >>> import numpy as np
        >>> from cifarcam.trust import beside
        >>> table = beside("Grad-CAM", {"pointing": {"inside": np.full((10, 5), 0.25)}})
        >>> table["layer4"].columns.tolist(), table["layer4", "new"].to_dict()
        (['new', 'Grad-CAM'], {'pointing: inside': 0.25})
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
    """The rows of a summary as text: mean, ends of the interval in brackets, and the images where they are under 30.

    Args:
        table: as from ``summary``.

    Examples:
        >>> import pandas as pd
        >>> from cifarcam.trust import with_intervals
        >>> table = pd.DataFrame({"mean": [0.5], "low": [0.4], "high": [0.61], "images": [20]})
        >>> with_intervals(table).tolist()
        ['0.50 [0.40, 0.61], n = 20']
    """
    return table.apply(_as_text, axis=1)


def _as_text(row: pd.Series) -> str:
    mean, low, high = (round(row[name], 2) + 0.0 for name in ("mean", "low", "high"))  # no -0.00
    return f"{mean:.2f} [{low:.2f}, {high:.2f}]" + (f", n = {row['images']:.0f}" if row["images"] < FEW else "")


def how_recorded(provenance: Mapping[str, Mapping], shown: str = "images") -> str:
    """One line for a chapter: the command, the hardware, the date and how many images, or what is ``shown``.

    Explainers that were measured on other hardware or another day than Grad-CAM are named with theirs.

    Args:
        provenance: of a check, as from ``recorded_check``.
        shown: what is counted.

    Examples:
        >>> from cifarcam.trust import how_recorded
        >>> fast = {"command": "make it", "hardware": "a CPU", "date": "2026-01-01", "images": 300}
        >>> how_recorded({"explainers": {"Grad-CAM": fast, "Score-CAM": {**fast, "images": 30}}})
        'make it, a CPU, 2026-01-01: 300 images, 30 for Score-CAM and Ablation-CAM'
    """
    explainers = provenance["explainers"]
    fast, slow = explainers["Grad-CAM"], explainers[RECORDED_SLOW[0]]
    others: dict[str, list[str]] = {}
    for name, how in explainers.items():
        if (how["hardware"], how["date"]) != (fast["hardware"], fast["date"]):
            others.setdefault(f"{how['hardware']}, {how['date']}", []).append(name)
    text = f"{fast['command']}, {fast['hardware']}, {fast['date']}"
    text += f": {fast['images']} {shown}, {slow['images']} for {' and '.join(RECORDED_SLOW)}"
    return "; ".join([text, *(f"{' and '.join(names)} on {where}" for where, names in others.items())])
