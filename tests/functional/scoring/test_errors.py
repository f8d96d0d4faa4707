import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhcm.functional.scoring import DetectionType as T
from mmhcm.functional.scoring import classify_errors
from tests.support.slow_boxes import slow_corner_overlap

CAR = [0, 0, 10, 10]
# IoU with CAR: 0.6 and 0.25
NEAR = [0, 0, 10, 6]
PART = [0, 0, 10, 2.5]
FAR = [50, 50, 60, 60]
# IoU with CAR of 0.04 and 0.02, whole in it and for 0.4 of its area
WHEEL = [0, 0, 2, 2]
EDGE = [9.2, 0, 11.2, 2]


def classify(dets=(), gts=(), regions=(), **kwargs):
    """``dets``: (box, score, label); ``gts``: (box, label, ignore)."""
    dets, gts = list(dets), list(gts)
    return classify_errors(
        np.asarray([d[0] for d in dets], np.float32).reshape(-1, 4),
        np.asarray([d[1] for d in dets], np.float32),
        np.asarray([d[2] for d in dets], np.int64),
        np.asarray([g[0] for g in gts], np.float32).reshape(-1, 4),
        np.asarray([g[1] for g in gts], np.int64),
        np.asarray([g[2] for g in gts], bool),
        np.asarray(list(regions), np.float32).reshape(-1, 4),
        **kwargs,
    )


def det(bbox, label=3, score=0.9):
    return bbox, score, label


ONE = [(CAR, 3, 0)]
#: Detections, objects, regions; types, objects of the detections, missed.
CASES = {
    'empty': ([], [], [], [], [], []),
    'no detection': ([], ONE, [], [], [], [1]),
    'no object': ([det(CAR)], [], [], [T.BACKGROUND], [-1], []),
    'found': ([det(NEAR)], ONE, [], [T.TRUE_POSITIVE], [0], [0]),
    'class': ([det(NEAR, 4)], ONE, [], [T.CLASS], [0], [0]),
    'location': ([det(PART)], ONE, [], [T.LOCALIZATION], [0], [0]),
    'both leaves it missed': ([det(PART, 4)], ONE, [], [T.BOTH], [0], [1]),
    'parts leave it missed': (
        *([det(WHEEL), det(WHEEL, 4, 0.8)], ONE, []),
        *([T.LOCALIZATION, T.BOTH], [0, 0], [1]),
    ),
    'mostly beside': ([det(EDGE)], ONE, [], [T.BACKGROUND], [-1], [1]),
    'part in a region': (
        *([det(WHEEL)], ONE, [[0, 0, 2, 2]], [T.IGNORED], [-1], [1]),
    ),
    'duplicate': (
        *([det(NEAR, 3, 0.5), det(CAR)], ONE, []),
        *([T.DUPLICATE, T.TRUE_POSITIVE], [0, 0], [0]),
    ),
    'equal scores: first row first': (
        *([det(NEAR), det(CAR)], ONE, []),
        *([T.TRUE_POSITIVE, T.DUPLICATE], [0, 0], [0]),
    ),
    'low score': ([det(CAR, 3, 0.29)], ONE, [], [T.BELOW_THR], [-1], [1]),
    'the larger overlap types the error': (
        *([det(CAR)], [(CAR, 4, 0), (PART, 3, 0)], []),
        *([T.CLASS], [0], [0, 1]),
    ),
    'all ignored': ([det(CAR)], [(CAR, 3, 1)], [], [T.IGNORED], [-1], [0]),
    'half inside the union of regions': (
        *([det(CAR)], [(FAR, 4, 0)], [[0, 0, 3, 10], [2, 0, 5, 10]]),
        *([T.IGNORED], [-1], [1]),
    ),
    'a match comes before ignoring': (
        *([det(CAR)], ONE, [[0, 0, 99, 99]], [T.TRUE_POSITIVE], [0], [0]),
    ),
    'nothing else is an error in a region': (
        *([det(CAR, 4)], ONE, [[0, 0, 99, 99]], [T.IGNORED], [-1], [0]),
    ),
}


