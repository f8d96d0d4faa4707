"""RoI features on the CPU, as sums over bags of feature vectors."""

from mmdet.models.roi_heads.roi_extractors import SingleRoIExtractor
from mmdet.registry import MODELS
from torch import nn

from mmhcm.ops import BagRoIAlign


@MODELS.register_module()
class BagRoIExtractor(SingleRoIExtractor):
    """``SingleRoIExtractor`` with a fast RoIAlign for CPUs.

    For regions that start inside the feature map, the result equals that of
    ``RoIAlign(aligned=True, pool_mode='avg')`` up to the order of summation.
    Forward and backward passes are several times faster on one core, and
    feature maps can have any memory format (on the CPU, mmcv's RoIAlign reads
    channels-last feature maps as if they were contiguous). For other regions,
    rounding can decide whether a sample exactly at the cut-off counts.
    """

    def build_roi_layers(
        self, layer_cfg: dict, featmap_strides: list[int]
    ) -> nn.ModuleList:
        """Build one layer for each stride."""
        options = {k: v for k, v in layer_cfg.items() if k != 'type'}
        return nn.ModuleList(
            BagRoIAlign(spatial_scale=1 / stride, **options)
            for stride in featmap_strides
        )
