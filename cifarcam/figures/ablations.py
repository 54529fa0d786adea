"""Figures of experiments in which one thing at a time was changed, with bands over their seeds."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from cifarcam.figures.style import SERIES, drawing
from cifarcam.records import over_seeds

DASHES = ("-", "--", "-.", ":")


def learning_curves(runs: pd.DataFrame, arms: dict[str, dict], values: dict[str, str]) -> Figure:
    """A panel for each value: a line for each arm, the mean over seeds, in a band from the lowest to the highest.

    Args:
        runs: as from ``recorded_ablation``.
        arms: the columns and values that pick out each arm, by the name in the legend; four at most. Of one with a run
            that diverged nothing is drawn, and the legend says so.
        values: axis labels by the series in ``history``, such as ``{"train_loss": "training loss (nats)"}``;
            accuracies are drawn in percent.

    Examples:
        >>> from cifarcam.figures import learning_curves
        >>> import pandas as pd
        >>> runs = pd.DataFrame({"layers": [18, 34], "history": [{"train_loss": [2, 1]}, {"train_loss": [2, 1.5]}]})
        >>> arms = {"18 layers": {"layers": 18}, "34 layers": {"layers": 34}}
        >>> figure = learning_curves(runs, arms, {"train_loss": "training loss (nats)"})
        >>> figure.axes[0].get_xlabel()
        'epoch'
    """
    with drawing(1, len(values), 4.5 * len(values), 3.4) as (figure, axes):
        for ax, (value, label) in zip(axes[0], values.items(), strict=True):
            for (name, picked), (colour, _), dashes in zip(arms.items(), SERIES, DASHES, strict=False):
                rows = runs[np.logical_and.reduce([runs[key] == wanted for key, wanted in picked.items()])]
                if rows["history"].isna().any():
                    ax.plot([], [], dashes, color=colour, label=f"{name} (diverged)")
                    continue
                curves = np.array([history[value] for history in rows["history"]])
                curves = 100 * curves if value.endswith("accuracy") else curves
                epochs = np.arange(1, curves.shape[1] + 1)
                ax.fill_between(epochs, curves.min(0), curves.max(0), color=colour, alpha=0.25, linewidth=0)
                ax.plot(epochs, curves.mean(0), dashes, color=colour, label=name)
            ax.set_xlabel("epoch")
            ax.set_ylabel(label)
            ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
        axes[0, 0].legend()
    return figure


def sweep(
    runs: pd.DataFrame,
    quantity: str,
    values: dict[str, str],
    label: str,
    *,
    log: bool = False,
    split: str | None = None,
) -> Figure:
    """What a quantity does: means over seeds as dots on a line, with bars from the lowest to the highest seed.

    Args:
        runs: as from ``recorded_ablation``.
        quantity: the column on the horizontal axis.
        values: for each column to draw, its axis label; a panel each; accuracies are drawn in percent.
        label: of the horizontal axis, with its unit.
        log: draw that axis logarithmically.
        split: a column by which there is a line for each of its values; four at most.

    Examples:
        >>> from cifarcam.figures import sweep
        >>> import pandas as pd
        >>> runs = pd.DataFrame({"layers": [18, 34], "train_accuracy": [0.9, 0.8]})
        >>> figure = sweep(runs, "layers", {"train_accuracy": "training accuracy (%)"}, "layers")
        >>> figure.axes[0].get_xlabel()
        'layers'
    """
    parts = {"": runs} if split is None else {str(key): part for key, part in runs.groupby(split, sort=False)}
    with drawing(1, len(values), 4.5 * len(values), 3.4) as (figure, axes):
        for ax, (value, name) in zip(axes[0], values.items(), strict=True):
            for (key, part), (colour, marker), dashes in zip(parts.items(), SERIES, DASHES, strict=False):
                found = over_seeds(part, [quantity], value) * (100 if value.endswith("accuracy") else 1)
                reach = [found["mean"] - found["low"], found["high"] - found["mean"]]
                ax.errorbar(
                    found.index,
                    found["mean"],
                    reach,
                    fmt=marker + dashes,
                    color=colour,
                    label=key,
                    capsize=3,
                )
            ax.set_xscale("log" if log else "linear")
            ax.set_xlabel(label)
            ax.set_ylabel(name)
        if split is not None:
            axes[0, 0].legend(title=split.replace("_", " "))
    return figure
