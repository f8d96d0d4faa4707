"""Figures, drawn by matplotlib."""

from .charts import box_statistics, draw_counts, draw_distributions
from .photos import (
    Photo,
    PhotoRow,
    choose_images,
    class_boxes,
    detections_text,
    draw_photos,
    photo_rows,
)
from .result_charts import (
    bin_names,
    class_means,
    draw_confusion,
    draw_errors,
    draw_size_scores,
    row_shares,
)
from .style import (
    FORMATS,
    WIDTHS,
    Drawing,
    figure_style,
    save_drawing,
    wanted_paths,
)

__all__ = [
    'FORMATS',
    'WIDTHS',
    'Drawing',
    'Photo',
    'PhotoRow',
    'bin_names',
    'box_statistics',
    'choose_images',
    'class_boxes',
    'class_means',
    'detections_text',
    'draw_confusion',
    'draw_counts',
    'draw_distributions',
    'draw_errors',
    'draw_photos',
    'draw_size_scores',
    'figure_style',
    'photo_rows',
    'row_shares',
    'save_drawing',
    'wanted_paths',
]
