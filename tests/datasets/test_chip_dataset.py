import json

import numpy as np
import pytest
import torch
from mmdet.datasets import BaseDetDataset
from mmdet.registry import DATASETS
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader

from mmhcm.datasets import (
    ChipDataset,
    ChipSampler,
    SampleKey,
    chip_finding,
    find_chip_dataset,
)
from mmhcm.functional.boxes import contains
from mmhcm.functional.chips import valid_objects
from mmhcm.functional.pasting import Paste
from mmhcm.structures.instances import instance_arrays
from mmhcm.structures.pool import build_pool
from mmhcm.structures.rounds import HardChipRound, MinedCanvas
from tests.support.data_sets import infos_of, packed, pool_of
from tests.support.own_data import CLASSES, write_coco
from tests.support.scene_folders import random_rows, write_visdrone

INF = float('inf')
CHIP_SIZE = 64
SCALES = [
    dict(window=32, valid_range=(0, 10)),
    dict(window=64, valid_range=(8, INF), stride=8),
]
LOAD = dict(type='LoadImageFromFile', color_type='color_ignore_orientation')
PIPELINE = [
    LOAD,
    dict(type='MaskIgnoredRegions'),
    dict(type='PasteObjects'),
    dict(type='CropChip', chip_size=CHIP_SIZE),
    dict(type='RandomFlip', prob=0.5),
    dict(
        type='PhotoMetricDistortion', hue_delta=0, saturation_range=(0.9, 1.1)
    ),
    dict(
        type='PackDetInputs',
        meta_keys=('img_path', 'img_id', 'scale_factor', 'flip'),
    ),
]


def visdrone(root):
    return dict(type='VisDroneDataset', data_root=str(root))


def build(images, pipeline=PIPELINE, **kwargs):
    return ChipDataset(
        images,
        pipeline,
        **{'scales': SCALES, 'chip_size': CHIP_SIZE, **kwargs},
    )


def write_scenes(root, num=4, num_objects=7, seed=0):
    rng = np.random.default_rng(seed)
    images = {}
    for ind in range(num):
        rows = random_rows(rng, num_objects)
        rows.append((80, 60, 20, 20, 0, 0, 0, 0))  # an ignored region
        rows.append((5, 60, 12, 9, 1, 11, 0, 0))  # another object
        images[f'{ind:03d}'] = rows
    return write_visdrone(root, images)


@pytest.fixture
def root(tmp_path):
    return write_scenes(tmp_path / 'data')


def assert_all_covered(dataset):
    """Every object that is not ignored is whole and valid in some chip."""
    infos = infos_of(dataset)
    num_objects = 0
    for image in range(len(dataset.dataset)):
        plain = dataset.dataset.get_data_info(image)
        _, ignored = instance_arrays(plain['instances'])
        learned = np.zeros(len(ignored), dtype=bool)
        for info in infos:
            if info['img_id'] != plain['img_id']:
                continue
            chip = info['chip']
            bboxes, _ = instance_arrays(info['instances'])
            held = contains(chip['window'][None], bboxes)[0]
            assert not (chip['valid'] & ignored).any()
            learned |= chip['valid'] & held
        np.testing.assert_array_equal(learned, ~ignored)
        num_objects += len(ignored)
    assert num_objects
    return infos


def test_every_object_is_learned_in_some_chip(root):
    dataset = DATASETS.build(
        dict(
            type='ChipDataset',
            dataset=visdrone(root),
            pipeline=PIPELINE,
            scales=SCALES,
            chip_size=CHIP_SIZE,
        )
    )
    infos = assert_all_covered(dataset)
    assert len(dataset) == dataset.num_normal == len(infos)
    assert dataset.num_hard == 0
    assert dataset.metainfo['classes'][3] == 'car'
    assert {info['chip']['scale_ind'] for info in infos} == {0, 1}
    for info in infos:
        chip = info['chip']
        window_wh = chip['window'][2:] - chip['window'][:2]
        side = SCALES[chip['scale_ind']]['window']
        assert chip['resize'] == CHIP_SIZE / side
        assert window_wh.tolist() == [side, side]
        bboxes, ignored = instance_arrays(info['instances'])
        columns = valid_objects(bboxes, (100, 80), dataset.scales)
        np.testing.assert_array_equal(
            chip['valid'], columns[:, chip['scale_ind']] & ~ignored
        )


