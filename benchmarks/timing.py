"""Alternating timing, result lines and arguments of all benchmarks."""

import argparse
import gc
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

T = TypeVar('T')


class Timed(NamedTuple):
    """Seconds of one contestant: median and least of all turns."""

    median: float
    least: float


def alternate(
    contestants: dict[str, Callable[[], object]],
    turns: int = 5,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Timed]:
    """Time all contestants in turn, ``turns`` times, after an untimed turn.

    Taking turns spreads the machine's other load over all contestants. For
    work of one thread, ``time.process_time`` excludes other load.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(turns + 1):
        for name, run in contestants.items():
            gc.collect()
            start = clock()
            run()
            if turn:
                seconds[name].append(clock() - start)
    return {
        name: Timed(statistics.median(values), min(values))
        for name, values in seconds.items()
    }


def time_once(run: Callable[[], T]) -> tuple[T, float]:
    """Return the result of a call and its seconds."""
    start = time.perf_counter()
    result = run()
    return result, time.perf_counter() - start


def ratio_line(
    what: str, peer: Timed, ours: Timed, per: int = 1, unit: str = 'ms'
) -> str:
    """Format medians (least), each divided by ``per``, and their ratio."""
    factor = {'s': 1, 'ms': 1e3, 'us': 1e6}[unit] / per
    return (
        f'{what}: peer {peer.median * factor:.3g} '
        f'({peer.least * factor:.3g}) {unit}, '
        f'ours {ours.median * factor:.3g} ({ours.least * factor:.3g}) {unit}, '
        f'ratio {peer.median / ours.median:.2f}'
    )


def parse_data_root(
    description: str, *arguments: tuple[str, dict]
) -> argparse.Namespace:
    """Parse ``--data-root`` and the other arguments of a benchmark."""
    parser = argparse.ArgumentParser(description=description)
    add_data_root(parser)
    for name, options in arguments:
        parser.add_argument(name, **options)
    return parser.parse_args()


def add_data_root(parser: argparse.ArgumentParser) -> None:
    """Add ``--data-root``, by default $MMHCM_DATA."""
    default = os.environ.get('MMHCM_DATA')
    parser.add_argument(
        '--data-root',
        type=Path,
        default=default,
        required=default is None,
        help='folder that holds visdrone/ (default: $MMHCM_DATA)',
    )
