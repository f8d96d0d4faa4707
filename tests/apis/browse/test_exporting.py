import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmdet.registry import DATASETS

from mmhcm.apis.browse import export, export_files
from mmhcm.apis.data import (
    rendering_canvases,
    rendering_chips,
    rendering_hard_chips,
)
from mmhcm.apis.data.rendering import config_pool
from mmhcm.datasets import VisDroneDataset
from mmhcm.functional.boxes import as_bboxes
from mmhcm.structures.instances import instance_arrays
from mmhcm.structures.rounds import read_round, write_round
from tests.support.mined_rounds import write_fake_round
from tests.support.tiny_visdrone import use_whole_images

#: Three chips on two canvases.
CHIPS = [
    {
        'windows': [(0, 0, 64, 64), (72, 32, 200, 160)],
        'scale_inds': [0, 1],
    },
    {'windows': [(40, 40, 104, 104)], 'scale_inds': [0]},
]


def read(result):
    return json.loads(result.path.read_text())


def load_coco(result, what):
    """Read an export with MMDetection's own data set."""
    return DATASETS.build(
        dict(
            type='CocoDataset',
            data_root=str(result.path.parent),
            ann_file=f'{what}.json',
            data_prefix=dict(img=f'{what}/'),
            metainfo=dict(classes=VisDroneDataset.METAINFO['classes']),
            pipeline=[
                dict(type='LoadImageFromFile'),
                dict(type='LoadAnnotations', with_bbox=True),
            ],
        )
    )


def assert_same(sample, expected):
    """Check that MMDetection reads what the pipeline returned.

    MMDetection drops boxes thinner than a pixel.
    """
    bboxes = expected['gt_bboxes'].numpy()
    wide = ((bboxes[:, 2:] - bboxes[:, :2]) >= 1).all(axis=1)
    np.testing.assert_array_equal(sample['img'], expected['img'])
    np.testing.assert_array_equal(sample['gt_bboxes'].numpy(), bboxes[wide])
    for key in ('gt_bboxes_labels', 'gt_ignore_flags'):
        np.testing.assert_array_equal(sample[key], expected[key][wide])


def check_chips(result, what, chips, first=0):
    """Check exported chips, the first of a number; return the JSON."""
    coco, content = load_coco(result, what), read(result)
    assert result.num_images == len(coco) == len(content['images'])
    for ind, image in enumerate(content['images']):
        assert image['id'] == ind + 1
        assert_same(coco[ind], chips[first + ind])
        info = chips.get_data_info(first + ind)
        assert image['source_image'] == info['img_path']
        assert image['window'] == info['chip']['window'].tolist()
        assert image['scale_factor'] == [info['chip']['resize']] * 2
        assert image['scale_ind'] == info['chip']['scale_ind']
    return content


def test_chips_round_trip(cfg, tmp_path):
    result = export(cfg, 'chips', tmp_path / 'out')
    chips = rendering_chips(cfg)
    objects = check_chips(result, 'chips', chips)['annotations']
    assert (result.num_images, result.num_broken) == (chips.num_normal, 0)
    assert {item['iscrowd'] for item in objects} == {0, 1}
    assert {item['pasted'] for item in objects} == {0}


def test_hard_chips_round_trip(cfg, tmp_path):
    path = write_fake_round(cfg, *CHIPS)
    result = export(cfg, 'hard-chips', tmp_path / 'out', round_file=path)
    chips = rendering_hard_chips(cfg)
    content = check_chips(result, 'hard-chips', chips, chips.num_normal)
    assert result.num_images == chips.num_hard == 3
    assert {item['pasted'] for item in content['annotations']} == {0, 1}


@pytest.mark.parametrize('what', ['images', 'pool'])
def test_rounds_of_other_data_are_refused(cfg, what):
    path = write_fake_round(cfg, *CHIPS)
    mined = read_round(path)
    known = {'pool': config_pool(cfg, rendering_chips(cfg)).fingerprint}
    write_round(path, dataclasses.replace(mined, origin=known))
    assert rendering_hard_chips(cfg).num_hard == 3
    write_round(path, dataclasses.replace(mined, origin={what: 'other'}))
    with pytest.raises(ValueError, match='round 1 was mined'):
        rendering_hard_chips(cfg)