def test_any_coco_json(tmp_path):
    path = write_coco(tmp_path) / 'train.json'
    content = json.loads(path.read_text())
    content['annotations'][0].update(bbox=[-10, 4, 30, 20])
    content['annotations'][-1].update(iscrowd=1)
    path.write_text(json.dumps(content))
    images = dict(
        type='CocoDataset',
        data_root=str(tmp_path),
        ann_file='train.json',
        data_prefix=dict(img='train'),
        metainfo=dict(classes=CLASSES),
    )
    dataset = build(images)
    infos = assert_all_covered(dataset)
    assert tuple(dataset.metainfo['classes']) == CLASSES
    # Boxes that reach out of the image are cut to it.
    assert infos[0]['instances'][0]['bbox'] == [0, 4, 20, 24]
    samples = [dataset[ind]['data_samples'] for ind in range(len(dataset))]
    labels = torch.cat([sample.gt_instances.labels for sample in samples])
    assert set(labels.tolist()) == {0, 1, 2}
    assert sum(len(sample.ignored_instances) for sample in samples) >= 1


def test_without_scales_a_sample_is_an_image(root):
    pipeline = [
        LOAD,
        dict(type='LoadAnnotations', with_bbox=True),
        dict(type='PackDetInputs'),
    ]
    dataset = build(visdrone(root), pipeline, scales=None)
    assert len(dataset) == 4
    info = dataset.get_data_info(2)
    assert info['img_id'] == '002'
    assert info['chip']['window'].tolist() == [0, 0, 100, 80]
    assert info['chip']['resize'] == 1
    assert info['chip']['valid'].tolist() == [True] * 7 + [False]
    sample = dataset[2]
    assert len(sample['data_samples'].gt_instances) == 7
    assert len(sample['data_samples'].ignored_instances) == 1


def test_limit_of_chips(root):
    every = build(visdrone(root))
    few = build(visdrone(root), max_chips=2)
    counts = np.bincount(few.index.image_inds)
    assert counts.tolist() == [2] * 4
    assert len(every) > len(few)


class Boxes(BaseDetDataset):
    """One image with unchecked boxes."""

    bboxes = ((5, 5, 20, 20), (9, 9, 9, 30), (120, 0, 130, 9), (9, 9, 5, 5))

    def load_data_list(self):
        instances = [
            dict(bbox=list(bbox), bbox_label=0, ignore_flag=0)
            for bbox in self.bboxes
        ]
        return [
            dict(
                img_path='a.png',
                img_id='a',
                width=100,
                height=80,
                instances=instances,
            )
        ]


def test_objects_without_area_are_left_out_and_counted():
    dataset = build(Boxes(), [])
    assert int(dataset.index.num_excluded) == 3
    for ind in range(len(dataset)):
        chip = dataset.get_data_info(ind)['chip']
        assert not chip['valid'][1:].any()


@pytest.fixture
def finds(monkeypatch):
    """Number of images that chips were found for."""
    calls = []
    original = chip_finding.generate_chips

    def generate_chips(*args, **kwargs):
        calls.append(args)
        return original(*args, **kwargs)

    monkeypatch.setattr(chip_finding, 'generate_chips', generate_chips)
    return calls


@pytest.fixture
def cached(root, tmp_path):
    def build_cached(**kwargs):
        folder = str(tmp_path / 'cache')
        return build(visdrone(root), cache_dir=folder, **kwargs)

    return build_cached


