"""Charts of results: errors, confusions, AP by class and size."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mmhcm.functional.scoring import ERROR_TYPES, FIXES, SizeScores

from .style import (
    COLORS,
    FONT_PT,
    GREY,
    HATCHES,
    MARKERS,
    WIDTHS,
    check_series,
    new_figure,
)

#: From light to dark in one hue, so that small shares have little ink.
_COLORMAP = 'Blues'
_FIX_NAMES = {
    'Cls': 'class',
    'Loc': 'location',
    'Both': 'class + loc.',
    'Dupe': 'duplicate',
    'Bkg': 'background',
    'Miss': 'missed',
    'FP': 'all false pos.',
    'FN': 'all false neg.',
}


def draw_errors(
    costs: Mapping[str, Mapping[str, float]],
    aps: Mapping[str, float],
    width: str = 'single',
) -> Figure:
    """Draw the costs of each type of error, results next to each other.

    Args:
        costs: Points of AP50 for each fix, by name of the result.
        aps: AP50 of each result, for the legend.
        width: 'single' or 'double'.
    """
    check_series(list(costs))
    bar_inch = 0.13 if len(costs) > 1 else 0.17
    row_inch = bar_inch * len(costs) + 0.07
    height = 0.5 + len(FIXES) * row_inch + 0.15 * len(costs)
    figure = new_figure(width, height, hspace=0.03)
    groups = ERROR_TYPES, FIXES[len(ERROR_TYPES) :]
    upper, lower = figure.subplots(2, height_ratios=[len(g) for g in groups])
    limit = max(max(row.values()) for row in costs.values())
    for axes, fixes in zip((upper, lower), groups, strict=True):
        _bar_groups(axes, fixes, costs)
        axes.set_xlim(0, max(limit, 1.0) * 1.13)
    upper.tick_params(axis='x', labelbottom=False, length=0)
    upper.spines['bottom'].set_visible(False)
    lower.set_xlabel('points of AP50 that fixing the errors would add')
    handles, _ = upper.get_legend_handles_labels()
    labels = [f'{name}: AP50 = {aps[name]:.1f}' for name in costs]
    _legend_above(figure, handles, labels)
    return figure


def draw_confusion(
    matrix: np.ndarray, classes: Sequence[str], width: str = 'single'
) -> Figure:
    """Draw a confusion matrix, each row in per cent of its sum.

    Args:
        matrix: (C + 1, C + 1) counts: rows true, then background; columns
            predicted, then missed.
        classes: Names.
        width: 'single' or 'double'.
    """
    shares = row_shares(matrix)
    rows = [*classes, 'background']
    sums = matrix.sum(axis=1)
    names = [f'{n} ({s:,})' for n, s in zip(rows, sums, strict=True)]
    inches = WIDTHS[width]
    longest = max(map(len, names)) * FONT_PT * 0.58 / 72
    cell_inch = (inches - longest - 0.15) / len(rows)
    # Wide enough cells need not be square.
    cell_height = min(cell_inch, 0.3)
    below = max(map(len, rows)) * FONT_PT * 0.58 / 72 + 0.3
    figure = new_figure(width, cell_height * len(rows) + below)
    axes = figure.add_subplot()
    axes.imshow(shares, cmap=_COLORMAP, vmin=0, vmax=100, aspect='auto')
    _rule_cells(axes, len(rows))
    if cell_inch * 72 > 2 * FONT_PT * 0.7:
        _write_cells(axes, shares)
    axes.set_xticks(
        range(len(rows)),
        [*classes, 'missed'],
        rotation=60,
        ha='right',
        rotation_mode='anchor',
    )
    axes.set_yticks(range(len(rows)), names)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel('predicted')
    axes.set_ylabel('true (number), per cent of the row', labelpad=2)
    return figure


def row_shares(matrix: np.ndarray) -> np.ndarray:
    """Return counts as per cent of their row's sum; NaN where that is 0."""
    sums = matrix.sum(axis=1, keepdims=True).astype(float)
    shares = np.full(matrix.shape, np.nan)
    return np.divide(100.0 * matrix, sums, out=shares, where=sums > 0)


