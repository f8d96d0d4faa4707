"""Pictures in which objects, ignored ones, masks and errors differ.

Told apart by line style as well as by colour: a learnt object is a solid box
in its class' colour, a pasted one has a white second outline, an ignored one
is dashed and grey, a masked region is hatched. Errors are thick, with a black
casing, in three colours that colour-blind viewers tell apart, and solid,
dashed or dotted. A legend names what occurs.
"""

from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass, field

import cv2
import numpy as np

from mmhcm.functional.boxes import as_bboxes

from .strokes import (
    BLACK,
    STRIP_COLOR,
    WHITE,
    Color,
    Rect,
    as_rect,
    grow,
    hatch_rect,
    put_tag,
    put_text,
    stroke_rect,
    text_wh,
)

_GREY: Color = (190, 190, 190)
_RED: Color = (60, 60, 230)
_IGNORED_DASH = (4, 3)
#: Colour (BGR) and dash of each kind of error.
_ERROR_STYLES: dict[str, tuple[Color, tuple[int, int] | None]] = {
    'background': ((96, 27, 216), None),
    'class': ((7, 193, 255), (9, 4)),
    'missed': ((229, 136, 30), (2, 4)),
}
_ERROR_NAMES = {
    'background': 'background taken for an object',
    'class': 'wrong class',
    'missed': 'missed object',
}
_SWATCH_WH, _LINE_HEIGHT = (22, 12), 22


@dataclass(frozen=True)
class ObjectMarks:
    """Objects or detections to draw.

    Attributes:
        bboxes: (n, 4) xyxy, pixels of the picture.
        labels: int (n,).
        ignored: bool (n,); empty for none.
        pasted: bool (n,); empty for none.
        texts: A tag for each box; empty for none.
    """

    bboxes: np.ndarray
    labels: np.ndarray
    ignored: Sequence[bool] | np.ndarray = ()
    pasted: Sequence[bool] | np.ndarray = ()
    texts: Sequence[str] = ()


@dataclass(frozen=True)
class ErrorMarks:
    """Errors to draw.

    Attributes:
        bboxes: (n, 4) xyxy, pixels of the picture.
        kinds: 'background', 'class' or 'missed' for each.
        texts: A tag for each, such as 'car as van'.
    """

    bboxes: np.ndarray
    kinds: Sequence[str]
    texts: Sequence[str]


@dataclass(frozen=True)
class Marks:
    """Everything to draw on one picture.

    Attributes:
        objects: Objects or detections.
        regions: (r, 4) xyxy, masked pixels.
        errors: What the detector got wrong.
        title: Starts the legend.
    """

    objects: ObjectMarks | None = None
    regions: Sequence[Sequence[float]] | np.ndarray = field(
        default_factory=list
    )
    errors: ErrorMarks | None = None
    title: str = ''


