"""Rectangles in several styles, and text, on uint8 BGR images.

Drawing functions paint into the given image.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from mmhcm.visualization.box_styles import BoxStyle, Color

Rect = tuple[int, int, int, int]

BLACK: Color = (0, 0, 0)
WHITE: Color = (255, 255, 255)
#: Background of legends and between pictures.
STRIP_COLOR: Color = (30, 30, 30)
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_FONT_SCALE = 0.42


def as_rect(bbox: Sequence[float]) -> Rect:
    """Return the pixels that the outline of an xyxy box runs through."""
    x1, y1, x2, y2 = (round(float(value)) for value in bbox)
    return x1, y1, max(x2 - 1, x1), max(y2 - 1, y1)


def grow(rect: Rect, margin: int) -> Rect:
    """Move all sides outward."""
    x1, y1, x2, y2 = rect
    return x1 - margin, y1 - margin, x2 + margin, y2 + margin


def stroke_rect(
    image: np.ndarray, rect: Rect, style: BoxStyle, thickness: int = 1
) -> None:
    """Outline a rectangle in the colour and with the dash of a style."""
    x1, y1, x2, y2 = rect
    color = as_bgr(style.color)
    if style.dash is None:
        cv2.rectangle(image, (x1, y1), (x2, y2), color, thickness)
        return
    length, gap = style.dash
    for left in range(x1, x2 + 1, length + gap):
        right = min(left + length - 1, x2)
        for y in (y1, y2):
            cv2.line(image, (left, y), (right, y), color, thickness)
    for top in range(y1, y2 + 1, length + gap):
        bottom = min(top + length - 1, y2)
        for x in (x1, x2):
            cv2.line(image, (x, top), (x, bottom), color, thickness)


def stroke_error(image: np.ndarray, rect: Rect, style: BoxStyle) -> None:
    """Outline a rectangle thickly, on a black casing."""
    cv2.rectangle(image, rect[:2], rect[2:], BLACK, 4)
    stroke_rect(image, rect, style, 2)


def stroke_pasted(image: np.ndarray, rect: Rect, style: BoxStyle) -> None:
    """Outline a rectangle twice, with black between the lines."""
    stroke_rect(image, grow(rect, 2), style)
    stroke_rect(image, grow(rect, 1), BoxStyle('', BLACK))
    stroke_rect(image, rect, style)


def hatch_rect(
    image: np.ndarray, rect: Rect, style: BoxStyle, spacing: int = 10
) -> None:
    """Fill a rectangle with diagonal lines, and outline it."""
    height, width = image.shape[:2]
    x1, y1 = max(rect[0], 0), max(rect[1], 0)
    x2, y2 = min(rect[2], width - 1), min(rect[3], height - 1)
    if x1 > x2 or y1 > y2:
        return
    part = image[y1 : y2 + 1, x1 : x2 + 1]
    rows, columns = np.indices(part.shape[:2])
    # Counted from the image's corner, so that lines of neighbours meet.
    lines = (rows + y1 + columns + x1) % spacing == 0
    part[lines] = as_bgr(style.color)
    stroke_rect(image, rect, style)


def text_wh(text: str) -> tuple[int, int]:
    """Return the width and height of a tag with ``text``, pixels."""
    (width, height), baseline = cv2.getTextSize(text, _FONT, _FONT_SCALE, 1)
    return width + 6, height + baseline + 4


def put_text(
    image: np.ndarray, text: str, left: int, top: int, color: Color
) -> None:
    """Write ``text`` into the tag whose corner is (left, top)."""
    (_, height), _ = cv2.getTextSize(text, _FONT, _FONT_SCALE, 1)
    cv2.putText(
        image,
        text,
        (left + 3, top + height + 3),
        _FONT,
        _FONT_SCALE,
        color,
        1,
        cv2.LINE_AA,
    )


def put_tag(
    image: np.ndarray,
    text: str,
    rect: Rect,
    color: Color,
    taken: list[Rect],
) -> None:
    """Write ``text`` on a tag next to a rectangle, inside the image.

    The tag is above the rectangle, else below, right or left of it, without
    overlap with tags of ``taken``, and is added to ``taken``. Without a free
    position, the text is left out.

    Args:
        image: uint8 (h, w, 3) BGR, painted into.
        text: Text of the tag; '' draws nothing.
        rect: The rectangle.
        color: RGB of the tag.
        taken: Tags of the image so far.
    """
    height, width = image.shape[:2]
    tag_w, tag_h = text_wh(text)
    x1, y1, x2, y2 = rect
    for left, top in (
        (x1, y1 - tag_h),
        (x1, y2 + 1),
        (x2 + 1, y1),
        (x1 - tag_w, y1),
        (x2 - tag_w, y1 - tag_h),
        (x2 - tag_w, y2 + 1),
    ):
        left = max(min(left, width - tag_w), 0)
        top = max(min(top, height - tag_h), 0)
        tag = left, top, left + tag_w - 1, top + tag_h - 1
        if text and not any(_overlaps(tag, other) for other in taken):
            taken.append(tag)
            cv2.rectangle(image, tag[:2], tag[2:], as_bgr(color), -1)
            put_text(image, text, left, top, _ink_on(color))
            return


def as_bgr(color: Color) -> Color:
    """Reverse the channels of an RGB colour."""
    return color[2], color[1], color[0]


def _ink_on(color: Color) -> Color:
    """Return black or white, whichever reads better on an RGB colour."""
    return BLACK if np.dot(color, (0.299, 0.587, 0.114)) > 140 else WHITE


def _overlaps(rect: Rect, other: Rect) -> bool:
    return (
        rect[0] <= other[2]
        and other[0] <= rect[2]
        and rect[1] <= other[3]
        and other[1] <= rect[3]
    )
