import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from torch import nn

from mmhcm.models import MultiScaleTTA
from mmhcm.models.multi_scale_tta import raised_cap

INF = float('inf')
SHAPE = (80, 100)


class Detector(nn.Module):
    """Gives each view the predictions that it carries."""

    def test_step(self, data):
        return data['data_samples']


def view(dets, valid_range=None, flip=None, dtype=torch.float32):
    """``dets``: (bbox, score, label) in pixels of the whole image."""
    meta = dict(ori_shape=SHAPE, img_id='a', flip=flip is not None)
    meta['flip_direction'] = flip
    if valid_range is not None:
        meta['valid_range'] = valid_range
    data_sample = DetDataSample(metainfo=meta)
    data_sample.pred_instances = InstanceData(
        bboxes=torch.tensor([d[0] for d in dets]).reshape(-1, 4).to(dtype),
        scores=torch.tensor([d[1] for d in dets]).to(dtype),
        labels=torch.tensor([d[2] for d in dets]).long(),
    )
    return data_sample


def merge(*views, **kwargs):
    model = MultiScaleTTA(module=Detector(), **kwargs)
    data = dict(
        inputs=[[None]] * len(views), data_samples=[[v] for v in views]
    )
    (merged,) = model.test_step(data)
    pred = merged.pred_instances
    assert all(torch.is_tensor(value) for value in pred.values())
    assert pred.labels.dtype == torch.int64
    assert pred.bboxes.shape == (len(pred), 4)
    return [
        (bbox, round(score, 4), label)
        for bbox, score, label in zip(
            pred.bboxes.tolist(),
            pred.scores.tolist(),
            pred.labels.tolist(),
            strict=True,
        )
    ]


SMALL = [10.0, 10.0, 18.0, 18.0]
LARGE = [40.0, 20.0, 80.0, 60.0]


def test_a_view_keeps_its_range():
    fine = [(SMALL, 0.5, 1), (LARGE, 0.875, 2)]
    coarse = [(SMALL, 0.75, 3), (LARGE, 0.625, 4)]
    merged = merge(view(fine, (0, 16)), view(coarse, (12, INF)))
    assert merged == [(LARGE, 0.625, 4), (SMALL, 0.5, 1)]


def test_views_without_a_range_keep_everything():
    fine = [(SMALL, 0.5, 1), (LARGE, 0.875, 2)]
    merged = merge(view(fine), view([(SMALL, 0.25, 2)], (0, 4)))
    assert merged == [(LARGE, 0.875, 2), (SMALL, 0.5, 1)]


def test_ranges_come_before_the_cap():
    """Detections out of range would fill the cap."""
    large = [([i, 20.0, i + 40, 60.0], 0.9, i) for i in range(10)]
    fine = view([*large, (SMALL, 0.25, 11)], (0, 16))
    coarse = view([(LARGE, 0.5, 12)], (16, INF))
    merged = merge(fine, coarse, max_per_img=2)
    assert merged == [(LARGE, 0.5, 12), (SMALL, 0.25, 11)]


def test_duplicates_of_one_class_are_merged():
    near = [11.0, 10.0, 18.0, 18.0]

    def merge_two(**kwargs):
        fine = view([(SMALL, 0.5, 1)])
        return merge(fine, view([(near, 0.75, 1), (near, 0.25, 2)]), **kwargs)

    assert merge_two() == [(near, 0.75, 1), (near, 0.25, 2)]
    assert len(merge_two(iou_thr=0.9)) == 3
    soft = merge_two(method='soft_nms_linear')
    assert [det[::2] for det in soft] == [(near, 1), (near, 2), (SMALL, 1)]
    assert soft[2][1] == pytest.approx(0.5 * (1 - 56 / 64), abs=1e-4)
    strict = dict(method='soft_nms_gaussian', merge_cfg=dict(min_score=0.6))
    assert merge_two(**strict) == [(near, 0.75, 1)]


