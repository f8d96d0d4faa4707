import numpy as np
import pytest

from mmhcm.structures.palette import CLASS_COLORS
from mmhcm.structures.rounds import ERROR_KINDS, ErrorBox
from mmhcm.visualization.box_styles import (
    ERROR_STYLES,
    IGNORED,
    MASKED,
    class_style,
)
from mmhcm.visualization.pictures import (
    ErrorMarks,
    Marks,
    ObjectMarks,
    contact_sheet,
    draw_boxes,
    draw_marks,
    error_text,
    legend_items,
)

CLASSES = ('car', 'van')
BLACK = (0, 0, 0)
CAR, VAN = (color[::-1] for color in CLASS_COLORS[:2])
GREY, RED = IGNORED.color[::-1], MASKED.color[::-1]


def draw(marks, shape=(100, 120, 3), min_side=0):
    image = np.zeros(shape, dtype=np.uint8)
    out = draw_marks(image, marks, CLASSES, min_side)
    assert not image.any()
    return out[: shape[0]], out[shape[0] :]


def colors_of(picture):
    return {tuple(color) for color in picture.reshape(-1, 3).tolist()}


def objects(*bboxes, **flags):
    bboxes = np.array(bboxes, dtype=float).reshape(-1, 4)
    return ObjectMarks(bboxes, np.arange(len(bboxes)) % 2, **flags)


def test_nothing_to_draw():
    picture, legend = draw(Marks())
    assert not picture.any()
    assert legend.shape == (0, 120, 3)
    picture, legend = draw(Marks(objects=objects()))
    assert not picture.any()


def test_learned_objects_have_their_class_color():
    picture, legend = draw(
        Marks(objects=objects((10, 20, 30, 50), (40, 20, 70, 50)))
    )
    assert colors_of(picture) == {(0, 0, 0), CAR, VAN}
    # the outline runs through the outermost pixels of the half-open box
    rows, columns = np.nonzero((picture == CAR).all(axis=2))
    assert (columns.min(), rows.min()) == (10, 20)
    assert (columns.max(), rows.max()) == (29, 49)
    assert legend.shape[0]
    assert {CAR, VAN} <= colors_of(legend)


def test_ignored_objects_are_dashed_and_grey():
    marks = objects((10, 20, 60, 70), ignored=[True])
    picture, legend = draw(Marks(objects=marks))
    assert colors_of(picture) == {(0, 0, 0), GREY}
    top_row = picture[20, 10:60].any(axis=1)
    assert 0 < top_row.sum() < len(top_row)
    assert CAR not in colors_of(legend)


def test_pasted_objects_have_a_second_outline():
    marks = objects((10, 20, 60, 70), pasted=[True])
    picture, _ = draw(Marks(objects=marks))
    assert colors_of(picture) == {BLACK, CAR}
    rows = [tuple(color) for color in picture[17:22, 30].tolist()]
    assert rows == [BLACK, CAR, BLACK, CAR, BLACK]


def test_masked_regions_are_hatched():
    picture, _ = draw(Marks(regions=[(10, 20, 60, 70), (200, 0, 300, 10)]))
    inside = (picture[21:69, 11:59] == RED).all(axis=2)
    assert 0.05 < inside.mean() < 0.2


def test_errors_differ_by_color_and_dash():
    seen = set()
    for kind in ERROR_KINDS:
        errors = ErrorMarks(np.array([[30, 40, 90, 90]]), [kind], [''])
        picture, legend = draw(Marks(errors=errors))
        (color,) = colors_of(picture) - {(0, 0, 0)}
        dashes = int((picture == color).all(axis=2).sum())
        seen.add((color, dashes))
        assert color in colors_of(legend)
    assert len({color for color, _ in seen}) == 5
    assert len({dashes for _, dashes in seen}) == 5


def test_objects_stay_visible_under_their_errors():
    marks = Marks(
        objects((30, 40, 90, 90)),
        errors=ErrorMarks(np.array([[30, 40, 90, 90]]), ['missed'], ['']),
    )
    picture, _ = draw(marks)
    assert (picture[40, 30:90] == CAR).all()
    color = ERROR_STYLES['missed'].color[::-1]
    assert color in colors_of(picture)


def test_classes_differ_by_colour_and_dash():
    styles = [class_style(label, 'x') for label in range(30)]
    assert len({(style.color, style.dash) for style in styles}) == 30
    assert len({style.color for style in styles[:10]}) == 10


