import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmdet.registry import METRICS

from mmhcm.datasets import DOTADataset
from mmhcm.evaluation import HardChipMetric
from mmhcm.functional.boxes import (
    as_bboxes,
)
from mmhcm.functional.pasting import Paste
from mmhcm.structures.rounds import (
    HardChipRound,
    MinedCanvas,
    read_round,
    write_round,
)
from tests.support.pool_images import make_instance as gt
from tests.support.scene_folders import square, write_dota

INF = float('inf')
WH = (200, 150)
CLASSES = ('car', 'van', 'bus')
SCALES = [
    dict(window=64, valid_range=(0, 24)),
    dict(window=128, valid_range=(20, INF)),
]


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


ALL_KINDS = ('background', 'class', 'missed', 'both', 'localization')


def mine(samples, **kwargs):
    """Mine, by default from a score of 0.3 on and without limits."""
    kwargs = {'score_thr': 0.3, 'background_share': 1, **kwargs}
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
        ([], [(tuple(CAR), 'missed', -1, 0, 0.0)]),
        ([(CAR, 0.9, 0)], []),
        # background, at the detection's place
        (
            [(CAR, 0.9, 0), (FAR, 0.5, 2)],
            [(tuple(FAR), 'background', 2, -1, 0.5)],
        ),
        # the wrong class, at the object's place
        ([([41, 40, 61, 60], 0.75, 1)], [(tuple(CAR), 'class', 1, 0, 0.75)]),
        # at the right place twice, and badly placed: neither type is mined
        ([(CAR, 0.9, 0), ([41, 41, 60, 60], 0.5, 0)], []),
        ([([50, 40, 70, 60], 0.5, 0)], []),
        # a part of the object, whatever its class
        ([(CAR, 0.9, 0), ([42, 54, 47, 59], 0.5, 0)], []),
        ([(CAR, 0.9, 0), ([42, 54, 47, 59], 0.5, 2)], []),
    ],
    ids=[
        'nothing',
        'right',
        'background',
        'class',
        'duplicate',
        'place',
        'part',
        'part of another class',
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


def test_detections_on_masked_vehicles_are_no_errors(tmp_path):
    """Their masks look like vehicles, and show their outlines at most."""
    text = f'{square(40, 40, 20, "small-vehicle")}{square(90, 30, 20, "ship")}'
    write_dota(tmp_path, {'P1': text}, WH)
    dataset = DOTADataset(data_root=str(tmp_path), class_map='visdrone')
    info = dataset.get_data_info(0)
    sample = make_sample(
        [
            ([40, 40, 60, 60], 0.9, 0),
            ([35, 34, 66, 67], 0.9, 1),
            ([28, 38, 58, 62], 0.9, 2),
            ([37, 37, 40, 63], 0.9, 0),
            ([90, 30, 110, 50], 0.9, 2),
        ],
        info['instances'],
        info['ignored_regions'],
    )
    metric, _ = mine([sample])
    found = [error.bbox for error in metric.canvases[0].errors]
    assert found == [(90, 30, 110, 50)]


def test_missed_objects_are_mined_by_default():
    sample = make_sample([], [gt(CAR, 2), gt(FAR, 1, ignore=1)])
    metric, figures = mine([sample], kinds=['class', 'background'])
    assert metric.canvases == []
    # They are counted all the same.
    assert figures['hard_chip/missed'] == 1
    assert metric.counts['errors']['missed'] == [0, 0, 1]
    metric, _ = mine([sample])
    (canvas,) = metric.canvases
    (error,) = canvas.errors
    assert canvas.chip_errors == ((0,),)
    assert (error.kind, error.bbox) == ('missed', tuple(CAR))
    assert (error.det_label, error.gt_label, error.score) == (-1, 2, 0)


def test_errors_without_a_chip_are_kept_apart():
    sample = make_sample([(FAR, 0.5, 2)], [gt(CAR, 0)], image=4)
    clean = make_sample([(CAR, 0.5, 0)], [gt(CAR, 0)], image=6)
    metric, _ = mine([clean, sample, sample], kinds=['background', 'class'])
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
        } == {
            'background': 1,
            'class': 1,
            'missed': 1,
            'both': 0,
            'localization': 0,
        }


