"""Facts of the systems that the paper compares with, from their configs."""

import pytest
import torch
from mmdet.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.optim import build_optim_wrapper
from torch import nn

from tests.support.configs import read_detector
from tests.support.detectors import count, data_sample, objects
from tests.support.slim_baselines import (
    AUTOFOCUS,
    DETNET,
    LIGHT_HEAD,
    REFINE_320,
    RETINA_HRNET,
    RFCN,
    RRNET,
    SGE,
    SNIP,
    slim_model,
)
from tests.support.tiny_run import REPO


def build(name):
    """Build a detector of full size, without memory."""
    with torch.device('meta'):
        return MODELS.build(read_detector(name).model).eval()


def test_light_head_has_the_published_shapes_and_parameters():
    model = build(LIGHT_HEAD)
    assert count(model.neck) == 19_493_332
    # With a softmax over two classes, as published.
    assert count(model.rpn_head) == 4_765_274
    with torch.device('meta'):
        thin, fourth = model.extract_feat(torch.zeros(1, 3, 800, 1280))
    assert thin.shape == (1, 490, 50, 80)
    assert fourth.shape == (1, 1024, 50, 80)
    scores, offsets = model.rpn_head((thin, fourth))
    assert scores[0].shape == (1, 2 * 15, 50, 80)
    assert offsets[0].shape == (1, 4 * 15, 50, 80)


def test_r_fcn_has_no_parameters_behind_its_maps():
    model = build(RFCN)
    assert count(model.roi_head) == 0
    assert model.rpn_head.prior_generator.num_base_priors == [12]


def test_separable_convolution_learns_three_times_as_fast():
    cfg = read_detector(LIGHT_HEAD)
    slim_model(cfg, LIGHT_HEAD)
    model = MODELS.build(cfg.model)
    optimizer = build_optim_wrapper(model, cfg.optim_wrapper).optimizer
    rates = {id(g['params'][0]): g['lr'] for g in optimizer.param_groups}
    for name, param in model.named_parameters():
        if param.requires_grad:
            expected = 0.03 if name.startswith('neck') else 0.01
            assert rates[id(param)] == pytest.approx(expected)


