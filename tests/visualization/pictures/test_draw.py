import numpy as np
import pytest

from mmhcm.visualization.pictures import (
    ErrorMarks,
    Marks,
    ObjectMarks,
    contact_sheet,
    draw_marks,
)

CLASSES = ('car', 'van')
PALETTE = ((10, 200, 30), (200, 10, 90))
GREEN, PINK = (30, 200, 10), (90, 10, 200)
WHITE, GREY, RED = (255, 255, 255), (190, 190, 190), (60, 60, 230)


def draw(marks, shape=(100, 120, 3), min_side=0):
    image = np.zeros(shape, dtype=np.uint8)
    out = draw_marks(image, marks, CLASSES, PALETTE, min_side)
    assert not image.any()
    return out[: shape[0]], out[shape[0] :]


def colors_of(picture):
    return {tuple(color) for color in picture.reshape(-1, 3).tolist()}


def objects(*bboxes, **flags):
    labels = np.arange(len(bboxes)) % 2
    return ObjectMarks(np.array(bboxes).reshape(-1, 4), labels, **flags)


def test_nothing_to_draw():
    picture, legend = draw(Marks())
    assert not picture.any()
    assert legend.shape == (0, 120, 3)
    picture, legend = draw(Marks(objects=objects()))
    assert not picture.any()


def test_learnt_objects_have_their_class_color():
    picture, legend = draw(
        Marks(objects=objects((10, 20, 30, 50), (40, 20, 70, 50)))
    )
    assert colors_of(picture) == {(0, 0, 0), GREEN, PINK}
    # the outline runs through the outermost pixels of the half-open box
    rows, columns = np.nonzero((picture == GREEN).all(axis=2))
    assert (columns.min(), rows.min()) == (10, 20)
    assert (columns.max(), rows.max()) == (29, 49)
    assert legend.shape[0]
    assert {GREEN, PINK} <= colors_of(legend)


def test_ignored_objects_are_dashed_and_grey():
    marks = objects((10, 20, 60, 70), ignored=[True])
    picture, legend = draw(Marks(objects=marks))
    assert colors_of(picture) == {(0, 0, 0), GREY}
    top_row = picture[20, 10:60].any(axis=1)
    assert 0 < top_row.sum() < len(top_row)
    assert GREEN not in colors_of(legend)


def test_pasted_objects_have_a_second_outline():
    marks = objects((10, 20, 60, 70), pasted=[True])
    picture, _ = draw(Marks(objects=marks))
    assert colors_of(picture) == {(0, 0, 0), GREEN, WHITE}
    assert tuple(picture[18, 30]) == WHITE
    assert tuple(picture[20, 30]) == GREEN


def test_masked_regions_are_hatched():
    picture, _ = draw(Marks(regions=[(10, 20, 60, 70), (200, 0, 300, 10)]))
    inside = (picture[21:69, 11:59] == RED).all(axis=2)
    assert 0.05 < inside.mean() < 0.2


def test_errors_differ_by_color_and_dash():
    seen = set()
    for kind in ('background', 'class', 'missed'):
        errors = ErrorMarks(np.array([[30, 40, 90, 90]]), [kind], [''])
        picture, legend = draw(Marks(errors=errors))
        (color,) = colors_of(picture) - {(0, 0, 0)}
        dashes = int((picture == color).all(axis=2).sum())
        seen.add((color, dashes))
        assert color in colors_of(legend)
    assert len({color for color, _ in seen}) == 3
    assert len({dashes for _, dashes in seen}) == 3


def test_tags_stay_inside_and_apart():
    bboxes = np.array([[90, 0, 118, 30], [90, 0, 118, 30]])
    errors = ErrorMarks(bboxes, ['class'] * 2, ['car as van', 'van as car'])
    picture, _ = draw(Marks(errors=errors), (60, 120, 3))
    one = ErrorMarks(bboxes[:1], ['class'], ['car as van'])
    single, _ = draw(Marks(errors=one), (60, 120, 3))
    color = (7, 193, 255)
    assert (picture == color).sum() > (single == color).sum() > 0


def test_small_pictures_are_enlarged():
    image = np.zeros((30, 40, 3), dtype=np.uint8)
    marks = Marks(objects=objects((10, 10, 20, 20)))
    out = draw_marks(image, marks, CLASSES, PALETTE, min_side=100)
    assert out.shape[1] == 120
    _, columns = np.nonzero((out[:90] == GREEN).all(axis=2))
    assert (columns.min(), columns.max()) == (30, 59)


@pytest.mark.parametrize(
    'bbox', [(-20, -20, 10, 10), (90, 90, 300, 300), (5, 5, 5, 5)]
)
def test_boxes_may_leave_the_picture(bbox):
    marks = Marks(
        objects=objects(bbox, pasted=[True], texts=['a']),
        regions=[bbox],
        errors=ErrorMarks(np.array([bbox]), ['missed'], ['missed car']),
    )
    draw(marks)


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