def draw_marks(
    image: np.ndarray,
    marks: Marks,
    classes: Sequence[str],
    palette: Sequence[Sequence[int]],
    min_side: int = 640,
) -> np.ndarray:
    """Return the picture with its marks, and a legend below it.

    Args:
        image: uint8 (h, w, 3) BGR.
        marks: What to draw, in pixels of ``image``.
        classes: Name of each label.
        palette: RGB colour of each label.
        min_side: A picture whose long side is shorter, pixels, is enlarged
            by a whole factor, so that thin lines leave small objects
            visible. Defaults to 640.

    Returns:
        uint8 (h', w', 3).
    """
    zoom = max(-(-min_side // max(image.shape[:2])), 1)
    out = cv2.resize(
        image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_NEAREST
    )
    colors = [_as_bgr(color) for color in palette]
    legend = _Legend(marks.title)
    regions = as_bboxes(marks.regions) * zoom
    for region in regions:
        hatch_rect(out, as_rect(region), _RED)
    if len(regions):
        legend.add('masked region', lambda i, r: hatch_rect(i, r, _RED, 5))
    tags: list[Rect] = []
    if marks.objects is not None:
        _draw_objects(out, marks.objects, zoom, colors, tags)
        _explain_objects(legend, marks.objects, classes, colors)
    if marks.errors is not None:
        _draw_errors(out, marks.errors, zoom, tags)
        for kind in _ERROR_STYLES:
            if kind in marks.errors.kinds:
                legend.add(_ERROR_NAMES[kind], _error_swatch(kind))
    return np.concatenate([out, legend.render(out.shape[1])])


def _draw_objects(
    out: np.ndarray,
    marks: ObjectMarks,
    zoom: int,
    colors: Sequence[Color],
    tags: list[Rect],
) -> None:
    rects = [as_rect(bbox) for bbox in as_bboxes(marks.bboxes) * zoom]
    ignored, pasted = _flags(marks.ignored, rects), _flags(marks.pasted, rects)
    # Ignored ones first: what is learnt stays on top.
    for ind in np.argsort(~ignored, kind='stable').tolist():
        if ignored[ind]:
            stroke_rect(out, rects[ind], _GREY, 1, _IGNORED_DASH)
            continue
        color = colors[int(marks.labels[ind])]
        if pasted[ind]:
            _pasted_rect(out, rects[ind], color)
        else:
            stroke_rect(out, rects[ind], color)
    for ind, text in enumerate(marks.texts):
        if text and not ignored[ind]:
            put_tag(
                out, text, rects[ind], colors[int(marks.labels[ind])], tags
            )


def _draw_errors(
    out: np.ndarray, marks: ErrorMarks, zoom: int, tags: list[Rect]
) -> None:
    rects = [grow(as_rect(b), 2) for b in as_bboxes(marks.bboxes) * zoom]
    for rect, kind in zip(rects, marks.kinds, strict=True):
        _error_rect(out, rect, kind)
    for rect, kind, text in zip(rects, marks.kinds, marks.texts, strict=True):
        put_tag(out, text, grow(rect, 2), _ERROR_STYLES[kind][0], tags)


def _pasted_rect(image: np.ndarray, rect: Rect, color: Color) -> None:
    stroke_rect(image, grow(rect, 2), WHITE)
    stroke_rect(image, grow(rect, 1), color)
    stroke_rect(image, rect, color)


def _error_rect(image: np.ndarray, rect: Rect, kind: str) -> None:
    color, dash = _ERROR_STYLES[kind]
    stroke_rect(image, rect, BLACK, 4)
    stroke_rect(image, rect, color, 2, dash)


def _explain_objects(
    legend: '_Legend',
    marks: ObjectMarks,
    classes: Sequence[str],
    colors: Sequence[Color],
) -> None:
    labels = np.asarray(marks.labels, dtype=np.int64).reshape(-1)
    ignored, pasted = (
        _flags(marks.ignored, labels),
        _flags(marks.pasted, labels),
    )
    for label in np.unique(labels[~ignored]).tolist():
        legend.add(classes[label], _box_swatch(colors[label]))
    if (pasted & ~ignored).any():
        legend.add('pasted', lambda i, r: _pasted_rect(i, r, BLACK))
    if ignored.any():
        legend.add(
            'ignored',
            lambda i, r: stroke_rect(i, r, _GREY, 1, _IGNORED_DASH),
        )


Swatch = Callable[[np.ndarray, Rect], None]


def _box_swatch(color: Color) -> Swatch:
    return lambda image, rect: stroke_rect(image, rect, color, 2)


def _error_swatch(kind: str) -> Swatch:
    return lambda image, rect: _error_rect(image, rect, kind)


class _Legend:
    """A strip of swatches with names, broken into lines."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.entries: list[tuple[str, Swatch]] = []

    def add(self, name: str, swatch: Swatch) -> None:
        self.entries.append((name, swatch))

    def render(self, width: int) -> np.ndarray:
        """Uint8 (lines * height, width, 3); no lines without entries."""
        items: list[tuple[str, Swatch | None]] = [*self.entries]
        if self.title:
            items.insert(0, (self.title, None))
        places, left, line = [], 0, 0
        for name, swatch in items:
            needed = text_wh(name)[0] + 8
            needed += 0 if swatch is None else _SWATCH_WH[0] + 8
            if left and left + needed > width:
                left, line = 0, line + 1
            places.append((left, line * _LINE_HEIGHT))
            left += needed
        num_lines = line + 1 if items else 0
        strip = np.full(
            (num_lines * _LINE_HEIGHT, width, 3), STRIP_COLOR, dtype=np.uint8
        )
        for (name, swatch), (x, y) in zip(items, places, strict=True):
            if swatch is not None:
                swatch(strip, (x + 6, y + 5, x + 6 + _SWATCH_WH[0], y + 16))
                x += _SWATCH_WH[0] + 8
            put_text(strip, name, x, y + 2, WHITE)
        return strip


def _flags(flags: Sequence[bool] | np.ndarray, items: Sized) -> np.ndarray:
    """Bool (n,), all False where none are given."""
    if not len(flags):
        return np.zeros(len(items), dtype=bool)
    return np.asarray(flags, dtype=bool)


def _as_bgr(color: Sequence[int]) -> Color:
    red, green, blue = (int(value) for value in color)
    return blue, green, red