def test_detnet_has_the_published_parameters_and_strides():
    model = build(DETNET)
    assert count(model.backbone) == 17_347_648
    with torch.device('meta'):
        feats = model.extract_feat(torch.zeros(1, 3, 256, 256))
    assert [256 // f.shape[2] for f in feats] == [4, 8, 16, 16, 16]
    areas = [
        base[:, 2:].sub(base[:, :2]).prod(1).sqrt().mean().item()
        for base in MODELS.build(
            read_detector(DETNET).model.rpn_head
        ).prior_generator.base_anchors
    ]
    assert areas == pytest.approx([32, 64, 128, 256, 512])


def test_high_resolution_retinanet_has_its_levels():
    model = build(RETINA_HRNET)
    with torch.device('meta'):
        feats = model.extract_feat(torch.zeros(1, 3, 256, 256))
    assert [256 // f.shape[2] for f in feats] == [8, 16, 32, 64, 128]


def test_every_enhanced_stage_learns_with_its_norms():
    cfg = read_detector(SGE)
    slim_model(cfg, SGE)
    net = MODELS.build(cfg.model.backbone)
    net.train()
    plugins = {
        name: module
        for name, module in net.named_modules()
        if name.endswith('.sge')
    }
    # Stages of 4, 6 and 3 blocks; the first is frozen, and goes without.
    assert len(plugins) == 13
    assert cfg.model.backbone.frozen_stages == 1
    assert not any(name.startswith('layer1') for name in plugins)
    assert all(
        p.requires_grad for m in plugins.values() for p in m.parameters()
    )
    norms = [m for m in net.layer2.modules() if isinstance(m, nn.BatchNorm2d)]
    assert all(m.training and m.weight.requires_grad for m in norms)


@pytest.mark.parametrize(
    'parent',
    [
        'configs/hcm/faster-rcnn_r50_fpn_hcm_visdrone.py',
        'configs/baselines/retinanet_r50_fpn_visdrone.py',
    ],
)
def test_sge_is_one_line_of_any_config(parent, tmp_path):
    path = tmp_path / 'enhanced.py'
    path.write_text(
        f"_base_ = ['{REPO}/{parent}', "
        f"'{REPO}/configs/_base_/models/sge.py']\n"
        'model = dict(backbone=_base_.sge)\n'
    )
    plain, enhanced = (
        Config.fromfile(p).model.backbone for p in (REPO / parent, path)
    )
    counts = []
    for backbone in (plain, enhanced):
        with torch.device('meta'):
            counts.append(count(MODELS.build(backbone)))
    # Two for each of 64 groups of the blocks of three stages.
    assert counts[1] - counts[0] == 2 * 64 * (4 + 6 + 3)


def test_snip_ignores_objects_of_other_scales(tiny):
    cfg = read_detector(SNIP)
    train_set = cfg.train_dataloader.dataset
    train_set.update(cache_dir=None, partial_decoding=False)
    train_set.dataset.data_root = str(tiny / 'data' / 'VisDrone2019-DET-train')
    choices = train_set.pipeline[3].transforms
    # In pixels of the image: objects of 8 to 25, 10 apart in size.
    choices[0][0].valid_range, choices[1][0].valid_range = (0, 14), (14, 20)
    choices[2][0].valid_range = (20, None)
    # Without crop and flip.
    del train_set.pipeline[5:7]
    dataset = DATASETS.build(train_set)
    seen = set()
    for index in range(len(dataset)):
        sample = dataset[index]['data_samples']
        factor = sample.scale_factor[0]
        low, high = {0.625: (20, 99), 1.25: (14, 20), 2.5: (0, 14)}[factor]
        seen.add(factor)
        truth = dataset.get_data_info(index)['instances']
        valid = sample.gt_instances.bboxes.areas.sqrt() / factor
        ignored = sample.ignored_instances.bboxes.areas.sqrt() / factor
        assert ((valid > low - 0.1) & (valid < high + 0.1)).all()
        assert len(valid) + len(ignored) == len(truth)
        counted = [not instance['ignore_flag'] for instance in truth]
        assert len(valid) <= sum(counted)
    assert seen <= {0.625, 1.25, 2.5}


@pytest.mark.nightly
@pytest.mark.parametrize(
    # That of DetNet's second stage rises while proposals get better.
    ('name', 'part'),
    [
        (LIGHT_HEAD, 'loss'),
        (RFCN, 'loss'),
        (DETNET, 'loss_rpn_cls'),
        (REFINE_320, 'loss'),
        (RRNET, 'loss'),
    ],
)
def test_loss_falls_on_one_image(name, part):
    torch.manual_seed(0)
    cfg = read_detector(name)
    slim_model(cfg, name)
    if name == RRNET:
        cfg.model.bbox_head.refine_from = 0
    model = MODELS.build(cfg.model)
    model.init_weights()
    # Without pretrained weights, norms have to learn.
    model.backbone.norm_eval = False
    for module in model.modules():
        module.requires_grad_(True)
    model.train()
    image = torch.full((3, 128, 128), 100, dtype=torch.uint8)
    image[:, 16:80, 16:80] = 220
    sample = data_sample(objects([[16, 16, 80, 80]], [3]), side=128)
    data = model.data_preprocessor(
        pseudo_collate([dict(inputs=image, data_samples=sample)]), True
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
    losses = []
    for _ in range(20):
        loss, parts = model.parse_losses(model(**data, mode='loss'))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(parts[part].item())
    assert max(losses[-3:]) < 0.7 * losses[0]


def test_focus_chips_are_of_the_chips_scales():
    cfg = read_detector(AUTOFOCUS)
    assert 'ignored_but_counted' in cfg.train_pipeline[-1].meta_keys
    scales = cfg.focus_model.scales
    assert [s.chip_size / s.window for s in scales] == [0.625, 1.25, 2.5]