def test_misplaced_detections_are_mined_by_configuration():
    """At the object's place, be they of its class, of another, or a part."""
    dets = [
        ([50, 40, 70, 60], 0.5, 0),
        ([50, 40, 70, 60], 0.6, 1),
        ([42, 54, 47, 59], 0.7, 0),
        ([42, 54, 47, 59], 0.8, 2),
    ]
    sample = make_sample(dets, [gt(CAR, 0)])
    metric, _ = mine([sample], kinds=['both', 'localization'])
    (canvas,) = metric.canvases
    assert {e.bbox for e in canvas.errors} == {tuple(CAR)}
    assert [(e.kind, e.det_label, e.det_bbox[0]) for e in canvas.errors] == [
        ('both', 1, 50),
        ('both', 2, 42),
        ('localization', 0, 50),
        ('localization', 0, 42),
    ]
    assert canvas.chip_errors == ((0, 1, 2, 3),)
    assert metric.counts['parts'] == 2


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
def test_errors_are_listed_unlearned_or_left_out(dets, gts, limit):
    sample = make_sample(dets, gts)
    metric, figures = mine(
        [sample],
        kinds=ALL_KINDS,
        max_chips_per_canvas=limit,
    )
    total = sum(figures[f'hard_chip/{k}'] for k in metric.counts['errors'])
    found = 0
    for canvas in metric.canvases:
        windows = as_bboxes(canvas.windows)
        named = {i for inds in canvas.chip_errors for i in inds}
        assert named == set(range(len(canvas.errors)))
        assert all(canvas.chip_errors)
        assert (windows >= 0).all()
        assert (windows[:, 2:] <= WH).all()
        assert len(windows) <= (limit or len(canvas.errors))
        found += len(canvas.errors)
    assert metric.counts['unlearned'] <= figures['hard_chip/background']
    rest = metric.counts['unlearned'] + metric.counts['left_out']
    assert found + rest == total
    if limit is None:
        assert metric.counts['left_out'] == 0


def test_detections_are_cut_to_the_image():
    dets = [([190, 140, 220, 170], 0.9, 0), ([300, 0, 320, 20], 0.9, 0)]
    metric, figures = mine([make_sample(dets)])
    (error,) = metric.canvases[0].errors
    assert error.bbox == (190, 140, 200, 150)
    assert figures['hard_chip/background'] == 1


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
        'both': [0, 0, 0],
        'localization': [0, 0, 0],
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
        'hard_chip/both': 0,
        'hard_chip/localization': 0,
        'hard_chip/score_thr': 0.3,
        'hard_chip/objects_per_chip': pytest.approx(0.5, abs=0.5),
    }
    assert all(type(value) is float for value in figures.values())


def test_the_round_does_not_depend_on_the_order_of_canvases(tmp_path):
    samples = make_round()
    contents = []
    for order in (samples, samples[::-1]):
        metric, _ = mine(order, score_thr='best_f1', background_share=0.25)
        path = tmp_path / 'round.jsonl'
        write_round(
            path, HardChipRound(1, 'ab', metric.canvases, metric.counts)
        )
        contents.append(path.read_bytes())
        assert len(read_round(path).canvases) == 6
    assert contents[0] == contents[1]
    json.dumps(metric.counts, allow_nan=False)


def test_substitute_of_a_broken_canvas_counts_once():
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
    kinds = ['background']
    metric, _ = mine([sample], kinds=kinds)
    everything = metric.canvases[0]
    assert len(everything.windows) == 2
    metric, figures = mine([sample], kinds=kinds, min_objects=1)
    canvas = metric.canvases[0]
    assert len(canvas.windows) == 1
    assert canvas.windows[0][0] == 0
    assert [error.bbox[0] for error in canvas.errors] == [12]
    assert tuple(FAR) in [error.bbox for error in canvas.other_errors]
    # Both are errors all the same.
    assert figures['hard_chip/background'] == 2
    metric, _ = mine([sample], kinds=kinds, min_objects=2)
    assert metric.canvases == []


def make_round(seed=0, num=6):
    rng = np.random.default_rng(seed)
    samples = []
    for image in range(num):
        corners = rng.integers(0, 120, (14, 2))
        bboxes = np.hstack([corners, corners + rng.integers(5, 30, (14, 2))])
        dets = [
            (bbox, float(rng.random()), int(rng.integers(3)))
            for bbox in bboxes.tolist()
        ]
        objects = [gt(bbox, i % 3) for i, bbox in enumerate(bboxes[:7])]
        samples.append(make_sample(dets, objects, image=image))
    return samples


def test_the_threshold_of_the_best_f1():
    samples = make_round()
    metric, figures = mine(samples, score_thr='best_f1')
    assert metric.counts['score_thr'] == figures['hard_chip/score_thr']
    scores = np.concatenate([s['pred_instances']['scores'] for s in samples])
    assert metric.counts['score_thr'] in scores

    def f1(threshold):
        """From the errors that a fixed threshold gives."""
        right = shown = 0
        for sample in samples:
            pred = sample['pred_instances']
            found = HardChipMetric(SCALES, score_thr=threshold)
            found.process({}, [sample])
            (result,) = found.results
            _, rights = result['judged']
            right += rights.sum()
            shown += len(rights)
            assert len(rights) == (pred['scores'] >= threshold).sum()
        return 2 * right / (shown + 7 * len(samples))

    best = max(map(f1, scores.tolist()))
    assert metric.counts['f1'] == best == f1(metric.counts['score_thr'])
    # A number is as good as the choice of it.
    fixed, _ = mine(samples, score_thr=metric.counts['score_thr'])
    assert fixed.canvases == metric.canvases
    assert fixed.counts == {**metric.counts, 'f1': None}
    # None is chosen below the lowest.
    metric, _ = mine(samples, score_thr='best_f1', min_score=0.9)
    assert metric.counts['score_thr'] >= 0.9


