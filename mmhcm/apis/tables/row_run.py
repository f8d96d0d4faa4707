"""Files, commands and digests of rows."""

import sys
from pathlib import Path

from mmengine.config import Config

from mmhcm.engine.launching import innermost_dataset
from mmhcm.structures.files import fingerprint

from .configs import check_start, config_hash, option_texts, resolve_config
from .records import RowFolder, TrainRecord, file_digest
from .rows import Row, Table
from .settings import RunSettings


class StaleRowError(ValueError):
    """A row was trained from another config or checkpoint."""


class TablePlan:
    """Files, commands and digests of a table's rows.

    Args:
        table: The rows.
        settings: How they are run.
    """

    def __init__(self, table: Table, settings: RunSettings) -> None:
        self.table = table
        self.settings = settings
        self._configs: dict[str, Config] = {}

    def folder(self, row_id: str, seed: int) -> RowFolder:
        """Files of a row and seed."""
        return RowFolder(self.settings.work_dir, row_id, seed)

    def owner(self, row: Row) -> Row:
        """Row whose training a row tests: itself, or the one it names."""
        return self.table.row(row.checkpoint_of or row.id)

    def config(self, row: Row) -> Config:
        """Return a row's config with all options, with the first seed."""
        if row.id not in self._configs:
            self._configs[row.id] = resolve_config(
                row.config, self.options(row, self.settings.seeds[0])
            )
        return self._configs[row.id]

    def options(self, row: Row, seed: int) -> list[str]:
        """Config options of a row, as ``key=value`` texts."""
        return [
            *self.settings.cfg_options,
            *option_texts(row.cfg_options),
            f'randomness.seed={seed}',
        ]

    def train_command(self, row: Row, seed: int) -> list[str]:
        """Command line that trains a row, or goes on with it."""
        folder = self.folder(row.id, seed)
        resume = []
        if (folder.train_dir / 'last_checkpoint').is_file():
            resume = ['--resume']
        elif row.shares is not None:
            resume = [f'--resume={self.start_path(row, seed)}']
        return self._tool(
            'train.py',
            *(str(row.config), *resume),
            *('--work-dir', str(folder.train_dir)),
            *('--cfg-options', *self.options(row, seed)),
        )

    def test_command(self, row: Row, seed: int, checkpoint: str) -> list[str]:
        """Command line that writes a row's result files."""
        folder = self.folder(row.id, seed)
        return self._tool(
            'submit.py',
            *(str(row.config), checkpoint),
            *('--out', str(folder.zip_path)),
            *('--work-dir', str(folder.test_dir)),
            *(['--tta'] if row.tta else []),
            *('--cfg-options', *self.options(row, seed)),
        )

    def score_command(self, row: Row, seed: int) -> list[str]:
        """Command line that scores a row's result files."""
        folder = self.folder(row.id, seed)
        dataset = innermost_dataset(self.config(row).test_dataloader.dataset)
        return [
            *(sys.executable, '-W', 'ignore', 'tools/evaluate.py'),
            str(folder.zip_path),
            *('--data-root', str(dataset.data_root)),
            *('--out', str(folder.figures_path)),
        ]

    def commands(self, row: Row, seed: int) -> list[list[str]]:
        """All command lines of a row that nothing is known of yet."""
        owner = self.owner(row)
        checkpoint = str(
            self.folder(owner.id, seed).train_dir / '<checkpoint>'
        )
        training = [] if owner is not row else [self.train_command(row, seed)]
        return [
            *training,
            self.test_command(row, seed, checkpoint),
            self.score_command(row, seed),
        ]

    def new_record(self, row: Row, seed: int) -> TrainRecord:
        """Return the record of a training that begins."""
        cfg, processes = self.config(row), self.settings.num_processes
        return TrainRecord(
            config=config_hash(cfg, processes),
            training=config_hash(cfg, processes, training=True),
            started_from=self.start_digest(row, seed),
        )

    def test_digest(self, row: Row) -> str:
        """Digest of all but the checkpoint that a test depends on."""
        return fingerprint(config_hash(self.config(row)), row.tta)

    def start_path(self, row: Row, seed: int) -> Path:
        """Checkpoint that a row's training goes on from."""
        assert row.shares is not None, 'asked of rows that share'
        train_dir = self.folder(row.shares.row, seed).train_dir
        return train_dir / f'epoch_{row.shares.epoch}.pth'

    def start_digest(self, row: Row, seed: int) -> str:
        """Digest of that checkpoint; '' without, or if it is not there."""
        if row.shares is None:
            return ''
        return file_digest(self.start_path(row, seed))

    def check_training(
        self, row: Row, seed: int, record: TrainRecord | None
    ) -> None:
        """Make sure that what was trained is what the row asks for.

        Raises:
            StaleRowError: it is not.
            ValueError: the row cannot go on from what it names.
        """
        if row.shares is not None:
            other = self.table.row(row.shares.row)
            check_start(row, row.shares, self.config(row), self.config(other))
        if record is None:
            return
        wanted = self.new_record(row, seed)
        path = self.folder(row.id, seed).train_dir / record.checkpoint
        fault = ''
        if record.training != wanted.training:
            fault = 'it was trained with another config or number of processes'
        elif wanted.started_from not in ('', record.started_from):
            fault = f'it went on from another checkpoint of {row.needs[0]}'
        elif record.digest and file_digest(path) != record.digest:
            fault = f'{path} is not what was trained'
        if fault:
            raise StaleRowError(f'{fault}; --redo trains it again')

    def _tool(self, script: str, *arguments: str) -> list[str]:
        settings = self.settings
        python = [sys.executable, '-W', 'ignore']
        if settings.launcher == 'none':
            return [*python, f'tools/{script}', *arguments]
        if settings.launcher == 'pytorch':
            python = [
                *(sys.executable, '-m', 'torch.distributed.run'),
                *('--standalone', '--nproc_per_node'),
                str(settings.num_processes),
            ]
        # Options with many values swallow what follows them.
        return [
            *(*settings.prefix, *python, f'tools/{script}'),
            *('--launcher', settings.launcher, *arguments),
        ]
