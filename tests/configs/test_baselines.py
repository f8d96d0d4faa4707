"""The baselines train, test and mine on tiny input, and keep 500 boxes."""

import cv2
import numpy as np
import pytest
import torch
from mmdet.models.task_modules.assigners import MaxIoUAssigner
from mmdet.registry import DATASETS, MODELS, TASK_UTILS
from mmengine.dataset import Compose

from mmhcm.datasets import find_chip_dataset
from mmhcm.engine.launching.testing import use_focus, use_tta
from mmhcm.structures.rounds import read_round
from tests.support.configs import (
    detectors_in,
    dicts,
    read_config,
    read_detector,
)
from tests.support.slim_baselines import (
    AUTOFOCUS,
    BASELINES,
    CASCADE,
    CENTER,
    CORNER,
    DETNET,
    FPN,
    LIGHT_HEAD,
    MASKED,
    REFINE_320,
    RETINA,
    RFCN,
    RRNET,
    SGE,
    YOLOX,
    assert_trains,
    mine_little,
    slim_model,
    small_chips,
    small_input,
    tiny_runner,
)
from tests.support.slim_modern import tiny_chips

MINED = [CASCADE, RETINA]
FIGURES = {'AP', 'AP50', 'AP75', 'AR1', 'AR10', 'AR100', 'AR500'}


def test_every_baseline_is_trained_here():
    # Those on chips by their children, which mine.
    on_chips = {f'{name}_chips' for name in MINED}
    resampled = {f'{RRNET}_ada-resampling'}
    assert detectors_in('baselines') == {*BASELINES, *on_chips, *resampled}
    assert {f'{name}_hcm' for name in MINED} <= detectors_in('hcm')


# The parts of the others are MMDetection's alone.
QUICK = {
    *(FPN, CENTER, LIGHT_HEAD, RFCN, SGE, DETNET, AUTOFOCUS),
    *(REFINE_320, RRNET),
}


@pytest.mark.parametrize(
    'name',
    [
        pytest.param(name, marks=() if name in QUICK else pytest.mark.nightly)
        for name in BASELINES
    ],
)
def test_baseline_trains_and_scores(name, tiny, tmp_path):
    cfg = read_detector(name)
    slim_model(cfg, name)
    if name == AUTOFOCUS:
        small_chips(cfg)
    small_input(cfg.train_dataloader)
    small_input(cfg.val_dataloader)
    runner = tiny_runner(cfg, tiny, tmp_path)
    assert_trains(runner)
    figures = runner.test()
    assert {f'visdrone/{name}' for name in FIGURES} <= set(figures)
    assert all(0 <= value <= 100 for value in figures.values())


@pytest.mark.parametrize(
    'name', [RETINA, pytest.param(CASCADE, marks=pytest.mark.nightly)]
)
def test_hard_chip_mining_switches_on(name, tiny, tmp_path):
    cfg = read_detector(f'{name}_hcm', 'hcm')
    slim_model(cfg, name)
    small_chips(cfg)
    assert cfg.default_hooks.mining.type == 'HardChipMiningHook'
    # Before the only iteration.
    mine_little(cfg, epoch=0, num_canvases=1)
    runner = tiny_runner(cfg, tiny, tmp_path)
    drawn = []
    chips = find_chip_dataset(runner.train_dataloader.dataset)
    get_data_info = chips.get_data_info
    chips.get_data_info = lambda i: drawn.append(i) or get_data_info(i)
    assert_trains(runner)
    assert chips.num_hard > 0
    assert (tmp_path / 'hcm' / 'round_1' / 'hard_chips.jsonl').is_file()
    # Half of an epoch's samples are hard chips, which lie behind the normal.
    assert sum(index >= chips.num_normal for index in drawn) == 1


