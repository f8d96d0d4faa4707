import torch
from mmdet.registry import TASK_UTILS
from mmengine.structures import InstanceData

from tests.support.detectors import objects

SOFT = {'type': 'DynamicSoftLabelAssigner', 'topk': 13}
# Points of an 8 x 8 map of stride 8, as RTMDet's.
STEPS = torch.arange(8) * 8.0
POINTS = torch.stack(
    [*torch.meshgrid(STEPS, STEPS, indexing='xy')], dim=-1
).reshape(-1, 2)
PRIORS = torch.cat([POINTS, torch.full((64, 2), 8.0)], dim=1)


def assign(valid, ignored, side=2.0, assigner=None):
    """Assign to predictions of one side around each point."""
    predictions = InstanceData(
        priors=PRIORS,
        bboxes=torch.cat([POINTS - side / 2, POINTS + side / 2], dim=1),
        scores=torch.zeros(64, 10),
    )
    built = TASK_UTILS.build(
        assigner or {'type': 'IgnoringAssigner', 'assigner': SOFT}
    )
    ignored = None if ignored is None else objects(ignored)
    return built.assign(predictions, objects(valid), ignored).gt_inds


def at(x, y):
    return y // 8 * 8 + x // 8


def test_without_ignored_objects_the_other_assigner_decides():
    valid = [[10, 10, 40, 40]]
    plain = assign(valid, None, assigner=SOFT)
    assert (plain > 0).any()
    assert torch.equal(assign(valid, None), plain)
    assert torch.equal(assign(valid, []), plain)


def test_points_inside_an_ignored_object_are_no_background():
    gt_inds = assign([], [[14, 14, 42, 26]])
    ignored = (gt_inds == -1).nonzero()[:, 0].tolist()
    assert ignored == [
        *(at(x, 16) for x in (16, 24, 32, 40)),
        *(at(x, 24) for x in (16, 24, 32, 40)),
    ]
    assert (gt_inds[gt_inds != -1] == 0).all()


def test_predictions_on_a_tiny_ignored_object_are_no_background():
    # No point is inside, but the boxes around one point are on it.
    gt_inds = assign([], [[25, 25, 30, 30]], side=11)
    assert (gt_inds == -1).nonzero()[:, 0].tolist() == []
    gt_inds = assign([], [[21, 21, 28, 28]], side=9)
    assert (gt_inds == -1).nonzero()[:, 0].tolist() == [at(24, 24)]


def test_positives_win_over_ignored_objects():
    valid = [[10, 10, 40, 40]]
    plain = assign(valid, [], side=30)
    gt_inds = assign(valid, [[0, 0, 64, 64]], side=30)
    assert torch.equal(gt_inds > 0, plain > 0)
    assert (gt_inds != 0).all()
