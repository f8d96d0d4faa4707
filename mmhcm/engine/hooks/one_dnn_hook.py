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
        """Multiply; as ``nn.Linear``, up to the order of sums."""
        if input.dim() != 2 or not len(input):
            return super().forward(input)
        num_rows, num_channels = input.shape
        # Rows one below the other are a channels-last image already.
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
    """Hook that runs 1x1 convolutions and linear layers by oneDNN on a CPU.

    With a single thread, PyTorch hands 1x1 convolutions to a generic path
    and linear layers to MKL, which took about twice as long as oneDNN on an
    AMD processor. A dilation, which means nothing to a kernel of one pixel,
    makes it take oneDNN. Pays together with ``ChannelsLastHook``; sums are
    taken in another order, so that results differ as between two machines.
    Weights and checkpoints stay as they are; on a GPU nothing is changed.
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
