import numpy as np

from mmhcm.structures.rounds import ErrorBox, find_errors


def instance(bbox, label, ignored=0):
    return {'bbox': bbox, 'bbox_label': label, 'ignore_flag': ignored}


def test_nothing():
    empty = np.zeros((0, 4), dtype=np.float32)
    assert find_errors([], [], empty, np.zeros(0), np.zeros(0, int)) == []


def test_all_kinds():
    instances = [
        instance([0, 0, 10, 10], 3),
        instance([20, 0, 30, 10], 3),
        instance([40, 0, 50, 10], 0),
        instance([60, 0, 70, 10], 0, ignored=1),
    ]
    det_bboxes = np.array(
        [
            [0, 0, 10, 10],
            [21, 0, 30, 10],
            [80, 80, 90, 90],
            [60, 0, 70, 10],
            [0, 80, 10, 90],
        ],
        dtype=np.float32,
    )
    errors = find_errors(
        instances,
        [[0, 75, 20, 95]],
        det_bboxes,
        np.full(5, 0.5),
        np.array([3, 4, 1, 1, 1]),
        score_thr=0.3,
    )
    assert errors == [
        ErrorBox((80, 80, 90, 90), 'background', 1, -1, 0.5),
        # at the object's place; where the detection is is kept too
        ErrorBox((20, 0, 30, 10), 'class', 4, 3, 0.5, (21, 0, 30, 10)),
        ErrorBox((40, 0, 50, 10), 'missed', -1, 0, 0.0),
    ]


def test_thresholds_are_passed_on():
    errors = find_errors(
        [],
        [],
        np.array([[0, 0, 5, 5]], dtype=np.float32),
        np.array([0.2]),
        np.array([1]),
        score_thr=0.1,
    )
    assert [error.kind for error in errors] == ['background']
