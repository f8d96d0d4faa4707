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

    Padding by the pipeline is counted, padding to the size of a batch is not.
    The main process counts its own inputs and assumes the same number of
    pixels on the other ranks: the count is exact for chips, and approximate
    for whole images of different sizes. A resumed run continues the count of
    its checkpoint.
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
        """Store the number of pixels."""
        checkpoint[_STATE_KEY] = self.pixels

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Restore the number of pixels when resuming."""
        if runner._resume:
            self.pixels = int(checkpoint.get(_STATE_KEY, 0))
