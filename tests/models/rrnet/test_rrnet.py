"""Facts of RRNet's definition."""

import pytest
import torch
from mmdet.models.utils import gaussian_radius
from mmdet.registry import MODELS
from mmengine.config import Config

from mmhcm.models.rrnet import center_targets, gaussian_radii
from mmhcm.models.rrnet.box_refiner import decode, encode
from tests.support.configs import read_detector
from tests.support.detectors import count, data_sample, meta_of, objects
from tests.support.slim_baselines import RRNET, slim_model

SIDE = 128
META = meta_of(SIDE)
PLAIN_NMS = {'nms': {'type': 'nms', 'iou_threshold': 0.7}, 'max_per_img': 500}


def build_head(**kwargs):
    torch.manual_seed(0)
    head = MODELS.build(
        {
            'type': 'RRNetHead',
            'num_classes': 10,
            'in_channels': 16,
            'feat_channels': 16,
            'test_cfg': Config({'test_cfg': PLAIN_NMS}).test_cfg,
            **kwargs,
        }
    )
    head.init_weights()
    return head


def test_parameter_counts():
    # Weights of the hourglass need no memory here.
    with torch.device('meta'):
        model = MODELS.build(read_detector(RRNET).model)
    assert count(model) == 191_335_840
    assert count(model.backbone) == 187_700_352
    head = model.bbox_head
    parts = [
        sum(count(branch.heatmap) for branch in head.branches),
        sum(
            count(part)
            for branch in head.branches
            for part in (branch.size_stem, branch.width, branch.height)
        ),
        sum(count(branch.offset) for branch in head.branches),
        count(head.refiner),
    ]
    assert parts == [1_185_300, 1_197_572, 1_181_188, 71_428]


def test_sizes_come_from_strips_of_17_cells():
    branch = build_head().branches[0]
    assert branch.height.kernel_size == (17, 1)
    assert branch.width.kernel_size == (1, 17)
    heatmap, sizes, offset = branch(torch.randn(1, 16, 20, 30))
    assert heatmap.shape == (1, 10, 20, 30)
    assert sizes.shape == offset.shape == (1, 2, 20, 30)
    assert branch.heatmap[-1].bias.tolist() == pytest.approx(
        [-2.197] * 10, abs=1e-3
    )


def test_radii_are_those_of_the_original_formula():
    wh = torch.tensor([[10.0, 10.0], [4.0, 30.0]])
    radii = gaussian_radii(wh).tolist()
    # The square's smallest root: (sqrt(28 ** 2 + 4 * 2.8 * 30) - 28) / 2.
    assert radii[0] == pytest.approx(2.733, abs=1e-3)
    for radius, (width, height) in zip(radii, wh.tolist(), strict=True):
        assert radius > gaussian_radius((height, width), 0.7)


