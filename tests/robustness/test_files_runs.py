"""Runs on disks that are full, gone or not to be written, and their resume.

Each stops with one line that names the file, keeps what was good, and ends
when it is resumed as a run that nothing happened to.
"""

import os
import re
import shutil
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import cv2
import pytest
import torch
from mmengine.runner import EpochBasedTrainLoop

from mmhcm.cli import train
from mmhcm.structures.files import atomic
from mmhcm.structures.pool import ObjectPool
from tests.robustness.test_files_writers import limited
from tests.support.tiny_run import write_tiny_run

ROUND = Path('hcm', 'round_1', 'hard_chips.jsonl')
LAST = 'epoch_2.pth'


@pytest.fixture(scope='module')
def start(call):
    """Train by the command line; gives the exit status."""

    def run(config, work_dir, *args, **options):
        options = {
            'log_level': 'WARNING',
            'train_cfg.val_interval': 9,
            **options,
        }
        where = ('--work-dir', work_dir)
        return call(train, config, *where, *args, options=options)

    return run


@pytest.fixture(scope='module')
def clean(start, tmp_path_factory):
    """A run that nothing happened to."""
    root = tmp_path_factory.mktemp('clean')
    config = write_tiny_run(root)
    assert start(config, root / 'work') == 0
    return SimpleNamespace(config=config, work_dir=root / 'work')


@pytest.fixture
def stopped(clean, start, capfd):
    """Start a run that stops; gives the line that it stops with."""

    def run(work_dir, *args, config=None, **options):
        capfd.readouterr()
        status = start(config or clean.config, work_dir, *args, **options)
        printed = capfd.readouterr().err
        assert status == 1
        assert 'Traceback' not in printed
        assert 'Logging error' not in printed
        # Behind a progress bar, the line starts at a carriage return.
        printed = printed.replace('\r', '\n')
        (line,) = re.findall('^error: (.*)$', printed, re.MULTILINE)
        return line

    return run


@pytest.fixture
def first_epoch(clean, tmp_path):
    """That run as it was when its first epoch was saved."""
    work_dir = tmp_path / 'work'
    shutil.copytree(clean.work_dir, work_dir)
    (work_dir / LAST).unlink()
    (work_dir / 'last_checkpoint').write_text(str(work_dir / 'epoch_1.pth'))
    shutil.rmtree(work_dir / 'hcm')
    return work_dir


def weights(work_dir):
    path = work_dir / LAST
    return torch.load(path, weights_only=True)['state_dict']


def assert_ends_as(clean, work_dir):
    assert (work_dir / ROUND).read_bytes() == (
        clean.work_dir / ROUND
    ).read_bytes()
    expected, found = weights(clean.work_dir), weights(work_dir)
    assert list(expected) == list(found)
    for name, values in expected.items():
        assert torch.equal(values, found[name]), name
    assert not list(work_dir.rglob('*.tmp'))


@pytest.mark.nightly
def test_full_disk_before_first_checkpoint(clean, start, stopped, tmp_path):
    work_dir = tmp_path / 'work'
    with limited(100_000):
        line = stopped(work_dir)
    assert f"File too large: '{work_dir}/epoch_1.pth'" in line
    assert not list(work_dir.glob('*.pth'))
    assert start(clean.config, work_dir, '--resume') == 0
    assert_ends_as(clean, work_dir)


def test_full_disk_keeps_the_last_checkpoint(
    clean, start, stopped, first_epoch
):
    good = (first_epoch / 'epoch_1.pth').read_bytes()
    # Room for the round, not for a checkpoint.
    with limited(len(good) - 1):
        line = stopped(first_epoch, '--resume')
    assert f"'{first_epoch}/epoch_2.pth'" in line
    assert (first_epoch / 'epoch_1.pth').read_bytes() == good
    # What a run leaves that is killed while it writes.
    for folder in (first_epoch, first_epoch / ROUND.parent):
        handle, _ = atomic._open_temporary(folder / 'file')
        os.close(handle)
    # The round was finished, and is not mined again.
    mined = (first_epoch / ROUND).stat().st_mtime_ns
    assert start(clean.config, first_epoch, '--resume') == 0
    assert (first_epoch / ROUND).stat().st_mtime_ns == mined
    assert_ends_as(clean, first_epoch)


@pytest.mark.nightly
@pytest.mark.parametrize('name', ['hcm/round_1', 'hcm'], ids=['round', 'pool'])
def test_files_of_mining_that_cannot_be_written(
    clean, start, stopped, first_epoch, name
):
    blocked = first_epoch / name
    blocked.parent.mkdir(exist_ok=True)
    blocked.write_text('notes')
    assert f"'{blocked}" in stopped(first_epoch, '--resume')
    blocked.unlink()
    assert start(clean.config, first_epoch, '--resume') == 0
    assert_ends_as(clean, first_epoch)


def test_work_dir_that_cannot_be_made(stopped, tmp_path):
    (tmp_path / 'work').write_text('notes')
    assert f'{tmp_path}/work' in stopped(tmp_path / 'work')
    # Whoever runs the tests may make nothing there.
    assert '/proc/self/work' in stopped(Path('/proc/self/work'))
    assert (tmp_path / 'work').read_text() == 'notes'


