"""Hook that writes a page about each mining round of a training run."""

from typing import Any

from mmdet.registry import HOOKS
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmhcm.datasets import find_chip_dataset
from mmhcm.engine.hooks import HardChipMiningHook
from mmhcm.engine.mining import round_path

from .sources import ReportOptions
from .writer import report_round


@HOOKS.register_module()
class MiningReportHook(Hook):
    """Hook that writes ``report.html`` next to each round of a run.

    Reads the list of rounds from the run's ``HardChipMiningHook`` after a
    resume and before each epoch or iteration, and writes the missing pages.
    Without a ``HardChipMiningHook``, does nothing. A page that cannot be
    written causes a warning and does not end the training.

    Runs at priority NORMAL, after ``HardChipMiningHook``.

    Args:
        num_examples (int): Pictures of errors, of all types together.
            Defaults to 24.
        num_canvases (int): Pictures of canvases with pasted objects.
            Defaults to 4.

    Raises:
        ValueError: a number is negative or not an integer.
    """

    priority = 'NORMAL'

    def __init__(self, num_examples: int = 24, num_canvases: int = 4) -> None:
        self.options = ReportOptions(num_examples, num_canvases)
        self._num_seen = 0

    def before_train(self, runner: Runner) -> None:
        """Write the missing pages of the checkpoint's rounds."""
        self._write(runner)

    def before_train_epoch(self, runner: Runner) -> None:
        """Write the page of a round that was just mined."""
        self._write(runner)

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Write the page of a round that was mined between iterations."""
        self._write(runner)

    def _write(self, runner: Runner) -> None:
        """Try once to write the page of each new round."""
        if not is_main_process():
            return
        entries = [
            entry
            for hook in runner.hooks
            if isinstance(hook, HardChipMiningHook)
            for entry in hook.rounds
        ]
        for entry in entries[self._num_seen :]:
            report_round(
                round_path(runner.work_dir, entry['round']),
                entry['fingerprint'],
                find_chip_dataset(runner.train_dataloader.dataset),
                runner.cfg,
                self.options,
                runner.logger,
            )
        self._num_seen = len(entries)
