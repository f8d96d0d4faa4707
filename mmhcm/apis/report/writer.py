"""Writer of mining reports: one HTML page next to each round's file."""

import time
from dataclasses import fields
from pathlib import Path

from mmengine.config import Config
from mmengine.logging import MMLogger

from mmhcm.apis.data import rendering_hard_chips
from mmhcm.datasets import ChipDataset
from mmhcm.engine.mining import (
    find_round,
    hook_settings,
    plain_settings,
    read_previous,
)
from mmhcm.structures.files import atomic_write
from mmhcm.structures.rounds import HardChipRound, read_round
from mmhcm.visualization.report_page import render_page

from .page import build_page
from .sources import ReportOptions, RoundSources

REPORT_NAME = 'report.html'


def report_round(
    path: Path,
    fingerprint: str,
    chips: ChipDataset,
    cfg: Config,
    options: ReportOptions,
    logger: MMLogger,
) -> None:
    """Write the report of a run's round if it is absent.

    An error causes a warning and does not stop the training run.

    Args:
        path: File of the round.
        fingerprint: Fingerprint of the round.
        chips: The training data, with hard chips.
        cfg: The run's config.
        options: Numbers of pictures of the report.
        logger: Logger of the run.
    """
    out = report_path(path)
    try:
        if reported(out) == fingerprint:
            return
        start = time.perf_counter()
        hard_round = read_round(path, fingerprint)
        previous, fault = read_previous(path, hard_round.number)
        write_report(
            out, hard_round, previous, _sources(cfg, chips), options, fault
        )
        logger.info(
            f'wrote {out} ({out.stat().st_size / 1e6:.1f} MB) in '
            f'{time.perf_counter() - start:.1f} s'
        )
    except Exception as error:
        logger.warning(f'no report of {path}: {type(error).__name__}: {error}')


def report_of_config(
    cfg: Config, number: int | None = None, **options: int
) -> Path:
    """Write the report of a round in the config's work directory again.

    Args:
        cfg: The config that the round was mined with.
        number: Number of the round. Defaults to None, the last round.
        **options: Fields of ``ReportOptions`` that override the settings of
            the config's ``MiningReportHook``.

    Raises:
        FileNotFoundError: the round does not exist.
        ValueError: the round is damaged, or was mined from other images or
            another object pool; an option is out of range.
    """
    hook = hook_settings(cfg, 'MiningReportHook')
    shown = {
        f.name: hook[f.name] for f in fields(ReportOptions) if f.name in hook
    }
    # Checked before reading the data, which takes a while.
    report_options = ReportOptions(**{**shown, **options})
    path = find_round(cfg.work_dir, number)
    chips = rendering_hard_chips(cfg, path)
    assert chips.hard_round is not None, 'they are those of the round'
    previous, fault = read_previous(path, chips.hard_round.number)
    out = report_path(path)
    write_report(
        out,
        chips.hard_round,
        previous,
        _sources(cfg, chips),
        report_options,
        fault,
    )
    return out


def report_path(round_file: Path) -> Path:
    """Return the file of a round's report."""
    return round_file.with_name(REPORT_NAME)


def reported(path: Path) -> str | None:
    """Return the fingerprint of a report's round; None without a report."""
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
    """Write the page of one round, completely or not at all.

    Args:
        path: The file.
        hard_round: The round.
        previous: The round before; None if there is none.
        sources: Sources that the page is rendered from.
        options: Numbers of pictures of the report.
        fault: Reason why the round before cannot be read, or ''.
    """
    page = build_page(hard_round, previous, sources, options, fault)
    with atomic_write(path) as file:
        file.write(render_page(page).encode())


def _sources(cfg: Config, chips: ChipDataset) -> RoundSources:
    """Return the sources of the hard chips of a training data set."""
    settings = hook_settings(cfg, 'HardChipMiningHook')
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
