"""Figures of the checks of maps: means with their intervals, by explainer and stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from cifarcam.errors import CifarcamError
from cifarcam.figures.display import INK
from cifarcam.figures.style import NEUTRAL, SERIES, drawing
from cifarcam.trust.bootstrap import bootstrap_interval


def intervals(
    tables: Mapping[str, pd.DataFrame], label: str, references: Mapping[str, float | Sequence[float]] | None = None
) -> Figure:
    """A panel for each stage: each explainer's mean as a dot, its 95 % interval as a bar.

    Args:
        tables: from ``cifarcam.trust.summary``, by the network or change they belong to; four at most, with the same
            explainers. Several are told apart by a legend.
        label: what the means are, for the axis.
        references: values to compare with by name, one for all stages or one for each, drawn as lines; two at most.

    Raises:
        CifarcamError: for more of either.

    Examples:
        >>> from cifarcam.figures import intervals
        >>> from cifarcam.records import recorded_check
        >>> from cifarcam.trust import summary
        >>> measured, _ = recorded_check("pointing")
        >>> table = summary({"Grad-CAM": measured["Grad-CAM"]}, "inside")
        >>> len(intervals({"best": table}, "share inside", {"chance": 0.25}).axes)
        5
    """
    _check_at_most("tables", len(tables), len(SERIES))
    _check_at_most("references", len(references or {}), 2)
    first = next(iter(tables.values()))
    stages, explainers = (list(first.index.unique(level)) for level in ("stage", "explainer"))
    places = np.arange(len(explainers))
    height = (0.16 + 0.1 * len(tables)) * len(explainers) + 1.2
    with drawing(1, len(stages), 1.7 * len(stages) + 1.2, height, sharex=True, sharey=True) as (figure, axes):
        for number, (ax, stage) in enumerate(zip(axes[0], stages, strict=True)):
            for style, (name, value) in zip(("--", ":"), (references or {}).items(), strict=False):
                ax.axvline(np.broadcast_to(value, len(stages))[number], color=NEUTRAL, ls=style, lw=1.2, label=name)
            for which, (name, table) in enumerate(tables.items()):
                rows = table.xs(stage, level="stage").loc[explainers]
                beside = places + 0.22 * (which - (len(tables) - 1) / 2)
                colour, marker = SERIES[which]
                ax.hlines(beside, rows["low"], rows["high"], color=colour)
                ax.plot(rows["mean"], beside, marker, color=colour, markersize=4, label=name)
            ax.set_title(stage, fontsize=9, loc="center")
        axes[0, 0].set_yticks(places, explainers)
        axes[0, 0].invert_yaxis()
        figure.supxlabel(label, fontsize=10)
        if len(tables) > 1 or references:
            given = axes[0, 0].get_legend_handles_labels()
            figure.legend(*given, loc="outside upper center", ncols=4, fontsize=8)
    return figure


def removal_curves(
    panels: Mapping[str, Mapping[str, np.ndarray]], shares: Sequence[float], pixels: Mapping[str, str]
) -> Figure:
    """The mean probability of a class as pixels are removed or put in: a line and its 95 % interval by explainer.

    Args:
        panels: by title, and in each by explainer, the probabilities, 0 to 1, (images, shares); four explainers at
            most, the same in each panel.
        shares: of the pixels, 0 to 1.
        pixels: by the same titles what happens to these pixels, for the horizontal axis.

    Raises:
        CifarcamError: for more explainers.

    Examples:
        >>> import numpy as np
        >>> from cifarcam.figures import removal_curves
        >>> curves = {"edges": np.array([[1.0, 0.4, 0.1], [0.8, 0.6, 0.1]])}
        >>> figure = removal_curves({"deletion": curves}, (0, 0.5, 1), {"deletion": "pixels removed"})
        >>> figure.axes[0].get_xlabel()
        'pixels removed (%)'
    """
    for curves in panels.values():
        _check_at_most("curves", len(curves), len(SERIES))
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    with drawing(rows, columns, 4.0 * columns, 2.7 * rows + 0.5, sharey=True) as (figure, axes):
        for ax in axes.flat[len(panels) :]:
            ax.set_visible(False)
        for ax, (title, curves) in zip(axes.flat, panels.items(), strict=False):
            for (name, of_images), (colour, marker) in zip(curves.items(), SERIES, strict=False):
                ax.fill_between(
                    100 * np.asarray(shares), *bootstrap_interval(of_images), color=colour, alpha=0.2, linewidth=0
                )
                ax.plot(100 * np.asarray(shares), of_images.mean(0), color=colour, marker=marker, ms=4, label=name)
            ax.set_title(title, fontsize=9, loc="center")
            ax.set_xlabel(f"{pixels[title]} (%)")
            ax.set_ylim(0, 1.02)
        figure.supylabel("mean probability of the class", fontsize=10)
        figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=4, fontsize=8)
    return figure


def cascade(similar: Mapping[str, np.ndarray], parts: Sequence[str], stages: Sequence[str], label: str) -> Figure:
    """A panel for each explainer: how alike its maps stay as one part more is random, a line for each stage, from 1 on.

    Args:
        similar: by explainer, the means over images, (parts, stages).
        parts: the parts, in the order in which they became random.
        stages: of the maps.
        label: what is on the vertical axis.

    Examples:
        >>> import numpy as np
        >>> from cifarcam.figures import cascade
        >>> from cifarcam.network import STAGES
        >>> from cifarcam.trust import CASCADE
        >>> figure = cascade({"Grad-CAM": np.zeros((6, 5))}, CASCADE, STAGES, "rank correlation")
        >>> len(figure.axes[0].lines)
        6
    """
    columns = 3
    rows = -(-len(similar) // columns)
    shades = [to_rgba(INK, share) for share in np.linspace(0.25, 1, len(stages))]
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


def _check_at_most(what: str, count: int, most: int) -> None:
    if count > most:
        raise CifarcamError(f"There are {count} {what}; a figure shows at most {most}. Draw two figures.")
