import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmhcm.structures.coco_export import (
    annotation_records,
    image_record,
    write_coco,
)


@pytest.mark.parametrize('pasted', [None, []])
def test_no_annotations(pasted):
    nothing = annotation_records(
        np.zeros((0, 4)), np.zeros(0), np.zeros(0), pasted
    )
    assert nothing == []


def test_annotation_records():
    bboxes = np.array([[1, 2, 4, 6], [0.5, 0, 1, 1]], dtype=np.float32)
    records = annotation_records(
        bboxes, np.array([0, 9]), np.array([False, True]), [True, False]
    )
    assert records == [
        dict(category_id=1, bbox=[1, 2, 3, 4], area=12, iscrowd=0, pasted=1),
        dict(
            category_id=10,
            bbox=[0.5, 0, 0.5, 1],
            area=0.5,
            iscrowd=1,
            pasted=0,
        ),
    ]
    plain = annotation_records(bboxes, np.zeros(2), np.zeros(2))
    assert all('pasted' not in record for record in plain)


@given(
    st.lists(
        st.tuples(*[st.floats(0, 4096, width=32)] * 2),
        min_size=2,
        max_size=2,
    )
)
def test_corners_come_back_exactly(corners):
    corners = np.sort(np.array(corners, dtype=np.float32), axis=0)
    bbox = corners.reshape(1, 4)
    (record,) = annotation_records(bbox, np.zeros(1), np.zeros(1))
    x, y, w, h = json.loads(json.dumps(record))['bbox']
    again = np.array([[x, y, x + w, y + h]], dtype=np.float32)
    np.testing.assert_array_equal(again, bbox)


def test_write_coco(tmp_path):
    annotations = annotation_records(
        np.array([[0, 0, 2, 2], [1, 1, 3, 3]]), np.zeros(2), np.zeros(2)
    )
    images = [
        (7, image_record('a.png', (4, 3), annotations)),
        (9, image_record('b.png', (4, 3), annotations[:1], scale_ind=2)),
    ]
    write_coco(tmp_path / 'x.json', images, ('people', 'ship'), 'chips')
    content = json.loads((tmp_path / 'x.json').read_text())
    assert content['images'] == [
        dict(id=7, file_name='a.png', width=4, height=3),
        dict(id=9, file_name='b.png', width=4, height=3, scale_ind=2),
    ]
    ids = [(a['id'], a['image_id']) for a in content['annotations']]
    assert ids == [(1, 7), (2, 7), (3, 9)]
    assert content['categories'] == [
        dict(id=1, name='people', supercategory='person'),
        dict(id=2, name='ship', supercategory='object'),
    ]
