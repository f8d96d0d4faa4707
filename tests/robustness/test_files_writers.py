"""Every writer of files, on full disks and invalid paths."""

import re
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from mmhcm.apis.analysis import write_statistics
from mmhcm.apis.browse.pictures import write_picture
from mmhcm.apis.tables.records import RowFolder, TestRecord
from mmhcm.datasets.chip_finding import ChipIndex, write_chip_index
from mmhcm.datasets.partial_decoding.restart_offsets import (
    build_restart_offsets,
    offsets_digest,
)
from mmhcm.structures.coco_export import image_record, write_coco
from mmhcm.structures.files import atomic_write, write_arrays
from mmhcm.structures.pool import build_pool
from mmhcm.structures.results import write_submission
from mmhcm.structures.rounds import HardChipRound, MinedCanvas, write_round
from mmhcm.visualization.figures import Drawing, figure_style, save_drawing
from mmhcm.visualization.figures.style import new_figure
from tests.support.tiny_run import REPO

IMAGE = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)


def torch_weights(path: Path) -> None:
    with atomic_write(path) as file:
        torch.save({'state_dict': {'a': torch.ones(99999)}}, file)


def round_file(path: Path) -> None:
    canvases = [MinedCanvas(0, ind, f'{ind}') for ind in range(999)]
    write_round(path, HardChipRound(1, 'f' * 64, canvases))


def pool(path: Path) -> None:
    image = path.parent.parent / 'image.png'
    if not image.exists():
        cv2.imwrite(str(image), IMAGE)
    instance = {'bbox': [4, 4, 40, 40], 'bbox_label': 0, 'ignore_flag': 0}
    info = {'img_path': str(image), 'instances': [instance]}
    build_pool(path.parent, [info], num_classes=1)


def offsets(path: Path) -> None:
    image = path.parent.parent / 'image.jpg'
    if not image.exists():
        cv2.imwrite(str(image), IMAGE)
    digest = offsets_digest([image])
    made = build_restart_offsets(path.parent, [image], digest)
    made.path.replace(path)


def chip_index(path: Path) -> None:
    index = ChipIndex(
        np.arange(99), np.ones((99, 4)), np.arange(99), np.array(0)
    )
    write_chip_index(path, index, 'abc')


def coco(path: Path) -> None:
    images = [(i, image_record(f'{i}', (9, 9), [])) for i in range(99)]
    write_coco(path, images, ['car'])


def figure(path: Path) -> None:
    with figure_style():
        save_drawing(Drawing(new_figure('single', 1)), [path])


def record(path: Path) -> None:
    RowFolder(path.parent).write(TestRecord('c' * 999, 'd'))


def zip_of_results(path: Path) -> None:
    rng = np.random.default_rng(0)
    write_submission(path, {'a': str(rng.integers(0, 9999, 9999).tolist())})


WRITERS: dict[str, tuple[str, Callable[[Path], Any]]] = {
    'weights': ('initial_weights.pth', torch_weights),
    'round': ('hard_chips.jsonl', round_file),
    'pool': ('pool.bin', pool),
    'restart offsets': ('restart_offsets_1.bin', offsets),
    'chips': ('chips_1.bin', chip_index),
    'arrays': (
        'arrays.bin',
        lambda path: write_arrays(path, 'a 1', '', {'a': np.ones(999)}),
    ),
    'submission': ('submission.zip', zip_of_results),
    'statistics': (
        'statistics.json',
        lambda path: write_statistics(path, {'a': [0] * 999}),
    ),
    'record': ('test.json', record),
    'coco': ('chips.json', coco),
    'picture': ('a.png', lambda path: write_picture(path, IMAGE)),
    'figure': ('a.pdf', figure),
}


@contextmanager
def limited(num_bytes: int) -> Iterator[None]:
    """Let no file grow longer; what is there may be longer."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 256 kB, where mounting is allowed."""
    folder = tmp_path / 'disk'
    folder.mkdir()
    command = ['mount', '-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', str(folder)]
    if (
        shutil.which('mount') is None
        or subprocess.run(command, capture_output=True, check=False).returncode
    ):
        pytest.skip('no file system can be mounted')
    yield SimpleNamespace(path=folder, ballast=folder / 'ballast')
    subprocess.run(['umount', str(folder)], check=True)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize('name', WRITERS)
