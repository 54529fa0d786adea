"""A table of every recorded check at one stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from cifarcam.errors import CifarcamError
from cifarcam.network.resnet import STAGES
from cifarcam.records.checks import recorded_check
from cifarcam.trust.summaries import _first_part, summary, with_intervals


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
    "on the object ↑": Score("synthetic", "synthetic"),
    "random linear layer ↓": Score("cascade", "rank correlation"),
    "labels, true − shuffled ↑": Score("labels", "control", minus="shuffled"),
    "deletion ↓": Score("faithfulness", "deletion"),
    "insertion ↑": Score("faithfulness", "insertion"),
    "ROAD ↑": Score("faithfulness", "ROAD"),
    "mirrored ↑": Score("robustness", "mirrored"),
    "shifted ↑": Score("robustness", "shifted"),
    "shifted far ↑": Score("robustness", "shifted far"),
    "noisy ↑": Score("robustness", "noisy"),
}
"""The columns of a scorecard by their titles; the arrow says whether higher or lower is better."""


def scorecard(stage: str) -> pd.DataFrame:
    """Every recorded check at one stage: a row for each explainer, a column for each of ``SCORES``, as text.

    Each entry is a mean over images with its 95 % bootstrap interval, and the number of images where it is under 30.

    Args:
        stage: its name, one of ``STAGES``.

    Returns:
        The table.

    Raises:
        CifarcamError: for a stage that does not exist.

    Examples:
        >>> from cifarcam.trust import scorecard
        >>> scorecard("layer4").shape
        (11, 12)
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
