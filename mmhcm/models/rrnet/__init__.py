"""RRNet (Chen et al., ICCV Workshops 2019): CenterNet, second regression."""

from .box_refiner import BoxRefiner
from .center_branch import CenterBranch
from .center_targets import center_targets, gaussian_radii
from .rrnet_head import RRNetHead

__all__ = [
    'BoxRefiner',
    'CenterBranch',
    'RRNetHead',
    'center_targets',
    'gaussian_radii',
]
