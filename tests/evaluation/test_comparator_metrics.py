"""Chips that no detector is asked for."""

from dataclasses import replace

import numpy as np
import pytest

from mmhcm.evaluation import BackgroundChipMetric, ObjectChipMetric
from mmhcm.functional.boxes import as_bboxes, contains, intersection_areas
from mmhcm.functional.chips import ChipScale, valid_objects
from mmhcm.functional.pasting import Paste
from mmhcm.structures.rounds import MinedCanvas
from tests.support.pool_images import make_instance as gt

INF = float('inf')
WH = (200, 150)
SCALES = [
    dict(window=64, valid_range=(0, 24)),
    dict(window=128, valid_range=(20, INF)),
]
PASTE = Paste(3, (150.0, 90.0, 170.0, 110.0), 1.0, 0.0, False, 1.0, 2)
SMALL, LARGE, IGNORED = [5, 5, 20, 20], [10, 60, 80, 120], [180, 5, 195, 20]


OBJECTS = (gt(SMALL, 1), gt(LARGE, 0), gt(IGNORED, 0, ignore=1))


def make_sample(instances=OBJECTS, image=0, seed=0, **kwargs):
    return dict(
        canvas=MinedCanvas(0, image, f'{image:03d}'),
        draw_key=(seed, 5, 1, 0, image, 0),
        ori_shape=(WH[1], WH[0]),
        instances=list(instances),
        ignored_regions=[],
        **kwargs,
    )


def mine(metric_type, samples, **kwargs):
    metric = metric_type(SCALES, **kwargs)
    metric.dataset_meta = {'classes': ('car', 'van', 'bus')}
    for sample in samples:
        metric.process({}, [sample])
    return metric, metric.evaluate(len(samples))


def test_background_chips_show_no_object():
    samples = [make_sample(image=i) for i in range(6)]
    metric, figures = mine(BackgroundChipMetric, samples)
    bboxes = as_bboxes([item['bbox'] for item in OBJECTS])
    for canvas in metric.canvases:
        assert 1 <= len(canvas.windows) <= 2
        windows = as_bboxes(canvas.windows)
        # Not even one that is ignored.
        assert not intersection_areas(windows, bboxes).any()
        assert canvas.errors == ()
    num_chips = sum(len(canvas.windows) for canvas in metric.canvases)
    assert num_chips >= 6
    assert sum(metric.counts['chips_per_scale']) == num_chips
    assert figures == {
        'background_chip/chips': float(num_chips),
        'background_chip/canvases': 6.0,
    }


def test_background_chips_follow_from_their_key_alone():
    def windows(order, seed=0):
        samples = [make_sample(image=i, seed=seed) for i in order]
        metric, _ = mine(BackgroundChipMetric, samples)
        return {c.image: c.windows for c in metric.canvases}

    first = windows([0, 1, 2, 3])
    assert windows([3, 1, 0, 2]) == first
    assert windows([0, 1, 2, 3], seed=1) != first
    assert len(set(first.values())) > 1


def test_background_is_not_always_there():
    full = [gt([0, 0, *WH])]
    metric, figures = mine(BackgroundChipMetric, [make_sample(full)])
    assert metric.canvases == []
    assert figures['background_chip/chips'] == 0


@pytest.mark.parametrize(
    ('kwargs', 'fault'),
    [
        (dict(max_chips_per_canvas=0), 'max_chips_per_canvas must be positi'),
        (dict(max_masked=1.5), 'max_masked must be in 0..1, got 1.5'),
    ],
)
def test_arguments_are_checked(kwargs, fault):
    with pytest.raises(ValueError, match=fault):
        BackgroundChipMetric(SCALES, **kwargs)


def test_all_objects_of_a_canvas_are_covered():
    objects = [*OBJECTS, gt(list(PASTE.bbox), 2, pasted=1)]
    sample = make_sample(objects, num_skipped_pastes=4)
    sample['canvas'] = replace(sample['canvas'], pastes=[PASTE])
    metric, figures = mine(ObjectChipMetric, [sample])
    (canvas,) = metric.canvases
    bboxes = as_bboxes([SMALL, LARGE, PASTE.bbox])
    scales = [ChipScale(**scale) for scale in SCALES]
    valid = valid_objects(bboxes, WH, scales)[:, list(canvas.scale_inds)]
    held = contains(as_bboxes(canvas.windows), bboxes).T
    assert (held & valid).any(axis=1).all()
    assert canvas.pastes == (PASTE,)
    assert metric.counts['objects'] == [1, 1, 1]
    assert metric.counts['pasted'] == [0, 0, 1]
    assert metric.counts['skipped_pastes'] == 4
    assert figures == {
        'object_chip/chips': float(len(canvas.windows)),
        'object_chip/canvases': 1.0,
        'object_chip/objects': 3.0,
        'object_chip/pasted': 1.0,
    }


def test_ignored_objects_alone_give_no_chip():
    metric, _ = mine(ObjectChipMetric, [make_sample(OBJECTS[2:])])
    assert metric.canvases == []
    assert metric.counts['canvases'] == 1


def test_the_fullest_chips_are_kept():
    rng = np.random.default_rng(0)
    corners = rng.integers(0, 130, (20, 2)).tolist()
    objects = [gt([x, y, x + 9, y + 9]) for x, y in corners]
    counts = [
        len(metric.canvases[0].windows)
        for metric, _ in (
            mine(ObjectChipMetric, [make_sample(objects)], **kwargs)
            for kwargs in ({}, {'max_chips_per_canvas': 2})
        )
    ]
    assert counts[0] > counts[1] == 2
