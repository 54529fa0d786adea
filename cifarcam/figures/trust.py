"""The checks of maps: numbers with their intervals, by explainer and stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from cifarcam.figures.style import NEUTRAL, RIGHT, drawing


def intervals(table: pd.DataFrame, label: str, reference: float | None = None) -> Figure:
    """A panel for each stage: each explainer's mean as a dot, its 95 % interval as a bar.

    Args:
        table: from ``cifarcam.trust.recorded.summary``.
        label: what the means are, for the axis.
        reference: a value to compare with, such as that of a map that knows nothing, drawn as a line.
    """
    stages, explainers = (list(table.index.unique(level)) for level in ("stage", "explainer"))
    height = 0.26 * len(explainers) + 1.0
    with drawing(1, len(stages), 1.7 * len(stages) + 1.2, height, sharex=True, sharey=True) as (figure, axes):
        for ax, stage in zip(axes[0], stages, strict=True):
            rows = table.xs(stage, level="stage").loc[explainers]
            places = np.arange(len(explainers))
            ax.hlines(places, rows["low"], rows["high"], color=RIGHT)
            ax.plot(rows["mean"], places, "o", color=RIGHT, markersize=4)
            if reference is not None:
                ax.axvline(reference, color=NEUTRAL, linestyle="--", linewidth=1)
            ax.set_title(stage, fontsize=9, loc="center")
        axes[0, 0].set_yticks(range(len(explainers)), explainers)
        axes[0, 0].invert_yaxis()
        figure.supxlabel(label, fontsize=10)
    return figure


def cascade(similar: Mapping[str, np.ndarray], parts: Sequence[str], stages: Sequence[str], label: str) -> Figure:
    """A panel for each explainer: how alike its maps stay as one part more is random, a line for each stage, from 1 on.

    Args:
        similar: by explainer, the means over images, (parts, stages).
        parts: the parts, in the order in which they became random.
        stages: of the maps.
        label: what is on the vertical axis.
    """
    columns = 3
    rows = -(-len(similar) // columns)
    shades = [str(shade) for shade in np.linspace(0.75, 0, len(stages))]
    markers = "ov^sD"
    with drawing(rows, columns, 8.0, 2.0 * rows + 0.6, sharex=True, sharey=True) as (figure, axes):
        for ax in axes.flat[len(similar) :]:
            ax.set_visible(False)
        for ax, (name, values) in zip(axes.flat, similar.items(), strict=False):
            for stage, (shade, marker) in enumerate(zip(shades, markers, strict=False)):
                ax.plot(
                    [1, *values[:, stage]], color=shade, marker=marker, markersize=4, linewidth=1.2, label=stages[stage]
                )
            ax.set_title(name, fontsize=9, loc="center")
            ax.axhline(0, color=NEUTRAL, linewidth=0.8)
        for column in range(columns):
            lowest = axes[(len(similar) - 1 - column) // columns, column] if column < len(similar) else axes[0, column]
            lowest.set_xticks(range(1 + len(parts)), ["none", *parts], rotation=60, fontsize=8)
            lowest.tick_params(labelbottom=True)
        figure.supylabel(label, fontsize=10)
        figure.legend(
            *axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=len(stages), fontsize=8
        )
    return figure
