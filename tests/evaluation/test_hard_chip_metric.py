import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmdet.registry import METRICS

from mmhcm.evaluation import HardChipMetric
from mmhcm.functional.boxes import as_bboxes, contains
from mmhcm.functional.chips import ChipScale, valid_objects
from mmhcm.functional.pasting import Paste
from mmhcm.structures.rounds import (
    HardChipRound,
    MinedCanvas,
    read_round,
    write_round,
)

INF = float('inf')
WH = (200, 150)
CLASSES = ('car', 'van', 'bus')
SCALES = [
    dict(window=64, valid_range=(0, 24)),
    dict(window=128, valid_range=(20, INF)),
]


def gt(bbox, label=0, ignored=0, **kwargs):
    return dict(bbox=bbox, bbox_label=label, ignore_flag=ignored, **kwargs)


def make_sample(dets=(), instances=(), regions=(), image=0, **kwargs):
    """``dets``: (bbox, score, label)."""
    return dict(
        canvas=MinedCanvas(0, image, f'{image:03d}'),
        ori_shape=(WH[1], WH[0]),
        instances=list(instances),
        ignored_regions=list(regions),
        pred_instances=dict(
            bboxes=torch.tensor(
                [bbox for bbox, _, _ in dets], dtype=torch.float32
            ).reshape(-1, 4),
            scores=torch.tensor([score for _, score, _ in dets]).float(),
            labels=torch.tensor([label for _, _, label in dets]).long(),
        ),
        **kwargs,
    )


def mine(samples, **kwargs):
    metric = HardChipMetric(SCALES, **kwargs)
    metric.dataset_meta = {'classes': CLASSES}
    for sample in samples:
        metric.process({}, [sample])
    return metric, metric.evaluate(len(samples))


CAR = [40, 40, 60, 60]
FAR = [120, 100, 140, 120]


@pytest.mark.parametrize(
    ('dets', 'expected'),
    [
        ([], []),
        ([(CAR, 0.9, 0)], []),
        # background, at the detection's place
        (
            [(CAR, 0.9, 0), (FAR, 0.5, 2)],
            [(tuple(FAR), 'background', 2, -1, 0.5)],
        ),
        # the wrong class, at the object's place
        ([([41, 40, 61, 60], 0.75, 1)], [(tuple(CAR), 'class', 1, 0, 0.75)]),
        # below the threshold
        ([(CAR, 0.9, 0), (FAR, 0.25, 2)], []),
        # at the right place twice, and badly placed: neither type is mined
        ([(CAR, 0.9, 0), ([41, 41, 60, 60], 0.5, 0)], []),
        ([([50, 40, 70, 60], 0.5, 0)], []),
    ],
    ids=[
        'nothing',
        'right',
        'background',
        'class',
        'low score',
        'duplicate',
        'place',
    ],
)
def test_errors(dets, expected):
    metric, figures = mine([make_sample(dets, [gt(CAR)])])
    found = [
        (error.bbox, error.kind, error.det_label, error.gt_label, error.score)
        for canvas in metric.canvases
        for error in canvas.errors
    ]
    assert found == expected
    assert len(metric.canvases) == bool(expected)
    assert figures['hard_chip/chips'] == len(expected)


def test_missed_objects_are_mined_by_configuration():
    sample = make_sample([], [gt(CAR, 2), gt(FAR, 1, ignored=1)])
    metric, figures = mine([sample])
    assert metric.canvases == []
    # They are counted all the same.
    assert figures['hard_chip/missed'] == 1
    assert metric.counts['errors']['missed'] == [0, 0, 1]
    metric, _ = mine([sample], kinds=['missed'])
    (canvas,) = metric.canvases
    (error,) = canvas.errors
    assert (error.kind, error.bbox) == ('missed', tuple(CAR))
    assert (error.det_label, error.gt_label, error.score) == (-1, 2, 0)


@pytest.mark.parametrize(
    ('instances', 'regions'),
    [
        ([gt(CAR, 0), gt([110, 90, 150, 130], 0, ignored=1)], []),
        ([gt(CAR, 0)], [[110, 90, 150, 130]]),
        ([gt(CAR, 0)], [[110, 90, 130, 130], [129, 90, 150, 130]]),
    ],
    ids=['ignored object', 'ignored region', 'two regions'],
)
def test_where_nothing_is_known_nothing_is_wrong(instances, regions):
    dets = [(CAR, 0.9, 0), (FAR, 0.9, 0), (FAR, 0.8, 2)]
    metric, figures = mine([make_sample(dets, instances, regions)])
    assert metric.canvases == []
    assert figures['hard_chip/background'] == figures['hard_chip/class'] == 0
    # A missed object inside a masked region is no error either.
    hidden = make_sample([], [gt(FAR, 1)], [[110, 90, 150, 130]])
    metric, _ = mine([hidden], kinds=['missed'])
    assert metric.canvases == []


