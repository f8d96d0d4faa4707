"""Hook that moves matrix products from MKL to oneDNN."""

from typing import TypeGuard

import torch
import torch.nn.functional as F  # noqa: N812
from mmcv.cnn.bricks import Linear
from mmdet.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn

from mmhcm.engine.wrappers import unwrap


class OneDnnLinear(nn.Linear):
    """Linear layer computed as a 1x1 convolution over the rows."""

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output of ``nn.Linear``, up to the order of sums."""
        if input.dim() != 2 or not len(input):
            return super().forward(input)
        num_rows, num_channels = input.shape
        # The rows are already in the order of a channels-last image.
        image = input.reshape(1, num_rows, 1, num_channels)
        kernel = self.weight.reshape(*self.weight.shape, 1, 1).contiguous(
            memory_format=torch.channels_last
        )
        output = F.conv2d(
            image.permute(0, 3, 1, 2), kernel, self.bias, dilation=2
        )
        return output.permute(0, 2, 3, 1).reshape(num_rows, -1)


@HOOKS.register_module()
class OneDnnHook(Hook):
    """Hook that runs 1x1 convolutions and linear layers with oneDNN on a CPU.

    With a single thread, PyTorch uses a generic implementation for 1x1
    convolutions and MKL for linear layers, which took about twice as long as
    oneDNN on an AMD processor. A dilation, which has no effect on a kernel of
    one pixel, makes PyTorch use oneDNN. The hook is worthwhile together with
    ``ChannelsLastHook``. The order of sums changes, so that results differ as
    between two machines. Weights and checkpoints are unchanged; on a GPU the
    hook has no effect.
    """

    def before_run(self, runner: Runner) -> None:
        """Convert the detector."""
        for module in unwrap(runner.model).modules():
            weight = getattr(module, 'weight', None)
            if weight is None or weight.device.type != 'cpu':
                continue
            if _is_pointwise(module):
                module.dilation = (2, 2)
            elif type(module) in (nn.Linear, Linear):
                module.__class__ = OneDnnLinear


def _is_pointwise(module: nn.Module) -> TypeGuard[nn.Conv2d]:
    return (
        isinstance(module, nn.Conv2d)
        and module.kernel_size == (1, 1)
        and module.groups == 1
        and module.padding == (0, 0)
    )
