import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhcm.functional.scoring import DetectionType as T
from mmhcm.functional.scoring import classify_errors

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


@pytest.mark.parametrize(
    ('dets', 'gts', 'regions', 'types', 'gt_inds', 'missed'),
    [
        pytest.param([], [], [], [], [], [], id='empty'),
        pytest.param([], [(CAR, 3, 0)], [], [], [], [1], id='no detection'),
        pytest.param(
            [(CAR, 0.9, 3)], [], [], [T.BACKGROUND], [-1], [], id='no object'
        ),
        pytest.param(
            [(NEAR, 0.9, 3)],
            [(CAR, 3, 0)],
            [],
            [T.TRUE_POSITIVE],
            [0],
            [0],
            id='found',
        ),
        pytest.param(
            [(NEAR, 0.9, 4)], [(CAR, 3, 0)], [], [T.CLASS], [0], [0], id='cls'
        ),
        pytest.param(
            [(PART, 0.9, 3)],
            [(CAR, 3, 0)],
            [],
            [T.LOCALIZATION],
            [0],
            [0],
            id='loc',
        ),
        pytest.param(
            [(PART, 0.9, 4)],
            [(CAR, 3, 0)],
            [],
            [T.BOTH],
            [0],
            [1],
            id='both leaves the object missed',
        ),
        pytest.param(
            [(WHEEL, 0.9, 3), (WHEEL, 0.8, 4)],
            [(CAR, 3, 0)],
            [],
            [T.LOCALIZATION, T.BOTH],
            [0, 0],
            [1],
            id='parts of an object leave it missed',
        ),
        pytest.param(
            [(EDGE, 0.9, 3)],
            [(CAR, 3, 0)],
            [],
            [T.BACKGROUND],
            [-1],
            [1],
            id='mostly beside an object',
        ),
        pytest.param(
            [(WHEEL, 0.9, 3)],
            [(CAR, 3, 0)],
            [[0, 0, 2, 2]],
            [T.IGNORED],
            [-1],
            [1],
            id='a part in a region',
        ),
        pytest.param(
            [(NEAR, 0.5, 3), (CAR, 0.9, 3)],
            [(CAR, 3, 0)],
            [],
            [T.DUPLICATE, T.TRUE_POSITIVE],
            [0, 0],
            [0],
            id='duplicate',
        ),
        pytest.param(
            [(NEAR, 0.5, 3), (CAR, 0.5, 3)],
            [(CAR, 3, 0)],
            [],
            [T.TRUE_POSITIVE, T.DUPLICATE],
            [0, 0],
            [0],
            id='equal scores: first row first',
        ),
        pytest.param(
            [(CAR, 0.29, 3)],
            [(CAR, 3, 0)],
            [],
            [T.BELOW_THR],
            [-1],
            [1],
            id='low score',
        ),
        pytest.param(
            [(CAR, 0.9, 3)],
            [(CAR, 4, 0), (PART, 3, 0)],
            [],
            [T.CLASS],
            [0],
            [0, 1],
            id='the larger overlap types the error',
        ),
        pytest.param(
            [(CAR, 0.9, 3)],
            [(CAR, 3, 1)],
            [],
            [T.IGNORED],
            [-1],
            [0],
            id='all ignored',
        ),
        pytest.param(
            [(CAR, 0.9, 3)],
            [(FAR, 4, 0)],
            [[0, 0, 3, 10], [2, 0, 5, 10]],
            [T.IGNORED],
            [-1],
            [1],
            id='half inside the union of regions',
        ),
        pytest.param(
            [(CAR, 0.9, 3)],
            [(CAR, 3, 0)],
            [[0, 0, 99, 99]],
            [T.TRUE_POSITIVE],
            [0],
            [0],
            id='a match comes before ignoring',
        ),
        pytest.param(
            [(CAR, 0.9, 4)],
            [(CAR, 3, 0)],
            [[0, 0, 99, 99]],
            [T.IGNORED],
            [-1],
            [0],
            id='nothing else is an error in a region',
        ),
    ],
)
def test_types(dets, gts, regions, types, gt_inds, missed):
    out = classify(dets, gts, regions)
    assert out.det_types.tolist() == types
    assert out.det_gt_inds.tolist() == gt_inds
    assert out.missed.tolist() == missed
    assert out.det_types.dtype == np.int8
    assert out.det_gt_inds.dtype == np.int64
    assert out.missed.dtype == bool


