"""Caches that are shared, damaged, stale or cannot be written.

Whatever happens to them, a data set gives the samples that it gives without
any cache; only what is not a cache at all is an error.
"""

import errno
import logging
import multiprocessing
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.logging import MMLogger

from mmhcm.datasets import ChipDataset
from mmhcm.engine.mining import open_or_build_pool
from mmhcm.structures.files import ArrayFileError, atomic, fingerprint
from tests.support.data_sets import packed
from tests.support.scene_folders import random_rows, write_visdrone

SCALES = (
    dict(window=32, valid_range=(0, 10)),
    dict(window=64, valid_range=(8, float('inf')), stride=8),
)
PIPELINE = (
    dict(type='LoadChipImage'),
    dict(type='MaskIgnoredRegions'),
    dict(type='CropChip', chip_size=64),
    dict(type='PackDetInputs', meta_keys=('img_id',)),
)
KINDS = ('chips', 'restart_offsets')


def write_scenes(root: Path, num: int = 3, seed: int = 0) -> Path:
    """Write JPEG images, of which windows can be decoded."""
    rng = np.random.default_rng(seed)
    write_visdrone(root, {f'{i}': random_rows(rng, 4) for i in range(num)})
    for path in (root / 'images').iterdir():
        image = cv2.imread(str(path))
        image += rng.integers(0, 40, image.shape, np.uint8)
        cv2.imwrite(str(path.with_suffix('.jpg')), image)
        path.unlink()
    return root


def build(root: Path, cache: Path | None, **kwargs: object) -> ChipDataset:
    cache_dir = None if cache is None else str(cache)
    images = dict(type='VisDroneDataset', data_root=str(root))
    options = {
        'scales': SCALES,
        'chip_size': 64,
        'partial_decoding': cache is not None,
        **kwargs,
    }
    return ChipDataset(images, PIPELINE, cache_dir=cache_dir, **options)


def digest_of(dataset: ChipDataset) -> str:
    """Digest of all that training sees."""
    samples = map(dataset.__getitem__, range(len(dataset)))
    return fingerprint(
        *(part for sample in samples for part in packed(sample))
    )


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    return write_scenes(tmp_path_factory.mktemp('scenes'))


@pytest.fixture(scope='module')
def expected(root):
    return digest_of(build(root, None))


@pytest.fixture(scope='module')
def filled(root, expected, tmp_path_factory):
    """A cache as a run leaves it."""
    cache = tmp_path_factory.mktemp('filled')
    assert digest_of(build(root, cache)) == expected
    names = sorted(path.name for path in cache.iterdir())
    assert [name.rpartition('_')[0] for name in names] == list(KINDS)
    return cache


@pytest.fixture
def warned():
    """Warnings on any current logger."""
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record):
            if record.levelno >= logging.WARNING:
                lines.append(record.getMessage())

    handler = Keep()
    logger = MMLogger.get_instance('caches')
    logger.addHandler(handler)
    yield lines
    logger.removeHandler(handler)


@contextmanager
def full_disk(_: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:

        def fsync(_):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        patch.setattr(atomic.os, 'fsync', fsync)
        yield


@contextmanager
def file_for_folder(cache: Path) -> Iterator[None]:
    cache.write_text('notes')
    yield
    cache.unlink()


@contextmanager
def no_new_folders(_: Path) -> Iterator[None]:
    """As on a disk that is mounted to be read only."""
    with pytest.MonkeyPatch.context() as patch:

        def mkstemp(**_):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))

        patch.setattr(atomic.tempfile, 'mkstemp', mkstemp)
        yield


@pytest.mark.parametrize('fault', [full_disk, file_for_folder, no_new_folders])
def test_training_needs_no_cache_files(
    root, expected, tmp_path, warned, fault
):
    cache = tmp_path / 'cache'
    with fault(cache):
        assert digest_of(build(root, cache)) == expected
        assert not cache.is_dir() or not list(cache.iterdir())
    # Each is named once, whatever number of samples there is.
    assert len(warned) == len(KINDS)
    for kind, line in zip(KINDS, warned, strict=True):
        assert str(cache) in line
        assert '\n' not in line
        assert kind.replace('_', ' ') in line
    assert digest_of(build(root, cache)) == expected
    assert len(list(cache.iterdir())) == len(KINDS)
    assert len(warned) == len(KINDS)


