"""Figures of learning rates and training curves."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from cifarcam.figures.style import BEST, NEUTRAL, ONE_CYCLE, PUBLISHED, STEP_LR, TEST, TRAIN, drawing

# A run keeps its colour, its dashes and its marker in all figures, so that no reader needs the colour alone.
RUN_LINES = {
    "step_lr": (STEP_LR, "-.", "^"),
    "one_cycle": (ONE_CYCLE, "--", "s"),
    "best": (BEST, ":", "o"),
    "published": (PUBLISHED, "-", "D"),
}
RULE_MARKERS = {"steepest": ("o", TRAIN), "minimum/10": ("s", TEST), "valley": ("D", BEST)}


def run_line(name: str) -> tuple[str, str, str]:
    """Colour, dashes and marker of a run's line, as matplotlib names them; grey and solid for a run without its own."""
    return RUN_LINES.get(name, (NEUTRAL, "-", "o"))


def range_test(lr: np.ndarray, loss: np.ndarray, suggestions: Mapping[str, float]) -> Figure:
    """The loss over the learning rate, with a marker at each suggested rate.

    Args:
        lr: (steps,), the rates.
        loss: (steps,), the smoothed training loss, in nats.
        suggestions: a rate by the name of each rule, as from ``RangeTest.suggestions``.

    Examples:
        >>> from cifarcam.figures import range_test
        >>> from cifarcam.records import recorded_range_test
        >>> curve, _ = recorded_range_test()
        >>> figure = range_test(curve.lr, curve.loss, curve.suggestions())
        >>> figure.axes[0].get_xlabel()
        'learning rate'
    """
    with drawing(1, 1, 7, 3.8) as (figure, axes):
        ax = axes[0, 0]
        ax.plot(lr, loss, color=NEUTRAL)
        for name, rate in suggestions.items():
            marker, colour = RULE_MARKERS[name]
            ax.plot(rate, np.interp(rate, lr, loss), marker, color=colour, markersize=8, label=f"{name}: {rate:.2g}")
        ax.set_xscale("log")
        top = loss[: max(1, len(loss) // 4)].max()
        ax.set_ylim(loss.min() - 0.1 * (top - loss.min()), top + 0.5 * (top - loss.min()))
        ax.set_xlabel("learning rate")
        ax.set_ylabel("smoothed training loss (nats)")
        ax.legend()
    return figure


def schedules(rates: Mapping[str, np.ndarray], epochs: int) -> Figure:
    """The learning rate of each named recipe at every step, over the epochs.

    Args:
        rates: by the name of a recipe, as from ``learning_rates``.
        epochs: of the runs.

    Examples:
        >>> from cifarcam.figures import schedules
        >>> from cifarcam.training import BEST, STEP_LR, learning_rates
        >>> rates = {recipe.name: learning_rates(recipe, 5_000) for recipe in (STEP_LR, BEST)}
        >>> [axes.get_title(loc="left") for axes in schedules(rates, epochs=20).axes]
        ['step_lr', 'best']
    """
    with drawing(1, len(rates), 2.9 * len(rates), 2.7) as (figure, axes):
        for ax, (name, values) in zip(axes[0], rates.items(), strict=True):
            ax.plot(np.arange(len(values)) * epochs / len(values), values, color=run_line(name)[0])
            ax.set_title(name)
            ax.set_xlabel("epoch")
            ax.set_ylabel("learning rate")
            ax.set_ylim(bottom=0)
            ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 5, 10]))
    return figure


def curves(history: pd.DataFrame) -> Figure:
    """Loss and accuracy on training and test images after each epoch.

    Args:
        history: columns ``epoch``, ``train_loss`` and ``test_loss`` (nats), ``train_accuracy`` and ``test_accuracy`` (0
            to 1).

    Examples:
        >>> from cifarcam.figures import curves
        >>> from cifarcam.records import load_run
        >>> figure = curves(load_run("best").history)
        >>> [axes.get_ylabel() for axes in figure.axes]
        ['mean cross-entropy (nats)', 'accuracy (%)']
    """
    with drawing(1, 2, 9, 3.4) as (figure, axes):
        for ax, quantity, scale, label in (
            (axes[0, 0], "loss", 1, "mean cross-entropy (nats)"),
            (axes[0, 1], "accuracy", 100, "accuracy (%)"),
        ):
            ax.plot(history["epoch"], scale * history[f"train_{quantity}"], color=TRAIN, label="train (augmented)")
            ax.plot(history["epoch"], scale * history[f"test_{quantity}"], "--", color=TEST, label="test")
            ax.set_xlabel("epoch")
            ax.set_ylabel(label)
            ax.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 5, 10]))
        axes[0, 0].legend()
    return figure


def overlaid_curves(accuracies: Mapping[str, pd.Series], rates: Mapping[str, pd.Series]) -> Figure:
    """Test accuracy of several runs over their epochs, above the learning rate each epoch starts with.

    Args:
        accuracies: by run, shares from 0 to 1, indexed by epoch from 1.
        rates: by run, learning rates relative to their peak, indexed likewise.

    Examples:
        >>> from cifarcam.figures import overlaid_curves
        >>> from cifarcam.records import load_run
        >>> logs = {name: load_run(name).history.set_index("epoch") for name in ("best", "step_lr")}
        >>> accuracies = {name: log["test_accuracy"] for name, log in logs.items()}
        >>> rates = {name: log["lr"] / log["lr"].max() for name, log in logs.items()}
        >>> len(overlaid_curves(accuracies, rates).axes)
        2
    """
    with drawing(2, 1, 7.5, 5.2, sharex=True, height_ratios=[2.2, 1]) as (figure, axes):
        for name, values in accuracies.items():
            colour, dashes, _ = run_line(name)
            line = {"color": colour, "linestyle": dashes}
            axes[0, 0].plot(values.index, 100 * values, label=name, **line)
            axes[1, 0].plot(rates[name].index, rates[name], **line)
        axes[0, 0].set_ylabel("test accuracy (%)")
        axes[0, 0].legend()
        axes[1, 0].set_ylabel("rate / peak rate")
        axes[1, 0].set_xlabel("epoch")
        axes[1, 0].xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 5, 10]))
    return figure
