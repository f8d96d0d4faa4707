"""Facts of RefineDet's definition, on small images."""

import pytest
import torch
from mmdet.registry import MODELS

from tests.support.configs import read_detector, without_weights
from tests.support.detectors import count, data_sample, meta_of, objects
from tests.support.slim_baselines import REFINE_512

SIDE = 128
META = meta_of(SIDE)


def model_config():
    return without_weights(read_detector(REFINE_512).model)


@pytest.fixture(scope='module')
def detector():
    torch.manual_seed(0)
    model = MODELS.build(model_config())
    model.init_weights()
    return model


@pytest.fixture(scope='module')
def image():
    torch.manual_seed(1)
    return torch.randn(1, 3, SIDE, SIDE) * 60


@pytest.fixture
def maps(detector, image):
    """Outputs of the head, (1, channels, H, W) of each level."""
    with torch.no_grad():
        outs = detector.bbox_head(detector.extract_feat(image))
    return [[feat.clone() for feat in feats] for feats in outs]


def losses_of(head, maps, gt, ignored=None):
    ignored = objects() if ignored is None else ignored
    return {
        name: float(sum(values))
        for name, values in head.loss_by_feat(
            *maps, [gt], [META], [ignored]
        ).items()
    }


def test_parameter_counts(detector):
    assert count(detector) == 34_164_284
    assert count(detector.bbox_head.arm) == 414_792
    neck = detector.neck
    blocks = (neck.laterals, neck.upsamples, neck.out_convs)
    assert sum(map(count, blocks)) == 11_407_104


def test_parameter_count_with_80_classes():
    model = model_config()
    model.bbox_head.num_classes = 80
    assert count(MODELS.build(model)) == 36_100_484


def test_strides_and_scales(detector, maps):
    sides = [SIDE // stride for stride in (8, 16, 32, 64)]
    for feats, channels in zip(maps, (6, 12, 33, 12), strict=True):
        assert [tuple(f.shape) for f in feats] == [
            (1, channels, side, side) for side in sides
        ]
    for norm, start in zip(detector.neck.l2_norms, (10, 8), strict=True):
        assert (norm.weight == start).all()


@pytest.mark.parametrize(('side', 'number'), [(512, 16_320), (320, 6_375)])
def test_anchor_counts(detector, side, number):
    generator = detector.bbox_head.arm.prior_generator
    levels = generator.grid_priors(
        [(side // stride,) * 2 for stride in (8, 16, 32, 64)], device='cpu'
    )
    assert sum(map(len, levels)) == number
    square = levels[0][0]
    # A square of 32 pixels at the centre of the first cell.
    assert square.tolist() == [-12, -12, 20, 20]


def test_zero_offsets_leave_the_anchors(detector, maps):
    head = detector.bbox_head
    zeros = [torch.zeros_like(feat) for feat in maps[1]]
    anchors, _ = head.refine(maps[0], zeros)
    levels = head.arm.prior_generator.grid_priors(
        [feat.shape[-2:] for feat in zeros], device='cpu'
    )
    for moved, priors in zip(anchors, levels, strict=True):
        torch.testing.assert_close(moved[0], priors, rtol=0, atol=1e-4)


def certain_background(maps, probability):
    """Set the probability of background of all anchors."""
    logit = torch.logit(torch.tensor(probability))
    for feat in maps[0]:
        feat.view(1, 3, 2, *feat.shape[2:])[:, :, 0] = 0
        feat.view(1, 3, 2, *feat.shape[2:])[:, :, 1] = logit


@pytest.mark.parametrize('probability', [0.985, 0.995])
def test_rejected_anchors_are_neither_mined_nor_detected(
    detector, maps, probability
):
    head = detector.bbox_head
    certain_background(maps, probability)
    # Every anchor is sure to be the first class, no background.
    for feat in maps[2]:
        feat.zero_()
        feat.view(1, 3, 11, *feat.shape[2:])[:, :, 0] = 20
    (found,) = head.predict_by_feat(*maps, [META])
    gt = objects([[32, 32, 64, 64]], [0])
    losses = losses_of(head, maps, gt)
    if probability > 0.99:
        assert len(found) == 0
        # The object's own anchors are right, whatever their objectness.
        assert losses['loss_cls'] < 1e-6
    else:
        assert len(found) > 0
        # Three negatives for each positive, each with a loss of about 20.
        assert losses['loss_cls'] == pytest.approx(60, rel=1e-3)


def test_ignored_objects_are_no_background(detector, maps):
    head = detector.bbox_head
    for feat in (*maps[0], *maps[1], *maps[2]):
        feat.zero_()
    gt = objects([[32, 32, 64, 64]], [3])
    # Anchors in the lower half of the image are sure to be objects.
    half = SIDE // 16
    maps[0][0].view(1, 3, 2, half * 2, -1)[:, :, 0, half:] = 20
    # It holds half of each of them, those at the image's border included.
    hidden = objects([[-40, half * 8 - 24, SIDE + 40, SIDE + 40]], [0])
    plain = losses_of(head, maps, gt)
    ignoring = losses_of(head, maps, gt, hidden)
    assert plain['arm_loss_cls'] > 30
    assert ignoring['arm_loss_cls'] < 5


@pytest.mark.parametrize('number', [0, 1])
def test_losses_are_finite_and_reach_all_weights(detector, image, number):
    detector.zero_grad()
    gt = objects([[20, 20, 60, 70]][:number], [2] * number)
    sample = data_sample(gt, side=SIDE)
    losses = detector.loss(image, [sample])
    loss, _ = detector.parse_losses(losses)
    loss.backward()
    assert torch.isfinite(loss)
    assert (loss > 0) == bool(number)
    assert all(p.grad is not None for p in detector.parameters())