#: No window holds both.
HOME, AWAY = [5, 5, 25, 25], [170, 120, 190, 140]


def test_background_has_a_share_of_the_round():
    """The surest detections stay; of other kinds, all chips do."""
    samples = [
        make_sample(
            [(AWAY, score, 2)], [gt(HOME, 0)] * (image < 3), image=image
        )
        for image, score in enumerate([0.4, 0.5, 0.9, 0.6])
    ]

    def boxes_of(share, **kwargs):
        metric, _ = mine(samples, background_share=share, **kwargs)
        kinds = {
            (canvas.image, error.kind)
            for canvas in metric.canvases
            for error in canvas.errors
        }
        return metric, sorted(i for i, kind in kinds if kind == 'background')

    metric, images = boxes_of(1)
    assert images == [0, 1, 2, 3]
    assert sum(metric.counts['chips_per_scale']) == 7
    metric, images = boxes_of(0.25)
    assert images == [2]
    assert metric.counts['left_out'] == 3
    # Image 3 had an error, though it has no chip.
    assert metric.counts['unknown_images'] == [[0, 3]]
    assert [c.image for c in metric.canvases] == [0, 1, 2]
    assert boxes_of(0.4)[1] == [2, 3]
    assert boxes_of(0)[1] == []
    # Alone, they are all that there is.
    assert boxes_of(0.25, kinds=['background'])[1] == [0, 1, 2, 3]


def test_limit_keeps_chips_with_most_to_learn():
    """Errors and objects count, not errors alone; rare classes more."""
    lonely = [([150, 10 + 12 * i, 160, 20 + 12 * i], 0.9, 0) for i in (0, 1)]
    crowd = [gt([10 + 12 * i, 10, 20 + 12 * i, 20], 0) for i in range(4)]
    dets = [*lonely, *((g['bbox'], 0.9, 0) for g in crowd[1:])]
    sample = make_sample(dets, crowd)
    (canvas,) = mine([sample], max_chips_per_canvas=1)[0].canvases
    assert [e.kind for e in canvas.errors] == ['missed']
    rare = gt([150, 100, 160, 110], 1)
    sample = make_sample(dets[2:], [*crowd, rare])
    (canvas,) = mine([sample], max_chips_per_canvas=1)[0].canvases
    assert [e.gt_label for e in canvas.errors] == [0]
    (canvas,) = mine([sample], max_chips_per_canvas=1, class_power=2)[
        0
    ].canvases
    assert [e.gt_label for e in canvas.errors] == [1]


def test_learned_objects_are_counted():
    other = [30, 5, 50, 25]
    dets = [(AWAY, 0.9, 2), (other, 0.9, 0)]
    sample = make_sample(dets, [gt(HOME, 0), gt(other, 0)])
    counts = mine([sample])[0].counts['learned']
    assert counts == {
        'normal': {'chips': 1, 'objects': 2, 'empty': 0},
        'hard': {'chips': 2, 'objects': 2, 'empty': 1},
        'class': {'chips': 0, 'objects': 0, 'empty': 0},
        'missed': {'chips': 1, 'objects': 2, 'empty': 0},
        'background': {'chips': 1, 'objects': 0, 'empty': 1},
    }


def test_low_precision_is_accepted():
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
    assert {k: v for k, v in figures.items() if v} == {
        'hard_chip/canvases': 2,
        'hard_chip/score_thr': 0.3,
    }
    # Without any detection there is no score to choose.
    metric, figures = mine([make_sample()], score_thr='best_f1')
    assert figures['hard_chip/score_thr'] == 1
    metric, figures = mine([])
    assert metric.canvases == []


@pytest.mark.parametrize(
    ('kwargs', 'fault'),
    [
        (dict(kinds=['back']), r"kinds must be some of .* got \('back',\)"),
        (dict(kinds=[]), 'kinds'),
        (dict(kinds='class'), "kinds must be some of .* got 'class'"),
        (dict(score_thr='f1'), "score_thr must be .* 'best_f1', got 'f1'"),
        (dict(background_share=2), r'background_share must be .*, got 2'),
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
