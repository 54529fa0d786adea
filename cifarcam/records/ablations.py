"""Recorded experiments in which one thing at a time was changed; ``python -m tools.records.ablations`` makes them."""

from __future__ import annotations

import json

import pandas as pd

from cifarcam.errors import CifarcamError
from cifarcam.records.folders import ABLATIONS


def recorded_ablations() -> list[str]:
    """The names of the experiments that ship with the package.

    Examples:
        >>> from cifarcam.records import recorded_ablations
        >>> recorded_ablations() == sorted(recorded_ablations())
        True
    """
    return sorted(path.stem for path in ABLATIONS.glob("*.json"))


def recorded_ablation(name: str) -> tuple[pd.DataFrame, dict]:
    """An experiment that ships with the package.

    Args:
        name: of the experiment, such as ``"degradation"``.

    Returns:
        A row for each run. Its columns are what the experiment changes, ``seed``, ``train_accuracy`` and
        ``train_loss`` of training images as they are, ``validation_accuracy`` and ``validation_loss`` of held-out
        ones, ``calibration_error``, all after the last epoch (accuracies from 0 to 1, losses in nats), ``minutes``, and
        ``history``: a dict of lists, a value an epoch. A run whose loss was no longer finite has a sentence in
        ``diverged``. Beside it the ``question``, the ``recipe`` that is changed, the columns of what is ``changed``, on
        how many images it is ``trained_on`` and how many are ``held_out``, and the provenance.

    Raises:
        CifarcamError: listing the names, for an experiment that is not recorded.

    Examples:
        >>> from cifarcam.records import recorded_ablation, recorded_ablations
        >>> for name in recorded_ablations():
        ...     runs, about = recorded_ablation(name)
        ...     assert set(about["changed"]) < set(runs.columns)
    """
    if name not in recorded_ablations():
        known = ", ".join(recorded_ablations())
        raise CifarcamError(f"There is no recorded experiment {name!r}; there are {known}.")
    measured = json.loads((ABLATIONS / f"{name}.json").read_text(encoding="utf-8"))
    return pd.DataFrame(measured.pop("rows")), measured


def over_seeds(runs: pd.DataFrame, by: list[str], value: str) -> pd.DataFrame:
    """Mean, smallest and largest of a column over the seeds of each arm.

    Args:
        runs: as from ``recorded_ablation``.
        by: the columns that tell arms apart.
        value: the column.

    Returns:
        A row for each arm, indexed by it, in the order of the runs, with the columns ``mean``, ``low`` and ``high``. An
        arm with a run that diverged has NaN for all three.

    Examples:
        >>> import pandas as pd
        >>> from cifarcam.records import over_seeds
        >>> runs = pd.DataFrame({"lr": [0.1, 0.1, 0.2], "seed": [0, 1, 0], "accuracy": [0.5, 0.75, 1.0]})
        >>> over_seeds(runs, ["lr"], "accuracy").loc[0.1].tolist()
        [0.625, 0.5, 0.75]
    """
    groups = runs.groupby(by if len(by) > 1 else by[0], sort=False, dropna=False)[value]
    found = groups.agg(mean="mean", low="min", high="max")
    found[groups.apply(lambda values: values.isna().any())] = float("nan")
    return found
