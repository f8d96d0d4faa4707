"""Backbones, and plugins of MMDetection's ResNet."""

from .detnet import DetNet
from .spatial_group_enhance import SpatialGroupEnhance

__all__ = ['DetNet', 'SpatialGroupEnhance']
