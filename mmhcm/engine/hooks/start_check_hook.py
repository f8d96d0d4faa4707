"""Hook that checks a run before its first iteration."""

from collections.abc import Mapping
from typing import Any

from mmdet.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, Runner

from mmhcm.engine.checks import (
    check_testing,
    check_training,
    check_weights,
    describe_schedule,
)

from .hard_chip_mining_hook import HardChipMiningHook


@HOOKS.register_module()
class StartCheckHook(Hook):
    """Hook that checks data, pipelines, classes and metrics of a run.

    Detects wrong labels and failing validations before the first iteration,
    see ``mmhcm.engine.checks``. One synthetic sample of each kind goes through
    the training pipeline, and one image through the pipelines of validation
    and test.

    Runs at priority NORMAL, after ``HardChipMiningHook`` has checked its
    schedule, and before checkpoints are loaded. Weights are checked after
    loading.
    """

    priority = 'NORMAL'

    def before_run(self, runner: Runner) -> None:
        """Check the data of the training or test that is about to run.

        Raises:
            ValueError: a check fails; the message names the file of the
                config, the key and the remedy.
        """
        if isinstance(runner._test_loop, BaseLoop):
            check_testing(runner)
        if not isinstance(runner._train_loop, BaseLoop):
            return
        mining = [
            hook
            for hook in runner.hooks
            if isinstance(hook, HardChipMiningHook) and hook.moments
        ]
        check_training(
            runner,
            has_pastes=any(hook.settings.has_pastes for hook in mining),
            has_regions=any(hook.settings.external for hook in mining),
        )

    def before_train(self, runner: Runner) -> None:
        """Check the weights that training starts from.

        Raises:
            ValueError: a check fails; the message names the file of the
                config, the key and the remedy.
        """
        check_weights(runner)

    def after_load_checkpoint(
        self, runner: Runner, checkpoint: Mapping[str, Any]
    ) -> None:
        """Warn if a resumed run would not follow the config's schedule."""
        if not runner._resume or not isinstance(runner.param_schedulers, list):
            return
        difference = describe_schedule(
            runner.param_schedulers, checkpoint.get('param_schedulers', ())
        )
        if difference:
            runner.logger.warning(
                '--resume continues the schedule of the checkpoint, which '
                f"differs from the config's: {difference}"
            )
