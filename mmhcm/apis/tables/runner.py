"""Training and testing of a table's rows, one after another."""

import logging
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mmengine.logging import print_log

from mmhcm.engine.checkpoints import latest_checkpoint
from mmhcm.structures.files import one_line

from .configs import planned_pixels
from .processes import CommandFailedError, code_version, run_logged
from .records import (
    RowFolder,
    TestRecord,
    TrainRecord,
    file_digest,
    trained_amount,
)
from .results import RowResult, write_tables
from .row_run import StaleRowError, TablePlan
from .rows import Row, Table
from .settings import RunSettings

_USER_ERRORS = (CommandFailedError, ImportError, OSError, ValueError)


class TableRunner:
    """Train and test rows with each seed, and write their table.

    What is finished is kept: a training whose config, seed, processes and
    starting checkpoint are what they were, and a test of the same checkpoint
    and config. A training that was interrupted goes on; one whose config has
    changed since is an error, unless ``redo`` sets it aside. A row that
    fails does not stop the others.

    Args:
        table: The rows.
        settings: How they are run.
    """

    def __init__(self, table: Table, settings: RunSettings) -> None:
        self.table = table
        self.settings = settings
        self.plan = TablePlan(table, settings)
        self._faults: dict[tuple[str, int], str] = {}

    def run(self, row_ids: Sequence[str] | None = None) -> bool:
        """Run rows and what they need; whether all are done.

        Args:
            row_ids: Defaults to None, all rows.

        Raises:
            ValueError: no such row.
        """
        rows = self.table.with_needs(
            [row.id for row in self.table.rows] if row_ids is None else row_ids
        )
        self._faults = {}
        self._write()
        for seed in self.settings.seeds:
            for row in rows:
                try:
                    self._run_row(row, seed)
                except _USER_ERRORS as error:
                    fault = one_line(error, None)
                    self._faults[row.id, seed] = fault
                    print_log(
                        f'{row.id}, seed {seed}: {fault}',
                        level=logging.ERROR,
                    )
                finally:
                    self._write()
        return not self._faults

    def results(self) -> list[RowResult]:
        """Results of all rows and seeds, as their files say."""
        return [
            self._result(row, seed)
            for row in self.table.rows
            for seed in self.settings.seeds
        ]

    def _write(self) -> None:
        write_tables(self.table, self.results(), self.settings.work_dir)

    def _run_row(self, row: Row, seed: int) -> None:
        for needed in row.needs:
            if (needed, seed) in self._faults:
                raise CommandFailedError(f'row {needed} failed')
        with self.plan.folder(row.id, seed).locked():
            if row.checkpoint_of is None:
                self._train(row, seed)
            self._test(row, seed)

    def _train(self, row: Row, seed: int) -> None:
        folder = self.plan.folder(row.id, seed)
        record = folder.train_record()
        try:
            self.plan.check_training(row, seed, record)
        except StaleRowError as error:
            if not self.settings.redo:
                raise
            print_log(f'{row.id}: {error}; kept as {folder.set_aside()}')
            record = None
        if record is not None and record.digest:
            return
        if record is None:
            # What an unknown run left is nothing to go on from.
            if folder.train_dir.exists():
                folder.set_aside()
            record = self.plan.new_record(row, seed)
        version = code_version(self.settings.repository)
        if record.commits[-1:] != [version]:
            record.commits.append(version)
        self._run_training(row, seed, record)

    def _run_training(self, row: Row, seed: int, record: TrainRecord) -> None:
        folder = self.plan.folder(row.id, seed)
        record.error = ''

        def tick(seconds: float) -> None:
            record.seconds += seconds
            folder.write(record)

        tick(0.0)
        try:
            self._call(self.plan.train_command(row, seed), folder, tick)
            checkpoint = latest_checkpoint(folder.train_dir)
            if checkpoint is None:
                raise CommandFailedError('the training left no checkpoint')
        except CommandFailedError as error:
            record.error = str(error)
            folder.write(record)
            raise
        iterations, record.pixels = trained_amount(checkpoint)
        record.pixels_from = 'measured'
        if record.pixels is None:
            record.pixels_from = 'planned'
            record.pixels = planned_pixels(
                self.plan.config(row), iterations, self.settings.num_processes
            )
        record.checkpoint = Path(checkpoint).name
        record.digest = file_digest(checkpoint)
        folder.write(record)

    def _test(self, row: Row, seed: int) -> None:
        folder = self.plan.folder(row.id, seed)
        owner = self.plan.folder(self.plan.owner(row).id, seed)
        trained = owner.train_record()
        if trained is None or not trained.digest:
            raise CommandFailedError('there is no trained checkpoint to test')
        record = TestRecord(self.plan.test_digest(row), trained.digest)
        known = folder.test_record()
        if known is not None and known.done:
            if known.is_of(record) and folder.figures_path.is_file():
                return
            print_log(f'{row.id}: config or checkpoint changed, tested again')
        record.commit = code_version(self.settings.repository)
        folder.write(record)
        for path in (folder.zip_path, folder.figures_path):
            path.unlink(missing_ok=True)
        shutil.rmtree(folder.test_dir, ignore_errors=True)
        checkpoint = str(owner.train_dir / trained.checkpoint)
        try:
            for command in (
                self.plan.test_command(row, seed, checkpoint),
                self.plan.score_command(row, seed),
            ):
                self._call(command, folder)
        except CommandFailedError as error:
            record.error = str(error)
            folder.write(record)
            raise
        record.done = True
        folder.write(record)

    def _result(self, row: Row, seed: int) -> RowResult:
        """What the files of a row say, or that they are of something else."""
        result = RowResult(row, seed)
        fault = self._faults.get((row.id, seed), '')
        try:
            self._read_result(result)
        except StaleRowError as error:
            result.status, result.message = 'stale', str(error)
        except _USER_ERRORS as error:
            fault = fault or one_line(error, None)
        if fault:
            result.status, result.message = 'failed', fault
        return result

    def _read_result(self, result: RowResult) -> None:
        row, seed = result.row, result.seed
        folder, owner = self.plan.folder(row.id, seed), self.plan.owner(row)
        trained = self.plan.folder(owner.id, seed).train_record()
        tested = folder.test_record()
        if trained is None or (owner is not row and tested is None):
            return
        result.add_training(trained, borrowed=owner is not row)
        self.plan.check_training(owner, seed, trained)
        if tested is None or not tested.done:
            error = trained.error or (tested.error if tested else '')
            if error:
                result.status, result.message = 'failed', error
            return
        wanted = TestRecord(self.plan.test_digest(row), trained.digest)
        if not tested.is_of(wanted):
            raise StaleRowError('its test is of another config or checkpoint')
        result.config = (
            tested.config[:12] if owner is not row else result.config
        )
        result.add_figures(folder.figures())

    def _call(
        self,
        command: Sequence[str],
        folder: RowFolder,
        tick: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        environment: Mapping[str, str] = {**os.environ, **self.settings.env}
        run_logged(
            command,
            folder.log_path,
            cwd=self.settings.repository,
            env=environment,
            tick=tick,
        )
