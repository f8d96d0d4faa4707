"""Rectangles in several styles, and text, on uint8 BGR images.

Everything here paints into the image that it is given.
"""

from collections.abc import Sequence

import cv2
import numpy as np

Color = tuple[int, int, int]
Rect = tuple[int, int, int, int]

BLACK: Color = (0, 0, 0)
WHITE: Color = (255, 255, 255)
#: Behind legends and between pictures.
STRIP_COLOR: Color = (30, 30, 30)
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_FONT_SCALE = 0.42


def as_rect(bbox: Sequence[float]) -> Rect:
    """Pixels that the outline of an xyxy box runs through."""
    x1, y1, x2, y2 = (round(float(value)) for value in bbox)
    return x1, y1, max(x2 - 1, x1), max(y2 - 1, y1)


def grow(rect: Rect, margin: int) -> Rect:
    """Move all sides outward."""
    x1, y1, x2, y2 = rect
    return x1 - margin, y1 - margin, x2 + margin, y2 + margin


def stroke_rect(
    image: np.ndarray,
    rect: Rect,
    color: Color,
    thickness: int = 1,
    dash: tuple[int, int] | None = None,
) -> None:
    """Outline a rectangle, solid or with dashes of (length, gap) pixels."""
    x1, y1, x2, y2 = rect
    if dash is None:
        cv2.rectangle(image, (x1, y1), (x2, y2), color, thickness)
        return
    length, gap = dash
    corners = [(x1, y1), (x2, y1), (x2, y2), (x1, y2)]
    for start, end in zip(corners, [*corners[1:], corners[0]], strict=True):
        vector = np.subtract(end, start)
        side = int(np.abs(vector).max())
        for offset in range(0, max(side, 1), length + gap):
            stop = min(offset + length - 1, side)
            first, last = (
                np.add(start, vector * share / max(side, 1))
                for share in (offset, stop)
            )
            cv2.line(
                image,
                tuple(np.rint(first).astype(int).tolist()),
                tuple(np.rint(last).astype(int).tolist()),
                color,
                thickness,
            )


def hatch_rect(
    image: np.ndarray, rect: Rect, color: Color, spacing: int = 10
) -> None:
    """Fill a rectangle with diagonal lines, and outline it."""
    height, width = image.shape[:2]
    x1, y1 = max(rect[0], 0), max(rect[1], 0)
    x2, y2 = min(rect[2], width - 1), min(rect[3], height - 1)
    if x1 > x2 or y1 > y2:
        return
    part = image[y1 : y2 + 1, x1 : x2 + 1]
    rows, columns = np.indices(part.shape[:2])
    # Counted from the image's corner, so that neighbours' lines meet.
    part[(rows + y1 + columns + x1) % spacing == 0] = color
    stroke_rect(image, rect, color)


def text_wh(text: str) -> tuple[int, int]:
    """Width and height of a tag with ``text``, pixels."""
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
    taken: list[Rect] | None = None,
) -> None:
    """Write ``text`` on a coloured tag beside a rectangle, inside the image.

    Above it, else below, right or left of it, where no tag of ``taken`` is;
    the new tag is added to ``taken``. Without such a place it is left out.
    """
    height, width = image.shape[:2]
    tag_width, tag_height = text_wh(text)
    x1, y1, x2, y2 = rect
    places = [
        (x1, y1 - tag_height),
        (x1, y2 + 1),
        (x2 + 1, y1),
        (x1 - tag_width, y1),
        (x2 - tag_width, y1 - tag_height),
        (x2 - tag_width, y2 + 1),
    ]
    tags = [
        _tag_at(left, top, (tag_width, tag_height), (width, height))
        for left, top in places
    ]
    taken = [] if taken is None else taken
    tag = next((t for t in tags if not _overlaps_any(t, taken)), None)
    if tag is None or not text:
        return
    taken.append(tag)
    cv2.rectangle(image, tag[:2], tag[2:], color, -1)
    put_text(image, text, tag[0], tag[1], ink_on(color))


def ink_on(color: Color) -> Color:
    """Black or white, whichever reads better on ``color`` (BGR)."""
    blue, green, red = color
    light = 0.114 * blue + 0.587 * green + 0.299 * red
    return BLACK if light > 140 else WHITE


def _tag_at(
    left: int, top: int, tag_wh: tuple[int, int], image_wh: tuple[int, int]
) -> Rect:
    left = max(min(left, image_wh[0] - tag_wh[0]), 0)
    top = max(min(top, image_wh[1] - tag_wh[1]), 0)
    return left, top, left + tag_wh[0] - 1, top + tag_wh[1] - 1


def _overlaps_any(tag: Rect, others: Sequence[Rect]) -> bool:
    return any(
        tag[0] <= other[2]
        and other[0] <= tag[2]
        and tag[1] <= other[3]
        and other[1] <= tag[3]
        for other in others
    )
