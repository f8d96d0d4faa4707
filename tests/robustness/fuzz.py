"""Feed damaged files to the project's readers.

A reader gives a result or a ValueError or OSError that names the file, in
one line, within a time and a memory limit. Anything else is a finding: the
input is kept, and the exit code is 1.

    python tests/robustness/fuzz.py all --inputs 200000 --seed 0
"""

import argparse
import faulthandler
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.robustness.fuzz_mutations import mutate
from tests.robustness.fuzz_targets import TARGETS, Target

#: What one input may take.
SECONDS = 10
MEMORY = 1 << 30
_MAX_MESSAGE = 500
#: After so many inputs, and so long, a hang in C ends the process.
_BLOCK, _BLOCK_SECONDS = 500, 300
_MEMORY_FOLDER = '/dev/shm'


class TooSlowError(BaseException):
    """An input took longer than it may."""


@dataclass
class Report:
    """Outcomes of a target's inputs.

    Attributes:
        outcomes: inputs by outcome: 'read' or the error's type.
        findings: first input of each kind of finding, by what it is.
        counts: inputs by kind of finding.
        slowest: seconds of the slowest input.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    findings: dict[str, bytes] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0


def fuzz(target: Target, inputs: int, seed: int, folder: Path) -> Report:
    """Feed damaged files to one reader.

    Args:
        target: The reader and valid files of it.
        inputs: Number of inputs.
        seed: Of the damages.
        folder: Empty folder to work in; holds the last input.
    """
    rng = random.Random(f'{target.name} {seed}')
    report = Report()
    seeds, check = target.prepare(folder)
    for content in seeds:
        check(content)  # valid, and compiled from here on
    with limits(MEMORY):
        for number in range(inputs):
            if number % _BLOCK == 0:
                faulthandler.dump_traceback_later(_BLOCK_SECONDS, exit=True)
            content = mutate(rng.choice(seeds), seeds, rng)
            if target.seal is not None and rng.random() < 0.7:
                content = target.seal(content)
            _feed(check, content, folder, report)
    return report


def _feed(check, content: bytes, folder: Path, report: Report) -> None:
    start = time.perf_counter()
    try:
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        try:
            check(content)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        report.outcomes['read'] += 1
    except (ValueError, OSError) as error:
        report.outcomes[type(error).__name__] += 1
        message = str(error)
        fault = (
            'names no file'
            if str(folder) not in message
            else 'is no line'
            if len(message.splitlines()) != 1 or len(message) > _MAX_MESSAGE
            else ''
        )
        if fault:
            _find(report, f'message {fault}: {_where(error)}', content)
    except (Exception, TooSlowError) as error:
        report.outcomes[type(error).__name__] += 1
        _find(report, _where(error), content)
    report.slowest = max(report.slowest, time.perf_counter() - start)


def _find(report: Report, kind: str, content: bytes) -> None:
    report.counts[kind] += 1
    kept = report.findings.setdefault(kind, content)
    if len(content) < len(kept):
        report.findings[kind] = content


def _where(error: BaseException) -> str:
    """Return type and position of an error; for wrong results, the line."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if '/mmhcm/' in f.filename] or frames
    name, line = Path(ours[-1].filename).name, ours[-1].lineno
    return f'{type(error).__name__} in {name}:{line}'


@contextmanager
def limits(more: int) -> Iterator[None]:
    """Let the process take so many bytes more; raise at alarms."""
    pages = int(Path('/proc/self/statm').read_text().split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    limit = pages * resource.getpagesize() + more
    # Somebody else's alarm, such as that of a test, waits.
    timer = signal.setitimer(signal.ITIMER_REAL, 0)
    handler = signal.signal(signal.SIGALRM, _too_slow)
    resource.setrlimit(resource.RLIMIT_AS, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, *timer)


def _too_slow(*_: object) -> None:
    raise TooSlowError(f'more than {SECONDS} seconds')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('targets', nargs='+', choices=['all', *TARGETS])
    parser.add_argument('--inputs', type=int, default=200_000)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--out', default='fuzz_findings', help='kept inputs')
    return parser.parse_args()


def main() -> int:
    """Fuzz; 1 if something was found."""
    args = parse_args()
    faulthandler.enable()
    fast = Path(_MEMORY_FOLDER).is_dir()
    names = list(TARGETS) if 'all' in args.targets else args.targets
    found = 0
    for name in names:
        start = time.perf_counter()
        with tempfile.TemporaryDirectory(
            prefix=f'fuzz_{name}_', dir=_MEMORY_FOLDER if fast else None
        ) as folder:
            report = fuzz(TARGETS[name], args.inputs, args.seed, Path(folder))
        seconds = time.perf_counter() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        print(
            f'{name}: {args.inputs} inputs, seed {args.seed}, '
            f'{seconds:.0f} s, slowest {report.slowest:.3f} s, peak '
            f'{peak} MiB, {dict(report.outcomes.most_common())}',
            flush=True,
        )
        for number, (kind, content) in enumerate(report.findings.items()):
            out = Path(args.out) / f'{name}_{args.seed}_{number}'
            out.parent.mkdir(parents=True, exist_ok=True)
            out.write_bytes(content)
            print(f'  {report.counts[kind]} x {kind}: {out}', flush=True)
        found += len(report.findings)
    return int(found > 0)


if __name__ == '__main__':
    sys.exit(main())
