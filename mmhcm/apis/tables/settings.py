"""Settings of the runs of a table, and command lines built from them."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mmhcm.structures.choices import LAUNCHERS

from .configs import check_options


@dataclass(frozen=True)
class RunSettings:
    """Settings of all rows' runs.

    Attributes:
        work_dir: Folder of rows and tables.
        seeds: Seeds; a row is run once with each seed.
        cfg_options: ``key=value`` texts for all rows; a row's own options come
            after the options for all rows.
        env: Environment variables, added to those of the current process.
        num_processes: Processes of one training or test, one per GPU.
        launcher: 'none', 'pytorch' (by ``torchrun`` on this machine), or
            'slurm' or 'mpi', started by ``prefix``.
        prefix: Words before a command that uses a launcher, such as ``srun``
            and its options.
        redo: Set stale rows aside and run them again.

    Raises:
        ValueError: an argument is out of range.
    """

    work_dir: Path
    seeds: tuple[int, ...] = (0,)
    cfg_options: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    num_processes: int = 1
    launcher: str = 'none'
    prefix: tuple[str, ...] = ()
    redo: bool = False

    def __post_init__(self) -> None:
        check_options(self.cfg_options)
        seeds = tuple(self.seeds)
        if len(set(seeds)) < max(len(seeds), 1) or min(seeds) < 0:
            raise ValueError(
                f'seeds must be distinct and 0 or more, got {list(seeds)}'
            )
        if self.num_processes < 1:
            raise ValueError(
                f'num_processes must be positive, got {self.num_processes}'
            )
        if self.launcher not in LAUNCHERS:
            raise ValueError(
                f'launcher must be one of {LAUNCHERS}, got {self.launcher!r}'
            )
        if self.num_processes > 1 and self.launcher == 'none':
            raise ValueError(
                f'{self.num_processes} processes need a launcher, got none'
            )
        object.__setattr__(self, 'work_dir', Path(self.work_dir).resolve())
        object.__setattr__(self, 'seeds', seeds)

    def command(self, name: str, *arguments: str) -> list[str]:
        """Build the command line of an ``mmhcm`` command.

        Args:
            name: Name of the command's module, 'train' or 'submit'.
            arguments: Arguments of the command; the launcher is added.
        """
        python = [sys.executable, '-W', 'ignore']
        if self.launcher == 'none':
            return [*python, '-m', f'mmhcm.cli.{name}', *arguments]
        if self.launcher == 'pytorch':
            python = [
                *(sys.executable, '-m', 'torch.distributed.run'),
                *('--standalone', '--nproc_per_node'),
                str(self.num_processes),
            ]
        # Options with many values take all arguments that follow.
        return [
            *(*self.prefix, *python, '-m', f'mmhcm.cli.{name}'),
            *('--launcher', self.launcher, *arguments),
        ]
