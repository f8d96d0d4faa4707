"""From nothing to a trained, evaluated, submitted detector, in minutes.

Renders aerial scenes, trains on normal chips, mines hard chips, trains on
both, trains equally long without them, tests at one and at many scales,
writes, validates and scores submissions, and draws pictures. What an earlier
call finished is kept, so an interrupted one goes on where it stopped.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mmhcm.functional.scoring import METRICS

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / 'projects' / 'quickstart' / 'configs'
HCM = CONFIGS / 'tiny-detector_hcm_scenes.py'
PLAIN = CONFIGS / 'tiny-detector_scenes.py'
#: Lines of training and testing that are worth a glance.
_SHOWN = re.compile(
    r'Epoch\((?:train|test)|normal chips|round \d|rror|valid|^\S[^=]*it/s'
)


@dataclass(frozen=True)
class Size:
    """Amounts of rendering and training."""

    num_train: int
    num_val: int
    num_external: int
    stage_epochs: int
    num_pictures: int
    options: tuple[str, ...] = ()


FULL = Size(120, 30, 12, stage_epochs=4, num_pictures=12)
SMOKE = Size(
    8,
    3,
    2,
    stage_epochs=1,
    num_pictures=2,
    options=(
        'train_dataloader.sampler.num_samples=8',
        'train_cfg.max_epochs=2',
        'default_hooks.checkpoint.interval=1',
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
    tta: bool = False


class Demo:
    """The steps, each a command that a user could type.

    Args:
        work_dir: Folder of everything that is written.
        size: How much to do.
    """

    def __init__(self, work_dir: Path, size: Size) -> None:
        self.work_dir = work_dir
        self.size = size
        self.data = work_dir / 'data'
        self.hcm_dir, self.plain_dir = work_dir / 'hcm', work_dir / 'plain'
        self.pictures = work_dir / 'pictures'

    def run(self) -> None:
        """Run all steps and print the table."""
        start = time.monotonic()
        self.work_dir.mkdir(parents=True, exist_ok=True)
        size = self.size
        self._tool(
            'projects/quickstart/make_scenes.py',
            *('--out', self.data),
            *('--num-train', size.num_train),
            *('--num-val', size.num_val),
            *('--num-external', size.num_external),
        )
        self._train_both()
        rows = self._rows()
        for row in rows:
            self._evaluate(row)
        self._draw(rows[2].checkpoint)
        self._report(rows, time.monotonic() - start)

    def _train_both(self) -> None:
        """Train with mining, then without from the end of stage 1."""
        stage1, last = self._stages()
        if not (self.hcm_dir / last).is_file():
            started = (self.hcm_dir / 'last_checkpoint').is_file()
            self._train(HCM, self.hcm_dir, '--resume' if started else None)
        if not (self.plain_dir / last).is_file():
            # Equally long: the same first stage, then no hard chips.
            self._train(
                PLAIN, self.plain_dir, f'--resume={self.hcm_dir / stage1}'
            )

    def _train(self, config: Path, out: Path, resume: str | None) -> None:
        self._tool(
            'tools/train.py',
            config,
            *('--work-dir', out),
            *([resume] if resume else []),
            *self._options(mining=config == HCM),
        )

    def _rows(self) -> list[Row]:
        stage1, last = self._stages()
        final = self.hcm_dir / last
        return [
            Row('stage 1', HCM, self.hcm_dir / stage1),
            Row('plain, equally long', PLAIN, self.plain_dir / last),
            Row('stage 2', HCM, final),
            Row('stage 2, multi-scale', HCM, final, tta=True),
        ]

    def _stages(self) -> tuple[str, str]:
        epochs = self.size.stage_epochs
        return f'epoch_{epochs}.pth', f'epoch_{2 * epochs}.pth'

    def _evaluate(self, row: Row) -> None:
        """Write, validate and score the row's submission."""
        zip_path = self._zip_path(row)
        val = self.data / 'VisDrone2019-DET-val'
        self._tool(
            'tools/submit.py',
            row.config,
            row.checkpoint,
            *('--out', zip_path),
            *('--work-dir', self.work_dir / 'test'),
            *(['--tta'] if row.tta else []),
            *self._options(mining=row.config == HCM),
        )
        self._tool(
            'tools/validate_submission.py', zip_path, '--data-root', val
        )
        self._tool(
            'tools/evaluate.py',
            zip_path,
            *('--data-root', val),
            *('--out', zip_path.with_suffix('.json')),
        )

    def _zip_path(self, row: Row) -> Path:
        stem = row.name.replace(', ', '_').replace(' ', '-')
        return self.work_dir / f'{stem}.zip'

    def _draw(self, checkpoint: Path) -> None:
        for what in ('canvases', 'hard-chips', 'detections'):
            extra = ['--checkpoint', checkpoint]
            self._tool(
                'tools/browse.py',
                HCM,
                *('--what', what),
                *('--out', self.pictures / what),
                *('--num', self.size.num_pictures),
                *('--work-dir', self.hcm_dir),
                *(extra if what == 'detections' else []),
                *self._options(mining=True),
            )

    def _options(self, mining: bool) -> list[str]:
        options = [
            option
            for option in self.size.options
            if mining or not option.startswith('default_hooks.mining')
        ]
        return [
            '--cfg-options',
            f'data_root={self.data}',
            f'cache_dir={self.work_dir / "cache"}',
            *options,
        ]

    def _tool(self, script: str, *arguments: object) -> None:
        """Run one of the project's commands; stop if it fails.

        The framework logs its whole config at every start: that goes to the
        log file alone.
        """
        command = [sys.executable, '-W', 'ignore', script]
        command += map(str, arguments)
        print('\n$ python', ' '.join(command[3:]), flush=True)
        quiet = Path(script).stem in ('train', 'submit')
        with (
            (self.work_dir / 'run.log').open('a') as log,
            subprocess.Popen(
                command,
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors='replace',
            ) as process,
        ):
            assert process.stdout is not None, 'opened as a pipe'
            # Progress bars end in carriage returns, which text mode splits.
            for line in process.stdout:
                log.write(line)
                if not quiet or _SHOWN.search(line):
                    print(line, end='', flush=True)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)

    def _report(self, rows: Sequence[Row], seconds: float) -> None:
        width = max(len(row.name) for row in rows)
        lines = [
            '',
            'Official VisDrone-DET figures on the rendered val scenes, per '
            'cent',
            ' ' * width + ''.join(f'{name:>8}' for name in METRICS),
        ]
        for row in rows:
            path = self._zip_path(row).with_suffix('.json')
            official = json.loads(path.read_text())['official']
            cells = ''.join(f'{official[name]:8.2f}' for name in METRICS)
            lines.append(f'{row.name:<{width}}{cells}')
        lines += [
            '',
            f'pasted canvases   {self.pictures / "canvases"}',
            f'hard chips        {self.pictures / "hard-chips"}',
            f'detections        {self.pictures / "detections"}',
            f'submissions       {self.work_dir}/*.zip',
            f'whole log         {self.work_dir / "run.log"}',
            f'{seconds / 60:.1f} minutes',
        ]
        print('\n'.join(lines))


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        '--work-dir', type=Path, default=Path('work_dirs/quickstart')
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
    """Run the demo; 1 if one of its commands fails."""
    args = parse_args()
    work_dir = args.work_dir.resolve()
    if args.fresh and work_dir.exists():
        shutil.rmtree(work_dir)
    try:
        Demo(work_dir, SMOKE if args.smoke else FULL).run()
    except subprocess.CalledProcessError as error:
        print(
            f'failed: {" ".join(error.cmd[3:])}; see {work_dir}/run.log',
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