def test_a_legend_of_several_pictures_names_each_kind_once():
    pictures = [
        Marks(objects((1, 1, 9, 9), (5, 5, 9, 9), ignored=[False, True])),
        Marks(objects((1, 1, 9, 9)), regions=[(0, 0, 5, 5)]),
        Marks(errors=ErrorMarks(np.ones((2, 4)), ['both'] * 2, ['', ''])),
    ]
    items = legend_items(pictures, CLASSES)
    assert [item.style.name for item in items] == [
        'masked region',
        'car',
        'ignored object',
        'wrong class and place',
    ]
    for item in items:
        assert item.style.color[::-1] in colors_of(item.swatch())


def test_marks_of_a_window():
    boxes = [(10, 20, 30, 50), (40, 0, 60, 9), (90, 20, 99, 50)]
    kinds, texts = ['class', 'both', 'missed'], ['a', 'b', 'c']
    marks = Marks(
        objects(*boxes, pasted=[True, True, False]),
        [boxes[1]],
        ErrorMarks(np.array(boxes), kinds, texts),
        'title',
    )
    inside = marks.inside((20, 10, 95, 80))
    wanted = [[-10, 10, 10, 40], [70, 10, 79, 40]]
    assert inside.objects.bboxes.tolist() == wanted
    assert inside.objects.labels.tolist() == [0, 0]
    assert inside.objects.pasted.tolist() == [True, False]
    assert inside.errors.bboxes.tolist() == wanted
    assert (inside.errors.kinds, inside.errors.texts) == (
        ['class', 'missed'],
        ['a', 'c'],
    )
    assert len(inside.regions) == 0
    assert inside.title == 'title'
    nothing = Marks(objects()).inside((0, 0, 9, 9))
    assert len(nothing.objects.labels) == 0
    assert nothing.errors is None


@pytest.mark.parametrize(
    ('kind', 'det', 'gt', 'text'),
    [
        ('background', 1, -1, 'background as van'),
        ('class', 1, 0, 'car as van'),
        ('missed', -1, 0, 'missed car'),
        ('both', 1, 0, 'misplaced car as van'),
        ('localization', 0, 0, 'misplaced car'),
    ],
)
def test_error_text(kind, det, gt, text):
    error = ErrorBox((0, 0, 1, 1), kind, det, gt, 0.5)
    assert error_text(error, CLASSES) == text


def test_tags_stay_inside_and_apart():
    bboxes = np.array([[90, 0, 118, 30], [90, 0, 118, 30]])
    errors = ErrorMarks(bboxes, ['class'] * 2, ['car as van', 'van as car'])
    picture, _ = draw(Marks(errors=errors), (60, 120, 3))
    one = ErrorMarks(bboxes[:1], ['class'], ['car as van'])
    single, _ = draw(Marks(errors=one), (60, 120, 3))
    color = ERROR_STYLES['class'].color[::-1]
    assert (picture == color).sum() > (single == color).sum() > 0


def test_small_pictures_are_enlarged():
    image = np.zeros((30, 40, 3), dtype=np.uint8)
    marks = Marks(objects=objects((10, 10, 20, 20)))
    out = draw_marks(image, marks, CLASSES, min_side=100)
    assert out.shape[1] == 120
    _, columns = np.nonzero((out[:90] == CAR).all(axis=2))
    assert (columns.min(), columns.max()) == (30, 59)


@pytest.mark.parametrize(
    'bbox', [(-20, -20, 10, 10), (90, 90, 300, 300), (5, 5, 5, 5)]
)
def test_boxes_may_leave_the_picture(bbox):
    marks = Marks(
        objects=objects(bbox, pasted=[True]),
        regions=[bbox],
        errors=ErrorMarks(np.array([bbox]), ['missed'], ['missed car']),
    )
    draw(marks)


def test_large_pictures_are_shrunk():
    image = np.zeros((400, 300, 3), dtype=np.uint8)
    marks = Marks(objects((100, 100, 200, 200)))
    out = draw_boxes(image, marks, max_side=200)
    assert out.shape == (200, 150, 3)
    rows, columns = np.nonzero((out == CAR).all(axis=2))
    assert (columns.min(), columns.max()) == (50, 99)
    assert (rows.min(), rows.max()) == (50, 99)


def test_contact_sheet():
    images = [
        np.full((height, width, 3), value, dtype=np.uint8)
        for height, width, value in (
            (50, 80, 100),
            (20, 20, 150),
            (100, 200, 200),
        )
    ]
    sheet = contact_sheet(images, num_columns=2, tile_wh=(80, 60), gap=4)
    # the last picture shrinks to 80 x 40
    assert sheet.shape == (50 + 40 + 3 * 4, 80 + 20 + 3 * 4, 3)
    assert (sheet[4:54, 4:84] == 100).all()
    assert (sheet[4:24, 88:108] == 150).all()
    assert (sheet[58:98, 4:84] == 200).all()
    assert contact_sheet([]).shape == (1, 1, 3)
