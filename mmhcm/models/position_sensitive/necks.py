"""Necks that compute position-sensitive maps from a ResNet's last stage."""

from collections.abc import Sequence

from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor, nn

_INIT = {'type': 'Normal', 'layer': 'Conv2d', 'std': 0.01}


@MODELS.register_module()
class LargeSeparableConv(BaseModule):
    """Light-Head R-CNN's large separable convolution (section 3.1).

    Two branches are summed: a column and then a row of weights, and a row and
    then a column. Only the sum has an activation.

    Args:
        in_channels (int): Channels of the last stage.
        mid_channels (int): Channels between column and row. Defaults to 256.
        out_channels (int): Channels of the output, 10 for each of 7 x 7 bins
            by default.
        kernel_size (int): Length of column and row, odd. Defaults to 15.
        init_cfg (dict, optional): Defaults to normal weights of std 0.01.
    """

    def __init__(
        self,
        in_channels: int,
        mid_channels: int = 256,
        out_channels: int = 490,
        kernel_size: int = 15,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg or _INIT)
        self.column_row = nn.Sequential(
            _column(in_channels, mid_channels, kernel_size),
            _row(mid_channels, out_channels, kernel_size),
        )
        self.row_column = nn.Sequential(
            _row(in_channels, mid_channels, kernel_size),
            _column(mid_channels, out_channels, kernel_size),
        )

    def forward(self, inputs: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Compute the thin feature map of the last stage.

        Args:
            inputs: Feature maps of the last two stages.

        Returns:
            The thin map (B, out_channels, H, W), and the unchanged map of the
            second-to-last stage, for ``LastMapRPNHead``.
        """
        for_proposals, last = inputs
        thin = self.column_row(last) + self.row_column(last)
        return thin.relu(), for_proposals


def _column(in_channels: int, out_channels: int, size: int) -> nn.Conv2d:
    """Build a convolution of a column of weights."""
    return nn.Conv2d(
        in_channels, out_channels, (size, 1), padding=(size // 2, 0)
    )


def _row(in_channels: int, out_channels: int, size: int) -> nn.Conv2d:
    """Build a convolution of a row of weights."""
    return nn.Conv2d(
        in_channels, out_channels, (1, size), padding=(0, size // 2)
    )


@MODELS.register_module()
class RFCNNeck(BaseModule):
    """R-FCN's maps of class scores and box offsets (section 2).

    Args:
        in_channels (int): Channels of the last stage.
        num_classes (int): Classes without the background.
        feat_channels (int): Channels of the reduced map. Defaults to 1024.
        num_bins (int): Bins along each side of a region. Defaults to 7.
        init_cfg (dict, optional): Defaults to normal weights of std 0.01.
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        feat_channels: int = 1024,
        num_bins: int = 7,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg or _INIT)
        self.reduce = nn.Conv2d(in_channels, feat_channels, 1)
        # Class scores, the background's last, then four box offsets.
        out_channels = (num_classes + 1 + 4) * num_bins**2
        self.score = nn.Conv2d(feat_channels, out_channels, 1)

    def forward(self, inputs: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Compute the position-sensitive maps of the last stage.

        Args:
            inputs: Feature maps of the last two stages.

        Returns:
            The maps (B, (num_classes + 5) * bins, H, W), and the unchanged map
            of the second-to-last stage, for ``LastMapRPNHead``.
        """
        for_proposals, last = inputs
        return self.score(self.reduce(last).relu()), for_proposals
