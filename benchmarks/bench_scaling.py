"""Time and memory of 1, 4, 16 and 64 times VisDrone's annotations.

Input: the 6,471 annotation files of the training set, read repeatedly; an
image's size is the extent of its rows. Each factor runs in a separate process,
so that peak memory is measured for each. Stages: parse the files; collect all
boxes; find the chips (greedy, the three scales of
configs/_base_/datasets/visdrone_chips.py). Chips are found only for the
factors of --cover, because the time per image, a few tenths of a millisecond,
does not depend on the number of images; the table shows '-' for the other
factors. Prints a table; --out writes a plot of the table as SVG or PNG.
"""

import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from annotations import unpack_train
from timing import parse_data_root

from mmhcm.datasets import find_chips
from mmhcm.datasets.sources import AnnotatedImages
from mmhcm.functional.chips import ChipScale
from mmhcm.structures.annotations import read_annotation_files

SCALES = [
    ChipScale(256, (0, 40), 28),
    ChipScale(512, (28, 85), 56),
    ChipScale(1024, (56, math.inf), 112),
]
STAGES = ('parse', 'boxes', 'chips')
UNITS = {'s': 's', 'ram': 'MiB more RAM'}
Figures = dict[str, dict[str, float]]


def peak_mib() -> float:
    """Read the peak memory of this process, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def parse(folder: Path, factor: int) -> AnnotatedImages:
    """Parse the files ``factor`` times."""
    paths = sorted(folder.rglob('*.txt')) * factor
    rows, counts = read_annotation_files(paths)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    corners = rows[:, :2].astype(np.int32) + rows[:, 2:4].astype(np.int32)
    return AnnotatedImages(
        [f'{ind}_{path.stem}.jpg' for ind, path in enumerate(paths)],
        [None] * len(paths),
        # no file of the training set is empty
        np.maximum.reduceat(corners, offsets[:-1]),
        offsets[:-1],
        offsets[1:],
        rows,
    )


def measure(folder: Path, factor: int, with_chips: bool) -> Figures:
    """Run all stages in this process; return each stage's measurements."""
    figures: Figures = {}
    before = peak_mib()
    start = time.perf_counter()

    def note(stage: str) -> None:
        nonlocal start
        figures[stage] = {
            's': time.perf_counter() - start,
            'ram': peak_mib() - before,
        }
        start = time.perf_counter()

    images = parse(folder, factor)
    note('parse')
    images.boxes()
    note('boxes')
    if with_chips:
        find_chips(images, SCALES, max_chips=None, cache_dir=None)
        note('chips')
    return figures


def measure_apart(folder: Path, factor: int, with_chips: bool) -> Figures:
    """Run ``measure`` in a separate process."""
    task = json.dumps([str(folder), factor, with_chips])
    done = subprocess.run(
        [sys.executable, __file__],
        check=True,
        capture_output=True,
        env={**os.environ, 'BENCH_SCALING_TASK': task},
    )
    return json.loads(done.stdout.splitlines()[-1])


def print_table(results: dict[int, Figures]) -> None:
    """Print a row for each stage and unit, a column for each size."""
    print(' ' * 22 + ''.join(f'{factor:>9} x' for factor in results))
    for unit, name in UNITS.items():
        for stage in STAGES:
            values = [
                figures.get(stage, {}).get(unit, math.nan)
                for figures in results.values()
            ]
            if not np.isnan(values).all():
                cells = [
                    '-' if math.isnan(value) else f'{value:.3g}'
                    for value in values
                ]
                row = ''.join(f'{cell:>11}' for cell in cells)
                print(f'{stage:7}{name:15}{row}')


def plot(path: Path, results: dict[int, Figures]) -> None:
    """Plot the table with logarithmic axes."""
    import matplotlib as mpl

    mpl.use('Agg')
    from matplotlib import pyplot as plt

    figure, panels = plt.subplots(
        1, len(UNITS), figsize=(8, 3.6), layout='constrained'
    )
    for panel, (unit, name) in zip(panels, UNITS.items(), strict=True):
        for stage in STAGES:
            points = [
                (factor, figures[stage][unit])
                for factor, figures in results.items()
                if unit in figures.get(stage, {})
            ]
            if points:
                panel.plot(*zip(*points, strict=True), 'o-', label=stage)
        ends = np.array([min(results), max(results)])
        first = max(line.get_ydata()[0] for line in panel.lines)
        panel.plot(ends, first * ends / ends[0], 'k:', label='linear')
        panel.set(
            xscale='log',
            yscale='log',
            xlabel="times VisDrone's annotations",
            ylabel=name,
        )
        panel.set_xticks(list(results), [str(factor) for factor in results])
        panel.minorticks_off()
        panel.legend()
    figure.savefig(path)


def main() -> None:
    """Print the table, and plot it if asked."""
    task = os.environ.get('BENCH_SCALING_TASK')
    if task is not None:
        folder, factor, with_chips = json.loads(task)
        print(json.dumps(measure(Path(folder), factor, with_chips)))
        return
    args = parse_data_root(
        __doc__,
        ('--factors', {'type': int, 'nargs': '+', 'default': [1, 4, 16, 64]}),
        ('--cover', {'type': int, 'nargs': '*', 'default': [1, 4]}),
        ('--out', {'type': Path, 'help': 'SVG or PNG of the table'}),
    )
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        unpack_train(args.data_root, Path(folder))
        for factor in args.factors:
            results[factor] = measure_apart(
                Path(folder), factor, factor in args.cover
            )
    print_table(results)
    if args.out is not None:
        plot(args.out, results)


if __name__ == '__main__':
    main()