@pytest.mark.parametrize(
    'has_roads', [pytest.param(False, marks=pytest.mark.nightly), True]
)
def test_rrnet_trains_on_pasted_objects(has_roads, tiny, tmp_path):
    cfg = read_detector(f'{RRNET}_ada-resampling')
    slim_model(cfg, RRNET)
    tiny_chips(cfg)
    hook = cfg.default_hooks.mining
    # Before the first epoch, as in the config.
    hook.update(
        epochs=read_detector(
            f'{RRNET}_ada-resampling'
        ).default_hooks.mining.epochs
    )
    if has_roads:
        hook.canvases.place_masks = str(tmp_path)
        road = np.full((8, 8), 255, dtype=np.uint8)
        for path in (tiny / 'data/VisDrone2019-DET-train/images').iterdir():
            cv2.imwrite(str(tmp_path / f'{path.stem}.png'), road)
    runner = tiny_runner(cfg, tiny, tmp_path)
    assert_trains(runner, 2)
    (canvas, *_) = read_round(
        tmp_path / 'hcm/round_1/hard_chips.jsonl'
    ).canvases
    assert canvas.pastes
    assert {paste.label for paste in canvas.pastes} <= {0, 1, 2, 6, 7, 9}
    assert all(paste.hard_edges for paste in canvas.pastes)
    assert all(paste.angle == 0 for paste in canvas.pastes)


@pytest.mark.parametrize('name', MINED)
def test_mining_is_one_more_base(name):
    plain, mined = (
        read_detector(f'{name}_chips'),
        read_detector(f'{name}_hcm', 'hcm'),
    )
    added = set(mined._cfg_dict) - set(plain._cfg_dict)
    assert added == {'mining_hooks'}
    for key in set(plain._cfg_dict) - {'default_hooks'}:
        assert mined[key] == plain[key]
    assert mined.default_hooks == {**plain.default_hooks, **mined.mining_hooks}


@pytest.mark.parametrize('name', BASELINES)
def test_five_hundred_detections_are_kept(name):
    cfg = read_detector(name)
    for part in dicts(cfg.model):
        assert part.get('num_classes', 10) == 10
    limits = {
        key: part[key]
        for part in dicts(cfg.model.test_cfg)
        for key in ('max_per_img', 'nms_pre', 'corner_topk', 'topk')
        if key in part
    }
    # YOLOX has no limits at all.
    assert ('max_per_img' in limits) == (name != YOLOX)
    assert min(limits.values(), default=500) >= 500
    for part in dicts(cfg.model.test_cfg):
        assert part.get('score_thr', 0) <= 0.01
    if 'tta_model' in cfg:
        tta_cfg = cfg.tta_model.get('tta_cfg', cfg.tta_model)
        assert tta_cfg.max_per_img == 500
    assert (
        cfg.val_evaluator == cfg.test_evaluator == {'type': 'VisDroneMetric'}
    )
    assert cfg.test_dataloader.dataset.type == 'VisDroneDataset'


@pytest.mark.parametrize('name', BASELINES)
def test_heads_ignore_or_pixels_are_masked(name):
    assigners = [
        part.assigner
        for part in dicts(read_detector(name).model.train_cfg or {})
        if 'assigner' in part
    ]
    assert bool(assigners) or name in MASKED
    for assigner in assigners if name not in MASKED else ():
        built = TASK_UTILS.build(assigner)
        assert isinstance(built, MaxIoUAssigner)
        assert assigner.type == 'TrueIgnoreAssigner'


@pytest.mark.parametrize(
    # Chips are loaded in another way.
    'name',
    [name for name in BASELINES if name != AUTOFOCUS],
)
def test_ignored_objects_are_not_learned(name, tiny):
    parts = list(dicts(read_detector(name).train_dataloader.dataset))
    (pipeline,) = (
        part.pipeline
        for part in parts
        if 'pipeline' in part and part.pipeline[0].type == 'LoadImage'
    )
    heads_ignore = name not in MASKED
    dataset = next(p for p in parts if p.get('type') == 'VisDroneDataset')
    dataset.update(
        data_root=str(tiny / 'data' / 'VisDrone2019-DET-train'),
        # No transforms that draw.
        pipeline=[
            step for step in pipeline if step.type.startswith(('Load', 'Mask'))
        ],
    )
    results = DATASETS.build(dataset)[0]
    mean = np.rint([103.53, 116.28, 123.675])
    assert (results['img'][61:79, 90:110] == mean).all()  # the region
    ignored = results['img'][62:72, 4:14]
    assert (ignored == mean).all() != heads_ignore


