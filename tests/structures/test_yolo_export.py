import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmhcm.structures.yolo_export import write_yolo_yaml, yolo_rows

coordinates = st.integers(-20, 140)


@pytest.mark.parametrize(
    ('bboxes', 'rows'),
    [
        (np.zeros((0, 4)), ''),
        ([[5, 5, 5, 9]], ''),
        ([[120, 0, 130, 9]], ''),
        ([[0, 0, 100, 50]], '0 0.5000000 0.5000000 1.0000000 1.0000000\n'),
    ],
    ids=['none', 'no area', 'outside', 'whole'],
)
def test_yolo_rows(bboxes, rows):
    assert yolo_rows(bboxes, np.zeros(len(bboxes), int), (100, 50)) == rows


@given(st.lists(st.tuples(*[coordinates] * 4, st.integers(0, 9))))
def test_yolo_rows_give_the_clipped_boxes_back(objects):
    expected = []
    for x1, y1, x2, y2, label in objects:
        box = max(x1, 0), max(y1, 0), min(x2, 100), min(y2, 50)
        if box[0] < box[2] and box[1] < box[3]:
            expected.append((label, *box))
    text = yolo_rows(
        [item[:4] for item in objects],
        [item[4] for item in objects],
        (100, 50),
    )
    found = []
    for line in text.splitlines():
        label, x, y, w, h = map(float, line.split())
        x, w, y, h = x * 100, w * 100, y * 50, h * 50
        found.append((label, x - w / 2, y - h / 2, x + w / 2, y + h / 2))
    np.testing.assert_allclose(
        np.reshape(found, (-1, 5)), np.reshape(expected, (-1, 5)), atol=1e-4
    )


def test_write_yolo_yaml(tmp_path):
    for part in ('val', 'train'):
        (tmp_path / 'images' / part).mkdir(parents=True)
    path = write_yolo_yaml(tmp_path, ['a: "b"', 'c'])
    assert path.read_text() == (
        'train: "images/train"\nval: "images/val"\n'
        'names:\n  0: "a: \\"b\\""\n  1: "c"\n'
    )
