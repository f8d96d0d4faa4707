"""Ensemble of other rows' results, as a row of its own."""

import sys
from pathlib import Path

from mmhcm.structures.files import fingerprint

from .configs import config_hash
from .processes import CommandFailedError
from .records import TestRecord, file_digest
from .results import RowResult
from .row_run import RowRun, StaleRowError


class EnsembleRun(RowRun):
    """Ensemble of the result files of other rows with one seed.

    Nothing is trained. The boxes of all members are fused by weighted boxes
    fusion and scored on the test set of the row's config.
    """

    def commands(self) -> list[list[str]]:
        """Build the command lines that fuse and score."""
        return [self.test_command(Path()), self.score_command()]

    def test_command(self, checkpoint: Path) -> list[str]:
        """Build the command line that fuses the members' result files."""
        return [
            *(sys.executable, '-W', 'ignore', '-m', 'mmhcm.cli.ensemble'),
            *(str(run.folder.zip_path) for run in self.members),
            *('--data-root', self.test_root),
            *('--out', str(self.folder.zip_path)),
        ]

    def _train(self) -> None:
        """Train nothing."""

    def _tested(self) -> tuple[Path, TestRecord]:
        """Make the test record of the members' current results."""
        digests = [file_digest(run.folder.zip_path) for run in self.members]
        if not all(digests):
            absent = self.members[digests.index('')].row.id
            raise CommandFailedError(f'row {absent} has no results to fuse')
        config = fingerprint(config_hash(self.config), 'ensemble')
        return Path(), TestRecord(config, fingerprint(*digests))

    def _read_result(self, result: RowResult) -> None:
        """Fill a result from the row's files."""
        tested = self.folder.test_record()
        if tested is None:
            return
        result.config, result.commit = tested.config[:12], tested.commit
        result.status = 'unfinished'
        if not tested.done:
            if tested.error:
                result.status, result.message = 'failed', tested.error
            return
        if not tested.is_of(self._tested()[1]):
            raise StaleRowError('its members have other results since')
        result.add_scores(self.folder.scores())
