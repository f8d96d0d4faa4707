"""Memory of workers that share a data set: 1 against 8.

Input: all 6,471 real annotation files in a ``ChipDataset`` with the scales of
the full-size config, a mined round with a canvas for each image (15 pastes and
8 errors), and a memory-mapped object pool of 343,205 patches. Each worker
loads the data infos of ``--samples`` random chips, and reads the patches of
one chip in fifty. No image pixels are read.

    python benchmarks/bench_memory.py --data-root data

Prints the total proportional set size (/proc/*/smaps_rollup) of the main
process and its workers, for 0, 1 and 8 workers.
"""

import gc
import multiprocessing
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.registry import init_default_scope
from timing import parse_data_root, time_once
from torch.utils.data import DataLoader

from mmhcm.datasets import ChipDataset
from mmhcm.datasets.sources import VisDroneAnnotations
from mmhcm.functional.pasting import Paste
from mmhcm.structures.archives import unpack_tar
from mmhcm.structures.pool import (
    INDEX,
    PIXELS,
    ObjectPool,
    checksum,
    write_index,
)
from mmhcm.structures.rounds import ErrorBox, HardChipRound, MinedCanvas

SCALES = [
    dict(window=256, valid_range=(0, 40), stride=28),
    dict(window=512, valid_range=(28, 85), stride=56),
    dict(window=1024, valid_range=(56, None), stride=112),
]
NUM_PATCHES = 343_205


def main() -> None:
    """Run the benchmark."""
    args = parse_data_root(
        str(__doc__),
        ('--samples', {'type': int, 'default': 2000}),
        ('--workers', {'type': int, 'default': 8}),
    )
    init_default_scope('mmdet')
    folder = Path(tempfile.mkdtemp(prefix='mmhcm_memory_'))
    try:
        _measure(args, folder)
    finally:
        shutil.rmtree(folder)


def _measure(args: Any, folder: Path) -> None:
    annotations = args.data_root / 'visdrone/annotations-train-6471.tar.xz'
    unpack_tar(annotations, folder / 'annotations')
    write_pool(folder / 'pool')
    dataset = ChipDataset(
        VisDroneAnnotations(folder / 'annotations'),
        [touch],
        SCALES,
        chip_size=640,
        cache_dir=str(folder / 'cache'),
    )
    # Finding chips allocates memory that a training with cached chips does not
    # need; the second data set reads the cache.
    del dataset
    gc.collect()
    pool, seconds = time_once(lambda: ObjectPool.open(folder / 'pool'))
    megabytes = (folder / 'pool' / PIXELS).stat().st_size / 1e6
    print(
        f'object pool of {len(pool):,} patches, {megabytes:,.0f} MB: opened '
        f'in {seconds * 1e3:.0f} ms'
    )
    dataset = ChipDataset(
        VisDroneAnnotations(folder / 'annotations'),
        [touch],
        SCALES,
        chip_size=640,
        cache_dir=str(folder / 'cache'),
    )
    dataset.set_hard_chips(mined_round(dataset, pool), pool)
    gc.collect()
    # Load all pages of the pool, which are counted once from here on.
    for ind in range(len(pool)):
        pool.patch(ind)[::8, ::8].max()
    totals = {}
    for num in (0, 1, args.workers):
        totals[num], private = run_workers(dataset, num, args.samples)
        print(
            f'{num} workers: {totals[num]:.0f} MB together, private of a '
            f'worker {private:.1f} MB'
        )
    more = (totals[args.workers] - totals[1]) / (args.workers - 1)
    print(
        f'each worker beyond the first adds {more:.1f} MB, '
        f'{more / totals[1]:.1%} of 1 worker and the main process'
    )


