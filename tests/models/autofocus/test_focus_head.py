import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData

from mmhcm.models.autofocus import FocusHead
from tests.support.configs import read_detector
from tests.support.slim_baselines import FPN, slim_model


def make_sample(valid=(), ignored=(), img_shape=(64, 64), **meta):
    sample = DetDataSample(metainfo=dict(img_shape=img_shape, **meta))
    sample.set_metainfo(dict(ignored_but_counted=[False] * len(ignored)))
    for name, boxes in (
        ('gt_instances', valid),
        ('ignored_instances', ignored),
    ):
        bboxes = torch.tensor(boxes).float().reshape(-1, 4)
        sample.set_data({name: InstanceData(bboxes=bboxes)})
    return sample


@pytest.fixture
def head():
    head = FocusHead(4, stride=16, feat_channels=4)
    head.init_weights()
    return head


SMALL, OTHER = [0, 0, 16, 16], [16, 16, 32, 32]


def test_objects_that_only_the_chip_ignores_are_focus(head):
    counted = np.array([True, False])
    sample = make_sample([[48, 48, 64, 64]], [SMALL, OTHER])
    sample.set_metainfo(dict(ignored_but_counted=counted))
    labels = head._labels(sample, (4, 4))
    assert labels.diag().tolist() == [1, -1, 0, 1]
    plain = head._labels(make_sample([], [SMALL, OTHER]), (4, 4))
    assert plain.diag().tolist() == [-1, -1, 0, 0]
    unknown = DetDataSample()
    unknown.gt_instances = unknown.ignored_instances = sample.gt_instances
    with pytest.raises(ValueError, match='add it to the meta_keys of Pack'):
        head._labels(unknown, (4, 4))


def test_loss_is_the_mean_over_labelled_cells(head):
    x = torch.randn(2, 4, 4, 4)
    samples = [make_sample([SMALL]), make_sample([], [OTHER])]
    logits = head(x).log_softmax(1)
    labels = torch.zeros(2, 4, 4, dtype=torch.long)
    labels[0, 0, 0], labels[1, 1, 1] = 1, -1
    kept = [
        -logits[image, labels[image, row, col], row, col]
        for image in range(2)
        for row in range(4)
        for col in range(4)
        if labels[image, row, col] >= 0
    ]
    assert len(kept) == 31
    expected = torch.stack(kept).mean()
    torch.testing.assert_close(head.loss(x, samples), expected)


def test_loss_without_labelled_cells_is_zero(head):
    x = torch.randn(1, 4, 4, 4, requires_grad=True)
    loss = head.loss(x, [make_sample([], [[0, 0, 64, 64]])])
    assert loss == 0
    loss.backward()
    assert (x.grad == 0).all()


def test_map_is_of_the_image_without_padding(head):
    samples = [
        make_sample(img_shape=(30, 64)),
        make_sample(img_shape=(64, 33)),
    ]
    head.predict(torch.randn(2, 4, 4, 4), samples)
    assert [tuple(s.focus_map.shape) for s in samples] == [(2, 4), (4, 3)]
    for sample in samples:
        assert ((sample.focus_map > 0) & (sample.focus_map < 1)).all()


def test_sizes_have_to_ascend():
    with pytest.raises(ValueError, match='sizes must be three that ascend'):
        FocusHead(4, 16, sizes=(64, 5, 90))


def test_proposals_are_those_of_an_rpn():
    """Beside them, a loss and a map of stride 16."""
    cfg = read_detector(FPN)
    slim_model(cfg, FPN)
    cfg = ConfigDict(
        cfg.model.rpn_head,
        in_channels=4,
        # No anchors are drawn at random.
        train_cfg=dict(
            cfg.model.train_cfg.rpn, sampler=dict(type='PseudoSampler')
        ),
        test_cfg=cfg.model.test_cfg.rpn,
    )
    plain = MODELS.build(cfg)
    head = MODELS.build(
        {**cfg, 'type': 'FocusRPNHead', 'focus': dict(feat_channels=8)}
    )
    assert head.focus_head.stride == 16
    report = head.load_state_dict(plain.state_dict(), strict=False)
    assert all(key.startswith('focus_head') for key in report.missing_keys)
    feats = [torch.randn(1, 4, 64 // s, 64 // s) for s in (4, 8, 16, 32, 64)]
    sample = make_sample([SMALL], scale_factor=(1, 1), pad_shape=(64, 64))
    sample.gt_instances.labels = torch.zeros(1, dtype=torch.long)
    expected, got = (
        rpn.loss_and_predict(feats, [sample]) for rpn in (plain, head)
    )
    focus = got[0].pop('loss_focus')
    assert focus > 0
    assert got[0] == expected[0]
    assert torch.equal(got[1][0].bboxes, expected[1][0].bboxes)
    (found,) = head.predict(feats, [sample])
    assert torch.equal(found.bboxes, plain.predict(feats, [sample])[0].bboxes)
    assert sample.focus_map.shape == (4, 4)
