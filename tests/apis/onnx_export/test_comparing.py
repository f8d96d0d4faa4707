import numpy as np
import pytest
import torch

from mmhcm.apis.onnx_export.comparing import (
    compare_detections,
    compare_outputs,
)


def detections(num):
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 100, (num, 2)).astype(np.float32)
    bboxes = np.concatenate([corners, corners + 10], axis=1)
    scores = rng.uniform(0, 1, num).astype(np.float32)
    return bboxes, scores, rng.integers(0, 3, num)


def tensors(values):
    return [torch.from_numpy(value) for value in values]


@pytest.mark.parametrize('num', [0, 1, 40])
def test_equal_detections_in_another_order(num):
    found = detections(num)
    text = compare_detections([part[::-1] for part in found], tensors(found))
    assert text.startswith(f'{num} of {num} detections')
    assert 'boxes within 0 pixels' in text


def test_distances_and_a_missing_detection():
    bboxes, scores, labels = detections(40)
    found = bboxes[1:] + np.float32(0.25), scores[1:], labels[1:]
    text = compare_detections(found, tensors((bboxes, scores, labels)))
    assert text.startswith('39 of 40 detections')
    assert 'within 0.2 pixels' in text or 'within 0.3 pixels' in text


@pytest.mark.parametrize('part', [0, 1, 2], ids=['box', 'score', 'label'])
def test_other_detections_are_an_error(part):
    found = list(detections(40))
    expected = tensors(found)
    found[part] = found[part].copy()
    found[part][:3] += 1
    with pytest.raises(ValueError, match='40, of which 37 are the same'):
        compare_detections(found, expected)


def test_outputs():
    values = np.linspace(-5, 5, 11, dtype=np.float32)
    assert 'within 0 of' in compare_outputs([values], tensors([values]))
    with pytest.raises(ValueError, match=r'by 0\.1 of their range'):
        compare_outputs([values + 1], tensors([values]))
