"""Settings of the runs of a table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .configs import check_options

REPOSITORY = Path(__file__).resolve().parents[3]
LAUNCHERS = ('none', 'pytorch', 'slurm', 'mpi')


@dataclass(frozen=True)
class RunSettings:
    """How all rows are run.

    Attributes:
        work_dir: Folder of rows and tables.
        seeds: A row is run once with each.
        cfg_options: ``key=value`` texts for all rows; a row's own come after.
        env: Environment variables on top of the present ones.
        num_processes: Processes of one training or test, one a GPU.
        launcher: 'none', 'pytorch' (by ``torchrun`` on this machine), or
            'slurm' or 'mpi', started by ``prefix``.
        prefix: Words before a command that uses a launcher, such as ``srun``
            and its options.
        redo: Set stale rows aside and run them again.
        repository: Folder of ``tools/``.

    Raises:
        ValueError: an argument out of range.
    """

    work_dir: Path
    seeds: tuple[int, ...] = (0,)
    cfg_options: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    num_processes: int = 1
    launcher: str = 'none'
    prefix: tuple[str, ...] = ()
    redo: bool = False
    repository: Path = REPOSITORY

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
