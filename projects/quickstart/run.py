"""Demonstration of the gain by hard chips, in minutes.

Renders aerial scenes, trains on normal chips, continues the training twice,
with hard chips and equally long without, tests both detectors, writes,
validates and scores their submissions, and draws pictures. Finished steps are
not repeated, so an interrupted demonstration continues where it stopped.
"""

import argparse
import asyncio
import json
import logging
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

# A script's own folder is on the path, the repository's root is not.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmhcm.structures.results import format_table

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / 'projects' / 'quickstart' / 'configs'
HCM = CONFIGS / 'tiny-detector_hcm_scenes.py'
PLAIN = CONFIGS / 'tiny-detector_scenes.py'
#: Pattern of the log lines of training and testing that are printed.
_SHOWN = re.compile(
    r'Epoch\((?:train|test)|normal chips|round \d|rror|\bvalid\b'
)
#: Pattern of an unfinished progress bar.
_BAR = re.compile(r'\b(?!100)\d+%\|')
#: Exit status of a command that was ended by Ctrl-C.
_STOPPED = 128 + signal.SIGINT
# Two processes of one thread each: threads that wait for each other lose most
# of their time if other processes run too.
_ONE_THREAD = {'OMP_NUM_THREADS': '1', 'OPENCV_FOR_THREADS_NUM': '1'}


@dataclass(frozen=True)
class Size:
    """Amounts of rendering and training; ``epochs`` must match the configs."""

    num_train: int
    num_val: int
    num_external: int
    stage_epochs: int
    epochs: int
    num_pictures: int
    options: tuple[str, ...] = ()


FULL = Size(10, 60, 12, stage_epochs=3, epochs=8, num_pictures=12)
SMOKE = Size(
    8,
    3,
    2,
    stage_epochs=1,
    epochs=2,
    num_pictures=2,
    options=(
        'train_dataloader.sampler.num_samples=8',
        'train_cfg.max_epochs=2',
        'default_hooks.mining.epochs=[1]',
        'default_hooks.mining.canvases.num_canvases=3',
        'default_hooks.mining.metric.score_thr=0.02',
    ),
)


@dataclass(frozen=True)
class Row:
    """One row of the table."""

    name: str
    config: Path
    checkpoint: Path