def test_chips_are_found_once(cached, finds, tmp_path):
    first = cached()
    assert len(finds) == 4
    again = cached()
    assert len(finds) == 4
    for name, values in vars(first.index).items():
        np.testing.assert_array_equal(getattr(again.index, name), values)
    # They don't depend on what is made of the windows.
    cached(chip_size=32, pipeline=[])
    assert len(finds) == 4
    assert len(list((tmp_path / 'cache').iterdir())) == 1


def test_lazy_data_sets_load_at_first_use(root):
    dataset = build({**visdrone(root), 'lazy_init': True}, lazy_init=True)
    assert not hasattr(dataset, 'index')
    assert len(ChipSampler(dataset)) == len(build(visdrone(root)))
    dataset.full_init()
    assert dataset.dataset[0] is not None


@pytest.mark.parametrize(
    ('kwargs', 'fault'),
    [
        (dict(chip_size=0), 'chip_size must be positive, got 0'),
        (dict(scales=[]), 'scales is empty'),
    ],
)
def test_arguments_are_checked(root, kwargs, fault):
    with pytest.raises(ValueError, match=fault):
        build(visdrone(root), **kwargs)


CROP = dict(type='CropChip', chip_size=CHIP_SIZE)


@pytest.mark.parametrize(
    'wrap',
    [
        lambda crop: crop,
        lambda crop: dict(type='RandomApply', transforms=[crop]),
        lambda crop: dict(type='RandomChoice', transforms=[[CROP], [crop]]),
    ],
)
@pytest.mark.parametrize('size', [CHIP_SIZE - 8, CHIP_SIZE + 8])
def test_a_pipeline_for_chips_of_another_size(root, wrap, size):
    pipeline = [LOAD, wrap(dict(type='CropChip', chip_size=size))]
    fault = f'chip_size is {CHIP_SIZE}, that of CropChip in .* {size}$'
    with pytest.raises(ValueError, match=fault):
        build(visdrone(root), pipeline)
    # Whole images have no such size.
    assert build(visdrone(root), pipeline, scales=None)
    assert build(visdrone(root), [LOAD, wrap(CROP)])


def test_indices_are_checked(root):
    dataset = build(visdrone(root))
    for index in (-1, len(dataset)):
        with pytest.raises(IndexError, match=f'chip {index} of'):
            dataset.get_data_info(index)


VARIED = [(0, 1, 3), (1, 1, 3), (0, 2, 3), (0, 1, 4)]


def test_a_sample_follows_from_its_key_alone(root):
    dataset = build(visdrone(root))
    keys = [
        SampleKey(index, epoch, position, 3)
        for position, index in enumerate([0, 5, 2, 5, 1])
        for epoch in (0, 4)
    ]
    expected = {key: packed(dataset[key]) for key in keys}
    other = build(visdrone(root))
    for key in reversed(keys):
        assert packed(other[key]) == expected[key]
    # ... and is drawn anew with another one.
    versions = {
        packed(dataset[SampleKey(5, epoch, position, seed)])
        for epoch, position, seed in VARIED
    }
    assert len(versions) == 4
    assert packed(dataset[5]) == packed(dataset[SampleKey(5, 0, 5)])


def test_workers_make_the_same_samples(root):
    dataset = build(visdrone(root))
    dataset.set_hard_chips(make_round(), None, ())

    def stream(num_workers):
        sampler = ChipSampler(dataset, num_samples=10, seed=11)
        sampler.set_epoch(2)
        loader = DataLoader(
            dataset,
            batch_size=2,
            sampler=sampler,
            num_workers=num_workers,
            collate_fn=pseudo_collate,
        )
        return [
            packed(dict(inputs=inputs, data_samples=data_sample))
            for batch in loader
            for inputs, data_sample in zip(
                batch['inputs'], batch['data_samples'], strict=True
            )
        ]

    alone = stream(0)
    assert len(set(alone)) > 5
    assert stream(2) == alone