def draw_size_scores(
    results: Mapping[str, SizeScores],
    overall: Mapping[str, np.ndarray],
    classes: Sequence[str],
    score_name: str = 'AP',
    width: str = 'double',
) -> Figure:
    """Draw AP by class, over all sizes and for each bin of sizes.

    Args:
        results: Scores by name of the result, all with the same bins.
        overall: (C,) over all sizes, by name of the result, in per cent; NaN
            without objects.
        classes: Names.
        score_name: 'AP' or 'AP50'.
        width: 'single' or 'double': two or four panels in a row.
    """
    check_series(list(results))
    first = next(iter(results.values()))
    titles = ['all sizes', *bin_names(first.edges)]
    totals = [first.num_objects.sum(), *first.num_objects.sum(axis=1)]
    num_rows = -(-len(titles) // (4 if width == 'double' else 2))
    columns = -(-len(titles) // num_rows)
    panel_height = 0.52 + 0.14 * (len(classes) + 1.5)
    figure = new_figure(
        width,
        num_rows * panel_height + 0.15 * len(results) + 0.1,
        hspace=0.06,
    )
    grid = figure.subplots(
        num_rows, columns, sharex=True, sharey=True, squeeze=False
    ).ravel()
    tables = {
        name: np.vstack(
            [overall[name], scores.ap if score_name == 'AP' else scores.ap50]
        )
        for name, scores in results.items()
    }
    limit = max(max(np.nanmax(table) for table in tables.values()), 1.0)
    for axes in grid[len(titles) :]:
        axes.set_visible(False)
    for index, (axes, title) in enumerate(zip(grid, titles, strict=False)):
        values = {name: table[index] for name, table in tables.items()}
        _point_rows(axes, classes, values)
        axes.set_title(f'{title} ({totals[index]:,})')
        axes.set_xlim(0, 1.05 * limit)
    # A panel above an empty cell of the grid is the lowest of its column.
    for axes in grid[max(len(titles) - columns, 0) : len(titles)]:
        axes.tick_params(axis='x', labelbottom=True)
    figure.supxlabel(f'{score_name} (%)', fontsize=FONT_PT)
    _legend_above(figure, *grid[0].get_legend_handles_labels())
    return figure


def class_means(table: np.ndarray) -> np.ndarray:
    """Return plain means (b,) of rows (b, c) over the values except NaN."""
    present = np.isfinite(table)
    sums = np.where(present, table, 0).sum(axis=1)
    means = np.full(len(table), np.nan)
    counts = present.sum(axis=1)
    return np.divide(sums, counts, out=means, where=counts > 0)


def bin_names(edges: np.ndarray) -> list[str]:
    """Name bins of sqrt(area), pixels."""
    return [
        f'≥ {low:g} px'
        if high == np.inf
        else (f'< {high:g} px' if low == 0 else f'{low:g}–{high:g} px')
        for low, high in pairwise(edges.tolist())
    ]


def _bar_groups(
    axes: Axes, fixes: Sequence[str], costs: Mapping[str, Mapping[str, float]]
) -> None:
    """Draw a group of bars for each fix, a bar for each result."""
    thickness = 0.8 / len(costs)
    for number, values in enumerate(costs.values()):
        bars = axes.barh(
            np.arange(len(fixes)) - 0.4 + thickness * (number + 0.5),
            [values[fix] for fix in fixes],
            height=0.92 * thickness,
            color=COLORS[number],
            hatch=HATCHES[number],
            # The colour of the hatch; an outline would hide short bars.
            edgecolor='white',
            linewidth=0,
            label=str(number),
        )
        axes.bar_label(bars, fmt='%.1f', padding=2, fontsize=FONT_PT)
    axes.set_yticks(range(len(fixes)), [_FIX_NAMES[fix] for fix in fixes])
    axes.set_ylim(len(fixes) - 0.5, -0.5)
    axes.tick_params(axis='y', length=0)


def _point_rows(
    axes: Axes, classes: Sequence[str], values: Mapping[str, np.ndarray]
) -> None:
    """Draw a row of points for each class, and a row for the class mean."""
    rows = np.append(np.arange(len(classes)), len(classes) + 0.5)
    for number, (name, row) in enumerate(values.items()):
        axes.plot(
            np.append(row, class_means(row[None])),
            rows,
            linestyle='',
            marker=MARKERS[number],
            markersize=4,
            # Open markers show the points below.
            markerfacecolor='none' if number else COLORS[number],
            markeredgecolor=COLORS[number],
            markeredgewidth=0.9,
            label=name,
            clip_on=False,
            zorder=3,
        )
    axes.axhline(len(classes) - 0.25, color=GREY, lw=0.4)
    axes.set_yticks(rows, [*classes, 'class mean'])
    axes.set_ylim(rows[-1] + 0.6, -0.6)
    axes.tick_params(axis='both', length=0)
    axes.grid()
    axes.spines['left'].set_visible(False)


def _legend_above(
    figure: Figure, handles: Sequence[Artist], labels: Sequence[str]
) -> None:
    figure.legend(
        handles, labels, loc='outside upper left', ncols=1, labelspacing=0.25
    )


def _rule_cells(axes: Axes, num_rows: int) -> None:
    """Rule the cells, frame correct predictions, separate background."""
    edges = np.arange(num_rows - 1) + 0.5
    axes.hlines(edges, -0.5, num_rows - 0.5, color='#d9d9d9', lw=0.4)
    axes.vlines(edges, -0.5, num_rows - 0.5, color='#d9d9d9', lw=0.4)
    end = num_rows - 1.5
    axes.axhline(end, color='black', lw=0.8)
    axes.axvline(end, color='black', lw=0.8)
    for index in range(num_rows - 1):
        axes.add_patch(
            Rectangle(
                (index - 0.5, index - 0.5),
                1,
                1,
                fill=False,
                edgecolor=COLORS[3],
                linewidth=0.8,
                zorder=3,
            )
        )
    # No object and no detection: there is nothing to count.
    axes.add_patch(
        Rectangle((end, end), 1, 1, facecolor='#d9d9d9', linewidth=0)
    )


def _write_cells(axes: Axes, shares: np.ndarray) -> None:
    colormap = mpl.colormaps[_COLORMAP]
    for (row, column), share in np.ndenumerate(shares):
        is_corner = row == column == len(shares) - 1
        if is_corner or not share >= 0.5:
            continue
        red, green, blue, _ = colormap(share / 100)
        light = 0.299 * red + 0.587 * green + 0.114 * blue
        axes.text(
            column,
            row,
            f'{share:.0f}',
            ha='center',
            va='center',
            color='black' if light > 0.5 else 'white',
        )