def write_pool(path: Path) -> None:
    """Write a full-size pool with patches of 20 x 16 pixels."""
    path.mkdir()
    rng = np.random.default_rng(0)
    digest = 'f' * 64
    shapes = np.tile([16, 20], (NUM_PATCHES, 1))
    patches = rng.integers(0, 256, (1000, 16 * 20 * 3), np.uint8)
    chunk = patches.tobytes()
    checksums = np.array([checksum(patch) for patch in patches], np.uint32)
    with (path / PIXELS).open('wb') as file:
        file.write(digest.encode())
        whole, rest = divmod(NUM_PATCHES, 1000)
        for _ in range(whole):
            file.write(chunk)
        file.write(chunk[: 16 * 20 * 3 * rest])
    bboxes = np.tile(np.array([4, 4, 16, 12], np.float32), (NUM_PATCHES, 1))
    write_index(
        path / INDEX,
        digest,
        {
            'shapes': shapes,
            'checksums': np.resize(checksums, NUM_PATCHES),
            'bboxes': bboxes,
            'labels': np.arange(NUM_PATCHES) % 10,
            'image_inds': np.sort(rng.integers(0, 6471, NUM_PATCHES)),
            'foreign_counts': np.zeros(NUM_PATCHES, np.int64),
            'foreign_bboxes': np.zeros((0, 4), np.float32),
            'looks': np.zeros((NUM_PATCHES, 4), np.float32),
            'origins': np.zeros((NUM_PATCHES, 2), np.float32),
            'aspect_sums': np.zeros((6471, 2, 10)),
            'class_counts': np.full(10, NUM_PATCHES // 10),
            'class_log_sizes': np.full(10, 2.5),
        },
    )


def mined_round(dataset: ChipDataset, pool: ObjectPool) -> HardChipRound:
    """Build a round with a canvas for each image."""
    rng = np.random.default_rng(0)
    canvases = []
    for image in range(len(dataset.dataset)):
        info = dataset.dataset.get_data_info(image)
        box = (4.0, 4.0, 16.0, 12.0)
        canvases.append(
            MinedCanvas(
                0,
                image,
                info['img_id'],
                [
                    Paste(int(ind), box, 1.0, 2.5, False, 0.9, int(ind) % 10)
                    for ind in rng.integers(0, len(pool), 15)
                ],
                [(0, 0, info['width'], info['height'])] * 3,
                [0, 1, 2],
                [ErrorBox(box, 'background', 1, -1, 0.5)] * 8,
            )
        )
    return HardChipRound(1, '', canvases)


def run_workers(
    dataset: ChipDataset, num: int, samples: int
) -> tuple[float, float]:
    """Measure total megabytes and the largest private ones of a worker."""
    if not num:
        return memory(os.getpid())[0], 0.0
    rng = np.random.default_rng(0)
    loader: DataLoader = DataLoader(
        dataset,  # type: ignore[arg-type]
        batch_size=100,
        sampler=rng.integers(0, len(dataset), num * samples).tolist(),
        num_workers=num,
        persistent_workers=True,
        collate_fn=len,
        multiprocessing_context='fork',
    )
    assert sum(loader) == num * samples
    sizes = [
        memory(worker.pid) for worker in multiprocessing.active_children()
    ]
    assert len(sizes) == num
    total = sum(pss for pss, _ in sizes) + memory(os.getpid())[0]
    return total, max(private for _, private in sizes)


def touch(info: dict) -> dict:
    """Replace the transforms; read the patches of some chips."""
    if int(info['img_id'][-3:]) % 50 == 0:
        for paste in info.get('pastes', ()):
            info['pool'].patch(paste.patch_id).sum()
    return {}


def memory(pid: int | None) -> tuple[float, float]:
    """Read the proportional and private megabytes of a process."""
    pss = private = 0
    for line in Path(f'/proc/{pid}/smaps_rollup').read_text().splitlines():
        name, *values = line.split()
        if name == 'Pss:':
            pss = int(values[0])
        elif name.startswith('Private_'):
            private += int(values[0])
    return pss / 1024, private / 1024


if __name__ == '__main__':
    main()
