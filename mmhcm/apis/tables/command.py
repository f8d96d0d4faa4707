"""The command line of tables, as ``tools/run_table.py`` calls it."""

import argparse
import shlex
import signal
import sys
from pathlib import Path

from .rows import Table, read_table
from .runner import TableRunner
from .settings import LAUNCHERS, RunSettings


def add_table_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of a table's command line."""
    parser.add_argument(
        'table', help='folder with a rows.json, such as configs/table1'
    )
    parser.add_argument(
        '--work-dir',
        type=Path,
        default=Path('work_dirs/tables'),
        help='folder of rows and tables; tables may share one, and then the '
        'rows that they have in common',
    )
    parser.add_argument('--rows', nargs='+', help='rows to run; default: all')
    parser.add_argument('--seeds', nargs='+', type=int, default=[0])
    parser.add_argument(
        '--data-root',
        type=Path,
        help='folder of the data sets, instead of the one in the configs',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        default=[],
        help='override config values of all rows: key=value',
    )
    parser.add_argument('--launcher', choices=LAUNCHERS, default='none')
    parser.add_argument(
        '--num-processes',
        type=int,
        default=1,
        help='processes of one row, one a GPU; with a launcher',
    )
    parser.add_argument(
        '--prefix',
        default='',
        help="words before a launcher's command, such as 'srun -n 8'",
    )
    parser.add_argument(
        '--env', nargs='+', default=[], help='environment: NAME=value'
    )
    parser.add_argument(
        '--redo',
        action='store_true',
        help='set rows aside whose config has changed, and train them again',
    )
    parser.add_argument(
        '--dry-run', action='store_true', help='print the commands alone'
    )


def table_runner(args: argparse.Namespace) -> TableRunner:
    """Build the runner that a command line asks for.

    Raises:
        OSError: the table cannot be read.
        ValueError: an argument or the table does not fit.
    """
    options = list(args.cfg_options)
    if args.data_root is not None:
        options.insert(0, f'data_root={args.data_root.resolve()}')
    for variable in args.env:
        if '=' not in variable[1:]:
            raise ValueError(f'--env: {variable!r} is no NAME=value')
    settings = RunSettings(
        work_dir=args.work_dir,
        seeds=tuple(args.seeds),
        cfg_options=tuple(options),
        env=dict(variable.split('=', 1) for variable in args.env),
        num_processes=args.num_processes,
        launcher=args.launcher,
        prefix=tuple(shlex.split(args.prefix)),
        redo=args.redo,
    )
    return TableRunner(read_table(args.table), settings)


def run_table(args: argparse.Namespace) -> int:
    """Run a table; 1 if a row failed, 130 when it was interrupted."""
    runner = table_runner(args)
    if args.dry_run:
        print_commands(runner, args.rows)
        return 0
    # The default would leave the row's own process running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        done = runner.run(args.rows)
    except KeyboardInterrupt:
        sys.stderr.write('interrupted; the same command goes on\n')
        return 130
    path = runner.settings.work_dir / f'{runner.table.name}.md'
    sys.stdout.write(f'\n{path.read_text()}\n{path}\n')
    return int(not done)


def print_commands(runner: TableRunner, row_ids: list[str] | None) -> None:
    """Print what would be run for rows, from the beginning."""
    table: Table = runner.table
    for seed in runner.settings.seeds:
        for row in table.with_needs(row_ids or [r.id for r in table.rows]):
            sys.stdout.write(f'# {row.id}, seed {seed}\n')
            for command in runner.plan.commands(row, seed):
                sys.stdout.write(f'{shlex.join(command)}\n')
