"""All benchmarks, one after the other: ratios against the named peers.

    python benchmarks/run.py --data-root data

The docstring of each benchmark describes its input; each benchmark also runs
alone. All run on one core, so that other cores are free. The output is also
written to ``--out``, with the machine, the versions and the commit.
"""

import argparse
import os
import platform
import subprocess
import sys
from datetime import datetime, timezone
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from timing import add_data_root, time_once

FOLDER = Path(__file__).resolve().parent
NAMES = {
    'cover': 'chips that cover the objects',
    'score': 'the official score',
    'chip': 'a training chip, from file to sample',
    'paste': 'pasting into a canvas',
    'mining': 'a mining round beside the network',
    'slices': 'a test in slices',
    'slices_memory': 'memory of a test in slices',
    'memory': 'memory of workers',
    'scaling': 'time and memory by the number of annotations',
    'training': 'training iterations',
    'operators': "mmcv's operators and their stand-ins",
}
# Log lines of the libraries, which are not shown.
LOGS = (' - mmengine - ', 'Loads checkpoint by ')
PACKAGES = (
    *(
        'numpy',
        'opencv-python-headless',
        'numba',
        'torch',
        'mmcv',
        'mmcv-lite',
    ),
    *('torchvision', 'mmdet', 'sahi'),
)
ONE_THREAD = {
    'OMP_NUM_THREADS': '1',
    'OPENCV_FOR_THREADS_NUM': '1',
    # Hide warnings of the libraries.
    'PYTHONWARNINGS': 'ignore',
}


def main() -> int:
    """Run the benchmarks; return 1 if any of them fails."""
    args = parse_args()
    root = ['--data-root', str(args.data_root)]
    weights = (
        [] if args.checkpoint is None else ['--checkpoint', args.checkpoint]
    )
    failed = []
    lines = list(describe_machine())
    print('\n'.join(lines), flush=True)
    for name in args.only or NAMES:
        lines.append(f'\n## {name}: {NAMES[name]}')
        print(lines[-1], flush=True)
        options = weights if name == 'slices' else []
        (printed, status), seconds = time_once(
            partial(run, name, [*root, *options])
        )
        lines.extend(printed)
        lines.append(f'({seconds:.0f} s in all)')
        print(lines[-1], flush=True)
        if status:
            failed.append(name)
    if args.out is not None:
        args.out.write_text('\n'.join(lines) + '\n', encoding='utf-8')
    if failed:
        print(f'failed: {", ".join(failed)}', file=sys.stderr)
    return int(bool(failed))


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_data_root(parser)
    parser.add_argument('--only', nargs='+', choices=NAMES)
    parser.add_argument(
        '--checkpoint',
        help='weights of projects/visdrone_lowdata/configs/cpu_chips.py, for '
        'the test in slices; default: random ones',
    )
    parser.add_argument('--out', type=Path, help='file for the output')
    return parser.parse_args()


def describe_machine() -> list[str]:
    """List date, processor, versions and commit."""
    versions = []
    for name in PACKAGES:
        try:
            versions.append(f'{name} {version(name)}')
        except PackageNotFoundError:
            versions.append(f'{name} absent')
    commit = subprocess.run(
        ['git', 'describe', '--always', '--dirty'],
        cwd=FOLDER,
        capture_output=True,
        text=True,
        check=False,
    )
    load = ', '.join(f'{value:.1f}' for value in os.getloadavg())
    return [
        f'{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC, commit '
        + (commit.stdout.strip() or 'unknown'),
        f'{processor()}, {os.cpu_count()} logical processors, load {load}',
        f'Python {platform.python_version()}, {", ".join(versions)}',
    ]


def processor() -> str:
    """Read the name of the processor, or of its architecture if unknown."""
    try:
        text = Path('/proc/cpuinfo').read_text(encoding='utf-8')
    except OSError:
        return platform.processor() or platform.machine()
    names = [
        line.partition(':')[2].strip()
        for line in text.splitlines()
        if line.startswith('model name')
    ]
    return names[0] if names else platform.machine()


def run(name: str, options: list[str]) -> tuple[list[str], int]:
    """Run a benchmark; return its output and its exit status."""
    command = [sys.executable, str(FOLDER / f'bench_{name}.py'), *options]
    path = os.pathsep.join(
        filter(None, [str(FOLDER.parent), os.environ.get('PYTHONPATH')])
    )
    lines = []
    # Progress bars and the libraries' logs go to stderr, which is shown only
    # if the benchmark fails.
    with subprocess.Popen(
        command,
        env={**os.environ, **ONE_THREAD, 'PYTHONPATH': path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        out, err = process.communicate()
        for line in out.splitlines():
            if line.strip() and not any(word in line for word in LOGS):
                lines.append(line)
                print(line, flush=True)
        if process.returncode:
            print(err[-4000:], file=sys.stderr)
            lines.append(f'failed with status {process.returncode}')
        return lines, process.returncode


if __name__ == '__main__':
    sys.exit(main())
