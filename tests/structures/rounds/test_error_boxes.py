import numpy as np

from mmhcm.structures.rounds import (
    ERROR_KINDS,
    DetectedImage,
    ErrorBox,
    find_errors,
)
from tests.support.pool_images import make_instance


def find(*args, **thresholds):
    image = DetectedImage.of(*args)
    return find_errors(image, image.classify(**thresholds))


def test_nothing():
    empty = np.zeros((0, 4), dtype=np.float32)
    assert find([], [], empty, np.zeros(0), np.zeros(0, int)) == []


def test_all_kinds():
    instances = [
        make_instance([0, 0, 10, 10], 3),
        make_instance([20, 0, 30, 10], 3),
        make_instance([40, 0, 50, 10], 0),
        make_instance([60, 0, 70, 10], 0, ignore=1),
    ]
    det_bboxes = np.array(
        [
            [0, 0, 10, 10],
            [21, 0, 30, 10],
            [80, 80, 90, 90],
            [60, 0, 70, 10],
            [0, 80, 10, 90],
            [4, 0, 14, 10],
            [22, 7, 25, 10],
        ],
        dtype=np.float32,
    )
    errors = find(
        instances,
        [[0, 75, 20, 95]],
        det_bboxes,
        np.full(7, 0.5),
        np.array([3, 4, 1, 1, 1, 3, 5]),
        score_thr=0.3,
    )
    assert errors == [
        ErrorBox((80, 80, 90, 90), 'background', 1, -1, 0.5),
        # at the object's place; where the detection is is kept too
        ErrorBox((20, 0, 30, 10), 'class', 4, 3, 0.5, (21, 0, 30, 10)),
        ErrorBox((40, 0, 50, 10), 'missed', -1, 0, 0.0),
        # a part of an object, and badly placed
        ErrorBox((20, 0, 30, 10), 'both', 5, 3, 0.5, (22, 7, 25, 10)),
        ErrorBox((0, 0, 10, 10), 'localization', 3, 3, 0.5, (4, 0, 14, 10)),
    ]
    assert {error.kind for error in errors} == set(ERROR_KINDS)


def test_thresholds_are_passed_on():
    errors = find(
        [],
        [],
        np.array([[0, 0, 5, 5]], dtype=np.float32),
        np.array([0.2]),
        np.array([1]),
        score_thr=0.1,
    )
    assert [error.kind for error in errors] == ['background']
