import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mmhcm.functional.scoring import (
    best_f1_threshold,
    classify_errors,
    judged_detections,
)

CAR, FAR = [0, 0, 10, 10], [50, 50, 60, 60]


def slow_f1(dets, num_objects, threshold):
    shown = [right for score, right in dets if score >= threshold]
    total = len(shown) + num_objects
    return 2 * sum(shown) / total if total else 0.0


@given(
    st.lists(
        st.tuples(st.sampled_from([0.1, 0.2, 0.5, 0.75]), st.booleans()),
        max_size=12,
    ),
    st.integers(0, 6),
)
def test_no_threshold_is_better(dets, extra):
    num_objects = sum(right for _, right in dets) + extra
    scores = np.array([score for score, _ in dets], dtype=np.float32)
    rights = np.array([right for _, right in dets], dtype=bool)
    dets = list(zip(scores.tolist(), rights.tolist(), strict=True))
    threshold, f1 = best_f1_threshold(scores, rights, num_objects)
    f1s = {s: slow_f1(dets, num_objects, s) for s in scores.tolist()}
    assert f1 == max(f1s.values(), default=0.0)
    assert threshold == max([s for s in f1s if f1s[s] == f1], default=1.0)


@given(st.permutations(range(8)), st.integers(0, 99))
def test_order_does_not_matter(order, seed):
    rng = np.random.default_rng(seed)
    scores, rights = rng.choice([0.25, 0.5, 0.75], 8), rng.random(8) < 0.5
    expected = best_f1_threshold(scores, rights, 9)
    assert best_f1_threshold(scores[order], rights[order], 9) == expected


def judge(dets, gts, regions=(), min_score=0.1):
    bboxes = np.array([d[0] for d in dets], np.float32).reshape(-1, 4)
    scores = np.array([d[1] for d in dets], np.float32)
    types = classify_errors(
        bboxes,
        scores,
        np.array([d[2] for d in dets], np.int64),
        np.array([g[0] for g in gts], np.float32).reshape(-1, 4),
        np.array([g[1] for g in gts], np.int64),
        np.array([g[2] for g in gts], bool),
        np.array(list(regions), np.float32).reshape(-1, 4),
        score_thr=min_score,
    )
    got = judged_detections(scores, types, min_score)
    return list(zip(*(values.tolist() for values in got), strict=True))


def test_judged_detections():
    dets = [(CAR, 0.5, 0), (FAR, 0.25, 0), (CAR, 0.125, 0), (CAR, 0.0625, 1)]
    gts = [(CAR, 0, False)]
    expected = [(0.5, True), (0.25, False), (0.125, False)]
    assert judge(dets, gts) == expected
    # Ignored objects and regions make detections neither right nor wrong,
    assert judge(dets, [*gts, (FAR, 0, True)]) == [expected[0], expected[2]]
    assert judge(dets, gts, [FAR]) == [expected[0], expected[2]]
    # and so do objects that are not expected.
    assert judge(dets, gts, [CAR]) == [expected[1]]
