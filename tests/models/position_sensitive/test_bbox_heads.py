import pytest
import torch
from mmdet.models.task_modules.samplers import SamplingResult
from mmdet.registry import MODELS
from mmengine.config import ConfigDict

from tests.support.detectors import count

CODER = dict(
    type='DeltaXYWHBBoxCoder',
    target_means=[0.0] * 4,
    target_stds=[0.1, 0.1, 0.2, 0.2],
)


def build_head(kind, num_hard, **kwargs):
    return MODELS.build(
        dict(
            type=kind,
            num_hard=num_hard,
            roi_feat_size=2,
            num_classes=3,
            bbox_coder=CODER,
            loss_cls=dict(type='CrossEntropyLoss', loss_weight=1.0),
            loss_bbox=dict(type='SmoothL1Loss', beta=1.0, loss_weight=2.0),
            **kwargs,
        )
    )


def sample_all(boxes, objects, labels, num_pos):
    """Take every box; the first ``num_pos`` are of the first object."""
    inds = torch.arange(len(boxes))
    gt_inds = torch.zeros(len(boxes), dtype=torch.long)
    gt_inds[:num_pos] = 1

    class Assigned:
        pass

    assigned = Assigned()
    assigned.gt_inds = gt_inds
    assigned.labels = labels[(gt_inds - 1).clamp(0)]
    return SamplingResult(
        pos_inds=inds[:num_pos],
        neg_inds=inds[num_pos:],
        priors=boxes,
        gt_bboxes=objects,
        assign_result=assigned,
        gt_flags=torch.zeros(len(boxes), dtype=torch.uint8),
    )


@pytest.fixture
def batch():
    """Two images with twelve boxes each, three of them positive."""
    generator = torch.Generator().manual_seed(0)
    samples = []
    for label in (0, 2):
        corner = torch.rand(12, 2, generator=generator) * 20
        boxes = torch.cat([corner, corner + 10], dim=1)
        samples.append(
            sample_all(boxes, boxes[:1] + 1.0, torch.tensor([label]), 3)
        )
    scores = torch.randn(24, 4, generator=generator, requires_grad=True)
    rois = torch.cat([s.priors for s in samples])
    rois = torch.cat([torch.arange(24)[:, None] // 12, rois], dim=1)
    return samples, scores, rois, generator


@pytest.mark.parametrize('agnostic', [True, False])
def test_hardest_regions_of_the_batch_are_learned(batch, agnostic):
    samples, scores, rois, generator = batch
    channels = 4 if agnostic else 12
    offsets = torch.randn(24, channels, generator=generator)
    offsets.requires_grad_()
    head = build_head(
        'LightHeadBBoxHead', 5, in_channels=2, reg_class_agnostic=agnostic
    )
    result = head.loss_and_target(
        scores, offsets, rois, samples, ConfigDict(pos_weight=-1)
    )
    labels, _, targets, _ = result['bbox_targets']
    # Region by region: cross entropy, and smooth L1 for objects.
    losses = []
    for ind, label in enumerate(labels.tolist()):
        loss_cls = -scores[ind].log_softmax(0)[label]
        own = offsets[ind].reshape(-1, 4)[0 if agnostic else label % 3]
        gap = (own - targets[ind]).abs()
        loss_bbox = torch.where(gap < 1, gap**2 / 2, gap - 0.5).sum()
        losses.append((loss_cls, loss_bbox * (label < 3)))
    losses.sort(key=lambda pair: -(pair[0] + pair[1]).item())
    expected_cls = sum(pair[0] for pair in losses[:10]) / 10
    expected_bbox = 2 * sum(pair[1] for pair in losses[:10]) / 10
    got = result['loss_bbox']
    torch.testing.assert_close(got['loss_cls'], expected_cls)
    torch.testing.assert_close(got['loss_bbox'], expected_bbox)
    # Nothing flows to other regions, as it would through the ranking.
    (got['loss_cls'] + got['loss_bbox']).backward()
    assert (scores.grad.abs().sum(1) > 0).sum() == 10


def test_few_regions_are_all_learned(batch):
    samples, scores, rois, _ = batch
    head = build_head('RFCNBBoxHead', 100)
    offsets = torch.zeros(24, 4)
    got = head.loss_and_target(
        scores, offsets, rois, samples, ConfigDict(pos_weight=-1)
    )
    plain = super(type(head), head).loss(
        scores, offsets, rois, *got['bbox_targets']
    )
    for key in ('loss_cls', 'loss_bbox'):
        assert torch.equal(got['loss_bbox'][key], plain[key])


def test_a_batch_without_objects_is_background():
    boxes = torch.tensor([[0.0, 0, 9, 9], [3, 3, 12, 12]])
    none = sample_all(
        boxes, torch.zeros(0, 4), torch.zeros(1, dtype=torch.long), 0
    )
    head = build_head('RFCNBBoxHead', 1)
    scores = torch.tensor([[0.0, 0, 0, 9], [9, 0, 0, 0]])
    rois = torch.cat([torch.zeros(2, 1), boxes], dim=1)
    losses = head.loss_and_target(
        scores, torch.zeros(2, 4), rois, [none], ConfigDict(pos_weight=-1)
    )['loss_bbox']
    assert losses['loss_bbox'] == 0
    expected = -scores[1].log_softmax(0)[3]
    torch.testing.assert_close(losses['loss_cls'], expected)


def test_r_fcn_has_the_mean_of_its_bins_and_no_parameters():
    head = build_head('RFCNBBoxHead', 1)
    assert not list(head.parameters())
    head.init_weights()
    bins = torch.randn(5, 8, 2, 2)
    scores, offsets = head(bins)
    assert torch.equal(scores, bins.mean(dim=(2, 3))[:, :4])
    assert torch.equal(offsets, bins.mean(dim=(2, 3))[:, 4:])
    scores, offsets = head(bins[:0])
    assert (scores.shape, offsets.shape) == ((0, 4), (0, 4))


def test_light_head_has_the_published_parameters():
    head = build_head('LightHeadBBoxHead', 256, in_channels=10)
    head_k10 = MODELS.build(
        dict(
            type='LightHeadBBoxHead',
            in_channels=10,
            roi_feat_size=7,
            num_classes=10,
        )
    )
    # As published, without the box offsets of the background, which no loss
    # reaches.
    assert count(head_k10) == 1_118_263 - 4 * 2049
    head.init_weights()
    deviation = head_k10.shared_fcs[0].weight.std()
    head_k10.init_weights()
    for layer, std in (
        (head_k10.shared_fcs[0], 0.01),
        (head_k10.fc_cls, 0.01),
        (head_k10.fc_reg, 0.001),
    ):
        assert layer.weight.std().item() == pytest.approx(std, rel=0.05)
    assert deviation != head_k10.shared_fcs[0].weight.std()


def test_the_number_of_hard_regions_is_checked():
    with pytest.raises(ValueError, match='num_hard must be positive, got 0'):
        build_head('RFCNBBoxHead', 0)
