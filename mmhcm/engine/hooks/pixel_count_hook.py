"""Hook that counts the pixels of training."""

from typing import Any

from mmdet.registry import HOOKS
from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner

_STATE_KEY = 'trained_pixels'


@HOOKS.register_module()
class PixelCountHook(Hook):
    """Hook that counts the pixels of the training inputs into checkpoints.

    An input counts with the padding that its pipeline gave it, not with that
    of its batch. The main process counts its own inputs and takes the other
    ranks' to be as large: so chips are counted exactly, whole images of many
    sizes nearly. What was trained before a checkpoint that a run goes on
    from is included.
    """

    priority = 'NORMAL'

    def __init__(self) -> None:
        self.pixels = 0

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict | None = None,
    ) -> None:
        """Add the inputs of one iteration."""
        if data_batch is not None:
            self.pixels += get_world_size() * sum(
                image.shape[-2] * image.shape[-1]
                for image in data_batch['inputs']
            )

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Write the sum."""
        checkpoint[_STATE_KEY] = self.pixels

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Go on from a checkpoint's sum when resuming."""
        if runner._resume:
            self.pixels = int(checkpoint.get(_STATE_KEY, 0))
