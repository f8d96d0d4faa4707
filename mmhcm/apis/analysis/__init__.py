"""Statistics of a data set, and anchors for it."""

from .anchors import fit_config_anchors, fit_text, proposed_scales, scales_text
from .statistics import analyze, statistics_text, write_statistics

__all__ = [
    'analyze',
    'fit_config_anchors',
    'fit_text',
    'proposed_scales',
    'scales_text',
    'statistics_text',
    'write_statistics',
]
