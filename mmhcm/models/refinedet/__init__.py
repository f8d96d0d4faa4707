"""RefineDet (Zhang et al., CVPR 2018, arXiv 1711.06897)."""

from .anchor_refinement_head import AnchorRefinementHead
from .refine_vgg import RefineVGG
from .refined_ssd_head import RefinedSSDHead
from .refinedet_head import RefineDetHead
from .transfer_connection_neck import TransferConnectionNeck

__all__ = [
    'AnchorRefinementHead',
    'RefineDetHead',
    'RefineVGG',
    'RefinedSSDHead',
    'TransferConnectionNeck',
]