def test_full_disk_leaves_the_last_good_file(tmp_path, name):
    file_name, write = WRITERS[name]
    path = tmp_path / 'out' / file_name
    path.parent.mkdir()
    write(path)
    good = contents(path.parent)
    assert good[file_name]
    # Of another length than 0, since a writer might write in one go.
    for num_bytes in (1, 200):
        with (
            limited(num_bytes),
            pytest.raises(OSError, match='File too large') as caught,
        ):
            write(path)
        line = str(caught.value)
        assert str(path.parent) in line
        assert '\n' not in line
        assert contents(path.parent) == good
    write(path)
    assert contents(path.parent) == good


@pytest.mark.parametrize('name', ['weights', 'round', 'submission'])
def test_full_file_system(small_disk, name):
    file_name, write = WRITERS[name]
    path = small_disk.path / 'out' / file_name
    path.parent.mkdir()
    small_disk.ballast.write_bytes(bytes(250_000))
    with pytest.raises(OSError, match=f'No space left on device: .*{path}'):
        write(path)
    assert contents(path.parent) == {}
    small_disk.ballast.unlink()
    subprocess.run(
        ['mount', '-o', 'remount,size=4m', str(small_disk.path)], check=True
    )
    write(path)
    assert list(path.parent.iterdir())


def test_read_only_disk_is_named(small_disk):
    folder = str(small_disk.path)
    round_file(small_disk.path / 'hard_chips.jsonl')
    good = contents(small_disk.path)
    subprocess.run(['mount', '-o', 'remount,ro', folder], check=True)
    for name in ('round', 'submission', 'picture'):
        file_name, write = WRITERS[name]
        match = f"Read-only file system: '{folder}/{file_name}'"
        with pytest.raises(OSError, match=match):
            write(small_disk.path / file_name)
    assert contents(small_disk.path) == good


@pytest.mark.parametrize('name', WRITERS)
def test_file_in_place_of_folder_is_named(tmp_path, name):
    file_name, write = WRITERS[name]
    (tmp_path / 'out').write_text('notes')
    with pytest.raises((OSError, ValueError), match=str(tmp_path / 'out')):
        write(tmp_path / 'out' / file_name)
    assert (tmp_path / 'out').read_text() == 'notes'


@pytest.mark.parametrize('name', ['round', 'submission', 'picture'])
def test_disk_without_new_files_is_named(name):
    """In /proc no user may create files."""
    file_name, write = WRITERS[name]
    with pytest.raises(OSError, match=f"'/proc/self/{file_name}'"):
        write(Path('/proc/self', file_name))


#: Calls that write under a final name, and the modules that may: logs that
#: grow line by line, locks, a picture of a figure in memory, and files in
#: temporary folders.
_WRITES = re.compile(
    r"\.write_text\(|\.write_bytes\(|open\([^)]*'[awx]|imwrite|savefig"
    r'|np\.save|json\.dump\(|torch\.save|copyfile|\.to_csv|\.tofile'
)
_ALLOWED = {
    'apis/mmdet_tools/adapting.py',
    'engine/checks/probe.py',
    'engine/launching/run_lock.py',
    'structures/files/atomic.py',
    'apis/tables/processes.py',
    'apis/tables/records.py',
    'visualization/figures/style.py',
}


def test_package_writes_files_only_atomically():
    found = {}
    for path in sorted((REPO / 'mmhcm').rglob('*.py')):
        text = path.read_text()
        name = str(path.relative_to(REPO / 'mmhcm'))
        lines = [line.strip() for line in text.splitlines()]
        writes = [line for line in lines if _WRITES.search(line)]
        if writes and name not in _ALLOWED and 'atomic_write' not in text:
            found[name] = writes
    assert not found
