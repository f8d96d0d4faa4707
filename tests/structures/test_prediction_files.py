import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmhcm.structures.prediction_files import format_yolo, geojson

NONE = np.zeros((0, 4)), np.zeros(0), np.zeros(0, dtype=np.int64)
sides = st.floats(-50, 250, width=32)


def test_nothing_found():
    assert format_yolo(*NONE, (100, 80)) == ''
    assert geojson(NONE[0], NONE[1], [], lambda xy: xy)['features'] == []


@given(st.lists(st.tuples(sides, sides, sides, sides), max_size=5))
def test_yolo_rows_give_the_boxes_back(rows):
    bboxes = np.array(
        [
            (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
            for x1, y1, x2, y2 in rows
        ]
    ).reshape(-1, 4)
    scores, labels = np.full(len(bboxes), 0.25), np.arange(len(bboxes))
    lines = format_yolo(bboxes, scores, labels, (200, 100)).splitlines()
    assert len(lines) == len(bboxes)
    for ind, (line, bbox) in enumerate(zip(lines, bboxes, strict=True)):
        label, *values = line.split()
        x, y, width, height, score = map(float, values)
        assert (int(label), score) == (ind, 0.25)
        back = [
            (x - width / 2) * 200,
            (y - height / 2) * 100,
            (x + width / 2) * 200,
            (y + height / 2) * 100,
        ]
        clipped = np.clip(bbox, 0, [200, 100, 200, 100])
        np.testing.assert_allclose(back, clipped, atol=1e-3)


@pytest.mark.parametrize('flip', [1, -1])
def test_geojson_rings_run_counterclockwise_through_the_corners(flip):
    def to_map(xy):
        return np.stack([1000 + 2 * xy[:, 0], 500 + flip * xy[:, 1]], axis=1)

    bboxes = np.array([[10, 20, 30, 60]])
    content = geojson(bboxes, np.array([0.5]), ['car'], to_map, 'EPSG:32633')
    (feature,) = json.loads(json.dumps(content))['features']
    assert feature['properties'] == {'class': 'car', 'score': 0.5}
    (ring,) = feature['geometry']['coordinates']
    assert ring[0] == ring[-1]
    assert sorted(ring[:4]) == sorted(
        [1000 + 2 * x, 500 + flip * y] for x in (10, 30) for y in (20, 60)
    )
    x, y = np.array(ring).T
    assert (x[:-1] * y[1:] - x[1:] * y[:-1]).sum() > 0


@pytest.mark.parametrize(
    ('crs', 'name'),
    [
        ('EPSG:32633', 'urn:ogc:def:crs:EPSG::32633'),
        ('EPSG:4326', 'urn:ogc:def:crs:OGC:1.3:CRS84'),
        ('PROJCS["a:b"]', 'PROJCS["a:b"]'),
    ],
)
def test_geojson_names_its_coordinate_system(crs, name):
    content = geojson(NONE[0], NONE[1], [], lambda xy: xy, crs)
    assert content['crs']['properties'] == {'name': name}
    assert 'crs' not in geojson(NONE[0], NONE[1], [], lambda xy: xy)