@pytest.mark.parametrize('name', CASES)
def test_types(name):
    *given, types, gt_inds, missed = CASES[name]
    out = classify(*given)
    assert out.det_types.tolist() == types
    assert out.det_gt_inds.tolist() == gt_inds
    assert out.missed.tolist() == missed
    assert out.det_types.dtype == np.int8
    assert out.det_gt_inds.dtype == np.int64
    assert out.missed.dtype == bool


def slow_share(box, regions):
    cells = [
        any(
            r[0] <= x and x + 1 <= r[2] and r[1] <= y and y + 1 <= r[3]
            for r in regions
        )
        for x in range(box[0], box[2])
        for y in range(box[1], box[3])
    ]
    return sum(cells) / len(cells) if cells else 0.0


def slow_classify(dets, gts, regions, bg_thr):
    """Apply the rules to one detection and one object at a time."""
    types, inds, taken = [T.BELOW_THR] * len(dets), [-1] * len(dets), set()
    parts = [False] * len(dets)
    ignored = list(regions) + [box for box, _, ignore in gts if ignore]
    for i in sorted(range(len(dets)), key=lambda i: (-dets[i][1], i)):
        box, score, label = dets[i]
        if score < 0.3:
            continue
        # sorted by overlap, then own class, then row
        valid = sorted(
            (-slow_corner_overlap(box, g[0]), g[1] != label, j)
            for j, g in enumerate(gts)
            if not g[2]
        )
        free = [
            v for v in valid if not v[1] and v[2] not in taken and -v[0] >= 0.5
        ]
        if free:
            types[i], inds[i] = T.TRUE_POSITIVE, free[0][2]
            taken.add(free[0][2])
        elif slow_share(box, ignored) >= 0.5:
            types[i] = T.IGNORED
        elif not valid or -valid[0][0] < bg_thr:
            types[i] = T.BACKGROUND
            around = sorted(
                (-slow_corner_overlap(box, g[0], True), g[1] != label, j)
                for j, g in enumerate(gts)
                if not g[2]
            )
            if around and -around[0][0] >= 0.5:
                _, other, inds[i] = around[0]
                types[i] = T.BOTH if other else T.LOCALIZATION
                parts[i] = True
        else:
            iou, other, inds[i] = -valid[0][0], valid[0][1], valid[0][2]
            if iou >= 0.5:
                types[i] = T.CLASS if other else T.DUPLICATE
            else:
                types[i] = T.BOTH if other else T.LOCALIZATION
    explained = {
        j
        for t, j, part in zip(types, inds, parts, strict=True)
        if t in (T.TRUE_POSITIVE, T.CLASS, T.LOCALIZATION) and not part
    }
    missed = [
        not ignore and j not in explained and slow_share(box, regions) < 0.5
        for j, (box, _, ignore) in enumerate(gts)
    ]
    return types, inds, missed, parts


coord = st.integers(0, 19)
box = st.tuples(coord, coord, coord, coord).map(
    lambda b: [
        min(b[0], b[2]),
        min(b[1], b[3]),
        max(b[0], b[2]),
        max(b[1], b[3]),
    ]
)
label = st.integers(0, 1)
scores = st.sampled_from([0.25, 0.5, 0.75])


@settings(max_examples=500)
@given(
    st.lists(st.tuples(box, scores, label), max_size=6),
    st.lists(st.tuples(box, label, st.booleans()), max_size=6),
    st.lists(box, max_size=2),
    st.sampled_from([0.1, 0.1, 0.05, 0.3]),
)
def test_equals_slow_version(dets, gts, regions, bg_thr):
    out = classify(dets, gts, regions, bg_thr=bg_thr)
    types, inds, missed, parts = slow_classify(dets, gts, regions, bg_thr)
    assert out.det_types.tolist() == types
    assert out.det_gt_inds.tolist() == inds
    assert out.missed.tolist() == missed
    assert out.parts.tolist() == parts
