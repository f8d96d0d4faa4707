import torch
from mmdet.models.dense_heads import DINOHead
from mmdet.registry import MODELS
from mmdet.structures.bbox import bbox_cxcywh_to_xyxy
from mmengine.config import Config
from mmengine.structures import InstanceData

HEAD = {
    'num_classes': 10,
    'embed_dims': 8,
    'num_pred_layer': 2,
    'as_two_stage': True,
    'share_pred_layer': False,
    'train_cfg': {
        'assigner': {
            'type': 'HungarianAssigner',
            'match_costs': [
                {'type': 'FocalLossCost', 'weight': 2.0},
                {'type': 'BBoxL1Cost', 'weight': 5.0, 'box_format': 'xywh'},
            ],
        }
    },
    'loss_cls': {'type': 'FocalLoss', 'use_sigmoid': True},
}
# Queries on the object, on the ignored object, and on neither.
QUERIES = torch.tensor(
    [[0.25, 0.25, 0.2, 0.4], [0.7, 0.5, 0.1, 0.2], [0.1, 0.9, 0.1, 0.1]]
)
GT = InstanceData(
    bboxes=torch.tensor([[30.0, 5, 70, 45]]), labels=torch.tensor([4])
)
IGNORED = torch.tensor([[120.0, 30, 180, 70]])


def build(kind, **kwargs):
    cfg = Config({'head': {'type': kind, **HEAD, **kwargs}}).head
    return MODELS.build(cfg)


def targets(head, ignored, gt=GT):
    meta = {'img_shape': (100, 200), 'ignored_bboxes': ignored}
    return head._get_targets_single(torch.zeros(3, 10), QUERIES, gt, meta)


def test_queries_on_ignored_objects_have_no_loss():
    head = build('IgnoringDINOHead')
    labels, weights, *_ = targets(head, IGNORED)
    assert labels.tolist() == [4, 10, 10]
    assert weights.tolist() == [1, 0, 1]


def test_matched_queries_learn_on_ignored_objects_too():
    head = build('IgnoringDINOHead')
    _, weights, *_ = targets(head, torch.tensor([[0.0, 0, 200, 100]]))
    assert weights.tolist() == [1, 0, 0]


def test_ignoring_holds_without_objects():
    none = InstanceData(bboxes=torch.zeros(0, 4), labels=torch.zeros(0).long())
    _, weights, *_ = targets(build('IgnoringDINOHead'), IGNORED, none)
    assert weights.tolist() == [1, 0, 1]


def test_without_ignored_objects_targets_are_those_of_dino():
    ours = targets(build('IgnoringDINOHead'), torch.zeros(0, 4))
    theirs = targets(build('DINOHead'), None)
    for left, right in zip(ours, theirs, strict=True):
        assert torch.equal(left, right)
    assert type(build('DINOHead')) is DINOHead


def dense_targets(head, ignored, gt=GT):
    meta = {'img_shape': (100, 200), 'ignored_bboxes': ignored}
    bboxes = bbox_cxcywh_to_xyxy(QUERIES) * torch.tensor([200, 100, 200, 100])
    labels, weights, *_ = head.aux_loss_for_dense._get_target_single(
        torch.full((3, 10), 0.1), bboxes, gt.bboxes, gt.labels, meta
    )
    return labels.tolist(), weights.tolist()


def test_dense_queries_on_ignored_objects_have_no_loss():
    head = build('IgnoringDDQDETRHead', aux_num_pos=1)
    assert dense_targets(head, IGNORED) == ([4, 10, 10], [1, 0, 1])
    # Matched ones learn on ignored objects too.
    everything = torch.tensor([[0.0, 0, 200, 100]])
    assert dense_targets(head, everything) == ([4, 10, 10], [1, 0, 0])
    none = torch.zeros(0, 4)
    assert dense_targets(head, none) == ([4, 10, 10], [1, 1, 1])


def test_distinct_queries_are_ignored_as_in_dino():
    for left, right in zip(
        targets(build('IgnoringDDQDETRHead'), IGNORED),
        targets(build('IgnoringDINOHead'), IGNORED),
        strict=True,
    ):
        assert torch.equal(left, right)


def test_positives_of_the_auxiliary_loss_are_those_of_ddq():
    ours, theirs = (
        build(kind, aux_num_pos=3).aux_loss_for_dense
        for kind in ('IgnoringDDQDETRHead', 'DDQDETRHead')
    )
    assert ours.assigner.topk == theirs.assigner.topk == 3
    assert ours.train_cfg == theirs.train_cfg
