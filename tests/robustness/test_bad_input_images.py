"""Rows of docs/bad_input.md about images, through the data sets."""

import os
import zipfile

import cv2
import numpy as np
import pytest
import torch
from mmdet.registry import DATASETS

from mmhcm.datasets import (
    CanvasDataset,
    ChipDataset,
    SampleKey,
    VisDroneDataset,
)
from mmhcm.structures.fault_counter import FaultCounter
from mmhcm.structures.images import read_image_sizes
from mmhcm.structures.pool import build_pool
from mmhcm.structures.results import validate_submission
from tests.support import bad_images
from tests.support.bad_images import BROKEN, LATER, UNREADABLE, USED
from tests.support.data_sets import infos_of

SCALES = [
    dict(window=48, valid_range=(0, 20)),
    dict(window=96, valid_range=(16, None)),
]
PARTIAL = pytest.mark.parametrize(
    'partial', [True, False], ids=['windows decoded', 'whole decoded']
)
FLAGS = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION


@pytest.fixture
def root(tmp_path):
    """Three images in VisDrone's layout; 'b' is the one to spoil."""
    for folder in ('images', 'annotations'):
        (tmp_path / 'data' / folder).mkdir(parents=True)
    for seed, stem in enumerate('abc'):
        bad_images.write_good(tmp_path / 'data' / 'images' / stem, seed)
        text = '\n'.join(','.join(map(str, row)) for row in bad_images.ROWS)
        path = tmp_path / 'data' / 'annotations' / f'{stem}.txt'
        path.write_text(text)
    return tmp_path / 'data'


def spoil(root, write):
    path = root / 'images' / 'b'
    if write not in LATER.values():
        path.with_suffix('.jpg').unlink()
    write(path)


def images_of(root, **kwargs):
    return dict(type='VisDroneDataset', data_root=str(root), **kwargs)


def build_chips(root, partial):
    pipeline = [
        dict(type='LoadChipImage'),
        dict(type='MaskIgnoredRegions'),
        dict(type='PasteObjects'),
        dict(type='CropChip', chip_size=48),
        dict(type='PackDetInputs', meta_keys=('img_id',)),
    ]
    return ChipDataset(
        images_of(root),
        pipeline,
        SCALES,
        chip_size=48,
        cache_dir=str(root.parent / 'cache'),
        partial_decoding=partial,
    )


def build_test_set(root):
    pipeline = [dict(type='LoadImage'), dict(type='PackDetInputs')]
    return DATASETS.build(images_of(root, test_mode=True, pipeline=pipeline))


def train(chips):
    """Each chip once; which images they come from, and the pixels."""
    samples = [chips[SampleKey(ind, 0, ind)] for ind in range(len(chips))]
    names = {sample['data_samples'].img_id for sample in samples}
    return names, torch.stack([sample['inputs'] for sample in samples])


def mine(chips):
    """Each canvas once, and a pool; which images they come from."""
    images = chips.dataset
    infos = infos_of(images)
    counter = FaultCounter()
    pool = build_pool(
        f'{chips.cache_dir}/pool', infos, num_classes=10, min_size=4,
        counter=counter,
    )  # fmt: skip
    canvases = CanvasDataset([images], [dict(type='LoadImage')], pool)
    seen = {canvases[ind]['img_id'] for ind in range(len(canvases))}
    in_pool = {infos[ind]['img_id'] for ind in pool.image_inds}
    return seen, in_pool, counter.lines()


@PARTIAL
@pytest.mark.parametrize('name', USED)
def test_images_of_other_kinds_are_used(root, warnings, name, partial):
    spoil(root, USED[name])
    chips = build_chips(root, partial)
    names, pixels = train(chips)
    assert names == set('abc')
    whole = train(build_chips(root, not partial))[1]
    assert torch.equal(pixels, whole)
    assert mine(chips) == (set('abc'), set('abc'), [])
    (path,) = (root / 'images').glob('b.*')
    (sample,) = [
        s for s in build_test_set(root) if s['data_samples'].img_id == 'b'
    ]
    stored = cv2.imread(str(path), FLAGS)
    assert stored.shape == (120, 160, 3)
    np.testing.assert_array_equal(
        sample['inputs'].numpy().transpose(1, 2, 0), stored
    )
    # About what the others show, so that no channel is lost or turned.
    difference = np.abs(stored.astype(int) - bad_images.picture())
    assert np.median(difference) <= (25 if 'gray' in name else 12)
    assert warnings == []


@PARTIAL
@pytest.mark.parametrize('name', UNREADABLE)
def test_unreadable_files_are_left_out_when_listed(
    root, warnings, name, partial
):
    spoil(root, UNREADABLE[name])
    chips = build_chips(root, partial)
    (message,) = warnings
    assert 'left 1 files out, the first: cannot read' in message
    assert 'b.jpg' in message
    assert '\n' not in message
    assert train(chips)[0] == set('ac')
    assert mine(chips) == (set('ac'), set('ac'), [])
    with pytest.raises(ValueError, match=r'cannot read .*b\.jpg'):
        build_test_set(root)
    with pytest.raises((ValueError, OSError), match=r'b\.jpg'):
        read_image_sizes(root / 'images')


