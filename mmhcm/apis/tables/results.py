"""Results of a table's rows, as Markdown and CSV."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mmhcm.functional.scoring import METRICS
from mmhcm.structures.files import atomic_write

from .records import TrainRecord
from .rows import Row, Table

_NOTES = """\
Official figures are those of the VisDrone-DET protocol: per cent, up to 500
detections an image, ignored regions honoured, classes weighted by the number
of images that hold them. Plain means are the same protocol's figures averaged
over the classes with equal weight. They are different numbers and must not be
compared with each other. The paper's are official ones of its own runs.
"""


@dataclass
class RowResult:
    """Result of one row with one seed: its origin and its scores.

    Attributes:
        row: The row.
        seed: The seed.
        status: 'done', 'not run', 'unfinished', 'trained' (and not tested),
            'stale' (of another config or checkpoint) or 'failed'.
        message: Reason of the status 'failed' or 'stale'.
        official: Scores of the official protocol, by metric.
        class_mean: Plain class means, by metric.
        commit: Versions of the code that the row was trained with.
        config: First digits of the config's digest.
        seconds: Time of the row's training; None if the row is not trained.
        pixels: Pixels trained on.
        pixels_from: 'measured', or 'planned' if computed from the config.
    """

    row: Row
    seed: int
    status: str = 'not run'
    message: str = ''
    official: dict[str, float] = field(default_factory=dict)
    class_mean: dict[str, float] = field(default_factory=dict)
    commit: str = ''
    config: str = ''
    seconds: float | None = None
    pixels: int | None = None
    pixels_from: str = ''

    def add_training(self, record: TrainRecord, borrowed: bool) -> None:
        """Copy the values of a training's record.

        Args:
            record: The record.
            borrowed: True if the record belongs to another row, which counts
                the time.
        """
        self.status = 'trained' if record.digest else 'unfinished'
        self.commit = ', '.join(record.commits)
        self.config = record.config[:12]
        if borrowed:
            self.status = 'unfinished'
            return
        self.seconds = record.seconds
        self.pixels, self.pixels_from = record.pixels, record.pixels_from

    def add_scores(self, scores: Mapping[str, Mapping[str, Any]]) -> None:
        """Copy the scores of a finished test."""
        self.status = 'done'
        self.official = {k: scores['official'][k] for k in METRICS}
        self.class_mean = {k: scores['class_mean'][k] for k in METRICS}


def write_tables(
    table: Table, results: Sequence[RowResult], folder: Path
) -> None:
    """Write ``<name>.md`` and ``<name>.csv`` into a folder.

    Args:
        table: The rows, in the order of the tables.
        results: One result for each row and seed.
        folder: The folder.
    """
    with atomic_write(folder / f'{table.name}.md') as file:
        file.write(markdown(table, results).encode())
    with atomic_write(folder / f'{table.name}.csv') as file:
        file.write(csv_text(results).encode())


def markdown(table: Table, results: Sequence[RowResult]) -> str:
    """Format the tables of official scores, plain means and runs."""
    groups = [[r for r in results if r.row is row] for row in table.rows]
    parts = [
        f'# {table.title}',
        _NOTES,
        '## Official figures',
        _score_table(groups, lambda r: r.official, with_paper=True),
        '## Plain class means',
        _score_table(groups, lambda r: r.class_mean, with_paper=False),
        "## The paper's figures",
        _grid(
            ['row', *METRICS],
            [
                [row.name, *(str(row.paper.get(f, '–')) for f in METRICS)]
                for row in table.rows
                if row.paper
            ],
        ),
        '## How the rows were run',
        _run_table(results),
    ]
    return '\n\n'.join(part.strip('\n') for part in parts) + '\n'


def csv_text(results: Sequence[RowResult]) -> str:
    """Format one line per row and seed, with unrounded scores."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(
        [
            *('row', 'name', 'seed', 'status', 'message'),
            *(f'paper_{name}' for name in METRICS),
            *(f'official_{name}' for name in METRICS),
            *(f'class_mean_{name}' for name in METRICS),
            *('commit', 'config', 'seconds', 'pixels', 'pixels_from'),
        ]
    )
    for result in results:
        writer.writerow(
            [
                *(result.row.id, result.row.name, result.seed),
                *(result.status, result.message),
                *(
                    values.get(name, '')
                    for values in (
                        result.row.paper,
                        result.official,
                        result.class_mean,
                    )
                    for name in METRICS
                ),
                *(result.commit, result.config),
                '' if result.seconds is None else round(result.seconds, 1),
                '' if result.pixels is None else result.pixels,
                result.pixels_from,
            ]
        )
    return text.getvalue()


def mean_and_spread(values: Sequence[float]) -> str:
    """Format the mean, and the sample deviation of two or more values."""
    if not values:
        return '–'
    if len(values) == 1:
        return f'{values[0]:.2f}'
    return f'{np.mean(values):.2f} ± {np.std(values, ddof=1):.2f}'


def _score_table(
    groups: Sequence[Sequence[RowResult]],
    scores_of: Callable[[RowResult], Mapping[str, float]],
    with_paper: bool,
) -> str:
    lines = []
    for group in groups:
        done = [scores_of(r) for r in group if r.status == 'done']
        row = group[0].row
        cells = [
            mean_and_spread([scores[name] for scores in done])
            for name in METRICS
        ]
        if not done:
            cells = [_status(group)] + ['–'] * (len(METRICS) - 1)
        paper = [str(row.paper.get('AP', '–'))] if with_paper else []
        lines.append([row.name, *paper, *cells, f'{len(done)}/{len(group)}'])
    head = ["paper's AP"] if with_paper else []
    return _grid(['row', *head, *METRICS, 'seeds done'], lines)


def _status(group: Sequence[RowResult]) -> str:
    """Return the worst status of the seeds of a row without scores."""
    order = ('failed', 'stale', 'trained', 'unfinished', 'not run')
    return min((r.status for r in group), key=order.index)


def _run_table(results: Sequence[RowResult]) -> str:
    lines = []
    for result in results:
        status = result.status
        if result.message:
            status = f'{status}: {result.message}'
        shares = result.row.shares
        start = result.row.checkpoint_of or (
            f'{shares.row}, epoch {shares.epoch}' if shares else 'start'
        )
        if result.row.ensemble_of:
            start = f'ensemble of {", ".join(result.row.ensemble_of)}'
        lines.append(
            [
                *(result.row.name, str(result.seed), status, start),
                *(result.commit or '–', result.config or '–'),
                duration(result.seconds),
                _pixels(result),
            ]
        )
    head = ['row', 'seed', 'status', 'trained from', 'commit', 'config']
    return _grid([*head, 'duration', 'pixels trained on'], lines)


def duration(seconds: float | None) -> str:
    """Format hours, minutes and seconds as h:mm:ss."""
    if seconds is None:
        return '–'
    minutes, rest = divmod(round(seconds), 60)
    return f'{minutes // 60}:{minutes % 60:02d}:{rest:02d}'


def _pixels(result: RowResult) -> str:
    if result.pixels is None:
        return '–'
    return f'{result.pixels / 1e9:.4g} G ({result.pixels_from})'


def _grid(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Format a Markdown table; a bar inside a cell becomes a slash."""
    rows = [head, ['---'] * len(head), *lines]
    return '\n'.join(
        f'| {" | ".join(cell.replace("|", "/") for cell in row)} |'
        for row in rows
    )
