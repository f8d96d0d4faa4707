"""The report of a mining round: one HTML page, beside the round's file."""

import time
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config
from mmengine.logging import MMLogger

from mmhcm.apis.data import rendering_hard_chips
from mmhcm.datasets import ChipDataset
from mmhcm.engine.mining import (
    find_round,
    mining_settings,
    plain_settings,
    read_previous,
)
from mmhcm.structures.files import atomic_write
from mmhcm.structures.rounds import HardChipRound
from mmhcm.visualization.report_page import render_page

from .page import build_page
from .sources import ReportOptions, RoundSources

REPORT_NAME = 'report.html'


def report_rounds(
    paths: Sequence[Path],
    rounds: Sequence[HardChipRound],
    chips: ChipDataset,
    cfg: Config,
    options: ReportOptions,
    logger: MMLogger,
) -> None:
    """Write the reports of a run's rounds that are not there yet.

    A report is no reason to stop a training run: a fault is a warning.

    Args:
        paths: Files of the rounds.
        rounds: The rounds, from the first on.
        chips: The training data, with hard chips.
        cfg: The run's config.
        options: How much a report shows.
        logger: Told of each report.
    """
    for ind, (path, hard_round) in enumerate(zip(paths, rounds, strict=True)):
        out = report_path(path)
        try:
            if reported(out) == hard_round.fingerprint:
                continue
            start = time.perf_counter()
            write_report(
                out,
                hard_round,
                rounds[ind - 1] if ind else None,
                _sources(cfg, chips),
                options,
            )
            logger.info(
                f'wrote {out} ({out.stat().st_size / 1e6:.1f} MB) in '
                f'{time.perf_counter() - start:.1f} s'
            )
        except Exception as error:
            logger.warning(
                f'no report of round {hard_round.number}: '
                f'{type(error).__name__}: {error}'
            )


def report_of_config(
    cfg: Config, number: int | None = None, **options: int
) -> Path:
    """Write the report of a round in the config's work directory again.

    Args:
        cfg: The config that it was mined with.
        number: Of the round. Defaults to None, the last one.
        **options: Fields of ``ReportOptions`` in place of the config's.

    Raises:
        FileNotFoundError: no such round.
        ValueError: the round is damaged, or was mined from other images or
            another object pool; an option is out of range.
    """
    switch = mining_settings(cfg).get('report', True)
    wanted = {**(switch if isinstance(switch, dict) else {}), **options}
    how = ReportOptions.of(wanted) or ReportOptions()
    path = find_round(Path(cfg.work_dir), number)
    chips = rendering_hard_chips(cfg, path)
    assert chips.hard_round is not None, 'they are those of the round'
    previous, fault = read_previous(path, chips.hard_round.number)
    out = report_path(path)
    write_report(
        out, chips.hard_round, previous, _sources(cfg, chips), how, fault
    )
    return out


def report_path(round_file: Path) -> Path:
    """Where the report of a round lies."""
    return round_file.with_name(REPORT_NAME)


def reported(path: Path) -> str | None:
    """Fingerprint of the round that a report is of; None without a report."""
    try:
        with path.open('rb') as file:
            head = file.read(2000).decode(errors='replace')
    except OSError:
        return None
    _, _, rest = head.partition('<meta name="mmhcm-report" content="')
    return rest.partition('"')[0]


def write_report(
    path: Path,
    hard_round: HardChipRound,
    previous: HardChipRound | None,
    sources: RoundSources,
    options: ReportOptions,
    fault: str = '',
) -> None:
    """Write the page of one round, whole or not at all.

    Args:
        path: The file.
        hard_round: The round.
        previous: The one before; None if there is none.
        sources: What it is rendered from.
        options: How much is shown.
        fault: Why the one before cannot be read, if so.
    """
    page = build_page(hard_round, previous, sources, options, fault)
    with atomic_write(path) as file:
        file.write(render_page(page).encode())


def _sources(cfg: Config, chips: ChipDataset) -> RoundSources:
    """What the hard chips that a training data set has come from."""
    try:
        settings = mining_settings(cfg)
    except ValueError:  # the hook is not from the config
        settings = {}
    mask_color = settings.get('mask_color')
    return RoundSources(
        datasets=chips.sources,
        pool=chips.pool,
        scales=chips.scales or (),
        ignore_out_of_range=chips.ignore_out_of_range,
        facts=[
            ('config', str(cfg.filename or 'not from a file')),
            ('work directory', str(cfg.work_dir)),
        ],
        settings=plain_settings(settings),
        **({'mask_color': mask_color} if mask_color else {}),
    )