def test_caches_are_used_on_a_full_disk(root, expected, filled, warned):
    with full_disk(filled):
        assert digest_of(build(root, filled)) == expected
    assert not warned


@pytest.mark.parametrize('damage', ['cut', 'wrong bit'])
@pytest.mark.parametrize('kind', KINDS)
def test_damaged_cache_is_made_again(
    root, expected, filled, tmp_path, kind, damage
):
    """Which cuts and bits are noticed: ``structures/files/test_arrays.py``."""
    cache = tmp_path / 'damaged'
    shutil.copytree(filled, cache)
    (path,) = cache.glob(f'{kind}_*')
    content = path.read_bytes()
    middle = len(content) // 2
    damaged = bytearray(content)
    if damage == 'cut':
        del damaged[middle:]
    else:
        damaged[middle] ^= 1
    path.write_bytes(damaged)
    assert digest_of(build(root, cache)) == expected
    assert path.read_bytes() == content


def test_foreign_file_is_no_cache(root, filled, tmp_path):
    shutil.copytree(filled, tmp_path / 'cache')
    (path,) = (tmp_path / 'cache').glob('chips_*')
    path.write_text('notes')
    with pytest.raises(ArrayFileError, match=path.name):
        build(root, tmp_path / 'cache')
    assert path.read_text() == 'notes'


def other_image(root: Path) -> None:
    path = root / 'images' / '1.jpg'
    cv2.imwrite(str(path), cv2.imread(str(path))[:, ::-1])


def other_boxes(root: Path) -> None:
    path = root / 'annotations' / '1.txt'
    path.write_text(path.read_text() + '1,1,9,9,1,4,0,0\n')


def other_data(root: Path) -> None:
    shutil.rmtree(root)
    write_scenes(root, seed=1)


@pytest.mark.parametrize(
    ('change', 'kwargs'),
    [
        (other_image, {}),
        (other_boxes, {}),
        (other_data, {}),
        (None, {'scales': [SCALES[0], SCALES[1] | {'stride': 9}]}),
        (None, {'max_chips': 1}),
        (None, {'scales': [SCALES[1] | {'valid_range': (0, float('inf'))}]}),
        (None, {'scales': [SCALES[0], SCALES[1] | {'stride': 20}]}),
    ],
)
def test_stale_cache_is_made_again(root, filled, tmp_path, change, kwargs):
    own_root, cache = tmp_path / 'data', tmp_path / 'cache'
    shutil.copytree(root, own_root)
    build(own_root, cache)
    # And that of another data set of the same file names.
    for path in filled.iterdir():
        if not (cache / path.name).exists():
            shutil.copyfile(path, cache / path.name)
    if change is not None:
        change(own_root)
    expected = digest_of(build(own_root, None, **kwargs))
    for _ in range(2):
        assert digest_of(build(own_root, cache, **kwargs)) == expected


def run_beside_others(root, cache, start, results):
    start.wait()
    dataset = build(root, cache)
    pool = open_or_build_pool(
        {'min_size': 3, 'cache_dir': str(cache)}, cache, dataset.dataset
    )
    pixels = [pool.patch(ind) for ind in range(len(pool))]
    results.put((digest_of(dataset), fingerprint(*pixels)))


def run_together(root, cache, num):
    """Results of processes that start at once."""
    # A fork starts at once, where a new interpreter takes seconds.
    context = multiprocessing.get_context('fork')
    start, results = context.Barrier(num), context.Queue()
    processes = [
        context.Process(
            target=run_beside_others, args=(root, cache, start, results)
        )
        for _ in range(num)
    ]
    for process in processes:
        process.start()
    values = [results.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    return values


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob('*')
        if path.is_file()
    }


@pytest.mark.parametrize(
    'attempts', [1, pytest.param(20, marks=pytest.mark.nightly)]
)
def test_runs_share_a_cold_cache(root, expected, tmp_path, attempts):
    (alone,) = run_together(root, tmp_path / 'alone', 1)
    assert alone[0] == expected
    files_of_one = contents(tmp_path / 'alone')
    # And two files of the pool, and checksums of images.
    assert len(files_of_one) == len(KINDS) + 3
    for attempt in range(attempts):
        cache = tmp_path / f'shared_{attempt}'
        assert run_together(root, cache, 3) == [alone] * 3
        assert contents(cache) == files_of_one
