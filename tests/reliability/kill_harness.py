"""Does a run that is killed, anywhere, end as one that never was?

    PYTHONPATH=. OMP_NUM_THREADS=1 python tests/reliability/kill_harness.py \\
        --kills 50 --seed 0 --work-dir /tmp/kills

trains the quickstart, shortened, with two mining rounds, averaged weights, a
validation after each epoch and a best checkpoint; writes a submission and
scores it. First by the project's commands, from begin to end. Then again and
again in processes that are killed (SIGKILL, with their workers) at points
drawn from a seed: between two changes of files, with a part of a file
written, or at a moment by the clock. They are resumed, some of them killed
again, and all that they have left is compared: weights, optimizer, histories
and figures to the last bit, rounds, pools, chips and submission byte by byte.
"""

import argparse
import importlib
import json
import random
import shutil
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from mmengine.config import config

from tests.reliability.kill_config import Setup, shortened_quickstart, tiny
from tests.reliability.kill_points import Point
from tests.reliability.kill_results import differences, read_results
from tests.reliability.kill_runs import Run

#: Share of kills by the clock, where a phase is long enough.
_BY_CLOCK, _MIN_SECONDS = 0.5, 0.1
#: Share of the runs that are killed once more.
_AGAIN = 0.3


@dataclass
class Outcome:
    """Results of the kills."""

    kills: Counter = field(default_factory=Counter)
    missed: int = 0
    runs: int = 0
    faults: list[str] = field(default_factory=list)


def draw_points(
    trace: list[list[str]], rng: random.Random, by_clock: bool
) -> dict[str, list[Point]]:
    """Points of each phase, in random order, from a run's trace.

    Points by the clock depend on how fast the machine is, and so do all that
    are drawn after them; without them a seed has the same points anywhere.
    """
    points: dict[str, list[Point]] = {}
    for _, phase, visit, seconds, events in trace:
        candidates = points.setdefault(phase, [])
        candidates += [
            Point(phase, int(visit), event) for event in range(int(events))
        ]
        if by_clock and float(seconds) > _MIN_SECONDS:
            share = _BY_CLOCK / (1 - _BY_CLOCK)
            candidates += [
                Point(
                    phase,
                    int(visit),
                    delay=round(rng.uniform(0, 0.9) * float(seconds), 3),
                )
                for _ in range(max(1, round(int(events) * share)))
            ]
    for candidates in points.values():
        rng.shuffle(candidates)
    return {phase: points[phase] for phase in sorted(points)}


def kill_and_resume(run: Run, points: list[Point], outcome: Outcome) -> str:
    """Kill a run at each point that it comes to, and let it end."""
    story = []
    for point in points:
        phase = run.go_on(point)
        if phase is None:
            outcome.missed += 1
        else:
            outcome.kills[phase] += 1
        story.append(f'{tuple(point)} {"missed" if phase is None else phase}')
    run.go_on()
    return '; '.join(story)


def run_harness(args: argparse.Namespace, root: Path) -> Outcome:
    """Run it all; report as it goes."""
    rng = random.Random(args.seed)
    setup = (tiny if args.tiny else shortened_quickstart)(root)
    expected, trace = run_references(root, setup, not args.tiny)
    points = draw_points(trace, rng, by_clock=not args.tiny)
    outcome, cycle = Outcome(), list(points)
    while sum(outcome.kills.values()) < args.kills:
        start = time.monotonic()
        if not cycle:
            cycle = list(points)
        phase = cycle.pop(rng.randrange(len(cycle)))
        candidates = points[phase]
        chosen = [candidates[outcome.runs % len(candidates)]]
        if rng.random() < _AGAIN:
            other = rng.choice(points[rng.choice(list(points))])
            chosen.append(other._replace(visit=rng.randint(0, other.visit)))
        folder = root / f'run_{outcome.runs}'
        story = kill_and_resume(Run(folder, setup), chosen, outcome)
        found = differences(expected, read_results(folder))
        outcome.runs += 1
        seconds = time.monotonic() - start
        report(
            f'{outcome.runs}: {story}, {seconds:.0f} s, '
            f'{len(found)} differences {found[:8]}'
        )
        if found:
            outcome.faults.append(f'{story}: {found[:8]}')
        else:
            shutil.rmtree(folder)
    return outcome


def run_references(
    root: Path, setup: Setup, fresh: bool
) -> tuple[dict[str, str], list[list[str]]]:
    """Results of a run that is left alone, and the trace of another one."""
    watched = Run(root / 'watched', setup)
    trace: list[list[str]] = []
    watched.go_on(trace=trace)
    expected = read_results(watched.folder)
    if fresh:
        alone = Run(root / 'uninterrupted', setup)
        alone.run_uninterrupted()
        found = differences(expected, read_results(alone.folder))
        if found:
            raise SystemExit(f'two runs left alone differ: {found}')
    report(f'{len(expected)} values to compare')
    return expected, trace


def prepare_forking() -> None:
    """Do once what every process would take seconds for."""
    for name in (
        *('mmdet.models', 'mmhcm.datasets', 'mmhcm.engine'),
        *('mmhcm.evaluation', 'mmhcm.models'),
        *('mmhcm.cli.train', 'mmhcm.cli.submit', 'mmhcm.cli.evaluate'),
    ):
        importlib.import_module(name)
    # The config's text in the log need not look well.
    config.FormatCode = lambda text, **_: (text, True)


def report(text: str) -> None:
    sys.stdout.write(f'{text}\n')
    sys.stdout.flush()


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--kills', type=int, default=50)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--tiny',
        action='store_true',
        help='rectangles in place of scenes, no new interpreters, no clock',
    )
    parser.add_argument('--work-dir', type=Path, required=True)
    return parser.parse_args()


def main() -> int:
    """Kill and compare; 1 if anything differs."""
    args = parse_args()
    root = args.work_dir.resolve()
    if root.exists():
        shutil.rmtree(root)
    root.mkdir(parents=True)
    prepare_forking()
    outcome = run_harness(args, root)
    summary = {
        'kills': sum(outcome.kills.values()),
        'by_phase': dict(sorted(outcome.kills.items())),
        'runs': outcome.runs,
        'points_not_reached': outcome.missed,
        'faults': outcome.faults,
    }
    report(json.dumps(summary, indent=1))
    return 1 if outcome.faults else 0


if __name__ == '__main__':
    sys.exit(main())
