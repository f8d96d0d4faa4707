"""Train, test and tabulate the rows of a table, resuming what was begun."""

import argparse
import shlex
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmhcm.structures.choices import LAUNCHERS

from .arguments import command_parser
from .user_errors import command_main

if TYPE_CHECKING:
    from mmhcm.apis.tables import TableRunner


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = command_parser(
        'run_table', __doc__, 'configs/table1 --rows chips hcm --seeds 0 1'
    )
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
    return parser.parse_args(argv)


def table_runner(args: argparse.Namespace) -> 'TableRunner':
    """Build the table runner of a command line.

    Raises:
        OSError: the table cannot be read.
        ValueError: an argument or the table is invalid.
    """
    from mmhcm.apis.tables import RunSettings, TableRunner, read_table

    options = list(args.cfg_options)
    if args.data_root is not None:
        options.insert(0, f'data_root={args.data_root.resolve()}')
    for variable in args.env:
        if '=' not in variable[1:]:
            raise ValueError(f'--env: {variable!r} is not NAME=value')
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


def run(args: argparse.Namespace) -> int:
    """Run the rows; 1 if one of them failed."""
    runner = table_runner(args)
    if args.dry_run:
        print_commands(runner, args.rows)
        return 0
    # The default action would leave the row's process running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    done = runner.run(args.rows)
    path = runner.settings.work_dir / f'{runner.table.name}.md'
    print(f'\n{path.read_text()}\n{path}')
    return int(not done)


def print_commands(runner: 'TableRunner', row_ids: list[str] | None) -> None:
    """Print all commands of rows, from the beginning."""
    for run in runner.runs(row_ids):
        print(f'# {run.row.id}, seed {run.seed}')
        for command in run.commands():
            print(shlex.join(command))


main = command_main(parse_args, run, '; the same command goes on')

if __name__ == '__main__':
    sys.exit(main())