def make_round(pastes=(), img_id='001', image=1, source=0):
    canvases = [
        MinedCanvas(
            source,
            image,
            img_id,
            pastes=pastes,
            windows=[(0, 0, 32, 32), (36, 16, 100, 80)],
            scale_inds=[0, 1],
        ),
        MinedCanvas(0, 3, '003', windows=[(0, 0, 100, 80)], scale_inds=[2]),
    ]
    return HardChipRound(1, 'ab', canvases)


def make_pool(root, tmp_path):
    return pool_of(DATASETS.build(visdrone(root)), tmp_path / 'pool')


PASTE = Paste(0, (50.0, 30.0, 70.0, 46.0), 1.0, 0.0, False, 1.0, 8)


def test_hard_chips_follow_the_normal_ones(root, tmp_path):
    dataset = build(visdrone(root))
    normal = len(dataset)
    pool = make_pool(root, tmp_path)
    dataset.set_hard_chips(make_round([PASTE]), pool)
    assert (dataset.num_normal, dataset.num_hard) == (normal, 3)
    info = dataset.get_data_info(normal + 1)
    assert info['img_id'] == '001'
    assert info['chip']['window'].tolist() == [36, 16, 100, 80]
    assert info['chip']['scale_ind'] == 1
    assert info['chip']['resize'] == 1
    # All objects of the image are there, and the pasted one behind them.
    plain = dataset.dataset.get_data_info(1)['instances']
    ind = len(plain)
    assert info['instances'][:ind] == plain
    assert info['instances'][ind]['bbox'] == [50, 30, 70, 46]
    assert info['instances'][ind]['bbox_label'] == 8
    assert info['chip']['valid'][ind]
    # The last resort, the whole image, fits by its long side.
    last = dataset.get_data_info(normal + 2)
    assert last['chip']['scale_ind'] == 2
    assert last['chip']['resize'] == CHIP_SIZE / 100
    dataset.set_hard_chips(None)
    assert len(dataset) == normal


def test_covered_part_of_a_pasted_object_is_ignored(root, tmp_path):
    infos = infos_of(DATASETS.build(visdrone(root)))
    x1, y1, x2, y2 = infos[0]['instances'][0]['bbox']
    half = [x1, y1, x2, (y1 + y2) / 2]
    other = dict(bbox=half, bbox_label=1, ignore_flag=1)
    infos[0]['instances'] = [infos[0]['instances'][0], other]
    pool = build_pool(tmp_path / 'pool', infos, num_classes=10, min_size=4)
    assert len(pool.foreign(0)) == 1
    dataset = build(visdrone(root), [LOAD, PIPELINE[3]])
    width, height = x2 - x1, y2 - y1
    bbox = (50.0, 30.0, 50 + width, 30 + height)
    paste = Paste(0, bbox, 1.0, 0.0, False, 1.0, 8)
    dataset.set_hard_chips(make_round([paste]), pool)
    info = dataset.get_data_info(dataset.num_normal + 1)
    pasted, foreign = info['instances'][-2:]
    assert pasted['pasted']
    assert foreign['bbox'] == [50, 30, 50 + width, 30 + height / 2]
    assert foreign['ignore_flag'] == 1
    assert 'pasted' not in foreign
    assert info['chip']['valid'][-2:].tolist() == [True, False]
    sample = dataset[dataset.num_normal + 1]
    assert sample['gt_ignore_flags'][-2:].tolist() == [False, True]


