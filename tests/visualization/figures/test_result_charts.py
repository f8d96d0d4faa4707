import numpy as np
import pytest

from mmhcm.functional.scoring import FIXES, SizeScores
from mmhcm.structures.annotations import CLASSES
from mmhcm.visualization.figures import (
    bin_names,
    class_means,
    draw_confusion,
    draw_errors,
    draw_size_scores,
    figure_style,
    row_shares,
)
from tests.support.figure_checks import check_figure


@pytest.mark.parametrize('width', ['single', 'double'])
@pytest.mark.parametrize('num', [1, 2, 7])
def test_errors(num, width):
    costs = {
        f'result {n}': {fix: 3.0 * n + k for k, fix in enumerate(FIXES)}
        for n in range(num)
    }
    with figure_style():
        figure = draw_errors(costs, dict.fromkeys(costs, 12.345), width)
        texts = check_figure(figure, width)
    assert 'result 0: AP50 = 12.3' in texts
    bars = [p for axes in figure.axes for p in axes.patches]
    assert len(bars) == num * len(FIXES)
    assert len({bar.get_hatch() for bar in bars}) == num
    for n, name in enumerate(costs):
        drawn = [
            bar.get_width()
            for axes in figure.axes
            for bar in axes.containers[n]
        ]
        assert drawn == pytest.approx(list(costs[name].values()))
    # one scale for types and for all false ones
    limits = {axes.get_xlim() for axes in figure.axes}
    assert len(limits) == 1


@pytest.mark.parametrize('width', ['single', 'double'])
def test_confusion(width):
    rng = np.random.default_rng(0)
    matrix = rng.integers(0, 30, (11, 11))
    matrix[2, :] = 0
    matrix[4, :] = 0
    matrix[4, 4] = 12
    matrix[10, 10] = 0
    with figure_style():
        figure = draw_confusion(matrix, CLASSES, width)
        texts = check_figure(figure, width)
    (axes,) = figure.axes
    assert 'van (12)' in texts
    assert 'missed' in texts
    assert f'background ({matrix[10].sum():,})' in texts
    cells = {
        text.get_position(): text.get_text()
        for text in axes.texts
        if text.get_text().isdigit()
    }
    assert cells[4, 4] == '100'
    assert (10, 10) not in cells
    assert not any(row == 2 for _, row in cells)
    shares = row_shares(matrix)
    assert cells[1, 0] == f'{shares[0, 1]:.0f}'


def test_row_shares():
    shares = row_shares(np.array([[1, 3], [0, 0]]))
    np.testing.assert_array_equal(shares, [[25, 75], [np.nan, np.nan]])


@pytest.mark.parametrize('width', ['single', 'double'])
@pytest.mark.parametrize('num_bins', [3, 5])
def test_size_scores(num_bins, width):
    rng = np.random.default_rng(0)
    edges = np.array([*range(0, 16 * num_bins, 16), np.inf])
    num_objects = rng.integers(1, 3000, (num_bins, 10))
    results = {
        name: SizeScores(
            edges,
            rng.uniform(0, 60, (num_bins, 10)),
            rng.uniform(0, 60, (num_bins, 10)),
            num_objects,
        )
        for name in ('before', 'after')
    }
    results['after'].ap50[0, 3] = np.nan
    overall = {name: np.full(10, 42.0) for name in results}
    with figure_style():
        figure = draw_size_scores(results, overall, CLASSES, 'AP50', width)
        texts = check_figure(figure, width)
    assert {'before', 'after', 'AP50 (%)', 'class mean'} <= set(texts)
    assert f'all sizes ({num_objects.sum():,})' in texts
    panels = [axes for axes in figure.axes if axes.get_visible()]
    assert len(panels) == num_bins + 1
    before, after = panels[1].lines[:1] + panels[1].lines[1:2]
    lines = {line.get_label(): line for line in panels[1].lines}
    after = lines['after'].get_xdata()
    np.testing.assert_allclose(after[:10], results['after'].ap50[0])
    assert after[10] == pytest.approx(np.nanmean(results['after'].ap50[0]))
    # open markers let the others show
    assert lines['after'].get_markerfacecolor() == 'none'
    assert before.get_markerfacecolor() != 'none'
    for axes in panels:
        data = [line.get_xdata() for line in axes.lines[:2]]
        assert np.nanmax(data) <= axes.get_xlim()[1]


def test_class_means():
    table = np.array([[1, np.nan, 3], [np.nan] * 3])
    np.testing.assert_array_equal(class_means(table), [2, np.nan])


def test_bin_names():
    names = bin_names(np.array([0, 32, 96.5, np.inf]))
    assert names == ['< 32 px', '32–96.5 px', '≥ 96.5 px']
