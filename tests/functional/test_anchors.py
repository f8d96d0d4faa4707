import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhcm.functional.anchors import (
    AnchorSpec,
    best_ious,
    best_possible_recall,
    fit_anchors,
    summarize_ious,
)
from mmhcm.functional.boxes import box_iou

SPEC = AnchorSpec((4, 8, 32), (2.0, 5.0), (0.5, 1.3))


def random_boxes(rng, num, input_wh, low=2, high=150):
    """Draw boxes (num, 4) inside or across the border of an input."""
    sides = np.exp(rng.uniform(np.log(low), np.log(high), (num, 2)))
    top_left = rng.uniform(-0.1, 1, (num, 2)) * input_wh
    bboxes = np.concatenate([top_left, top_left + sides], axis=1)
    return bboxes.astype(np.float32)


def enumerate_anchors(spec, input_wh):
    """List all anchors (n, 4), one after the other."""
    anchors = []
    for stride in spec.strides:
        columns, rows = (-(-side // stride) for side in input_wh)
        for row in range(rows):
            for column in range(columns):
                x, y = column * stride, row * stride
                for scale in spec.scales:
                    for ratio in spec.ratios:
                        w = stride * scale / ratio**0.5
                        h = stride * scale * ratio**0.5
                        anchors.append(
                            [x - w / 2, y - h / 2, x + w / 2, y + h / 2]
                        )
    return np.array(anchors)


@settings(deadline=None, max_examples=25)
@given(
    st.integers(0, 2**32 - 1),
    st.tuples(st.integers(20, 90), st.integers(20, 90)),
    st.sampled_from([1, 7, 1000]),
)
def test_best_ious_equal_those_of_all_anchors(seed, input_wh, chunk_size):
    bboxes = random_boxes(np.random.default_rng(seed), 20, input_wh)
    expected = box_iou(bboxes, enumerate_anchors(SPEC, input_wh)).max(axis=1)
    ious = best_ious(bboxes, input_wh, SPEC, chunk_size=chunk_size)
    np.testing.assert_allclose(ious, expected, atol=1e-6)


def test_best_ious_equal_those_of_mmdetection():
    torch = pytest.importorskip('torch')
    anchors_module = pytest.importorskip('mmdet.models.task_modules')
    structures = pytest.importorskip('mmdet.structures.bbox')
    input_wh = (320, 200)
    bboxes = random_boxes(np.random.default_rng(0), 200, input_wh)
    generator = anchors_module.AnchorGenerator(
        strides=list(SPEC.strides),
        scales=list(SPEC.scales),
        ratios=list(SPEC.ratios),
    )
    anchors = generator.grid_priors(
        [(-(-input_wh[1] // s), -(-input_wh[0] // s)) for s in SPEC.strides],
        device='cpu',
    )
    ious = structures.bbox_overlaps(torch.tensor(bboxes), torch.cat(anchors))
    np.testing.assert_allclose(
        best_ious(bboxes, input_wh, SPEC), ious.max(dim=1)[0], atol=1e-5
    )


def test_each_box_may_have_its_own_input_size():
    rng = np.random.default_rng(0)
    bboxes = random_boxes(rng, 40, (300, 300))
    input_whs = rng.integers(30, 300, (40, 2))
    together = best_ious(bboxes, input_whs, SPEC, chunk_size=16)
    one_by_one = [
        best_ious(bbox[None], tuple(wh), SPEC)[0]
        for bbox, wh in zip(bboxes, input_whs, strict=True)
    ]
    np.testing.assert_allclose(together, one_by_one)


@pytest.mark.parametrize(
    ('bboxes', 'expected'),
    [
        pytest.param(np.zeros((0, 4)), [], id='empty'),
        pytest.param([[5, 5, 5, 9]], [0], id='no area'),
        pytest.param([[16, 16, 48, 48]], [1], id='an anchor'),
    ],
)
def test_best_ious_of_simple_boxes(bboxes, expected):
    ious = best_ious(np.array(bboxes), (64, 64), AnchorSpec())
    np.testing.assert_allclose(ious, expected)
    assert ious.dtype == np.float64


def test_summary():
    ious = np.array([0.4, 0.5, 0.7, 0.8])
    assert best_possible_recall(ious) == 0.75
    assert best_possible_recall(ious, 0.75) == 0.25
    assert summarize_ious(ious) == pytest.approx(
        {'bpr_50': 0.75, 'bpr_70': 0.5, 'mean_best_iou': 0.6}
    )
    assert set(summarize_ious(np.zeros(0)).values()) == {0.0}


def test_fit_recovers_known_anchors():
    truth = AnchorSpec((8, 16, 32), (3.0,), (0.5, 1.0, 2.5))
    anchors = enumerate_anchors(truth, (256, 256))
    rng = np.random.default_rng(0)
    bboxes = rng.permutation(anchors)[:600]
    spec = fit_anchors(bboxes, (256, 256), (8, 16, 32), 1, 3, rng=rng)
    np.testing.assert_allclose(spec.scales, truth.scales, rtol=0.1)
    np.testing.assert_allclose(spec.ratios, truth.ratios, rtol=0.15)
    assert best_ious(bboxes, (256, 256), spec).min() > 0.8


@pytest.mark.parametrize(('num_scales', 'num_ratios'), [(1, 1), (2, 3)])
def test_fit_is_repeatable_and_beats_the_default(num_scales, num_ratios):
    bboxes = random_boxes(np.random.default_rng(1), 400, (300, 300), 6, 60)

    def fit():
        return fit_anchors(
            bboxes,
            (300, 300),
            num_scales=num_scales,
            num_ratios=num_ratios,
            rng=np.random.default_rng(7),
            max_samples=200,
            max_rounds=6,
        )

    spec = fit()
    assert spec == fit()
    assert len(spec.scales) == num_scales
    assert len(spec.ratios) == num_ratios
    assert list(spec.scales) == sorted(spec.scales)
    assert list(spec.ratios) == sorted(spec.ratios)
    default = best_ious(bboxes, (300, 300), AnchorSpec()).mean()
    assert best_ious(bboxes, (300, 300), spec).mean() > default


def test_fit_follows_the_weights():
    small = random_boxes(np.random.default_rng(0), 50, (300, 300), 10, 11)
    large = random_boxes(np.random.default_rng(0), 50, (300, 300), 90, 99)
    bboxes = np.concatenate([small, large])
    scales = []
    for heavy in (small, large):
        weights = np.isin(bboxes, heavy).all(axis=1) + 0.001
        spec = fit_anchors(
            bboxes,
            (300, 300),
            (8,),
            1,
            1,
            rng=np.random.default_rng(0),
            weights=weights,
        )
        scales.extend(spec.scales)
    # small boxes lie between positions, so that larger anchors match them
    assert scales[0] < 2.5
    np.testing.assert_allclose(scales[1], 95 / 8, rtol=0.15)


@pytest.mark.parametrize(
    ('bboxes', 'num_scales', 'message'),
    [
        pytest.param(np.zeros((0, 4)), 1, 'no box', id='empty'),
        pytest.param([[1, 1, 1, 5]], 1, 'no box', id='no area'),
        pytest.param([[1, 1, 4, 5]], 0, 'at least 1', id='no scales'),
    ],
)
def test_bad_fit_settings_are_named(bboxes, num_scales, message):
    bboxes = np.array(bboxes)
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=message):
        fit_anchors(bboxes, (64, 64), num_scales=num_scales, rng=rng)


def test_thresholds_ascend():
    with pytest.raises(ValueError, match='thr_range'):
        fit_anchors(
            np.array([[1, 1, 4, 5]]),
            (64, 64),
            rng=np.random.default_rng(0),
            thr_range=(0.5, 0.5),
        )


@pytest.mark.parametrize('field', ['strides', 'scales', 'ratios'])
@pytest.mark.parametrize('values', [(), (1, 0), (-1,)])
def test_anchors_are_positive(field, values):
    with pytest.raises(ValueError, match=field):
        AnchorSpec(**{field: values})