def test_errors_without_a_chip_are_kept_apart():
    sample = make_sample([(FAR, 0.5, 2)], [gt(CAR, 0)], image=4)
    clean = make_sample([(CAR, 0.5, 0)], [gt(CAR, 0)], image=6)
    metric, _ = mine([clean, sample, sample])
    (canvas,) = metric.canvases
    assert [error.kind for error in canvas.errors] == ['background']
    assert [error.kind for error in canvas.other_errors] == ['missed']
    # An image without errors was looked at all the same.
    assert metric.counts['images'] == [[0, 4], [0, 6]]
    assert metric.counts['kinds'] == ['background', 'class']


def test_kinds_are_a_filter():
    dets = [(FAR, 0.5, 2), (CAR, 0.6, 1)]
    instances = [gt(CAR, 0), gt([5, 5, 20, 20], 2)]
    for kinds in (['background'], ['class'], ['missed'], ['class', 'missed']):
        sample = make_sample(dets, instances)
        metric, _ = mine([sample], kinds=kinds)
        (canvas,) = metric.canvases
        assert sorted(error.kind for error in canvas.errors) == sorted(kinds)
        assert {
            kind: sum(counts)
            for kind, counts in metric.counts['errors'].items()
        } == {'background': 1, 'class': 1, 'missed': 1}


BOXES = st.tuples(
    st.integers(0, 190),
    st.integers(0, 140),
    st.integers(2, 120),
    st.integers(2, 120),
).map(lambda b: (b[0], b[1], min(b[0] + b[2], 200), min(b[1] + b[3], 150)))
DETS = st.lists(
    st.tuples(BOXES, st.sampled_from([0.1, 0.4, 0.9]), st.integers(0, 2)),
    max_size=8,
)
GTS = st.lists(
    st.builds(gt, BOXES, st.integers(0, 2), st.integers(0, 1)), max_size=5
)


@settings(max_examples=60)
@given(DETS, GTS, st.sampled_from([None, 1, 2]))
def test_every_error_lies_whole_in_a_chip_of_its_size(dets, gts, limit):
    sample = make_sample(dets, gts)
    metric, figures = mine(
        [sample],
        kinds=['background', 'class', 'missed'],
        max_chips_per_canvas=limit,
    )
    total = sum(figures[f'hard_chip/{k}'] for k in metric.counts['errors'])
    scales = [ChipScale(**scale) for scale in SCALES]
    found = 0
    for canvas in metric.canvases:
        windows = as_bboxes(canvas.windows)
        bboxes = as_bboxes([error.bbox for error in canvas.errors])
        valid = valid_objects(bboxes, WH, scales)[:, canvas.scale_inds]
        assert (contains(windows, bboxes).T & valid).any(axis=1).all()
        assert (windows >= 0).all()
        assert (windows[:, 2:] <= WH).all()
        assert len(windows) <= (limit or len(bboxes))
        found += len(bboxes)
    assert found == total if limit is None else found <= total


def test_detections_are_cut_to_the_image():
    dets = [([190, 140, 220, 170], 0.9, 0), ([300, 0, 320, 20], 0.9, 0)]
    metric, figures = mine([make_sample(dets)])
    (error,) = metric.canvases[0].errors
    assert error.bbox == (190, 140, 200, 150)
    assert figures['hard_chip/background'] == 1


def test_objects_that_are_no_objects_for_a_scale():
    """An error is valid at the scale of its own size."""
    dets = [([10, 10, 20, 20], 0.9, 0), ([20, 20, 100, 90], 0.9, 0)]
    metric, _ = mine([make_sample(dets)])
    (canvas,) = metric.canvases
    assert sorted(canvas.scale_inds) == [0, 1]
    # Longer than all windows: the last resort is the whole image.
    metric, _ = mine([make_sample([([5, 5, 180, 12], 0.9, 0)])])
    (canvas,) = metric.canvases
    assert canvas.scale_inds == (2,)
    assert canvas.windows == ((0, 0, *WH),)
    assert metric.counts['chips_per_scale'] == [0, 0, 1]


PASTE = Paste(3, (5.0, 5.0, 20.0, 20.0), 1.0, 0.0, False, 1.0, 2)


def test_pasted_objects_are_objects():
    """Found, they are no error; they are counted by class."""
    dets = [([5, 5, 20, 20], 0.9, 2), ([100, 5, 120, 20], 0.9, 0)]
    sample = make_sample(
        dets,
        [gt(CAR, 1), gt([5, 5, 20, 20], 2, pasted=1)],
        num_skipped_pastes=4,
        skipped_labels=[0, 2, 0],
    )
    sample['canvas'] = replace(sample['canvas'], pastes=[PASTE])
    metric, _ = mine([sample])
    assert metric.counts['objects'] == [0, 1, 1]
    assert metric.counts['pasted'] == [0, 0, 1]
    assert metric.counts['skipped_pastes'] == 4
    assert metric.counts['skipped'] == [2, 0, 1]
    assert metric.counts['errors'] == {
        'background': [1, 0, 0],
        'class': [0, 0, 0],
        'missed': [0, 1, 0],
    }
    (canvas,) = metric.canvases
    assert canvas.pastes == (PASTE,)


