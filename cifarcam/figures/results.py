"""Figures of a network's predictions: confusion matrix, accuracy by class, reliability diagram."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from cifarcam.data.constants import CLASSES
from cifarcam.figures.style import NEUTRAL, RIGHT, SEQUENTIAL, class_labels, drawing


def confusion(counts: Tensor, classes: Sequence[str] = CLASSES) -> Figure:
    """A confusion matrix, rows true; only the mistakes are coloured, every count is written in.

    Args:
        counts: (classes, classes), as from ``Predictions.confusion``.
        classes: the names of the classes.

    Examples:
        >>> import torch
        >>> from cifarcam.figures import confusion
        >>> axes = confusion(torch.tensor([[8, 2], [1, 9]]), ["cat", "dog"]).axes[0]
        >>> [text.get_text() for text in axes.texts]
        ['8', '2', '1', '9']
    """
    counts = np.asarray(counts)
    names = class_labels(classes, len(counts))
    mistakes = np.where(np.eye(len(counts), dtype=bool), np.nan, counts)
    with drawing(1, 1, 1.8 + 0.5 * len(counts), 0.8 + 0.5 * len(counts)) as (figure, axes):
        ax = axes[0, 0]
        picture = ax.imshow(mistakes, cmap=SEQUENTIAL, vmin=0)
        for (row, column), count in np.ndenumerate(counts):
            dark = row != column and count < 0.6 * np.nanmax(mistakes)
            ax.text(column, row, str(count), ha="center", va="center", fontsize=8, color="white" if dark else "black")
        ax.set_xticks(range(len(names)), names, rotation=40, ha="right")
        ax.set_yticks(range(len(names)), names)
        ax.set_xlabel("predicted class")
        ax.set_ylabel("true class")
        ax.grid(False)
        whole_numbers = MaxNLocator(integer=True)
        figure.colorbar(picture, ax=ax, label="images mistaken", shrink=0.8, ticks=whole_numbers)
    return figure


def class_accuracy(accuracy: Tensor, classes: Sequence[str] = CLASSES) -> Figure:
    """The accuracy of each class as a bar, worst class first.

    Args:
        accuracy: (classes,), shares from 0 to 1.
        classes: the names of the classes.

    Examples:
        >>> import torch
        >>> from cifarcam.figures import class_accuracy
        >>> axes = class_accuracy(torch.tensor([0.9, 0.8]), ["cat", "dog"]).axes[0]
        >>> [label.get_text() for label in axes.get_yticklabels()]
        ['dog', 'cat']
    """
    order = np.argsort(np.asarray(accuracy))
    names = class_labels(classes, len(order))
    values = 100 * np.asarray(accuracy)[order]
    with drawing(1, 1, 6.5, 3.2) as (figure, axes):
        ax = axes[0, 0]
        bars = ax.barh([names[index] for index in order], values, color=RIGHT)
        ax.bar_label(bars, [f"{value:.1f}" for value in values], padding=3)
        ax.set_xlim(0, 108)
        ax.set_xlabel("accuracy (%)")
        ax.grid(axis="y", visible=False)
        ax.invert_yaxis()
    return figure


def reliability(table: pd.DataFrame) -> Figure:
    """Reliability diagram: accuracy over confidence, bin by bin, above the number of images in each bin.

    Args:
        table: as from ``Predictions.calibration``.

    Examples:
        >>> from cifarcam.figures import reliability
        >>> from cifarcam.network import Predictions
        >>> predictions = Predictions([[2.0, 0.0], [1.0, 3.0], [4.0, 1.0]], [0, 1, 1])
        >>> len(reliability(predictions.calibration()).axes)
        2
    """
    middles, widths = (table["low"] + table["high"]) / 2, table["high"] - table["low"]
    with drawing(2, 1, 5, 5, sharex=True, height_ratios=[2.5, 1]) as (figure, axes):
        above, below = axes[:, 0]
        above.plot([0, 1], [0, 1], "--", color=NEUTRAL, label="as confident as accurate")
        above.plot(table["confidence"], table["accuracy"], "o-", color=RIGHT, label="measured")
        above.set_ylabel("accuracy")
        above.legend(loc="upper left")
        below.bar(middles, table["count"], widths, color=NEUTRAL, edgecolor="white")
        below.set_yscale("log")
        below.set_ylabel("images")
        below.set_xlabel("confidence (probability of the predicted class)")
        below.set_xlim(0, 1)
    return figure
