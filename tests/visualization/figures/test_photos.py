import numpy as np
import pytest
from matplotlib.collections import LineCollection

from mmhcm.visualization.box_styles import MASKED, PASTED
from mmhcm.visualization.figures import (
    WIDTHS,
    Photo,
    PhotoRow,
    choose_images,
    class_boxes,
    draw_photos,
    figure_style,
    photo_rows,
)
from mmhcm.visualization.figures.photos import MAX_LINE_PT
from tests.support.figure_checks import check_figure

BOXES = np.array([[10, 10, 30, 40], [50, 5, 90, 60]])


def photo(width=120, height=80, boxes=((MASKED, BOXES),)):
    return Photo(np.full((height, width, 3), (9, 90, 200), np.uint8), boxes)


@pytest.mark.parametrize('width', ['single', 'double'])
def test_rows_fill_the_width_and_keep_shapes(width):
    rows = [
        PhotoRow([photo(), photo(60, 80)], 'before'),
        PhotoRow([photo(400, 100)], 'after'),
    ]
    with figure_style():
        figure = draw_photos(rows, width)
        texts = check_figure(figure, width)
    assert set(texts) == {'before', 'after', 'masked region'}
    inches = figure.get_size_inches()
    boxes = [
        axes.get_position().bounds * np.tile(inches, 2) for axes in figure.axes
    ]
    for (_, _, wide, high), aspect in zip(boxes, (1.5, 0.75, 4), strict=True):
        assert wide / high == pytest.approx(aspect)
    for last in (boxes[1], boxes[2]):
        assert last[0] + last[2] == pytest.approx(WIDTHS[width])
    # below the pictures the legend has its own room
    assert boxes[2][1] > 0.1


def test_boxes_are_drawn_at_their_positions():
    with figure_style():
        figure = draw_photos([PhotoRow([photo()])], 'single')
        check_figure(figure, 'single')
    (axes,) = figure.axes
    # In pixels of the picture, from its upper left.
    assert axes.get_xlim() == (0, 120)
    assert axes.get_ylim() == (80, 0)
    dark, bright = axes.collections
    assert isinstance(bright, LineCollection)
    corners = [path.vertices for path in bright.get_paths()]
    # the larger box first
    assert corners[0].min(axis=0).tolist() == [50, 5]
    assert corners[1].max(axis=0).tolist() == [30, 40]
    assert (dark.get_linewidths() > bright.get_linewidths()).all()
    (image,) = axes.images
    # BGR in, RGB shown
    assert image.get_array()[0, 0].tolist() == [200, 90, 9]


def test_lines_are_thin_on_small_objects_and_never_too_thin():
    many = np.array([[i, 0, i + s, s] for i, s in ((0, 2), (9, 60))])
    with figure_style():
        figure = draw_photos([PhotoRow([photo(boxes=((PASTED, many),))])])
    widths = figure.axes[0].collections[1].get_linewidths()
    assert widths[0] == np.float32(MAX_LINE_PT)
    assert widths[1] >= 0.4


def test_the_legend_breaks_into_lines():
    classes = [f'a rather long class name {n}' for n in range(10)]
    labels = np.arange(10)
    bboxes = np.tile([10.0, 10, 20, 20], (10, 1))
    boxes = class_boxes(bboxes, labels, classes)
    with figure_style():
        figure = draw_photos([PhotoRow([photo(boxes=boxes)])], 'single')
        texts = check_figure(figure, 'single')
    assert set(texts) == set(classes)


def test_no_boxes_and_no_pictures():
    with figure_style():
        figure = draw_photos([PhotoRow([photo(boxes=())])], 'single')
        assert figure.get_figheight() == pytest.approx(2.2)
        with pytest.raises(ValueError, match='no picture'):
            draw_photos(photo_rows([], 2))


@pytest.mark.parametrize(
    ('num', 'columns', 'lengths'), [(0, 2, []), (3, 2, [2, 1]), (2, 5, [2])]
)
def test_photo_rows(num, columns, lengths):
    rows = photo_rows([photo()] * num, columns, 'a label')
    assert [len(row.photos) for row in rows] == lengths
    assert [row.label for row in rows] == ['a label', ''][: len(rows)]


def test_choose_images():
    stems = [f'{n:02d}' for n in range(30)]
    drawn = choose_images(stems, 5, seed=1)
    assert drawn == sorted(drawn)
    assert len(set(drawn)) == 5
    assert drawn == choose_images(stems, 5, seed=1)
    assert drawn != choose_images(stems, 5, seed=2)
    assert choose_images(stems, 5, 1, ['07', '03']) == ['07', '03']
    with pytest.raises(ValueError, match='no such image: x, y'):
        choose_images(stems, 5, 1, ['x', '03', 'y'])
