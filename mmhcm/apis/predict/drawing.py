"""Pictures with the boxes of detections."""

from collections.abc import Sequence

import numpy as np

from mmhcm.functional.merging import Detections
from mmhcm.visualization.box_styles import class_style
from mmhcm.visualization.pictures import (
    LegendItem,
    Marks,
    ObjectMarks,
    draw_boxes,
    legend_strip,
)

#: Longest side of a drawn picture, pixels; larger images are shrunk.
MAX_SIDE = 8192
#: Pixels of the long side for each pixel of a line's width.
_SIDE_OF_SIZE = 1500


def draw_detections(
    image: np.ndarray,
    found: Detections,
    classes: Sequence[str],
    all_classes: bool = False,
) -> np.ndarray:
    """Return an image with boxes, and a legend below it.

    Args:
        image: uint8 (h, w, 3) BGR.
        found: Boxes in pixels of ``image``, the best first.
        classes: Name of each label.
        all_classes: Show all classes in the legend, so that all frames of a
            video have the same size, instead of the detected classes with
            their numbers. Defaults to False.

    Returns:
        uint8 (h', w', 3).
    """
    # Draw the best detections on top.
    marks = Marks(ObjectMarks(found.bboxes[::-1], found.labels[::-1]))
    # Scale lines and letters, because large pictures are shown shrunk.
    size = max(min(max(image.shape), MAX_SIDE) // _SIDE_OF_SIZE, 1)
    picture = draw_boxes(image, marks, max_side=MAX_SIDE, thickness=size)
    counts = np.bincount(found.labels, minlength=len(classes)).tolist()
    items = [
        LegendItem(
            class_style(label, name if all_classes else f'{name} {count}')
        )
        for label, (name, count) in enumerate(
            zip(classes, counts, strict=True)
        )
        if count or all_classes
    ]
    width = picture.shape[1]
    legend = legend_strip(items, '', width // size)
    legend = legend.repeat(size, axis=0).repeat(size, axis=1)
    # The legend is narrower if the width is no multiple of the size.
    missing = [(0, 0), (0, width - legend.shape[1]), (0, 0)]
    return np.concatenate([picture, np.pad(legend, missing, mode='edge')])