@PARTIAL
@pytest.mark.parametrize('name', {**BROKEN, **LATER})
def test_broken_pixels_are_left_out_when_read(root, warnings, name, partial):
    later = LATER.get(name)
    if later is None:
        spoil(root, BROKEN[name])
    chips, tests = build_chips(root, partial), build_test_set(root)
    if later is not None:
        spoil(root, later)
    assert train(chips)[0] == set('ac')
    seen, in_pool, lines = mine(chips)
    assert seen == in_pool == set('ac')
    assert lines[0].startswith('1 broken images without objects in the pool')
    assert len(warnings) == 2
    assert warnings[0].startswith('left out broken image 1: ')
    assert warnings[1].startswith('left out broken canvas 1: ')
    for message in (*warnings, *lines):
        assert f'{root}/images/b.' in message
        assert '\n' not in message
    with pytest.raises((ValueError, OSError), match=r'images/b\.') as info:
        list(tests)
    assert '\n' not in str(info.value)


def test_annotation_of_missing_image_is_left_out(root, warnings):
    (root / 'images' / 'b.jpg').unlink()
    assert len(VisDroneDataset(data_root=str(root))) == 2
    (message,) = warnings
    assert 'left 1 files out, the first: no image for' in message
    assert 'b.txt' in message
    with pytest.raises(
        ValueError, match=r'1 annotation files have no image, .*b\.txt'
    ):
        build_test_set(root)


@pytest.mark.parametrize(
    ('other', 'test_mode'),
    [('b.png', False), ('b.png', True), ('B.jpg', True)],
)
def test_two_images_of_one_name(root, warnings, other, test_mode):
    cv2.imwrite(str(root / 'images' / other), bad_images.picture())
    with pytest.raises(ValueError, match="two images are named 'b'"):
        VisDroneDataset(data_root=str(root), test_mode=test_mode)


def test_names_that_differ_only_in_case(root, warnings):
    text = (root / 'annotations' / 'b.txt').read_text()
    (root / 'annotations' / 'B.txt').write_text(text)
    cv2.imwrite(str(root / 'images' / 'B.jpg'), bad_images.picture())
    assert len(VisDroneDataset(data_root=str(root))) == 4
    (message,) = warnings
    assert '1 images of names that differ in case alone' in message
    # Unpacked where case does not count, one is lost.
    with zipfile.ZipFile(root / 'out.zip', 'w') as archive:
        for stem in 'Babc':
            archive.writestr(f'{stem}.txt', '')
    sizes = read_image_sizes(root / 'images')
    (fault,) = validate_submission(root / 'out.zip', sizes)
    assert fault.startswith('b.txt: ')


def test_other_suffixes_are_counted(root, warnings):
    (root / 'images' / 'd.gif').write_bytes(b'GIF89a')
    (root / 'images' / '.hidden').write_bytes(b'')
    for kwargs in ({}, {'test_mode': True}):
        VisDroneDataset(data_root=str(root), **kwargs)
        message = warnings.pop()
        assert '1 files that are no images by their names' in message
        assert 'd.gif' in message


@PARTIAL
def test_chip_larger_than_every_image(root, warnings, partial):
    chips = ChipDataset(
        images_of(root),
        [
            dict(type='LoadChipImage'),
            dict(type='CropChip', chip_size=64),
            dict(type='PackDetInputs', meta_keys=('img_id',)),
        ],
        [dict(window=1000, valid_range=(0, None))],
        chip_size=64,
        cache_dir=str(root.parent / 'cache'),
        partial_decoding=partial,
    )
    assert chips.index.windows.tolist() == [[0, 0, 160, 120]] * 3
    names, pixels = train(chips)
    assert names == set('abc')
    assert pixels.shape[1:] == (3, 64, 64)
    assert warnings == []


@pytest.fixture
def huge(root):
    """One image of 20,000 x 20,000 pixels next to two small ones."""
    (root / 'images' / 'b.jpg').unlink()
    bad_images.write_huge_jpeg(root / 'images' / 'b.jpg')
    (root / 'annotations' / 'b.txt').write_text(
        '5000,6000,20,20,1,4,0,0\n19980,19980,20,20,1,4,0,0\n'
    )
    return root


def test_huge_image_is_read_by_window(huge, warnings):
    assert read_image_sizes(huge / 'images')['b'] == (20_000, 20_000)
    chips = build_chips(huge, partial=True)
    assert chips._offsets.num_partial == 3
    names, pixels = train(chips)
    assert names == set('abc')
    # Partly decoded chips of it are grey as it is.
    inds = np.flatnonzero(chips.index.image_inds == 1)
    assert (pixels[inds] == 128).all()
    assert warnings == []


@pytest.mark.nightly
def test_huge_image_is_read_whole(huge, warnings):
    free = os.sysconf('SC_AVPHYS_PAGES') * os.sysconf('SC_PAGE_SIZE')
    if free < 6 << 30:
        pytest.skip('needs 6 GB of free memory')
    chips = build_chips(huge, partial=False)
    (index, *_) = np.flatnonzero(chips.index.image_inds == 1)
    sample = chips[SampleKey(int(index), 0, 0)]
    assert sample['data_samples'].img_id == 'b'
    assert (sample['inputs'] == 128).all()
    assert warnings == []


def test_image_beyond_memory_is_left_out(huge, warnings, monkeypatch):
    original = cv2.imdecode

    def imdecode(content, flags):
        if len(content) > 1_000_000:
            raise cv2.error('Insufficient memory (Failed to allocate\n1 B)')
        return original(content, flags)

    monkeypatch.setattr('cv2.imdecode', imdecode)
    assert train(build_chips(huge, partial=False))[0] == set('ac')
    (message,) = warnings
    assert 'b.jpg: Insufficient memory (Failed to allocate 1 B)' in message