def test_masked_objects_are_no_foreground_anywhere(tmp_path):
    """Neither in normal nor in hard chips; a paste on a mask is drawn."""
    rows = [
        (10, 10, 20, 16, 1, 4, 0, 0),
        (60, 40, 20, 16, 1, 4, 0, 0),
        (54, 30, 40, 40, 0, 0, 0, 0),
    ]
    write_visdrone(tmp_path / 'set', {'000': rows, '001': rows}, (100, 80))
    pool = make_pool(tmp_path / 'set', tmp_path)
    assert len(pool) == 2
    dataset = build(visdrone(tmp_path / 'set'), [LOAD, *PIPELINE[1:4]])
    paste = Paste(0, (70.0, 50.0, 90.0, 66.0), 1.0, 0.0, False, 1.0, 3)
    canvas = MinedCanvas(
        0, 0, '000', [paste], windows=[(36, 16, 100, 80)], scale_inds=[1]
    )
    dataset.set_hard_chips(HardChipRound(1, 'ab', [canvas]), pool)
    # One chip an image, as nothing has to cover the masked object.
    assert (dataset.num_normal, dataset.num_hard) == (2, 1)
    for ind in range(2):
        flags = dataset[ind]['gt_ignore_flags'].tolist()
        assert flags == [False, True][: len(flags)]
    assert dataset[2]['gt_ignore_flags'].tolist() == [True, False]


def test_external_canvases(root, tmp_path):
    external = DATASETS.build(
        visdrone(write_scenes(tmp_path / 'other', seed=5))
    )
    dataset = build(visdrone(root))
    dataset.set_hard_chips(make_round(source=1), None, [external])
    info = dataset.get_data_info(dataset.num_normal)
    assert info['img_path'].startswith(str(tmp_path / 'other'))


def test_pastes_without_a_pool_are_an_error(root):
    dataset = build(visdrone(root))
    dataset.set_hard_chips(make_round([PASTE]))
    with pytest.raises(RuntimeError, match='but no object pool'):
        dataset[dataset.num_normal + 1]


def test_broken_images_give_way_to_the_next(root):
    """The whole image is skipped at once, however many chips it has."""
    dataset = build(visdrone(root))
    (root / 'images' / '001.png').unlink()
    index, following = (
        int(np.flatnonzero(dataset.index.image_inds == image)[0])
        for image in (1, 2)
    )
    sample = dataset[SampleKey(index, 1, 4, 2)]
    assert packed(sample) == packed(dataset[SampleKey(following, 1, 4, 2)])


def test_find_chip_dataset(root):
    dataset = build(visdrone(root))
    assert find_chip_dataset(dataset) is dataset
    with pytest.raises(ValueError, match='must be a ChipDataset'):
        find_chip_dataset(dataset.dataset)


def test_real_images(real_data):
    images = dict(
        type='VisDroneDataset',
        data_root=str(real_data / 'visdrone' / 'VisDrone2019-DET-val'),
        indices=6,
    )
    scales = [
        dict(window=256, valid_range=(0, 40), stride=28),
        dict(window=512, valid_range=(28, 85), stride=56),
        dict(window=1024, valid_range=(56, INF), stride=112),
    ]
    pipeline = [*PIPELINE[:3], dict(type='CropChip', chip_size=640)]
    dataset = build(
        images,
        [*pipeline, PIPELINE[-1]],
        scales=scales,
        chip_size=640,
    )
    assert_all_covered(dataset)
    sample = dataset[0]
    assert sample['inputs'].shape == (3, 640, 640)
    assert len(sample['data_samples'].gt_instances)


def test_objects_out_of_range_may_be_learned(root):
    dataset, every = (
        build(visdrone(root)),
        build(visdrone(root), ignore_out_of_range=False),
    )
    np.testing.assert_array_equal(dataset.index.windows, every.index.windows)
    num_more = 0
    for index in range(len(dataset)):
        info, other = dataset.get_data_info(index), every.get_data_info(index)
        valid, both = info['chip']['valid'], other['chip']['valid']
        _, ignored = instance_arrays(info['instances'])
        assert not both[ignored].any()
        assert both[~ignored].all()
        num_more += int((both & ~valid).sum())
        # In the chip, what is cut too much stays ignored.
        learned = [
            ds[index]['data_samples'].gt_instances for ds in (dataset, every)
        ]
        assert len(learned[0]) <= len(learned[1]) <= both.sum()
    assert num_more > 0
