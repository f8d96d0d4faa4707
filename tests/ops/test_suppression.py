import numpy as np
import pytest
import torch

from mmhcm.functional.boxes import box_iou
from mmhcm.ops import nms, softnms
from tests.support.operators import random_bboxes


def _slow_nms(bboxes, scores, thr, offset):
    bboxes = bboxes.numpy() + np.float32([0, 0, offset, offset])
    kept = []
    for i in np.argsort(-scores.numpy(), kind='stable'):
        if all(box_iou(bboxes[i, None], bboxes[j, None]) <= thr for j in kept):
            kept.append(int(i))
    return kept


@pytest.mark.parametrize('offset', [0, 1])
@pytest.mark.parametrize('num', [0, 1, 40])
def test_nms_equals_slow_reference(backend_name, num, offset):
    bboxes, scores = random_bboxes(np.random.default_rng(num), num)
    kept = nms(bboxes, scores, iou_threshold=0.4, offset=offset)
    assert kept.dtype == torch.int64
    assert kept.tolist() == _slow_nms(bboxes, scores, 0.4, offset)


def _slow_soft_nms(bboxes, scores, weigh, min_score):
    left = {i: float(score) for i, score in enumerate(scores)}
    kept = []
    while left:
        best = max(left, key=left.get)
        kept.append((best, left.pop(best)))
        for i in list(left):
            iou = float(box_iou(bboxes[best, None], bboxes[i, None])[0, 0])
            left[i] *= weigh(iou)
            if left[i] < min_score:
                del left[i]
    return kept


@pytest.mark.parametrize(
    ('method', 'weigh'),
    [
        (0, lambda iou: 0 if iou >= 0.3 else 1),
        (1, lambda iou: 1 - iou if iou >= 0.3 else 1),
        (2, lambda iou: np.exp(-(iou**2) / 0.5)),
    ],
    ids=['hard', 'linear', 'gaussian'],
)
@pytest.mark.parametrize('num', [0, 1, 30])
def test_soft_nms_equals_slow_reference(method, weigh, num):
    bboxes, scores = random_bboxes(np.random.default_rng(num), num)
    dets = torch.full((num, 5), torch.nan)
    kept = softnms(
        *(bboxes, scores, dets),
        iou_threshold=0.3,
        sigma=0.5,
        min_score=0.02,
        method=method,
        offset=0,
    )
    expected = _slow_soft_nms(bboxes.numpy(), scores, weigh, 0.02)
    assert kept.tolist() == [i for i, _ in expected]
    assert torch.equal(dets[: len(kept), :4], bboxes[kept])
    np.testing.assert_allclose(
        dets[: len(kept), 4], [s for _, s in expected], rtol=1e-5
    )


def test_soft_nms_includes_its_threshold():
    """An IoU of exactly one half."""
    bboxes = torch.tensor([[0.0, 0, 2, 1], [0, 0, 1, 1]])
    dets = torch.zeros(2, 5)
    options = {'iou_threshold': 0.5, 'sigma': 0.5, 'offset': 0}
    softnms(
        *(bboxes, torch.tensor([0.9, 0.8]), dets),
        **{**options, 'min_score': 0.1, 'method': 1},
    )
    np.testing.assert_allclose(dets[:, 4], [0.9, 0.4], rtol=1e-6)
