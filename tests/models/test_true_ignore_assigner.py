import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mmdet.models.task_modules.assigners import MaxIoUAssigner
from mmengine.structures import InstanceData

from mmhcm.models import TrueIgnoreAssigner, ignored_boxes
from tests.support.detectors import objects

SETTINGS = dict(pos_iou_thr=0.7, neg_iou_thr=0.3, min_pos_iou=0.3)
PRIORS = [
    [0, 0, 10, 10],
    [40, 40, 50, 50],
    [45, 45, 55, 55],
    [80, 80, 90, 90],
]


def assign(assigner, valid, ignored, priors=PRIORS):
    result = assigner.assign(
        InstanceData(priors=torch.tensor(priors).float().reshape(-1, 4)),
        objects(valid),
        objects(ignored),
    )
    return result.gt_inds.tolist()


@pytest.mark.parametrize(
    ('valid', 'ignored', 'expected'),
    [
        ([], [], [0, 0, 0, 0]),
        ([], [[35, 35, 60, 60]], [0, -1, -1, 0]),
        ([[40, 40, 50, 50]], [[35, 35, 60, 60]], [0, 1, -1, 0]),
        ([[0, 0, 10, 10]], [[79, 79, 91, 91]], [1, 0, 0, -1]),
        ([[0, 0, 10, 10]], [], [1, 0, 0, 0]),
        # A small ignored object in a larger prior: by IoU, not by share.
        ([], [[80, 80, 86, 86]], [0, 0, 0, -1]),
        ([], [[80, 80, 83, 83]], [0, 0, 0, 0]),
    ],
    ids=[
        'nothing',
        'no valid object',
        'valid inside ignored',
        'ordinary',
        'nothing ignored',
        'small ignored',
        'tiny ignored',
    ],
)
def test_assignment(valid, ignored, expected):
    assert assign(TrueIgnoreAssigner(**SETTINGS), valid, ignored) == expected


def test_max_iou_assigner_does_not_ignore():
    stock = MaxIoUAssigner(**SETTINGS, ignore_iof_thr=0.5)
    region = [[35, 35, 60, 60]]
    assert assign(stock, [], region) == [0, 0, 0, 0]
    assert assign(stock, [[40, 40, 50, 50]], region)[1] == -1


def test_equals_stock_without_ignored_objects():
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        corners = torch.rand(60, 2, generator=generator) * 50
        sides = torch.rand(60, 2, generator=generator) * 30 + 1
        boxes = torch.cat([corners, corners + sides], dim=1).tolist()
        arguments = (boxes[:5], [], boxes)
        assert assign(TrueIgnoreAssigner(**SETTINGS), *arguments) == assign(
            MaxIoUAssigner(**SETTINGS, ignore_iof_thr=0.5), *arguments
        )


def test_no_priors():
    assigner = TrueIgnoreAssigner(**SETTINGS)
    assert assign(assigner, [[0, 0, 1, 1]], [[0, 0, 2, 2]], []) == []


def test_share_is_of_the_prior():
    with pytest.raises(ValueError, match='ignore_wrt_candidates'):
        TrueIgnoreAssigner(**SETTINGS, ignore_wrt_candidates=False)


@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 9),
    st.integers(0, 40),
    st.booleans(),
    st.booleans(),
    st.sampled_from([0.3, (0.1, 0.5)]),
)
def test_assignment_equals_stock_object_by_object(
    seed, num_gts, num_priors, low_quality, assign_all, neg_iou_thr
):
    generator = torch.Generator().manual_seed(seed)
    # Tenths, so that there are ties and overlaps at the thresholds.
    shape = num_gts, num_priors
    overlaps = torch.randint(0, 11, shape, generator=generator) / 10
    labels = torch.randint(0, 10, (num_gts,), generator=generator)
    settings = dict(
        pos_iou_thr=0.7,
        neg_iou_thr=neg_iou_thr,
        min_pos_iou=0.4,
        match_low_quality=low_quality,
        gt_max_assign_all=assign_all,
    )
    got, expected = (
        kind(**settings).assign_wrt_overlaps(overlaps.clone(), labels)
        for kind in (TrueIgnoreAssigner, MaxIoUAssigner)
    )
    assert got.num_gts == expected.num_gts
    for key in ('gt_inds', 'max_overlaps', 'labels'):
        one, two = getattr(got, key), getattr(expected, key)
        assert one.dtype == two.dtype
        assert torch.equal(one, two)


@given(seed=st.integers(0, 1000), max_pairs=st.integers(1, 60))
def test_many_ignored_objects_are_taken_in_parts(seed, max_pairs):
    generator = torch.Generator().manual_seed(seed)
    boxes = torch.rand(26, 4, generator=generator) * 60
    boxes[:, 2:] += boxes[:, :2]
    priors, valid, ignored = boxes.split([12, 4, 10])
    results, sizes = [], []
    with pytest.MonkeyPatch.context() as patch:
        for limit in (1 << 26, max_pairs):
            patch.setattr(ignored_boxes, '_MAX_PAIRS', limit)
            assigner = TrueIgnoreAssigner(**SETTINGS)
            calculate = assigner.iou_calculator

            def watch(*args, calculate=calculate, **kwargs):
                overlaps = calculate(*args, **kwargs)
                sizes.append(overlaps.numel())
                return overlaps

            results.append(
                assign(
                    assigner,
                    valid.tolist(),
                    ignored.tolist(),
                    priors.tolist(),
                )
            )
            assigner.iou_calculator = watch
            sizes.clear()
            assign(assigner, [], ignored.tolist(), priors.tolist())
    assert results[0] == results[1]
    assert max(sizes) <= max(max_pairs, 12)