def test_canvases(cfg, tmp_path):
    result = export(cfg, 'canvases', tmp_path / 'out', num=4)
    canvases = rendering_canvases(cfg)
    coco = load_coco(result, 'canvases')
    content = read(result)
    assert result.num_images == len(coco) == len(content['images']) == 4
    for ind, image in enumerate(content['images']):
        info = canvases.get_data_info(image['id'] - 1)
        assert image['window'] == [0, 0, 200, 160]
        assert image['source_image'] == info['img_path']
        pasted = [
            item['pasted']
            for item in content['annotations']
            if item['image_id'] == image['id']
        ]
        assert sum(pasted) == len(info['pastes'])
        sample = coco[ind]
        expected = canvases.pipeline(canvases.get_data_info(image['id'] - 1))
        np.testing.assert_array_equal(sample['img'], expected['img'])
        instances = info['instances']
        np.testing.assert_allclose(
            sample['gt_bboxes'].numpy(),
            np.array([item['bbox'] for item in instances], np.float32),
        )
        np.testing.assert_array_equal(
            sample['gt_ignore_flags'],
            [bool(item['ignore_flag']) for item in instances],
        )


def source_of(cfg):
    """The training images as their data set reads them, none left out."""
    settings = dict(cfg.train_dataloader.dataset.dataset)
    settings.update(filter_cfg=None, pipeline=[])
    return DATASETS.build(settings)


def with_ignored(tmp_path):
    """Add an ignored region, and one ignored object, to the second image."""
    path = tmp_path / 'train' / 'annotations' / '001.txt'
    rows = '100,90,60,40,0,0,0,0\n10,120,20,20,0,4,0,0\n'
    path.write_text(path.read_text() + rows)


def test_a_whole_data_set_as_coco(cfg, tmp_path):
    with_ignored(tmp_path)
    result = export(cfg, 'images', tmp_path / 'out')
    source, coco = source_of(cfg), load_coco(result, 'train')
    assert result.num_images == len(coco) == len(source)
    num_regions = 0
    for ind in range(len(coco)):
        info = source.get_data_info(ind)
        stored = tmp_path / 'out' / 'train' / Path(info['img_path']).name
        assert stored.read_bytes() == Path(info['img_path']).read_bytes()
        bboxes, ignored = instance_arrays(info['instances'])
        regions = as_bboxes(info['ignored_regions'])
        sample = coco[ind]
        found = sample['gt_bboxes'].numpy()
        np.testing.assert_array_equal(found[: len(bboxes)], bboxes)
        # A region is a crowd of each of the ten classes.
        np.testing.assert_array_equal(
            found[len(bboxes) :], regions.repeat(10, axis=0)
        )
        np.testing.assert_array_equal(
            sample['gt_ignore_flags'], [*ignored, *[True] * 10 * len(regions)]
        )
        num_regions += len(regions)
    assert num_regions
    groups = {
        c['name']: c['supercategory'] for c in read(result)['categories']
    }
    assert groups['people'] == 'person'
    assert groups['van'] == 'vehicle'


def test_a_whole_data_set_as_yolo(cfg, tmp_path):
    with_ignored(tmp_path)
    out = tmp_path / 'out'
    result = export(cfg, 'images', out, files='yolo')
    source = source_of(cfg)
    for ind in range(len(source)):
        info = source.get_data_info(ind)
        path = Path(info['img_path'])
        bboxes, ignored = instance_arrays(info['instances'])
        labels = out / 'labels' / 'train' / f'{path.stem}.txt'
        rows = np.loadtxt(labels, ndmin=2).reshape(-1, 5)
        whole = [info['width'], info['height']] * 2
        x, y, w, h = (rows[:, 1:] * whole).T
        np.testing.assert_allclose(
            np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], axis=1),
            bboxes[~ignored].clip(0, whole),
            atol=1e-3,
        )
        assert rows[:, 0].tolist() == [
            item['bbox_label']
            for item in info['instances']
            if not item['ignore_flag']
        ]
        stored = out / 'images' / 'train' / path.name
        changed = ignored.any() or len(info['ignored_regions'])
        if not changed:
            assert stored.read_bytes() == path.read_bytes()
    # Neither foreground nor background.
    picture = cv2.imread(str(out / 'images' / 'train' / '001.png'))
    assert (picture[95:125, 105:155] == [104, 116, 124]).all()
    text = result.path.read_text()
    assert 'train: "images/train"\nval: "images/train"\nnames:\n  0: ' in text


