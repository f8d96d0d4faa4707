from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhcm.datasets import ChipDataset, SampleKey
from mmhcm.datasets.partial_decoding import (
    has_offsets,
    image_origin,
    whole_shape,
)
from mmhcm.functional.pasting import Paste
from mmhcm.structures.rounds import HardChipRound, MinedCanvas
from tests.support.data_sets import packed, pool_of
from tests.support.scene_folders import random_rows, write_visdrone

WH = (300, 220)
SCALES = [
    dict(window=48, valid_range=(0, 12)),
    dict(window=96, valid_range=(8, None)),
]


def pipeline(load):
    return [
        dict(type=load, color_type='color_ignore_orientation'),
        dict(type='MaskIgnoredRegions'),
        dict(type='PasteObjects'),
        dict(type='CropChip', chip_size=80),
        dict(type='RandomFlip', prob=0.5),
        dict(type='PackDetInputs', meta_keys=('img_id', 'ori_shape')),
    ]


def build(root, cache_dir, load='LoadChipImage', partial=True, **kwargs):
    images = dict(type='VisDroneDataset', data_root=str(root))
    return ChipDataset(
        images,
        pipeline(load),
        SCALES,
        chip_size=80,
        cache_dir=str(cache_dir),
        partial_decoding=partial,
        **kwargs,
    )


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """Scenes as JPEG files of several kinds and one PNG."""
    root = tmp_path_factory.mktemp('data')
    rng = np.random.default_rng(0)
    rows = {}
    for ind in range(6):
        rows[f'{ind}'] = [
            *random_rows(rng, 9, WH),
            (200, 100, 60, 50, 0, 0, 0, 0),  # an ignored region
            (10, 10, 20, 9, 1, 11, 0, 0),
        ]
    write_visdrone(root, rows, WH)
    factors = [0x221111, 0x111111, 0x211111, 0x221111, 0x221111]
    for ind, factor in enumerate(factors):
        path = root / 'images' / f'{ind}.png'
        image = cv2.imread(str(path))
        noise = rng.integers(0, 40, image.shape, dtype=np.uint8)
        flags = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor]
        if ind == 4:
            flags += [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]
        cv2.imwrite(str(path.with_suffix('.jpg')), image + noise, flags)
        path.unlink()
    return root


def same_samples(partial, whole, num=None):
    for index in range(num or len(whole)):
        key = SampleKey(index, 1, index)
        part, full = partial[key], whole[key]
        assert packed(part) == packed(full)
        metas = [sample['data_samples'].metainfo for sample in (part, full)]
        assert metas[0] == metas[1]


@pytest.mark.parametrize(
    'kwargs', [{}, {'ignore_out_of_range': False}], ids=['ranges', 'plain']
)
def test_chips_are_those_of_whole_images(root, tmp_path, kwargs):
    partial = build(root, tmp_path, **kwargs)
    whole = build(root, tmp_path, 'LoadImageFromFile', False, **kwargs)
    assert partial._offsets.num_partial == 4
    same_samples(partial, whole)


@given(data=st.data())
@settings(max_examples=25)
def test_hard_chips_are_those_of_whole_images(
    root, tmp_path_factory, hard_sets, data
):
    partial, whole, pool = hard_sets
    pastes = []
    for _ in range(data.draw(st.integers(0, 4))):
        ind = data.draw(st.integers(0, len(pool) - 1))
        wh = pool.bboxes[ind, 2:] - pool.bboxes[ind, :2]
        scale = data.draw(st.floats(0.5, 1.5))
        x = data.draw(st.floats(-5, WH[0] - 5))
        y = data.draw(st.floats(-5, WH[1] - 5))
        box = (x, y, x + float(wh[0]) * scale, y + float(wh[1]) * scale)
        pastes.append(
            Paste(
                ind,
                box,
                scale,
                data.draw(st.floats(-10, 10)),
                data.draw(st.booleans()),
                data.draw(st.floats(0.5, 1)),
                0,
                data.draw(st.booleans()),
            )
        )
    x1 = data.draw(st.integers(0, WH[0] - 48))
    y1 = data.draw(st.integers(0, WH[1] - 48))
    canvas = MinedCanvas(0, 0, '0', pastes, [(x1, y1, x1 + 48, y1 + 48)], [0])
    canvases = [canvas, replace(canvas, image=5, img_id='5')]
    for dataset in (partial, whole):
        dataset.set_hard_chips(HardChipRound(1, '', canvases), pool)
    for index in (whole.num_normal, whole.num_normal + 1):
        key = SampleKey(index, 0, index)
        assert torch.equal(partial[key]['inputs'], whole[key]['inputs'])


@pytest.fixture(scope='module')
def hard_sets(root, tmp_path_factory):
    folder = tmp_path_factory.mktemp('cache')
    partial = build(root, folder)
    whole = build(root, folder, 'LoadImageFromFile', False)
    return partial, whole, pool_of(whole.dataset, folder / 'pool')


def test_only_a_part_is_decoded(root, tmp_path):
    dataset = build(root, tmp_path)
    load = dataset.pipeline.transforms[0]
    info = dataset.get_data_info(0)
    x1, y1, x2, y2 = info['chip']['window'].astype(int)
    results = load(info)
    assert results['img'].shape == (y2 - y1, x2 - x1, 3)
    assert image_origin(results) == (x1, y1)
    assert whole_shape(results) == results['ori_shape'] == (WH[1], WH[0])
    assert not has_offsets(results)


def test_without_offsets_the_whole_image_is_decoded(root, tmp_path):
    dataset = build(root, tmp_path, partial=False)
    results = dataset.pipeline.transforms[0](dataset.get_data_info(0))
    assert results['img'].shape == (WH[1], WH[0], 3)


def test_other_colours_are_decoded_as_a_whole(root, tmp_path):
    dataset = build(root, tmp_path)
    load = dataset.pipeline.transforms[0]
    load.color_type = 'color'
    img = load(dataset.get_data_info(0))['img']
    assert img.shape == (WH[1], WH[0], 3)


def test_partial_decoding_needs_a_folder(root):
    with pytest.raises(ValueError, match='partial_decoding needs a cache_dir'):
        ChipDataset(
            dict(type='VisDroneDataset', data_root=str(root)),
            [],
            SCALES,
            partial_decoding=True,
        )
