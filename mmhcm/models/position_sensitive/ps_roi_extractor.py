"""RoI features by position-sensitive RoIAlign."""

from collections.abc import Sequence

from mmdet.models.roi_heads.roi_extractors import BaseRoIExtractor
from mmdet.registry import MODELS
from torch import Tensor, nn

from .ps_roi_align import PSRoIAlign


@MODELS.register_module()
class PSRoIExtractor(BaseRoIExtractor):
    """Extractor of position-sensitive features from one feature map.

    Regions stay in float32: half precision would shift them by pixels.

    Args:
        roi_layer (dict): Arguments of ``PSRoIAlign``.
        out_channels (int): Channels of the output; the feature map has
            ``out_channels`` times the number of bins.
        featmap_strides (list[int]): Stride of the feature map, one value.
        init_cfg (dict, optional): Initialization. Defaults to None.
    """

    def build_roi_layers(
        self, layer_cfg: dict, featmap_strides: list[int]
    ) -> nn.ModuleList:
        """Build the layer of the feature map.

        Raises:
            ValueError: the number of strides is not 1.
        """
        if len(featmap_strides) != 1:
            raise ValueError(
                f'featmap_strides must have one value, got {featmap_strides}'
            )
        options = {k: v for k, v in layer_cfg.items() if k != 'type'}
        return nn.ModuleList(
            [PSRoIAlign(spatial_scale=1 / featmap_strides[0], **options)]
        )

    def forward(
        self,
        feats: Sequence[Tensor],
        rois: Tensor,
        roi_scale_factor: float | None = None,
    ) -> Tensor:
        """Pool regions.

        Args:
            feats: One feature map (B, out_channels * h * w, H, W).
            rois: (n, 5): image index, x1, y1, x2, y2 in input pixels.
            roi_scale_factor: Factor on the sides of regions.

        Returns:
            (n, out_channels, h, w).
        """
        if roi_scale_factor is not None:
            rois = self.roi_rescale(rois, roi_scale_factor)
        return self.roi_layers[0](feats[0], rois)
