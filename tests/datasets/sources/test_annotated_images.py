import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhcm.datasets.sources import AnnotatedImages, annotated_images
from mmhcm.datasets.sources.dota import cut_box
from mmhcm.functional.boxes import as_bboxes
from mmhcm.structures.instances import instance_arrays


def slow_annotations(rows, image_wh, use_ignored_regions, ignore_masked):
    """Build annotations row by row, by the documentation."""
    instances, ignored_regions = [], []
    for row in rows.astype(float).tolist():
        x, y, w, h, score, category, truncation, occlusion = row
        bbox = cut_box((x, y, x + w, y + h), *image_wh)
        if bbox is None:
            continue
        if category == 0:
            if use_ignored_regions:
                ignored_regions.append(bbox)
            continue
        instances.append(
            {
                'bbox': bbox,
                'bbox_label': 0 if category == 11 else int(category) - 1,
                'ignore_flag': int(category == 11 or score == 0),
                'truncation': int(truncation),
                'occlusion': int(occlusion),
            }
        )
    if ignore_masked:
        for item in instances:
            if masked_share(item['bbox'], ignored_regions) >= 0.5:
                item['ignore_flag'] = 1
    return {'instances': instances, 'ignored_regions': ignored_regions}


def masked_share(bbox, regions):
    """Point by point; all sides lie on quarters of a pixel."""
    steps = [np.arange(bbox[i], bbox[i + 2], 0.25) + 0.125 for i in (0, 1)]
    x, y = np.meshgrid(*steps)
    x1, y1, x2, y2 = as_bboxes(regions).T[..., None, None]
    inside = (x1 < x) & (x < x2) & (y1 < y) & (y < y2)
    return inside.any(axis=0).mean()


def draw_images(seed, dtype=np.int16):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 9, rng.integers(0, 6))
    rows = np.column_stack(
        [
            rng.integers(-10, 40, (counts.sum(), 2)),
            rng.integers(0, 30, (counts.sum(), 2)),
            rng.integers(0, 2, counts.sum()),
            rng.integers(0, 12, counts.sum()),
            rng.integers(0, 3, (counts.sum(), 2)),
        ]
    ).astype(dtype)
    if dtype == np.float64:
        rows[:, :4] += 0.25
    names = [f'{ind}.jpg' for ind in range(len(counts))]
    ends = np.cumsum(counts)
    return AnnotatedImages(
        names,
        [None] * len(names),
        rng.integers(1, 40, (len(counts), 2)).astype(np.int32),
        ends - counts,
        ends,
        rows,
        bool(rng.integers(2)),
        bool(rng.integers(2)),
    )


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([np.int16, np.float64]))
def test_infos_and_boxes_are_those_of_the_slow_version(seed, dtype):
    images = draw_images(seed, dtype)
    order = np.random.default_rng(seed).permutation(len(images))
    images = images.select(order)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(annotated_images, '_IMAGES_AT_ONCE', 2)
        boxes = images.boxes()
    np.testing.assert_array_equal(boxes.image_whs, images.image_whs)
    for ind in range(len(images)):
        info = images[ind]
        rows = images.rows[images.starts[ind] : images.stops[ind]]
        image_wh = (info['width'], info['height'])
        expected = slow_annotations(
            rows, image_wh, images.use_ignored_regions, images.ignore_masked
        )
        assert {key: info[key] for key in expected} == expected
        types = {
            type(value)
            for item in info['instances']
            for value in item.values()
        }
        assert types <= {int, list}
        own = slice(*boxes.offsets[ind : ind + 2])
        bboxes, ignored = instance_arrays(info['instances'])
        np.testing.assert_array_equal(boxes.bboxes[own], bboxes)
        np.testing.assert_array_equal(boxes.ignored[own], ignored)


def test_a_sequence_of_images():
    images = draw_images(1)
    assert len(images) > 1
    infos = list(images)
    assert images[-1] == infos[-1]
    assert list(images[1:]) == infos[1:]
    assert list(images[:0]) == []
    assert copy.deepcopy(images) is images
    with pytest.raises(IndexError):
        images[len(images)]


def test_infos_are_not_shared():
    images = draw_images(3)
    images[0]['instances'].append('more')
    assert 'more' not in images[0]['instances']