@pytest.mark.parametrize(
    ('flip', 'expected'),
    [
        ('horizontal', [82, 10, 90, 18]),
        ('vertical', [10, 62, 18, 70]),
        ('diagonal', [82, 62, 90, 70]),
    ],
)
def test_flips_are_undone(flip, expected):
    assert merge(view([(SMALL, 0.5, 1)], flip=flip)) == [(expected, 0.5, 1)]


def test_empty_predictions_and_low_precision_are_accepted():
    assert merge(view([], (0, 9)), view([], flip='horizontal')) == []
    dets = [(SMALL, 0.5, 1)]
    for dtype in (torch.float32, torch.float16, torch.bfloat16):
        assert merge(view([]), view(dets, dtype=dtype)) == dets


def test_batches():
    model = MultiScaleTTA(module=Detector())
    data = dict(
        inputs=[[None, None]] * 2,
        data_samples=[
            [view([(SMALL, 0.5, 1)]), view([])],
            [view([(LARGE, 0.25, 1)]), view([(LARGE, 0.5, 2)])],
        ],
    )
    merged = model.test_step(data)
    assert [len(sample.pred_instances) for sample in merged] == [2, 1]
    assert merged[0].img_id == 'a'
    assert merged[0].ori_shape == SHAPE


@pytest.mark.parametrize(
    ('kwargs', 'fault'),
    [
        (dict(method='wbf'), "method must be one of .* 'wbf'"),
        (dict(method='soft_nms'), 'method'),
        (dict(max_per_img=0), 'max_per_img must be positive, got 0'),
    ],
)
def test_arguments_are_checked(kwargs, fault):
    with pytest.raises(ValueError, match=fault):
        MODELS.build(dict(type='MultiScaleTTA', module=Detector(), **kwargs))


class CappedDetector(nn.Module):
    """Keeps as many detections of a view as its head's settings say."""

    def __init__(self, where, cap):
        super().__init__()
        head = nn.Module()
        head.test_cfg = ConfigDict(score_thr=0.01, max_per_img=cap)
        setattr(self, where, head)
        self.where = where

    def test_step(self, data):
        cap = getattr(self, self.where).test_cfg.max_per_img
        for data_sample in data['data_samples']:
            data_sample.pred_instances = data_sample.pred_instances[:cap]
        return data['data_samples']


@pytest.mark.parametrize('where', ['roi_head', 'bbox_head'])
def test_range_is_filtered_before_the_detector_caps(where):
    detector = CappedDetector(where, cap=1)
    model = MultiScaleTTA(module=detector, max_per_img=1)
    dets = [(LARGE, 0.9, 0), (SMALL, 0.8, 0)]
    data = dict(
        inputs=[[None]], data_samples=[[view(dets, valid_range=(0, 20))]]
    )
    (merged,) = model.test_step(data)
    assert merged.pred_instances.bboxes.tolist() == [SMALL]
    assert getattr(detector, where).test_cfg.max_per_img == 1


def test_settings_of_the_views_last_for_the_test():
    detector = CappedDetector('bbox_head', cap=5000)
    detector.bbox_head.test_cfg.nms = dict(type='soft_nms')
    seen = []

    def test_step(data):
        seen.append(detector.bbox_head.test_cfg)
        return data['data_samples']

    detector.test_step = test_step
    model = MultiScaleTTA(
        module=detector, view_test_cfg=dict(nms=dict(type='nms'))
    )
    model.test_step(
        dict(inputs=[[None]], data_samples=[[view([(SMALL, 0.5, 1)])]])
    )
    assert [cfg.nms.type for cfg in seen] == ['nms']
    assert seen[0].score_thr == 0.01
    assert seen[0].max_per_img == 5000
    assert detector.bbox_head.test_cfg.nms.type == 'soft_nms'


def test_a_higher_or_no_cap_is_left_alone():
    for cap in (5000, -1):
        detector = CappedDetector('roi_head', cap)
        before = detector.roi_head.test_cfg
        with raised_cap(detector, 2000):
            assert detector.roi_head.test_cfg is before