class Demo:
    """Steps of the demonstration, each a command that a user could type.

    Args:
        work_dir: Folder of all output.
        size: Amounts of rendering and training.
        seed: Seed of scenes and training.
    """

    def __init__(self, work_dir: Path, size: Size, seed: int = 0) -> None:
        self.work_dir = work_dir
        self.size = size
        self.seed = seed
        self.data = work_dir / 'data'
        self.pictures = work_dir / 'pictures'
        self.start = work_dir / 'stage1' / f'epoch_{size.stage_epochs}.pth'
        last = f'epoch_{size.epochs}.pth'
        self.rows = [
            Row('stage 1', PLAIN, self.start),
            Row('plain', PLAIN, work_dir / 'plain' / last),
            Row('hard chips', HCM, work_dir / 'hcm' / last),
        ]

    async def run(self) -> None:
        """Run all steps and print the table."""
        start = time.monotonic()
        self.work_dir.mkdir(parents=True, exist_ok=True)
        size = self.size
        await self._tool(
            'projects/quickstart/make_scenes.py',
            *('--out', self.data, '--seed', self.seed),
            *('--num-train', size.num_train),
            *('--num-val', size.num_val),
            *('--num-external', size.num_external),
        )
        first, plain, hard = self.rows
        await self._train(first, f'train_cfg.max_epochs={size.stage_epochs}')
        # In parallel, a core for each; plain training is faster, because it
        # does not mine, so its process also tests the first stage.
        await asyncio.gather(
            self._train_and_evaluate(plain, also=[first]),
            self._train_and_evaluate(hard),
        )
        await asyncio.gather(
            self._draw_gain(), *map(self._browse, ('canvases', 'hard-chips'))
        )
        self._report(time.monotonic() - start)

    async def _train_and_evaluate(
        self, row: Row, also: Sequence[Row] = ()
    ) -> None:
        """Continue training after stage 1 and test, then test other rows."""
        await self._train(row)
        for tested in (row, *also):
            await self._evaluate(tested)

    async def _train(self, row: Row, *options: str) -> None:
        """Train until the row's checkpoint exists."""
        folder = row.checkpoint.parent
        if row.checkpoint.is_file():
            return
        resume: list[object] = []
        if (folder / 'last_checkpoint').is_file():
            resume = ['--resume']
        elif row.checkpoint != self.start:
            resume = ['--resume', self.start]
        await self._tool(
            'tools/train.py',
            row.config,
            *('--work-dir', folder),
            *resume,
            *self._options(row.config),
            *options,
            label=row.name,
        )

    async def _evaluate(self, row: Row) -> None:
        """Write, validate and score the row's submission, once."""
        zip_path = self._zip_path(row)
        figures = zip_path.with_suffix('.json')
        if figures.is_file():
            return
        val = self.data / 'VisDrone2019-DET-val'
        await self._tool(
            'tools/submit.py',
            row.config,
            row.checkpoint,
            *('--out', zip_path),
            *('--work-dir', self.work_dir / 'test' / zip_path.stem),
            *self._options(row.config),
            label=row.name,
        )
        await self._tool(
            'tools/validate_submission.py',
            *(zip_path, '--data-root', val),
            label=row.name,
        )
        await self._tool(
            'tools/evaluate.py',
            *(zip_path, '--data-root', val, '--out', figures),
            label=row.name,
        )

    def _zip_path(self, row: Row) -> Path:
        return self.work_dir / f'{row.name.replace(" ", "-")}.zip'

    async def _browse(self, what: str) -> None:
        await self._tool(
            'tools/browse.py',
            HCM,
            *('--what', what),
            *('--out', self.pictures / what),
            *('--num', self.size.num_pictures),
            *('--work-dir', self.work_dir / 'hcm'),
            *self._options(HCM),
        )

    async def _draw_gain(self) -> None:
        """Draw objects, and the detections without and with hard chips."""
        compared = self.rows[1:]
        await self._tool(
            'projects/quickstart/draw_gain.py',
            *map(self._zip_path, compared),
            *('--names', *(row.name for row in compared)),
            *('--data-root', self.data / 'VisDrone2019-DET-val'),
            *('--out', self.pictures / 'gain.png'),
        )

    def _options(self, config: Path) -> list[str]:
        options = [
            option
            for option in self.size.options
            if config == HCM or not option.startswith('default_hooks.mining')
        ]
        return [
            '--cfg-options',
            f'data_root={self.data}',
            f'cache_dir={self.work_dir / "cache"}',
            f'randomness.seed={self.seed}',
            *options,
        ]

    async def _tool(
        self, script: str, *arguments: object, label: str = ''
    ) -> None:
        """Run one of the project's commands; raise an error if it fails.

        The config that the framework logs at every start is written to the
        log file only. Each line of output begins with ``label``.
        """
        command = [sys.executable, '-W', 'ignore', script]
        command += map(str, arguments)
        print('\n$ python', shlex.join(command[3:]), flush=True)
        quiet = Path(script).stem in ('train', 'submit', 'evaluate')
        mark = f'[{label}] ' if label else ''
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=ROOT,
            env={**os.environ, **_ONE_THREAD},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            assert process.stdout is not None, 'opened as a pipe'
            with (self.work_dir / 'run.log').open('a') as log:
                async for line in _lines(process.stdout):
                    log.write(f'{mark}{line}\n')
                    shown = not quiet or _SHOWN.search(line)
                    if shown and not _BAR.search(line):
                        print(f'{mark}{line}', flush=True)
            status = await process.wait()
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()
        if status:
            raise subprocess.CalledProcessError(status, command)

    def _report(self, seconds: float) -> None:
        lines = [
            '',
            'VisDrone-DET scores on the rendered val scenes, per cent',
            *self._table(),
            '',
            f'before and after  {self.pictures / "gain.png"}',
            f'pasted canvases   {self.pictures / "canvases"}',
            f'hard chips        {self.pictures / "hard-chips"}',
            f'submissions       {self.work_dir}/*.zip',
            f'whole log         {self.work_dir / "run.log"}',
            f'{seconds / 60:.1f} minutes',
        ]
        print('\n'.join(lines))

    def _table(self) -> list[str]:
        """Format the scores, and the gain by hard chips, as lines."""
        found = {
            row.name: json.loads(
                self._zip_path(row).with_suffix('.json').read_text()
            )
            for row in self.rows
        }
        lines = []
        for mean in ('official', 'class_mean'):
            scores = {
                name: np.array(list(values[mean].values()))
                for name, values in found.items()
            }
            _, plain, hard = scores.values()
            scores['gained'] = hard - plain
            lines += ['', *format_table(mean.replace('_', ' '), scores)]
        return lines


async def _lines(stream: asyncio.StreamReader) -> AsyncIterator[str]:
    """Yield lines; lines of progress bars end in carriage returns."""
    rest = ''
    while chunk := await stream.read(1 << 16):
        text = rest + chunk.decode(errors='replace')
        *lines, rest = re.split(r'[\r\n]+', text)
        for line in filter(None, lines):
            yield line
    if rest:
        yield rest


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        '--work-dir', type=Path, default=Path('work_dirs/quickstart')
    )
    parser.add_argument(
        '--seed', type=int, default=0, help='of scenes and training'
    )
    parser.add_argument(
        '--smoke',
        action='store_true',
        help='the same steps on a handful of images, figures near 0',
    )
    parser.add_argument(
        '--fresh', action='store_true', help='remove what an earlier call left'
    )
    return parser.parse_args()


def main() -> int:
    """Run the demo; return 1 if a command fails, 130 after Ctrl-C."""
    args = parse_args()
    work_dir = args.work_dir.resolve()
    if args.fresh and work_dir.exists():
        shutil.rmtree(work_dir)
    demo = Demo(work_dir, SMOKE if args.smoke else FULL, args.seed)
    # asyncio may warn that it waits twice for a command ended by Ctrl-C.
    logging.getLogger('asyncio').setLevel(logging.ERROR)
    status = 0
    try:
        asyncio.run(demo.run())
    except KeyboardInterrupt:
        status = _STOPPED
    except subprocess.CalledProcessError as error:
        status = 1
        if error.returncode in (_STOPPED, -signal.SIGINT):
            status = _STOPPED
        else:
            print(
                f'failed: {" ".join(error.cmd[3:])}; see {work_dir}/run.log',
                file=sys.stderr,
            )
    if status == _STOPPED:
        print(
            'stopped; the same command goes on where it stopped',
            file=sys.stderr,
        )
    return status


if __name__ == '__main__':
    sys.exit(main())