@pytest.mark.parametrize(
    'name',
    [
        CENTER,
        pytest.param(CORNER, marks=pytest.mark.nightly),
        pytest.param(RRNET, marks=pytest.mark.nightly),
    ],
)
def test_views_of_an_image_merge(name, tiny, tmp_path):
    cfg = read_detector(name)
    slim_model(cfg, name)
    small_input(cfg.train_dataloader)
    use_tta(cfg)
    Compose(cfg.tta_pipeline)
    cfg.val_dataloader = cfg.test_dataloader
    runner = tiny_runner(cfg, tiny, tmp_path)
    assert 'visdrone/AP' in runner.test()


def test_autofocus_tests_from_coarse_to_fine(tiny, tmp_path):
    cfg = read_detector(AUTOFOCUS)
    assert [scale.window for scale in cfg.focus_model.scales] == [
        scale.window for scale in cfg.scales[::-1]
    ]
    slim_model(cfg, AUTOFOCUS)
    small_chips(cfg)
    cfg.focus_model.scales = [
        {'scale_factor': 0.5},
        # An untrained detector says something between 0 and 1.
        {'scale_factor': 1.0, 'focus_thr': 0.0, 'min_side': 2},
    ]
    use_focus(cfg)
    cfg.val_dataloader = cfg.test_dataloader
    runner = tiny_runner(cfg, tiny, tmp_path)
    seen = []
    runner.model.module.backbone.register_forward_pre_hook(
        lambda _, args: seen.append(tuple(args[0].shape[2:]))
    )
    assert 'visdrone/AP' in runner.test()
    # Padded to 32 pixels: 112 x 80 at half its size, then windows of it.
    assert seen[0] == (64, 64)
    assert len(seen) > 1


def test_centernet_boxes_are_in_pixels_of_the_image(tiny):
    # Images are padded on all sides; what a perfect network says comes back.
    cfg = read_detector(CENTER)
    slim_model(cfg, CENTER)
    cfg.val_dataloader.dataset.data_root = str(
        tiny / 'data' / 'VisDrone2019-DET-val'
    )
    dataset = DATASETS.build(cfg.val_dataloader.dataset)
    sample = dataset[0]
    height, width = sample['inputs'].shape[1:]
    meta = sample['data_samples'].metainfo
    meta['batch_input_shape'] = (height, width)
    objects = [
        instance
        for instance in dataset.get_data_info(0)['instances']
        if not instance['ignore_flag']
    ]
    bboxes = torch.tensor([instance['bbox'] for instance in objects])
    labels = torch.tensor([instance['bbox_label'] for instance in objects])
    top, _, left, _ = meta['border']
    shifted = bboxes + torch.tensor([left, top, left, top])
    assert left > 0
    assert top > 0
    head = MODELS.build(cfg.model).bbox_head
    targets, _ = head.get_targets(
        [shifted],
        [labels],
        (1, cfg.model.bbox_head.num_classes, height // 4, width // 4),
        (height, width),
    )
    (found,) = head.predict_by_feat(
        [targets['center_heatmap_target']],
        [targets['wh_target']],
        [targets['offset_target']],
        [meta],
    )
    assert len(found.scores) == 500
    best = found.scores > 0.999
    assert best.sum() == len(bboxes)
    rows = torch.column_stack([found.labels[best], found.bboxes[best]])
    expected = torch.column_stack([labels, bboxes])
    np.testing.assert_allclose(
        sorted(rows.tolist()), sorted(expected.tolist()), atol=0.01
    )


@pytest.mark.parametrize('name', BASELINES)
def test_runtime_is_that_of_the_method(name):
    ours = read_config('configs/_base_/default_runtime.py')
    cfg = read_detector(name)
    for key in ('default_hooks', 'custom_imports', 'randomness'):
        assert cfg[key] == ours[key]
    assert cfg.data_root == 'data'
    roots = [p.data_root for p in dicts(cfg._cfg_dict) if 'data_root' in p]
    assert {root.split('/')[0] for root in roots} == {'data'}
    assert not any('coco' in root for root in roots)
