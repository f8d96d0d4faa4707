"""One row of a table with one seed: trained, tested, scored."""

import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from mmengine.config import Config
from mmengine.logging import print_log

from mmhcm.engine.checkpoints import latest_checkpoint
from mmhcm.engine.launching import innermost_dataset
from mmhcm.structures.files import fingerprint, one_line

from .configs import (
    check_start,
    config_hash,
    option_texts,
    planned_pixels,
    resolve_config,
)
from .processes import CommandFailedError, code_version, run_logged
from .records import (
    RowFolder,
    TestRecord,
    TrainRecord,
    file_digest,
    trained_amount,
)
from .results import RowResult
from .rows import Row
from .settings import RunSettings

#: Errors that end a row, but not the other rows.
_ROW_ERRORS = (CommandFailedError, ImportError, OSError, ValueError)


class StaleRowError(ValueError):
    """Error of a row that was trained from another config or checkpoint."""


class RowRun:
    """Run of a row with one seed: files, commands, records and state.

    Args:
        row: The row.
        seed: The seed.
        settings: Settings of all rows.
        above: Runs of the rows above it with the same seed, by row id.
        configs: Resolved configs by row id, which the seeds of a row share.

    Attributes:
        folder: Files of the run.
        owner: Run whose checkpoint is tested: this run, or the run of the
            row ``checkpoint_of``.
        start: Run whose checkpoint training continues from, or None.
        members: Runs whose results an ensemble fuses.
        fault: Error that ended the run, or ''.
    """

    def __init__(
        self,
        row: Row,
        seed: int,
        settings: RunSettings,
        above: Mapping[str, 'RowRun'],
        configs: dict[str, Config],
    ) -> None:
        self.row, self.seed, self.settings = row, seed, settings
        self.folder = RowFolder(settings.work_dir / row.id / f'seed_{seed}')
        self.owner = above[row.checkpoint_of] if row.checkpoint_of else self
        self.start = above[row.shares.row] if row.shares else None
        self.members = [above[name] for name in row.ensemble_of]
        self.fault = ''
        self._configs = configs

    def run(self) -> bool:
        """Train and test the row, without repeating finished steps.

        Returns:
            False if an error ended the run; ``fault`` has the message.
        """
        try:
            for needed in (self.owner, self.start, *self.members):
                if needed is not None and needed.fault:
                    raise CommandFailedError(f'row {needed.row.id} failed')
            with self.folder.locked():
                if self.owner is self:
                    self._train()
                self._test()
        except _ROW_ERRORS as error:
            self.fault = one_line(error, None)
            text = f'{self.row.id}, seed {self.seed}: {self.fault}'
            print_log(text, level=logging.ERROR)
        return not self.fault

    def result(self) -> RowResult:
        """Read the row's result from its files."""
        result, fault = RowResult(self.row, self.seed), self.fault
        try:
            self._read_result(result)
        except StaleRowError as error:
            result.status, result.message = 'stale', str(error)
        except _ROW_ERRORS as error:
            fault = fault or one_line(error, None)
        if fault:
            result.status, result.message = 'failed', fault
        return result

    @property
    def config(self) -> Config:
        """Config of the row with all options and the first seed."""
        if self.row.id not in self._configs:
            self._configs[self.row.id] = resolve_config(
                self.row.config, self._options(self.settings.seeds[0])
            )
        return self._configs[self.row.id]

    def commands(self) -> list[list[str]]:
        """Build all command lines of a row that has not started."""
        checkpoint = self.owner.folder.train_dir / '<checkpoint>'
        return [
            *([self.train_command()] if self.owner is self else []),
            self.test_command(checkpoint),
            self.score_command(),
        ]

    def train_command(self) -> list[str]:
        """Build the command line that trains the row or resumes training."""
        resume = []
        if (self.folder.train_dir / 'last_checkpoint').is_file():
            resume = ['--resume']
        elif (start := self._start_path()) is not None:
            resume = [f'--resume={start}']
        return self.settings.command(
            'train',
            *(str(self.row.config), *resume),
            *('--work-dir', str(self.folder.train_dir)),
            *('--cfg-options', *self._options(self.seed)),
        )

    def test_command(self, checkpoint: Path) -> list[str]:
        """Build the command line that writes the row's result files."""
        return self.settings.command(
            'submit',
            *(str(self.row.config), str(checkpoint)),
            *('--out', str(self.folder.zip_path)),
            *('--work-dir', str(self.folder.test_dir)),
            *(['--tta'] if self.row.tta else []),
            *(['--slices'] if self.row.slices else []),
            *('--cfg-options', *self._options(self.seed)),
        )

    def score_command(self) -> list[str]:
        """Build the command line that scores the row's result files."""
        return [
            *(sys.executable, '-W', 'ignore', '-m', 'mmhcm.cli.evaluate'),
            str(self.folder.zip_path),
            *('--data-root', self.test_root),
            *('--out', str(self.folder.scores_path)),
        ]

    @property
    def test_root(self) -> str:
        """Folder of the test set."""
        dataset = innermost_dataset(self.config.test_dataloader.dataset)
        return str(dataset.data_root)

    def _options(self, seed: int) -> list[str]:
        """List the config options with a seed, as ``key=value`` texts."""
        return [
            *self.settings.cfg_options,
            *option_texts(self.row.cfg_options),
            f'randomness.seed={seed}',
        ]

    def _start_path(self) -> Path | None:
        """Return the path of the checkpoint to continue from, if any."""
        if self.start is None or self.row.shares is None:
            return None
        name = f'epoch_{self.row.shares.epoch}.pth'
        return self.start.folder.train_dir / name

    def _new_record(self) -> TrainRecord:
        """Make the record of a new training."""
        cfg, processes = self.config, self.settings.num_processes
        start = self._start_path()
        return TrainRecord(
            config=config_hash(cfg, processes),
            training=config_hash(cfg, processes, training=True),
            started_from='' if start is None else file_digest(start),
        )

    def _wanted_test(self, trained: TrainRecord) -> TestRecord:
        """Make the record of a test of a trained checkpoint."""
        mode = 'slices' if self.row.slices else self.row.tta
        config = fingerprint(config_hash(self.config), mode)
        return TestRecord(config, trained.digest)

    def _check_training(self, record: TrainRecord | None) -> None:
        """Make sure that the recorded training is that of the row.

        Raises:
            StaleRowError: the recorded training differs.
            ValueError: the row cannot continue from the row in ``shares``.
        """
        if self.start is not None and self.row.shares is not None:
            check_start(
                self.row, self.row.shares, self.config, self.start.config
            )
        if record is None:
            return
        wanted = self._new_record()
        path = self.folder.train_dir / record.checkpoint
        fault = ''
        if record.training != wanted.training:
            fault = 'it was trained with another config or number of processes'
        elif wanted.started_from not in ('', record.started_from):
            fault = (
                f'it went on from another checkpoint of {self.row.needs[0]}'
            )
        elif record.digest and file_digest(path) != record.digest:
            fault = f'{path} is not what was trained'
        if fault:
            raise StaleRowError(f'{fault}; --redo trains it again')

    def _train(self) -> None:
        """Train the row, unless a valid checkpoint exists."""
        record = self.folder.train_record()
        try:
            self._check_training(record)
        except StaleRowError as error:
            if not self.settings.redo:
                raise
            kept = self.folder.set_aside()
            print_log(f'{self.row.id}: {error}; kept as {kept}')
            record = None
        if record is not None and record.digest:
            return
        if record is None:
            # A training without a record cannot be resumed.
            if self.folder.train_dir.exists():
                self.folder.set_aside()
            record = self._new_record()
        version = code_version()
        if record.commits[-1:] != [version]:
            record.commits.append(version)
        record.error = ''
        checkpoint = self._run_training(record)
        iterations, record.pixels = trained_amount(checkpoint)
        record.pixels_from = 'measured'
        if record.pixels is None:
            record.pixels_from = 'planned'
            record.pixels = planned_pixels(
                self.config, iterations, self.settings.num_processes
            )
        record.checkpoint = Path(checkpoint).name
        record.digest = file_digest(checkpoint)
        self.folder.write(record)

    def _run_training(self, record: TrainRecord) -> str:
        """Run the training's command; return its last checkpoint."""

        def tick(seconds: float) -> None:
            record.seconds += seconds
            self.folder.write(record)

        tick(0.0)
        with self._noting_failure(record):
            self._call(self.train_command(), tick)
            checkpoint = latest_checkpoint(self.folder.train_dir)
            if checkpoint is None:
                raise CommandFailedError('the training left no checkpoint')
        return checkpoint

    def _tested(self) -> tuple[Path, TestRecord]:
        """Find the checkpoint to test, and make the record of its test."""
        trained = self.owner.folder.train_record()
        if trained is None or not trained.digest:
            raise CommandFailedError('there is no trained checkpoint to test')
        path = self.owner.folder.train_dir / trained.checkpoint
        return path, self._wanted_test(trained)

    def _test(self) -> None:
        """Test and score the checkpoint, unless valid scores exist."""
        folder = self.folder
        checkpoint, record = self._tested()
        known = folder.test_record()
        if known is not None and known.done:
            if known.is_of(record) and folder.scores_path.is_file():
                return
            print_log(
                f'{self.row.id}: config or checkpoint changed, tested again'
            )
        record.commit = code_version()
        folder.write(record)
        for path in (folder.zip_path, folder.scores_path):
            path.unlink(missing_ok=True)
        shutil.rmtree(folder.test_dir, ignore_errors=True)
        with self._noting_failure(record):
            self._call(self.test_command(checkpoint))
            self._call(self.score_command())
        record.done = True
        folder.write(record)

    def _read_result(self, result: RowResult) -> None:
        """Fill a result from the row's files.

        Raises:
            StaleRowError: the files are of another config or checkpoint.
        """
        is_borrowed = self.owner is not self
        trained = self.owner.folder.train_record()
        tested = self.folder.test_record()
        if trained is None or (is_borrowed and tested is None):
            return
        result.add_training(trained, is_borrowed)
        self.owner._check_training(trained)
        if tested is None or not tested.done:
            error = trained.error or (tested.error if tested else '')
            if error:
                result.status, result.message = 'failed', error
            return
        if not tested.is_of(self._wanted_test(trained)):
            raise StaleRowError('its test is of another config or checkpoint')
        if is_borrowed:
            result.config = tested.config[:12]
        result.add_scores(self.folder.scores())

    @contextmanager
    def _noting_failure(
        self, record: TrainRecord | TestRecord
    ) -> Iterator[None]:
        """Write a failed command's last line into a record."""
        try:
            yield
        except CommandFailedError as error:
            record.error = str(error)
            self.folder.write(record)
            raise

    def _call(
        self,
        command: Sequence[str],
        tick: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        """Run a command with the row's log and environment."""
        run_logged(
            command,
            self.folder.log_path,
            env={**os.environ, **self.settings.env},
            tick=tick,
        )
