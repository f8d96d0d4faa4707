"""Does a long run stay flat? Many short mining rounds, all with workers.

    PYTHONPATH=. python tests/reliability/soak.py --rounds 300 --out soak.csv

trains the tiny detector with a mining round before each epoch but the first,
loaders' worker processes on, and prints after each round what the run holds.
Fails if memory grows by more than ``RSS_SHARE`` and ``RSS_SLACK_MB`` between
the second and the last quarter of the rounds, or if the last quarter knows
more open files, threads or worker processes than the first half.
"""

import argparse
import csv
import os
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean

import torch
from mmengine.hooks import Hook
from mmengine.registry import init_default_scope

from tests.support.tiny_run import (
    build_tiny_runner,
    tiny_config,
    write_tiny_run,
)

#: Growth of resident memory that passes: share of what there was, and MB. The
#: allocators' own has been 0.03 MB a round, at the same number of objects.
RSS_SHARE, RSS_SLACK_MB = 0.02, 4.0


@dataclass(frozen=True)
class Reading:
    """Resources of a run at one moment; memory in MB."""

    rss: float
    workers_rss: float
    num_workers: int
    num_files: int
    num_threads: int


def read_process() -> Reading:
    """Read this process and its children from /proc."""
    workers = children_of(os.getpid())
    return Reading(
        rss=rss_of(os.getpid()),
        # Shared pages count in each worker.
        workers_rss=max(map(rss_of, workers), default=0.0),
        num_workers=len(workers),
        num_files=len(list(Path('/proc/self/fd').iterdir())),
        num_threads=len(list(Path('/proc/self/task').iterdir())),
    )


def children_of(pid: int) -> list[int]:
    """Processes that a process has started and that live, or lie dead."""
    tasks = Path(f'/proc/{pid}/task').iterdir()
    return [
        int(child)
        for task in tasks
        for child in (task / 'children').read_text().split()
    ]


def rss_of(pid: int) -> float:
    """Resident memory, MB."""
    pages = int(Path(f'/proc/{pid}/statm').read_text().split()[1])
    return pages * os.sysconf('SC_PAGE_SIZE') / 2**20


class SoakHook(Hook):
    """Take a reading at the end of each epoch that follows a round."""

    priority = 'LOWEST'

    def __init__(self) -> None:
        self.readings: list[Reading] = []

    def after_train_epoch(self, runner) -> None:
        """Here training's and validation's workers live, mining's do not."""
        if runner.epoch:
            self.readings.append(read_process())


def soak(root: Path, num_rounds: int, report: bool = True) -> list[Reading]:
    """Train with so many rounds; a reading after each."""
    options = {
        'train_cfg.max_epochs': num_rounds + 1,
        'train_cfg.val_interval': 1,
        'default_hooks.mining.epochs': list(range(1, num_rounds + 1)),
        'default_hooks.mining.dataloader.num_workers': 2,
        'train_dataloader.num_workers': 2,
        'train_dataloader.persistent_workers': True,
        'val_dataloader.num_workers': 1,
        'val_dataloader.persistent_workers': True,
    }
    if report:
        options['default_hooks.mining_report'] = {'type': 'MiningReportHook'}
    config = write_tiny_run(root)
    runner = build_tiny_runner(tiny_config(config, root / 'work', options))
    hook = SoakHook()
    runner.register_hook(hook)
    runner.train()
    assert len(hook.readings) == num_rounds, 'a round was not mined'
    return hook.readings


def find_growth(readings: list[Reading]) -> list[str]:
    """Say what is not flat, a line each."""
    quarter = max(len(readings) // 4, 1)
    early, late = readings[quarter : 2 * quarter], readings[-quarter:]
    faults = []
    for name in ('rss', 'workers_rss'):
        before, after = (
            mean(getattr(reading, name) for reading in part)
            for part in (early, late)
        )
        if after > before * (1 + RSS_SHARE) + RSS_SLACK_MB:
            faults.append(f'{name} grew from {before:.1f} to {after:.1f} MB')
    for name in ('num_workers', 'num_files', 'num_threads'):
        before, after = (
            max(getattr(reading, name) for reading in part)
            for part in (readings[: 2 * quarter], late)
        )
        if after > before:
            faults.append(f'{name} grew from {before} to {after}')
    return faults


def main() -> int:
    """Run; 1 if something grew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--rounds', type=int, default=300)
    parser.add_argument('--out', type=Path, help='CSV of all readings')
    args = parser.parse_args()
    torch.set_num_threads(1)
    init_default_scope('mmdet')
    with tempfile.TemporaryDirectory() as folder:
        readings = soak(Path(folder), args.rounds)
    rows = [
        {'round': number, **asdict(reading)}
        for number, reading in enumerate(readings, 1)
    ]
    if args.out is not None:
        with args.out.open('w', newline='') as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    step = max(len(rows) // 10, 1)
    lines = [
        ', '.join(f'{key} {value:.5g}' for key, value in row.items())
        for row in [rows[0], *rows[step - 1 :: step]]
    ]
    faults = find_growth(readings)
    sys.stdout.write('\n'.join([*lines, *(faults or ['flat'])]) + '\n')
    return int(bool(faults))


if __name__ == '__main__':
    sys.exit(main())
