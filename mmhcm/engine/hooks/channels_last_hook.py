"""Hook that converts the model to the channels-last memory format."""

from typing import Any

import torch
from mmdet.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from mmhcm.engine.wrappers import unwrap


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Hook that makes weights and feature maps channels-last.

    Channels-last convolutions are faster on CPUs and, in mixed precision, on
    GPUs. mmcv's operators keep the contiguous format. The order of sums
    changes: results differ from results without the hook as results differ
    between two machines.
    """

    def before_run(self, runner: Runner) -> None:
        """Convert the detector."""
        model = unwrap(runner.model)
        # PyTorch's type stubs lack this overload.
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        for module in model.modules():
            if _is_of_mmcv(module):
                module.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
                module.register_forward_pre_hook(_make_contiguous)


def _is_of_mmcv(module: nn.Module) -> bool:
    """Check whether a module is an operator of mmcv.

    RoIAlign and deformable convolutions read all features and weights as
    contiguous memory, without an error.
    """
    return any(
        parent.__module__.startswith('mmcv.ops.')
        for parent in type(module).__mro__
    )


def _make_contiguous(_: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(
        arg.contiguous() if isinstance(arg, torch.Tensor) else arg
        for arg in args
    )
