import numpy as np
import pytest
import torch
from mmdet.structures.bbox import HorizontalBoxes

from mmhcm.datasets import MaskIgnoredInstances

COLOR = (1, 2, 3)


def mask(bboxes, ignored):
    rng = np.random.default_rng(0)
    image = rng.integers(50, 256, (30, 40, 3), dtype=np.uint8)
    results = {
        'img': image.copy(),
        'gt_bboxes': HorizontalBoxes(
            torch.tensor(bboxes, dtype=torch.float32).reshape(-1, 4)
        ),
        'gt_ignore_flags': np.array(ignored, dtype=bool),
    }
    given_image = results['img']
    out = MaskIgnoredInstances(COLOR)(results)
    np.testing.assert_array_equal(given_image, image)
    assert len(out['gt_bboxes']) == len(bboxes)
    return image, out['img']


@pytest.mark.parametrize(
    ('bboxes', 'ignored'),
    [([], []), ([[1, 1, 9, 9]], [False])],
    ids=['no object', 'none ignored'],
)
def test_nothing_to_mask(bboxes, ignored):
    image, out = mask(bboxes, ignored)
    np.testing.assert_array_equal(out, image)


def test_valid_objects_keep_their_pixels():
    bboxes = [[0, 0, 20, 20], [10, 10, 30, 25], [5.5, 5, 8, 12.5]]
    image, out = mask(bboxes, [True, False, False])
    masked = np.zeros((30, 40), dtype=bool)
    masked[:20, :20] = True
    masked[10:25, 10:30] = False
    masked[5:13, 5:8] = False  # partly inside is inside
    assert (out[masked] == COLOR).all()
    np.testing.assert_array_equal(out[~masked], image[~masked])


def test_boxes_at_the_border():
    image, out = mask([[35, 25, 44, 33], [-5, -5, 3, 3]], [True, True])
    assert (out[25:, 35:] == COLOR).all()
    assert (out[:3, :3] == COLOR).all()
    np.testing.assert_array_equal(out[3:25], image[3:25])
