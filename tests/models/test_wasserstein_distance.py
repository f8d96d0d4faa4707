import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mmdet.registry import TASK_UTILS
from mmdet.structures.bbox import bbox_overlaps
from mmengine.structures import InstanceData


def build(constant=12.8):
    return TASK_UTILS.build(
        {'type': 'NormalizedWassersteinDistance', 'constant': constant}
    )


def similarity(first, second, constant):
    """The paper's formula for one pair."""
    values = []
    for x1, y1, x2, y2 in (first, second):
        values.append(
            ((x1 + x2) / 2, (y1 + y2) / 2, (x2 - x1) / 2, (y2 - y1) / 2)
        )
    return math.exp(-math.dist(*values) / constant)


@given(st.integers(0, 10**6), st.floats(1, 60))
def test_equals_the_formula(seed, constant):
    generator = torch.Generator().manual_seed(seed)
    boxes = torch.rand(9, 4, generator=generator) * 50
    boxes[:, 2:] += boxes[:, :2]
    first, second = boxes[:5], boxes[5:]
    found = build(constant)(first, second)
    expected = [
        [similarity(a, b, constant) for b in second.tolist()]
        for a in first.tolist()
    ]
    torch.testing.assert_close(
        found, torch.tensor(expected), rtol=1e-4, atol=1e-6
    )
    aligned = build(constant)(first[:4], second, is_aligned=True)
    torch.testing.assert_close(aligned, found[:4].diagonal())


def test_equal_boxes_and_boxes_apart():
    boxes = torch.tensor([[0.0, 0, 6, 6], [8, 0, 14, 6]])
    found = build()(boxes, boxes)
    assert found.diagonal().tolist() == [1, 1]
    assert found[0, 1] == pytest.approx(math.exp(-8 / 12.8))
    assert build()(boxes[:0], boxes).shape == (0, 2)


def test_named_modes_are_plain_overlaps():
    boxes = torch.tensor([[0.0, 0, 6, 6], [3, 0, 9, 6]])
    for mode in ('iou', 'iof'):
        torch.testing.assert_close(
            build()(boxes, boxes, mode=mode),
            bbox_overlaps(boxes, boxes, mode=mode),
        )


def test_constant_is_checked():
    with pytest.raises(ValueError, match='constant must be positive, got 0'):
        build(0)


def test_tiny_objects_get_anchors_beside_them():
    anchors = torch.tensor([[0.0, 0, 16, 16], [16, 0, 32, 16]])
    tiny = InstanceData(
        bboxes=torch.tensor([[6.0, 6, 11, 11]]), labels=torch.tensor([0])
    )
    ignored = InstanceData(bboxes=torch.tensor([[14.0, 0, 40, 20]]))
    positives = {}
    for name in ('BboxOverlaps2D', 'NormalizedWassersteinDistance'):
        calculator = {'type': name}
        if name.startswith('Norm'):
            calculator['constant'] = 12.8
        assigner = TASK_UTILS.build(
            {
                'type': 'TrueIgnoreAssigner',
                'pos_iou_thr': 0.5,
                'neg_iou_thr': 0.3,
                'min_pos_iou': 0.5,
                'iou_calculator': calculator,
            }
        )
        result = assigner.assign(InstanceData(priors=anchors), tiny, ignored)
        positives[name] = result.gt_inds.tolist()
    # Ignoring goes by plain overlaps in both.
    assert positives == {
        'BboxOverlaps2D': [0, -1],
        'NormalizedWassersteinDistance': [1, -1],
    }
