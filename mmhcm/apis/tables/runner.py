"""Training and testing of a table's rows, one after another."""

from collections.abc import Sequence

from mmengine.config import Config

from .ensemble_run import EnsembleRun
from .results import RowResult, write_tables
from .row_run import RowRun
from .rows import Table
from .settings import RunSettings


class TableRunner:
    """Runner that trains and tests rows with each seed, and writes a table.

    Finished work is kept: a training whose config, seed, number of processes
    and starting checkpoint are unchanged, and a test whose checkpoint and
    config are unchanged. An interrupted training is resumed. A training whose
    config has changed is an error, unless ``redo`` sets the training aside. A
    failed row does not stop the other rows.

    Args:
        table: The rows.
        settings: Settings of all rows.
    """

    def __init__(self, table: Table, settings: RunSettings) -> None:
        self.table = table
        self.settings = settings
        # Seed by seed, the order in which rows are run.
        self._runs: list[RowRun] = []
        configs: dict[str, Config] = {}
        for seed in settings.seeds:
            above: dict[str, RowRun] = {}
            for row in table.rows:
                kind = EnsembleRun if row.ensemble_of else RowRun
                above[row.id] = kind(row, seed, settings, above, configs)
            self._runs += above.values()

    def run(self, row_ids: Sequence[str] | None = None) -> bool:
        """Run rows and the rows that they need.

        Args:
            row_ids: Defaults to None, all rows.

        Returns:
            True if all rows are done.

        Raises:
            ValueError: no row has this id.
        """
        runs = self.runs(row_ids)
        for run in self._runs:
            run.fault = ''
        self._write()
        done = True
        for run in runs:
            try:
                done &= run.run()
            finally:
                self._write()
        return done

    def runs(self, row_ids: Sequence[str] | None = None) -> list[RowRun]:
        """Select the runs of rows and of the rows that they need.

        Args:
            row_ids: Defaults to None, all rows.

        Returns:
            Runs in the order of execution.

        Raises:
            ValueError: no row has this id.
        """
        if row_ids is None:
            return self._runs
        rows = self.table.with_needs(row_ids)
        return [run for run in self._runs if run.row in rows]

    def results(self) -> list[RowResult]:
        """Read the results of all rows and seeds from their files."""
        # Row by row, as in the tables.
        return [
            run.result()
            for row in self.table.rows
            for run in self._runs
            if run.row is row
        ]

    def _write(self) -> None:
        write_tables(self.table, self.results(), self.settings.work_dir)