def slow_iou(a, b):
    width = max(min(a[2], b[2]) - max(a[0], b[0]), 0)
    height = max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    union = area(a) + area(b) - width * height
    return width * height / union if union else 0.0


def slow_iof(a, b):
    width = max(min(a[2], b[2]) - max(a[0], b[0]), 0)
    height = max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    return width * height / area(a) if area(a) else 0.0


def area(box):
    return (box[2] - box[0]) * (box[3] - box[1])


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


def slow_classify(dets, gts, regions):
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
            (-slow_iou(box, g[0]), g[1] != label, j)
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
        elif not valid or -valid[0][0] < 0.1:
            types[i] = T.BACKGROUND
            around = sorted(
                (-slow_iof(box, g[0]), g[1] != label, j)
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


@settings(max_examples=400)
@given(
    st.lists(st.tuples(box, scores, label), max_size=6),
    st.lists(st.tuples(box, label, st.booleans()), max_size=6),
    st.lists(box, max_size=2),
)
def test_equals_slow_version(dets, gts, regions):
    out = classify(dets, gts, regions)
    types, inds, missed, parts = slow_classify(dets, gts, regions)
    assert out.det_types.tolist() == types
    assert out.det_gt_inds.tolist() == inds
    assert out.missed.tolist() == missed
    assert out.parts.tolist() == parts


@given(
    st.lists(st.tuples(box, scores, label), max_size=6),
    st.lists(st.tuples(box, label, st.booleans()), max_size=6),
    st.lists(box, max_size=2),
)
def test_each_object_is_found_once_at_most(dets, gts, regions):
    out = classify(dets, gts, regions)
    found = out.det_gt_inds[out.det_types == T.TRUE_POSITIVE]
    assert len(found) == len(set(found.tolist()))
    assert not out.missed[found].any()
    assert all(not gts[j][2] for j in out.det_gt_inds if j >= 0)


# Of each type: is the score high enough, has the object (if there is one) the
# detection's class, and is it touched (1) or in the right position (2)?
MEANINGS = {
    T.BELOW_THR: (False, False, None),
    T.TRUE_POSITIVE: (True, True, 2),
    T.CLASS: (True, False, 2),
    T.LOCALIZATION: (True, True, 1),
    T.BOTH: (True, False, 1),
    T.DUPLICATE: (True, True, 2),
    T.BACKGROUND: (True, False, None),
    T.IGNORED: (True, False, None),
}


@given(
    st.lists(st.tuples(box, scores, label), max_size=6),
    st.lists(st.tuples(box, label, st.booleans()), max_size=6),
    st.lists(box, max_size=2),
    st.sampled_from([0.05, 0.3, 0.5]),
)
def test_types_partition_the_detections(dets, gts, regions, bg_thr):
    out = classify(dets, gts, regions, bg_thr=bg_thr)
    parts = [np.flatnonzero(out.det_types == kind) for kind in T]
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(dets)))
    taken = set(out.det_gt_inds[out.det_types == T.TRUE_POSITIVE].tolist())
    for (det, score, own), kind, ind, part in zip(
        dets, out.det_types, out.det_gt_inds, out.parts, strict=True
    ):
        iou = slow_iou(det, gts[ind][0]) if ind >= 0 else None
        meaning = (
            score >= 0.3,
            ind >= 0 and gts[ind][1] == own,
            None if iou is None else (part or iou >= bg_thr) + (iou >= 0.5),
        )
        assert meaning == MEANINGS[kind]
        assert kind != T.DUPLICATE or ind in taken
