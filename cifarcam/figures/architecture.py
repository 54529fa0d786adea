"""A figure of a network's parameters and multiplications by stage."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from cifarcam.figures.style import NEUTRAL, RIGHT, drawing


def stage_bars(table: pd.DataFrame) -> Figure:
    """Parameters and multiplications by stage, side by side, in millions.

    Args:
        table: as from ``cifarcam.network.stage_table``.

    Examples:
        >>> from cifarcam.figures import stage_bars
        >>> from cifarcam.network import ResNet18, stage_table
        >>> figure = stage_bars(stage_table(ResNet18(width=9)))
        >>> [axes.get_xlabel() for axes in figure.axes]
        ['parameters (millions)', 'multiplications (millions)']
    """
    with drawing(1, 2, 8.5, 3, sharey=True) as (figure, axes):
        for ax, column, colour in zip(axes[0], ("parameters", "multiplications"), (RIGHT, NEUTRAL), strict=True):
            millions = table[column] / 1e6
            bars = ax.barh(table.index, millions, color=colour)
            ax.bar_label(bars, [f"{value:.3g}" for value in millions], padding=3)
            ax.set_xlabel(f"{column} (millions)")
            ax.grid(axis="y", visible=False)
            ax.margins(x=0.15)
        axes[0, 0].invert_yaxis()
    return figure
