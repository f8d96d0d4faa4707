import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmengine.structures import InstanceData

from mmhcm.functional.boxes import box_iou
from mmhcm.functional.chips import (
    ChipScale,
    cover_errors,
    project_to_chip,
    valid_objects,
)
from mmhcm.models import TrueIgnoreAssigner

WH = (160, 120)
SCALES = [
    ChipScale(40, (0, 14), 5),
    ChipScale(80, (10, 40), 9),
    ChipScale(None, (30, float('inf'))),
]


def draw_canvas(seed, num_gts, num_dets):
    """Objects of all sizes, one in five ignored, and boxes near them."""
    rng = np.random.default_rng(seed)
    sides = np.exp(rng.uniform(1, 4.5, (num_gts, 2)))
    corners = rng.uniform(-5, WH, (num_gts, 2))
    gts = np.concatenate([corners, corners + sides], 1)
    gts = np.clip(gts.round(), 0, [*WH, *WH])
    gts = gts[(gts[:, 2:] > gts[:, :2]).all(axis=1)]
    corners = rng.uniform(0, WH, (num_dets, 2))
    if len(gts):
        near = gts[rng.integers(len(gts), size=num_dets)]
        corners = rng.uniform(near[:, :2] - 9, near[:, 2:] + 1)
    sides = np.exp(rng.uniform(1, 3.5, (num_dets, 2)))
    dets = np.concatenate([corners, corners + sides], 1)
    dets = np.clip(dets, 0, [*WH, *WH])
    dets = dets[(dets[:, 2:] > dets[:, :2]).all(axis=1)]
    ignore = rng.random(len(gts)) < 0.2
    return rng, dets, gts, ignore


def learned_in_training(bboxes, backgrounds, gts, ignore, window, scale_ind):
    """Assign the errors' boxes as training on the chip does, one by one."""
    valid = valid_objects(gts, WH, SCALES)[:, scale_ind] & ~ignore
    boxes, inds, keep = project_to_chip(gts, window, valid, 1.0)

    def tensor(values):
        return torch.from_numpy(np.asarray(values, dtype=np.float32))

    assigner = TrueIgnoreAssigner(
        pos_iou_thr=0.5, neg_iou_thr=0.5, match_low_quality=False
    )
    learned = []
    for bbox, on_background in zip(bboxes, backgrounds, strict=True):
        x1, y1, x2, y2 = bbox - np.tile(window[:2], 2)
        side_w, side_h = window[2:] - window[:2]
        if on_background:
            fits = x1 >= 0 and y1 >= 0 and x2 <= side_w and y2 <= side_h
            result = assigner.assign(
                InstanceData(priors=tensor([[x1, y1, x2, y2]])),
                InstanceData(
                    bboxes=tensor(boxes[keep]),
                    labels=torch.zeros(int(keep.sum()), dtype=torch.long),
                ),
                InstanceData(bboxes=tensor(boxes[~keep])),
            )
            learned.append(fits and result.gt_inds.item() == 0)
        else:
            # The object is an object of the chip.
            same = (gts[inds] == bbox).all(axis=1)
            learned.append(bool((same & keep).any()))
    return np.array(learned, dtype=bool)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 12), st.integers(0, 12))
def test_listed_errors_are_learned_in_their_chip(seed, num_gts, num_dets):
    rng, dets, gts, ignore = draw_canvas(seed, num_gts, num_dets)
    ious = box_iou(dets, gts).max(axis=1, initial=0)
    dets = dets[ious < 0.1].astype(np.float32)
    about = gts[~ignore & (rng.random(len(gts)) < 0.5)].astype(np.float32)
    bboxes = np.concatenate([dets, about])
    backgrounds = np.arange(len(bboxes)) < len(dets)
    chips = cover_errors(bboxes, backgrounds, gts, ignore, WH, SCALES)
    assert chips.errors.any(axis=1).all()
    # Every error about an object has a chip.
    assert chips.errors.any(axis=0)[len(dets) :].all()
    valid = valid_objects(bboxes, WH, SCALES)
    for window, scale_ind, errors, objects in zip(
        chips.windows,
        chips.scale_inds,
        chips.errors,
        chips.objects,
        strict=True,
    ):
        learned = learned_in_training(
            bboxes, backgrounds, gts, ignore, window, scale_ind
        )
        assert learned[errors].all()
        # Nor is any left out that is learned in the chip.
        assert not (learned & valid[:, scale_ind])[~errors].any()
        kept = valid_objects(gts, WH, SCALES)[:, scale_ind] & ~ignore
        _, inds, keep = project_to_chip(gts, window, kept, 1.0)
        assert np.flatnonzero(objects).tolist() == inds[keep].tolist()


def test_windows_hold_the_most_objects_to_learn():
    error = [60, 60, 66, 66]
    gts = [[90, 60, 96, 66], [90, 70, 96, 76], [30, 60, 36, 66]]
    chips = cover_errors([error], [True], gts, [0, 0, 0], WH, SCALES)
    assert chips.objects.tolist() == [[True, True, False]]
    chips = cover_errors([error], [True], gts, [1, 1, 0], WH, SCALES)
    assert chips.objects.tolist() == [[False, False, True]]
    # No window at all holds more, as tried one by one.
    most = max(
        sum(
            x <= g[0] + 3 and g[0] + 3 <= x + 40
            for g in gts
            if y <= g[1] + 3 <= y + 40
        )
        for x in range(26, 61)
        for y in range(26, 61)
    )
    assert most == 2
