"""Pictures with objects, ignored objects, masked regions and errors.

Kinds of boxes differ in line style and colour: an object to learn is a solid
box in the colour of its class, a pasted object has a second outline, an
ignored object is dashed and grey, a masked region is hatched. Errors are
thick, with a black casing, in five colours that colour-blind viewers can
distinguish, and solid, dashed or dotted. A legend names the kinds of boxes
that occur.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from mmhcm.functional.boxes import as_bboxes
from mmhcm.visualization.box_styles import (
    ERROR_STYLES,
    IGNORED,
    MASKED,
    class_style,
)

from .legend import legend_items, legend_strip
from .marks import ErrorMarks, Marks, ObjectMarks
from .strokes import (
    Rect,
    as_rect,
    grow,
    hatch_rect,
    put_tag,
    stroke_error,
    stroke_pasted,
    stroke_rect,
)


def draw_marks(
    image: np.ndarray,
    marks: Marks,
    classes: Sequence[str],
    min_side: int = 640,
) -> np.ndarray:
    """Return the picture with its marks, and a legend below it.

    Args:
        image: uint8 (h, w, 3) BGR.
        marks: Boxes to draw, in pixels of ``image``.
        classes: Name of each label.
        min_side: See :func:`draw_boxes`. Defaults to 640.

    Returns:
        uint8 (h', w', 3).
    """
    picture = draw_boxes(image, marks, min_side)
    items = legend_items([marks], classes)
    strip = legend_strip(items, marks.title, picture.shape[1])
    return np.concatenate([picture, strip])


def draw_boxes(
    image: np.ndarray,
    marks: Marks,
    min_side: int = 640,
    max_side: int | None = None,
    thickness: int = 1,
) -> np.ndarray:
    """Return the picture with its marks.

    Args:
        image: uint8 (h, w, 3) BGR.
        marks: Boxes to draw, in pixels of ``image``.
        min_side: Shortest long side, pixels; a smaller picture is enlarged
            by a whole factor, so that thin lines leave small objects
            visible. Defaults to 640.
        max_side: Longest long side, pixels; a larger picture is shrunk to
            this side. Defaults to None, no limit.
        thickness: Width of the outlines of objects, pixels. Defaults to 1.

    Returns:
        uint8 (h', w', 3).
    """
    out, zoom = _resized(image, min_side, max_side)
    for region in as_bboxes(marks.regions) * zoom:
        hatch_rect(out, as_rect(region), MASKED)
    if marks.errors is not None:
        _draw_errors(out, marks.errors, zoom)
    # Thin lines over thick lines: objects stay visible under their errors.
    if marks.objects is not None:
        _draw_objects(out, marks.objects, zoom, thickness)
    if marks.errors is not None:
        _tag_errors(out, marks.errors, zoom)
    return out


def _resized(
    image: np.ndarray, min_side: int, max_side: int | None
) -> tuple[np.ndarray, float]:
    """Return a copy that is neither too small nor too large, and its zoom."""
    side = max(image.shape[:2])
    if max_side is not None and side > max_side:
        zoom, method = max_side / side, cv2.INTER_AREA
    else:
        zoom, method = float(max(-(-min_side // side), 1)), cv2.INTER_NEAREST
    wh = [max(round(length * zoom), 1) for length in image.shape[1::-1]]
    return cv2.resize(image, wh, interpolation=method), zoom


def _draw_objects(
    out: np.ndarray, marks: ObjectMarks, zoom: float, thickness: int
) -> None:
    rects = [as_rect(bbox) for bbox in as_bboxes(marks.bboxes) * zoom]
    # Ignored objects first, so that objects to learn stay on top.
    for ind in np.argsort(~marks.ignored, kind='stable').tolist():
        if marks.ignored[ind]:
            stroke_rect(out, rects[ind], IGNORED, thickness)
            continue
        style = class_style(int(marks.labels[ind]), '')
        if marks.pasted[ind]:
            stroke_pasted(out, rects[ind], style)
        else:
            stroke_rect(out, rects[ind], style, thickness)


def _draw_errors(out: np.ndarray, marks: ErrorMarks, zoom: float) -> None:
    for rect, kind in zip(_error_rects(marks, zoom), marks.kinds, strict=True):
        stroke_error(out, rect, ERROR_STYLES[kind])


def _tag_errors(out: np.ndarray, marks: ErrorMarks, zoom: float) -> None:
    tags: list[Rect] = []
    for rect, kind, text in zip(
        _error_rects(marks, zoom), marks.kinds, marks.texts, strict=True
    ):
        put_tag(out, text, grow(rect, 2), ERROR_STYLES[kind].color, tags)


def _error_rects(marks: ErrorMarks, zoom: float) -> list[Rect]:
    return [grow(as_rect(b), 2) for b in as_bboxes(marks.bboxes) * zoom]
