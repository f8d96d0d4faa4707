"""Feature maps as convolutions like them best."""

from typing import Any

import torch
from mmcv.ops import RoIAlign
from mmdet.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from mmhcm.engine.mining_loop import unwrap


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Keep weights and feature maps channels-last, in training and test.

    Convolutions are faster so, on CPUs as well as in mixed precision on
    GPUs. Sums are taken in another order: figures differ from those without
    it as they do between two machines.
    """

    def before_run(self, runner: Runner) -> None:
        """Convert the detector."""
        model = unwrap(runner.model)
        # What PyTorch takes and its stubs leave out.
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        for module in model.modules():
            # Reads its input as if it were contiguous, and says nothing.
            if isinstance(module, RoIAlign):
                module.register_forward_pre_hook(_make_contiguous)


def _make_contiguous(_: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
    feats, *others = args
    return feats.contiguous(), *others