@pytest.mark.parametrize(
    'part',
    ['train/images', pytest.param('.', marks=pytest.mark.nightly)],
)
def test_missing_data_stop_the_run(clean, start, stopped, tmp_path, part):
    config = write_tiny_run(tmp_path)
    folder = tmp_path / 'data'
    if part != '.':
        folder = folder / f'VisDrone2019-DET-{part}'
    away = folder.with_name('away')
    folder.rename(away)
    assert str(folder) in stopped(tmp_path / 'work', config=config)
    away.rename(folder)
    if part == '.':
        assert start(config, tmp_path / 'work', '--resume') == 0
        assert_ends_as(clean, tmp_path / 'work')


@pytest.mark.nightly
def test_vanished_data_stop_training(stopped, tmp_path, monkeypatch):
    config = write_tiny_run(tmp_path)
    work_dir = tmp_path / 'work'

    def unmount(self):
        (tmp_path / 'data').rename(tmp_path / 'away')
        return run_epoch(self)

    run_epoch = EpochBasedTrainLoop.run_epoch
    monkeypatch.setattr(EpochBasedTrainLoop, 'run_epoch', unmount)
    line = stopped(work_dir, config=config)
    assert line.startswith('100 samples in a row')
    assert f"No such file or directory: '{tmp_path}/data/" in line
    assert not (work_dir / 'epoch_1.pth').exists()


@pytest.fixture
def second_epoch(clean, tmp_path):
    """That run on data of its own, after mining and its last checkpoint."""
    config = write_tiny_run(tmp_path)
    shutil.copytree(clean.work_dir, tmp_path / 'work')
    note = tmp_path / 'work' / 'last_checkpoint'
    note.write_text(str(tmp_path / 'work' / LAST))
    return SimpleNamespace(
        config=config,
        work_dir=tmp_path / 'work',
        images=tmp_path / 'data' / 'VisDrone2019-DET-train' / 'images',
    )


LONGER = {'train_cfg.max_epochs': 3}


@pytest.fixture
def stopped_again(second_epoch, stopped):
    """Resume that run for an epoch more, which stops; gives the line."""
    return partial(
        stopped,
        second_epoch.work_dir,
        '--resume',
        config=second_epoch.config,
        **LONGER,
    )


def test_damaged_round_is_refused(second_epoch, stopped_again):
    path = second_epoch.work_dir / ROUND
    content = path.read_bytes()
    damaged = content.replace(b'"scale"', b'"scalf"', 1)
    for path_content, fault in ((damaged, 'damaged'), (None, 'No such file')):
        path.unlink()
        if path_content is not None:
            path.write_bytes(path_content)
        line = stopped_again()
        assert f'{path}:' in line
        assert fault in line


@pytest.mark.parametrize(
    'with_pool', [True, pytest.param(False, marks=pytest.mark.nightly)]
)
def test_round_of_other_images_is_refused(
    second_epoch, stopped_again, with_pool
):
    path = second_epoch.images / 'train_0.png'
    length = path.stat().st_size
    cv2.imwrite(str(path), cv2.imread(str(path)) // 2)
    # To the length that it had; decoders ignore what follows the pixels.
    with path.open('ab') as file:
        file.write(bytes(length - path.stat().st_size))
    assert path.stat().st_size == length
    if not with_pool:
        forget_pool(second_epoch.work_dir / LAST)
    pools = list(second_epoch.work_dir.glob('hcm/pool/pool_*'))
    line = stopped_again()
    assert 'round 1 was mined from other images or annotations' in line
    # None is cut in vain.
    assert list(second_epoch.work_dir.glob('hcm/pool/pool_*')) == pools


def forget_pool(path):
    """Make a checkpoint that does not say which pool was used."""
    checkpoint = torch.load(path, weights_only=True)
    for entry in checkpoint['hard_chip_mining']['rounds']:
        del entry['pool']
    torch.save(checkpoint, path)


@pytest.mark.parametrize(
    'damage', ['index', pytest.param('gone', marks=pytest.mark.nightly)]
)
def test_damaged_pool_is_built_again(second_epoch, start, damage):
    (folder,) = second_epoch.work_dir.glob('hcm/pool/pool_*')
    name = 'pool_index.bin' if damage == 'index' else 'pool.bin'
    content = (folder / name).read_bytes()
    (folder / name).unlink()
    if damage == 'index':
        (folder / name).write_bytes(content[:-1])
    assert (
        start(second_epoch.config, second_epoch.work_dir, '--resume', **LONGER)
        == 0
    )
    assert (folder / name).read_bytes() == content


@pytest.mark.nightly
def test_damaged_patch_stops_the_run(second_epoch, stopped_again):
    (folder,) = second_epoch.work_dir.glob('hcm/pool/pool_*')
    num_bytes = len(ObjectPool.open(folder)._pixels)
    with (folder / 'pool.bin').open('r+b') as file:
        file.seek(64)
        file.write(bytes(num_bytes - 64))
    line = stopped_again(**{'train_dataloader.sampler.hard_ratio': 1.0})
    assert re.search(rf'{folder}/pool\.bin: patch \d+ is damaged', line)
