"""Train and score all rows of the study, and write its table.

Rows that mine share their first half with the row of chips alone: they go on
from its checkpoint, so that all rows have the same iterations, batch,
schedule and initial weights. What an earlier call finished is kept.
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mmhcm.structures.files import atomic_write

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = Path('projects/visdrone_lowdata/configs')
FIGURES = ('AP', 'AP50', 'AP75', 'AR1', 'AR10', 'AR100', 'AR500')
#: Epochs of each size: those after which is mined, and all.
EPOCHS = {'cpu': (4, 8), 'gpu': (12, 24)}


@dataclass(frozen=True)
class Row:
    """One row: its config, and what it starts from and how it is tested.

    Attributes:
        name: As in the table.
        config: Stem without the size.
        shares: Config whose first half is also this row's.
        tta: Whether it is the multi-scale test of a row above.
    """

    name: str
    config: str
    shares: str | None = None
    tta: bool = False


ROWS = (
    Row('COCO-default anchors', 'coco-anchors'),
    Row('tuned anchors', 'tuned-anchors'),
    Row('chips', 'chips'),
    Row('chips + negative chips', 'chips_negatives', shares='chips'),
    Row('chips + hard chips', 'chips_hard', shares='chips'),
    Row('the same, multi-scale', 'chips_hard', tta=True),
)


class Study:
    """The study at one size.

    Args:
        args: The command line.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        self.size: str = args.size
        self.work_dir: Path = args.work_dir.resolve() / args.size
        self.data_root: Path = args.data_root.resolve()
        self.weights: Path | None = args.weights and args.weights.resolve()
        self.half, self.epochs = EPOCHS[self.size]

    def run(self, names: Iterable[str]) -> None:
        """Train, score and tabulate the rows of some configs."""
        self.work_dir.mkdir(parents=True, exist_ok=True)
        chosen = [row for row in ROWS if row.config in set(names)]
        for row in chosen:
            if not row.tta:
                self._train(row)
            self._score(row)
            self._write_table()

    def _train(self, row: Row) -> None:
        out = self._dir(row.config)
        if self._checkpoint(row.config, self.epochs).is_file():
            return
        resume = []
        if (out / 'last_checkpoint').is_file():
            resume = ['--resume']
        elif row.shares is not None:
            shared = self._checkpoint(row.shares, self.half)
            resume = [f'--resume={shared}']
        start = time.monotonic()
        self._tool('tools/train.py', row, '--work-dir', str(out), *resume)
        seconds = {'train_seconds': time.monotonic() - start}
        with atomic_write(out / 'seconds.json') as file:
            file.write(json.dumps(seconds).encode())

    def _score(self, row: Row) -> None:
        zip_path = self._zip(row)
        figures = zip_path.with_suffix('.json')
        if figures.is_file():
            return
        self._tool(
            'tools/submit.py',
            row,
            str(self._checkpoint(row.config, self.epochs)),
            *('--out', str(zip_path)),
            *('--work-dir', str(self.work_dir / 'test')),
            *(['--tta'] if row.tta else []),
        )
        val = self.data_root / 'VisDrone2019-DET-val'
        self._run(
            'tools/evaluate.py',
            str(zip_path),
            *('--data-root', str(val)),
            *('--out', str(figures)),
        )

    def _write_table(self) -> None:
        """Write table.csv and table.md; a row that was not run says so."""
        lines = [[row.name, *self._cells(row)] for row in ROWS]
        header = ['row', *FIGURES]
        with atomic_write(self.work_dir / 'table.md') as file:
            for cells in (header, ['---'] * len(header), *lines):
                file.write(f'| {" | ".join(cells)} |\n'.encode())
        with (self.work_dir / 'table.csv').open('w', newline='') as text:
            csv.writer(text).writerows([header, *lines])
        print((self.work_dir / 'table.md').read_text())

    def _cells(self, row: Row) -> list[str]:
        path = self._zip(row).with_suffix('.json')
        if not path.is_file():
            return ['not run'] * len(FIGURES)
        official = json.loads(path.read_text())['official']
        return [f'{official[name]:.2f}' for name in FIGURES]

    def _dir(self, config: str) -> Path:
        return self.work_dir / config

    def _checkpoint(self, config: str, epoch: int) -> Path:
        return self._dir(config) / f'epoch_{epoch}.pth'

    def _zip(self, row: Row) -> Path:
        suffix = '_multi-scale' if row.tta else ''
        return self.work_dir / f'{row.config}{suffix}.zip'

    def _tool(self, script: str, row: Row, *arguments: str) -> None:
        options = [
            '--cfg-options',
            f'data_root={self.data_root}',
            f'cache_dir={self.work_dir / "cache"}',
        ]
        if self.weights is not None:
            options.append(
                f'model.backbone.init_cfg.checkpoint={self.weights}'
            )
        config = CONFIGS / f'{self.size}_{row.config}.py'
        self._run(script, str(config), *arguments, *options)

    def _run(self, *command: str) -> None:
        print('\n$ python', *command, flush=True)
        subprocess.run(
            [sys.executable, '-W', 'ignore', *command],
            cwd=ROOT,
            env={**os.environ, 'OMP_NUM_THREADS': '1'}
            if self.size == 'cpu'
            else None,
            check=True,
        )


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--size', choices=['cpu', 'gpu'], default='cpu')
    parser.add_argument('--data-root', type=Path, default=Path('data'))
    parser.add_argument(
        '--weights',
        type=Path,
        help='a Caffe-style ImageNet ResNet-50; by default the one that the '
        'configs name is downloaded',
    )
    parser.add_argument(
        '--work-dir', type=Path, default=Path('work_dirs/visdrone_lowdata')
    )
    parser.add_argument(
        '--rows',
        nargs='+',
        choices=sorted({row.config for row in ROWS}),
        default=[row.config for row in ROWS],
        help='configs to run; default: all',
    )
    return parser.parse_args()


def main() -> int:
    """Run the study; 1 if one of its commands fails."""
    args = parse_args()
    try:
        Study(args).run(args.rows)
    except subprocess.CalledProcessError as error:
        print(f'failed: {" ".join(error.cmd[3:])}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