def test_parts_of_yolo_share_a_folder(cfg, tmp_path):
    export(cfg, 'chips', tmp_path / 'out', num=2, files='yolo')
    cfg.val_dataloader = cfg.train_dataloader
    export(cfg, 'images', tmp_path / 'out', files='yolo', split='val')
    result = export(cfg, 'images', tmp_path / 'out', num=1, files='yolo')
    lines = result.path.read_text().splitlines()[:3]
    assert lines == [
        'train: "images/train"',
        'val: "images/val"',
        'chips: "images/chips"',
    ]
    for part, num in (('chips', 2), ('train', 1)):
        for kind in ('images', 'labels'):
            folder = tmp_path / 'out' / kind / part
            assert len(list(folder.iterdir())) == num


def test_whole_images(cfg, tmp_path):
    use_whole_images(cfg)
    result = export(cfg, 'chips', tmp_path / 'out')
    coco = load_coco(result, 'chips')
    assert len(coco) == 8
    dataset = rendering_chips(cfg)
    for ind in range(len(coco)):
        assert_same(coco[ind], dataset[ind])


def test_an_interrupted_export_leaves_no_json(cfg, tmp_path, monkeypatch):
    out = tmp_path / 'out'
    write, count = export_files.write_picture, 0

    def stop_at_third(path, picture):
        nonlocal count
        count += 1
        if count == 3:
            raise KeyboardInterrupt
        write(path, picture)

    monkeypatch.setattr(export_files, 'write_picture', stop_at_third)
    with pytest.raises(KeyboardInterrupt):
        export(cfg, 'chips', out)
    assert not (out / 'chips.json').exists()
    assert len(list(out.glob('chips/*'))) == 2
    monkeypatch.setattr(export_files, 'write_picture', write)
    export(cfg, 'chips', out)
    whole = export(cfg, 'chips', tmp_path / 'whole')
    assert whole.path.read_bytes() == (out / 'chips.json').read_bytes()


def test_more_images_include_fewer(cfg, tmp_path):
    out = tmp_path / 'out'
    few = read(export(cfg, 'chips', out, num=3))['images']
    more = export(cfg, 'chips', out, num=6)
    assert more.num_images == 6
    assert all(image in read(more)['images'] for image in few)


def test_jpeg(cfg, tmp_path):
    result = export(cfg, 'chips', tmp_path / 'out', num=1, suffix='.jpg')
    (image,) = read(result)['images']
    picture = cv2.imread(str(tmp_path / 'out' / 'chips' / image['file_name']))
    assert picture.shape == (96, 96, 3)


def test_broken_images_are_left_out(cfg, tmp_path):
    image = tmp_path / 'train' / 'images' / '003.png'
    image.write_bytes(image.read_bytes()[:100])
    result = export(cfg, 'chips', tmp_path / 'out')
    assert result.num_broken
    assert result.num_images + result.num_broken == len(rendering_chips(cfg))
    assert len(load_coco(result, 'chips')) == result.num_images


def test_only_broken_images_are_an_error(cfg, tmp_path):
    pipeline = cfg.train_dataloader.dataset.pipeline
    cfg.train_dataloader.dataset.pipeline = [
        transform for transform in pipeline if transform.type != 'CropChip'
    ]
    with pytest.raises(ValueError, match=r'the first: .* gave no boxes'):
        export(cfg, 'chips', tmp_path / 'out')
    assert not (tmp_path / 'out' / 'chips.json').exists()


@pytest.mark.parametrize(
    ('kwargs', 'fault'),
    [
        (dict(what='pictures'), "what must be .* 'pictures'"),
        (dict(what='chips', num=0), 'num must be positive, got 0'),
        (dict(what='chips', files='voc'), "files must be .* 'voc'"),
        (dict(what='images', split='x'), "split must be .* 'x'"),
        (dict(what='chips', split='val'), 'split val goes with images'),
        (dict(what='chips', suffix='.gif'), "suffix must be .* '.gif'"),
        (
            dict(what='chips', round_file='x'),
            'a round file goes with hard-chips, not with chips',
        ),
    ],
)
def test_arguments_are_checked(cfg, tmp_path, kwargs, fault):
    with pytest.raises(ValueError, match=fault):
        export(cfg, out_dir=tmp_path / 'out', **kwargs)
