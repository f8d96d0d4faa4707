import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmhcm.structures.coco_export import (
    ExportLog,
    ExportLogError,
    annotation_records,
    image_record,
    write_coco,
)

RECORD = image_record('a.png', (4, 3), [], source_image='a.jpg')


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
    write_coco(tmp_path / 'x.json', images, ('car', 'van'), 'chips')
    content = json.loads((tmp_path / 'x.json').read_text())
    assert content['images'] == [
        dict(id=7, file_name='a.png', width=4, height=3),
        dict(id=9, file_name='b.png', width=4, height=3, scale_ind=2),
    ]
    ids = [(a['id'], a['image_id']) for a in content['annotations']]
    assert ids == [(1, 7), (2, 7), (3, 9)]
    assert content['categories'] == [
        dict(id=1, name='car'),
        dict(id=2, name='van'),
    ]


def test_log_gives_records_of_the_same_digest(tmp_path):
    path = tmp_path / 'log.jsonl'
    with ExportLog(path) as log:
        assert log.get('a.png', 'x') is None
        log.add('a.png', 'old', RECORD)
        log.add('a.png', 'x', RECORD)
    for _ in range(2):
        with ExportLog(path) as log:
            assert log.get('a.png', 'x') == RECORD
            assert log.get('a.png', 'old') is None
            assert log.get('b.png', 'x') is None


@pytest.mark.parametrize('missing', [1, 20, 60])
def test_a_line_cut_short_counts_as_absent(tmp_path, missing):
    path = tmp_path / 'log.jsonl'
    with ExportLog(path) as log:
        log.add('a.png', 'x', RECORD)
        log.add('b.png', 'x', {**RECORD, 'file_name': 'b.png'})
    path.write_bytes(path.read_bytes()[:-missing])
    with ExportLog(path) as log:
        assert log.get('a.png', 'x') == RECORD
        assert log.get('b.png', 'x') is None
        log.add('b.png', 'x', {**RECORD, 'file_name': 'b.png'})
    assert ExportLog(path).get('b.png', 'x') is not None


@pytest.mark.parametrize(
    ('text', 'fault'),
    [
        ('other', ':1: not our log'),
        ('other\n', ':1: not our log'),
        ('[]\n', ':1: not our log'),
        ('\xff\xff\n', ':1: not our log'),
        ('{"format": "mmhcm export", "version": 0}\n', ':1: .* expected'),
        (
            '{"format": "mmhcm export", "version": 1}\n{"digest": 1}\n',
            ':2: not our log',
        ),
    ],
)
def test_a_foreign_log_is_an_error(tmp_path, text, fault):
    path = tmp_path / 'log.jsonl'
    path.write_bytes(text.encode('latin-1'))
    with pytest.raises(ExportLogError, match=fault):
        ExportLog(path)
    assert path.read_bytes() == text.encode('latin-1')
