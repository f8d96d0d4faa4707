import numpy as np
import pytest

from mmhcm.apis.predict.drawing import MAX_SIDE, draw_detections
from mmhcm.functional.merging import Detections
from mmhcm.structures.palette import CLASS_COLORS

CLASSES = ('car', 'bus')


def detections(*bboxes):
    bboxes = np.array(bboxes, dtype=np.float32).reshape(-1, 4)
    scores = np.linspace(0.9, 0.1, len(bboxes), dtype=np.float32)
    return Detections(bboxes, scores, np.arange(len(bboxes)) % 2)


def test_a_box_has_the_colour_of_its_class():
    image = np.full((700, 900, 3), 90, dtype=np.uint8)
    before = image.copy()
    drawn = draw_detections(image, detections([10, 20, 60, 80]), CLASSES)
    assert (image == before).all()
    assert tuple(drawn[20, 30][::-1].tolist()) == CLASS_COLORS[0]
    assert (drawn[19, 30] == 90).all()
    assert (drawn[21, 30] == 90).all()


def test_the_best_is_on_top():
    image = np.full((700, 900, 3), 90, dtype=np.uint8)
    same = [10, 20, 60, 80]
    drawn = draw_detections(image, detections(same, same), CLASSES)
    assert tuple(drawn[20, 30][::-1].tolist()) == CLASS_COLORS[0]


def test_nothing_found_leaves_the_image_alone():
    image = np.full((700, 901, 3), 90, dtype=np.uint8)
    drawn = draw_detections(image, detections(), CLASSES)
    np.testing.assert_array_equal(drawn, image)


def test_frames_are_of_one_size():
    image = np.full((700, 901, 3), 90, dtype=np.uint8)
    shapes = {
        draw_detections(image, found, CLASSES, all_classes=True).shape
        for found in (detections(), detections([1, 2, 30, 40]))
    }
    assert len(shapes) == 1


@pytest.mark.parametrize('wh', [(MAX_SIDE + 4001, 3000), (4001, 30), (3, 2)])
def test_any_size(wh):
    image = np.full((wh[1], wh[0], 3), 90, dtype=np.uint8)
    drawn = draw_detections(image, detections([0, 0, 2, 2]), CLASSES)
    assert max(drawn.shape) <= MAX_SIDE
    assert (drawn[0, 0] != 90).any()
