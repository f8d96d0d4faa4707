import numpy as np
import pytest

from mmhcm.visualization.figures import (
    box_statistics,
    draw_counts,
    draw_distributions,
    figure_style,
)
from tests.support.figure_checks import check_figure

CLASSES = (
    'plane',
    'baseball-diamond',
    'ground-track-field',
    'small-vehicle',
    'car',
)


@pytest.mark.parametrize('width', ['single', 'double'])
def test_counts(width):
    counts = {
        'images': [1, 10, 100, 1000, 144867],
        'chips': [0, 20, 300, 2000, 300000],
    }
    with figure_style():
        figure = draw_counts(
            CLASSES, counts, {'images': 144867.0, 'chips': None}, width
        )
        texts = check_figure(figure, width)
    (axes,) = figure.axes
    assert set(CLASSES) <= set(texts)
    assert 'images (145,978, most / least = 144867)' in texts
    assert 'chips (302,320)' in texts
    points = {
        line.get_label(): line
        for line in axes.lines
        if line.get_marker() in 'os'
    }
    first, second = points.values()
    np.testing.assert_array_equal(first.get_xdata(), counts['images'])
    # Nothing has no place on a logarithmic axis.
    assert np.isnan(second.get_xdata()[0])
    assert first.get_marker() != second.get_marker()
    assert axes.get_xscale() == 'log'


def test_counts_of_nothing():
    with figure_style():
        figure = draw_counts(CLASSES, {'images': [0] * 5}, {})
        check_figure(figure, 'single')


@pytest.mark.parametrize('width', ['single', 'double'])
def test_distributions(width):
    rng = np.random.default_rng(0)
    sizes = [2 ** rng.uniform(1, 9, n) for n in (1, 0, 50, 60, 70)]
    panels = {
        'sqrt(area), source pixels': sizes,
        'sqrt(area), input pixels': sizes,
        'width / height': [np.sqrt(part) / 6 for part in sizes],
    }
    with figure_style():
        figure = draw_distributions(CLASSES, panels, width)
        texts = check_figure(figure, width)
    assert len(figure.axes) == 3
    assert set(panels) <= set(texts)
    assert '1/2' in texts
    # four boxes, with the median of each
    assert len(figure.axes[0].patches) == 4
    medians = [
        line.get_xdata()[0]
        for line in figure.axes[0].lines
        if line.get_linewidth() == 1.2
    ]
    wanted = [np.median(part) for part in sizes if len(part)]
    np.testing.assert_allclose(medians, wanted)


def test_box_statistics():
    stats = box_statistics(np.arange(101.0))
    assert stats == {'whislo': 5, 'q1': 25, 'med': 50, 'q3': 75, 'whishi': 95}
