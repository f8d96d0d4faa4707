"""Charts of a data set and of its chips: Figs. 3 and 4 of the paper."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import (
    FuncFormatter,
    LogLocator,
    NullFormatter,
    NullLocator,
)

from .style import COLORS, GREY, MARKERS, check_series, new_figure

_ROW_INCH = 0.165
"""Height of a class, enough for a line of text."""
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def draw_counts(
    classes: Sequence[str],
    counts: Mapping[str, Sequence[float]],
    ratios: Mapping[str, float | None],
    width: str = 'single',
) -> Figure:
    """Draw object counts by class on a logarithmic axis.

    Points instead of bars: the length of a bar has no meaning on this axis.

    Args:
        classes: Names.
        counts: (c,) by name of the series.
        ratios: Most over least frequent class of each series, for the legend.
        width: 'single' or 'double'.
    """
    check_series(list(counts))
    rows = np.arange(len(classes))
    height = 0.62 + len(classes) * _ROW_INCH + 0.14 * len(counts)
    figure = new_figure(width, height)
    axes = figure.add_subplot()
    values = np.array([list(row) for row in counts.values()], dtype=float)
    shown = np.where(values > 0, values, np.nan)  # (series, c)
    for row in rows[np.isfinite(shown).any(axis=0)]:
        low, high = np.nanmin(shown[:, row]), np.nanmax(shown[:, row])
        axes.plot([low, high], [row, row], color='#bfbfbf', lw=0.8, zorder=1)
    for number, (name, row_values) in enumerate(
        zip(counts, shown, strict=True)
    ):
        ratio = ratios.get(name)
        spread = '' if ratio is None else f', most / least = {ratio:.0f}'
        total = np.nansum(row_values)
        axes.plot(
            row_values,
            rows,
            linestyle='',
            marker=MARKERS[number],
            markersize=4,
            # Open markers, so that equal counts stay visible.
            markerfacecolor='none' if number else COLORS[number],
            markeredgecolor=COLORS[number],
            markeredgewidth=0.9,
            label=f'{name} ({total:,.0f}{spread})',
            zorder=2 + number,
            clip_on=False,
        )
    _log_axis(axes, 10)
    axes.set_xlabel('objects')
    _class_axis(axes, classes)
    axes.grid(axis='x')
    figure.legend(loc='outside upper left', ncols=1, labelspacing=0.25)
    return figure


def draw_distributions(
    classes: Sequence[str],
    panels: Mapping[str, Sequence[np.ndarray]],
    width: str = 'double',
) -> Figure:
    """Draw box plots by class, one panel for each quantity.

    A box spans the middle half, with the median; whiskers extend from 5 to
    95 %; all value axes are logarithmic, to base 2.

    Args:
        classes: Names.
        panels: Values (n,) of each class, by label of the axis.
        width: 'single' puts panels below each other, 'double' side by side.
    """
    across = width == 'double'
    panel_height = 0.42 + len(classes) * _ROW_INCH
    figure = new_figure(
        width, panel_height if across else panel_height * len(panels)
    )
    grid = (1, len(panels)) if across else (len(panels), 1)
    all_axes = figure.subplots(*grid, sharey=across, squeeze=False).ravel()
    for axes, (label, values) in zip(all_axes, panels.items(), strict=True):
        stats, places = [], []
        for row, numbers in enumerate(values):
            if len(numbers):
                stats.append(box_statistics(numbers))
                places.append(row)
        axes.bxp(
            stats,
            positions=places,
            orientation='horizontal',
            widths=0.62,
            showfliers=False,
            patch_artist=True,
            boxprops={'facecolor': '#a6cee3', 'linewidth': 0.6},
            medianprops={'color': COLORS[3], 'linewidth': 1.2},
            whiskerprops={'linewidth': 0.6},
            capprops={'linewidth': 0.6},
            manage_ticks=False,
        )
        _log_axis(axes, 2)
        axes.set_xlabel(label)
        axes.grid(axis='x')
        _class_axis(axes, classes)
    return figure


def box_statistics(values: np.ndarray) -> dict[str, float]:
    """Return quantiles of (n,) values, named as in Matplotlib's ``bxp``."""
    low, q1, med, q3, high = np.quantile(values, _QUANTILES).tolist()
    return {'whislo': low, 'q1': q1, 'med': med, 'q3': q3, 'whishi': high}


def _class_axis(axes: Axes, classes: Sequence[str]) -> None:
    axes.set_yticks(range(len(classes)), classes)
    axes.set_ylim(len(classes) - 0.4, -0.6)
    axes.tick_params(axis='y', length=0)
    axes.spines['left'].set_color(GREY)


def _log_axis(axes: Axes, base: int) -> None:
    """Label a logarithmic axis by whole numbers and fractions, not powers."""
    axes.set_xscale('log', base=base)
    axes.xaxis.set_major_locator(LogLocator(base=base, numticks=8))
    axes.xaxis.set_minor_locator(
        NullLocator() if base == 2 else LogLocator(base, subs='auto')
    )
    axes.tick_params(axis='x', which='minor', size=1.5, width=0.4)
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(
        FuncFormatter(
            lambda value, _: (
                f'{value:,.0f}' if value >= 1 else f'1/{1 / value:.0f}'
            )
        )
    )