def test_counts_are_by_class():
    """Of the object; of the detection where there is none."""
    samples = [
        make_sample([(FAR, 0.5, 2), (CAR, 0.6, 1)], [gt(CAR, 0)], image=i)
        for i in range(3)
    ]
    metric, figures = mine(samples)
    assert metric.counts['errors']['background'] == [0, 0, 3]
    assert metric.counts['errors']['class'] == [3, 0, 0]
    assert metric.counts['objects'] == [3, 0, 0]
    assert metric.counts['canvases'] == 3
    assert figures == {
        'hard_chip/chips': float(sum(metric.counts['chips_per_scale'])),
        'hard_chip/canvases': 3,
        'hard_chip/background': 3,
        'hard_chip/class': 3,
        'hard_chip/missed': 0,
    }
    assert all(type(value) is float for value in figures.values())


def test_the_round_does_not_depend_on_the_order_of_canvases(tmp_path):
    rng = np.random.default_rng(0)
    samples = []
    for image in range(6):
        corners = rng.integers(0, 120, (9, 2))
        bboxes = np.hstack([corners, corners + rng.integers(5, 30, (9, 2))])
        dets = [
            (bbox, float(rng.random()), int(rng.integers(3)))
            for bbox in bboxes.tolist()
        ]
        objects = [gt(bbox, i % 3) for i, bbox in enumerate(bboxes[:4])]
        samples.append(make_sample(dets, objects, image=image))
    contents = []
    for order in (samples, samples[::-1]):
        metric, _ = mine(order)
        path = tmp_path / 'round.jsonl'
        write_round(
            path, HardChipRound(1, 'ab', metric.canvases, metric.counts)
        )
        contents.append(path.read_bytes())
        assert len(read_round(path).canvases) == 6
    assert contents[0] == contents[1]
    json.dumps(metric.counts, allow_nan=False)


def test_a_canvas_that_stands_in_for_a_broken_one_counts_once():
    sample = make_sample([(FAR, 0.5, 2)], [gt(CAR, 0)])
    metric, figures = mine([sample, sample])
    assert len(metric.canvases) == 1
    assert figures['hard_chip/background'] == 1
    assert metric.counts['canvases'] == 1
    # The same image with other objects in it is another canvas.
    other = {**sample, 'canvas': replace(sample['canvas'], pastes=[PASTE])}
    metric, _ = mine([sample, other, sample])
    assert len(metric.canvases) == 2


def test_chips_without_objects_may_be_left_out():
    dets = [(FAR, 0.5, 2), ([12, 12, 22, 22], 0.5, 2)]
    sample = make_sample(dets, [gt([30, 30, 40, 40], 0)])
    metric, _ = mine([sample])
    everything = metric.canvases[0]
    assert len(everything.windows) == 2
    metric, figures = mine([sample], min_objects=1)
    canvas = metric.canvases[0]
    assert len(canvas.windows) == 1
    assert canvas.windows[0][0] == 0
    assert [error.bbox[0] for error in canvas.errors] == [12]
    assert tuple(FAR) in [error.bbox for error in canvas.other_errors]
    # Both are errors all the same.
    assert figures['hard_chip/background'] == 2
    metric, _ = mine([sample], min_objects=2)
    assert metric.canvases == []


def test_low_precision_is_taken():
    sample = make_sample([(FAR, 0.5, 2)], [gt(CAR, 0)])
    pred = sample['pred_instances']
    for key in ('bboxes', 'scores'):
        pred[key] = pred[key].bfloat16()
    metric, _ = mine([sample])
    assert metric.canvases[0].errors[0].bbox == tuple(FAR)


def test_no_canvases_with_errors():
    metric, figures = mine([make_sample(image=i) for i in range(2)])
    assert metric.canvases == []
    assert metric.counts['chips_per_scale'] == [0, 0, 0]
    assert Counter(figures.values()) == {0.0: 4, 2.0: 1}


@pytest.mark.parametrize(
    ('kwargs', 'fault'),
    [
        (dict(kinds=['back']), r"kinds must be some of .* got \('back',\)"),
        (dict(kinds=[]), 'kinds'),
        (dict(min_objects=-1), 'min_objects must be 0 or more, got -1'),
        (dict(scales=[]), 'scales is empty'),
        (dict(scales=SCALES[:1]), 'no valid_range holds'),
    ],
)
def test_arguments_are_checked(kwargs, fault):
    with pytest.raises(ValueError, match=fault):
        METRICS.build(
            dict(type='HardChipMetric', **{'scales': SCALES, **kwargs})
        )
