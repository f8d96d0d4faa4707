"""The modern detectors train, test, ignore, mine and resume on tiny input."""

import pytest
import torch
from mmdet.registry import MODELS

from mmhcm.datasets import find_chip_dataset
from mmhcm.engine.launching.testing import use_slices, use_tta
from mmhcm.engine.mining import round_path
from tests.support.configs import detectors_in, dicts, read_detector
from tests.support.detectors import data_sample, objects
from tests.support.slim_baselines import assert_trains, tiny_runner
from tests.support.slim_modern import (
    CONVNEXT,
    DDQ,
    DETRS,
    DINO,
    MODERN,
    NWD,
    slim_modern,
    small_scales,
    tiny_chips,
)
from tests.support.stopping import train_until
from tests.support.tiny_run import state_of

RTMDET = 'rtmdet_tiny_p2'
QUICK = {RTMDET, DINO, DDQ, CONVNEXT, NWD}
FAMILIES = [
    pytest.param(name, marks=() if name in QUICK else pytest.mark.nightly)
    for name in MODERN
]


def small(name, variant=''):
    cfg = read_detector(f'{name}{variant}', 'modern')
    slim_modern(cfg, name)
    small_scales(cfg.train_dataloader)
    small_scales(cfg.val_dataloader)
    small_scales(cfg.tta_pipeline)
    return cfg


def test_every_modern_config_is_listed():
    variants = ('', '_chips', '_hcm')
    assert detectors_in('modern') == {
        name + end for name in MODERN for end in variants
    }


@pytest.mark.parametrize('name', FAMILIES)
def test_detector_trains_and_scores(name, tiny, tmp_path):
    runner = tiny_runner(small(name), tiny, tmp_path)
    names = set(runner.model.state_dict())
    assert_trains(runner)
    # Those of a checkpoint are those of a run that resumes from it.
    assert set(runner.model.state_dict()) == names
    scores = runner.test()
    assert 0 <= scores['visdrone/AP'] <= 100


@pytest.mark.parametrize('variant', ['', '_chips'])
@pytest.mark.parametrize('mode', [use_tta, use_slices])
@pytest.mark.parametrize(
    'name',
    [
        RTMDET,
        pytest.param(DINO, marks=pytest.mark.nightly),
        pytest.param(DDQ, marks=pytest.mark.nightly),
        pytest.param(CONVNEXT, marks=pytest.mark.nightly),
        pytest.param(NWD, marks=pytest.mark.nightly),
    ],
)
def test_detector_tests_at_scales_and_in_slices(
    name, mode, variant, tiny, tmp_path
):
    cfg = small(name, variant)
    if name in DETRS:
        cfg.tta_model.max_per_view = cfg.slice_model.max_per_view = 100
    mode(cfg)
    for item in cfg.model.get('slices', []):
        item.window = 64
    cfg.val_dataloader = cfg.test_dataloader
    runner = tiny_runner(cfg, tiny, tmp_path)
    assert 'visdrone/AP' in runner.test()


def mining_runner(name, tiny, work_dir, resume=False):
    """Build a Runner that mines between its two epochs of two batches."""
    cfg = small(name, '_hcm')
    tiny_chips(cfg)
    cfg.resume = resume
    return tiny_runner(
        cfg,
        tiny,
        work_dir,
        {
            'train_cfg.max_epochs': 2,
            'default_hooks.checkpoint': cfg.default_hooks.checkpoint,
        },
    )


@pytest.mark.parametrize(
    'moment',
    [
        pytest.param({'epoch': 1}, marks=pytest.mark.nightly),
        {'iteration': 3},
    ],
    ids=['before mining', 'after mining'],
)
@pytest.mark.parametrize(
    'name',
    [
        RTMDET,
        DINO,
        pytest.param(DDQ, marks=pytest.mark.nightly),
        pytest.param(CONVNEXT, marks=pytest.mark.nightly),
        pytest.param(NWD, marks=pytest.mark.nightly),
    ],
)
def test_mined_and_resumed_run_equals_an_uninterrupted_one(
    name, moment, tiny, tmp_path, mined
):
    whole, parts = tmp_path / 'whole', tmp_path / 'parts'
    runner = mining_runner(name, tiny, whole)
    runner.train()
    chips = find_chip_dataset(runner.train_dataloader.dataset)
    assert chips.num_hard > 0
    assert len(mined) == 1

    train_until(mining_runner(name, tiny, parts), **moment)
    resumed = mining_runner(name, tiny, parts, resume=True)
    resumed.train()
    assert resumed.iter == runner.iter == 4
    # The round of a run that ended after mining is not mined again.
    assert len(mined) == 2
    rounds = [round_path(path, 1).read_bytes() for path in (parts, whole)]
    assert rounds[0] == rounds[1]
    expected, state = state_of(runner), state_of(resumed)
    assert [
        key for key in expected if not torch.equal(expected[key], state[key])
    ] == []


@pytest.mark.parametrize('variant', ['', '_chips', '_hcm'])
@pytest.mark.parametrize('name', MODERN)
def test_config_fits_dense_images_and_ignores(name, variant):
    cfg = read_detector(f'{name}{variant}', 'modern')
    for part in dicts(cfg.model):
        assert part.get('num_classes', 10) == 10
    limits = [
        part[key]
        for part in dicts(cfg.model.test_cfg)
        for key in ('max_per_img', 'nms_pre')
        if key in part
    ]
    assert min(limits) >= 500
    kinds = {
        part.assigner.type
        for part in dicts(cfg.model.train_cfg)
        if 'assigner' in part
    }
    if name in DETRS:
        assert cfg.model.bbox_head.type.startswith('Ignoring')
    elif name in (CONVNEXT, NWD):
        assert kinds == {'TrueIgnoreAssigner'}
    else:
        assert 'IgnoringAssigner' in kinds
    assert cfg.val_evaluator == {'type': 'VisDroneMetric'}
    assert {'tta_model', 'slice_model'} < set(cfg)
    assert ('mining' in cfg.default_hooks) == (variant == '_hcm')
    assert cfg.data_root == 'data'
    assert 'data/coco' not in str(cfg._cfg_dict)


def losses_of(model, gt, ignored):
    """Compute the losses of an image with boxes of objects."""
    sample = data_sample(objects(gt), objects(ignored))
    torch.manual_seed(1)
    loss, _ = model.parse_losses(
        model.loss(torch.randn(1, 3, 128, 128), [sample])
    )
    return loss


@pytest.mark.parametrize('name', [RTMDET, *DETRS])
def test_background_has_no_ignored_objects(name):
    cfg = read_detector(name, 'modern')
    slim_modern(cfg, name)
    torch.manual_seed(0)
    model = MODELS.build(cfg.model).train()
    # Some of its weights are not set before.
    model.init_weights()
    everything = [[-40, -40, 168, 168]]
    # Without objects all loss is that of background.
    assert losses_of(model, [], []) > 0
    assert losses_of(model, [], everything) == 0
    loss = losses_of(model, [[20, 20, 60, 50]], everything)
    loss.backward()
    assert torch.isfinite(loss)
    assert loss > 0