def test_targets_decode_to_the_objects():
    head = build_head()
    gt = objects(
        [[8, 12, 40, 70], [64, 30, 90, 45], [100, 100, 118, 110]], [3, 0, 9]
    )
    shape = (1, 10, SIDE // 4, SIDE // 4)
    targets = center_targets([gt.bboxes / 4], [gt.labels], torch.Size(shape))
    assert targets['weight'].sum() == 6
    assert (targets['heatmap'] == 1).sum() == 3
    (found,) = head.propose(
        targets['heatmap'], targets['size'], targets['offset']
    )
    best = found[found.scores == 1]
    order = best.labels.argsort()
    torch.testing.assert_close(
        best.bboxes[order] * 4, gt.bboxes[gt.labels.argsort()]
    )


def test_objects_outside_of_the_map_have_no_targets():
    targets = center_targets(
        [torch.tensor([[30.0, 30, 50, 50], [2, 2, 4, 4]])],
        [torch.tensor([1, 1])],
        torch.Size((1, 2, 16, 16)),
    )
    assert targets['weight'][:, 0].sum() == 1
    assert targets['heatmap'][0, 0].sum() == 0


def test_no_second_regression_returns_the_first_boxes():
    head = build_head().eval()
    torch.nn.init.zeros_(head.refiner.deltas.weight)
    feats = [torch.rand(1, 16, 32, 32)]
    with torch.no_grad():
        outs = head([None, *feats])
        for size in outs[1]:
            size.add_(6)
        (first,) = head.propose(*(maps[-1] for maps in outs[:3]))
        (found,) = head.predict_by_feat(*outs, [META])
    kept = found.bboxes[
        (found.bboxes > 1).all(1) & (found.bboxes < 127).all(1)
    ]
    assert len(kept) > 20
    gaps = (kept[:, None] - first.bboxes[None] * 4).abs().amax(-1)
    assert gaps.min(dim=1).values.max() < 1e-3


def test_scores_and_classes_are_those_of_the_heat_map():
    head = build_head(num_proposals=50).eval()
    with torch.no_grad():
        torch.nn.init.normal_(head.refiner.deltas.weight)
        outs = head([None, torch.rand(1, 16, 32, 32)])
        outs[1][0].add_(4)
        (found,) = head.predict_by_feat(*outs, [META])
    assert len(found) > 0
    for score, label in zip(found.scores, found.labels, strict=True):
        assert (outs[0][0][0, label] == score).any()
    # The highest cell of all is among them.
    assert found.scores.max() == outs[0][0].max()


def test_neighbours_are_thinned_before_the_regression():
    head = build_head(num_proposals=60)
    heatmap = torch.full((1, 10, 32, 32), 0.01)
    heatmap[0, 4, 10:16, 10:16] = 0.9
    size = torch.full((1, 2, 32, 32), 20.0)
    (found,) = head.propose(heatmap, size, torch.zeros(1, 2, 32, 32))
    assert 0 < (found.labels == 4).sum() < 10
    size[:] = -3
    (found,) = head.propose(heatmap, size, torch.zeros(1, 2, 32, 32))
    assert (found.bboxes[:, 2:] == found.bboxes[:, :2]).all()


def test_deltas_lead_back_to_the_target():
    boxes = torch.tensor([[3.0, 4, 9, 20], [5, 5, 5, 5]])
    targets = torch.tensor([[4.0, 2, 12, 18], [4, 5, 7, 9]])
    deltas = encode(boxes, targets)
    # Sides count as x2 - x1 + 1.
    assert deltas[0, 2].exp() == pytest.approx(9 / 7)
    torch.testing.assert_close(decode(boxes, deltas), targets)
    torch.testing.assert_close(decode(boxes, torch.zeros(2, 4)), boxes)


@pytest.mark.parametrize('side', [0, 1e-5])
def test_boxes_without_area_give_no_detection(detector, side):
    head = detector.bbox_head.eval()
    torch.nn.init.zeros_(head.refiner.deltas.weight)
    feat = torch.rand(1, 16, 32, 32)
    with torch.no_grad():
        outs = head([None, feat])
        outs[1][0][:] = side
        (found,) = head.predict_by_feat(*outs, [META])
    # Tiny ones would have no area either, moved apart by class.
    assert len(found) == 0


@pytest.fixture
def detector():
    torch.manual_seed(0)
    cfg = read_detector(RRNET)
    slim_model(cfg, RRNET)
    model = MODELS.build(cfg.model)
    model.init_weights()
    return model.train()


def losses_of(detector, bboxes, labels):
    sample = data_sample(objects(bboxes, labels), side=SIDE)
    torch.manual_seed(2)
    return detector.loss(torch.randn(1, 3, SIDE, SIDE), [sample])


def test_second_regression_counts_from_its_start(detector):
    head = detector.bbox_head
    head.refine_from = 1
    # Proposals on the object, so that some are positive.
    for branch in head.branches:
        torch.nn.init.constant_(branch.width.bias, 8)
        torch.nn.init.constant_(branch.height.bias, 8)
    for expected in (False, True, True):
        losses = losses_of(detector, [[32, 32, 64, 64]], [2])
        assert bool(losses['loss_refine'] > 0) == expected
    assert detector.state_dict()['bbox_head.num_iters'] == 3


@pytest.mark.parametrize('number', [0, 1])
def test_losses_are_finite_and_reach_all_weights(detector, number):
    losses = losses_of(detector, [[32, 32, 64, 64]][:number], [2] * number)
    loss, _ = detector.parse_losses(losses)
    loss.backward()
    assert torch.isfinite(loss)
    assert all(p.grad is not None for p in detector.parameters())
