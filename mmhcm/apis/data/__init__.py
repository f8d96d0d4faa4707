"""Training data of a config, for commands that show the data."""

from .chipped_image import ChippedImage, chip_image, iterate_images
from .detecting import detect
from .rendering import (
    canvas_pipeline,
    chip_pipeline,
    pasted_flags,
    rendering_canvases,
    rendering_chips,
    rendering_hard_chips,
)
from .training_data import (
    InputResizing,
    build_training_data,
    chosen_training_data,
    min_visible_of,
    training_cfgs,
    training_pipeline,
)

__all__ = [
    'ChippedImage',
    'InputResizing',
    'build_training_data',
    'canvas_pipeline',
    'chip_image',
    'chip_pipeline',
    'chosen_training_data',
    'detect',
    'iterate_images',
    'min_visible_of',
    'pasted_flags',
    'rendering_canvases',
    'rendering_chips',
    'rendering_hard_chips',
    'training_cfgs',
    'training_pipeline',
]
