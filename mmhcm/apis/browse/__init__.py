"""Pictures of what a config trains on and detects."""

from .browsing import (
    save_canvases,
    save_chips,
    save_detections,
    save_hard_chips,
)
from .exporting import export
from .pictures import write_picture

__all__ = [
    'export',
    'save_canvases',
    'save_chips',
    'save_detections',
    'save_hard_chips',
    'write_picture',
]
