"""Legends of pictures: a swatch and a name for each kind of box."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mmhcm.visualization.box_styles import (
    ERROR_STYLES,
    IGNORED,
    MASKED,
    BoxStyle,
    class_style,
)

from .marks import Marks
from .strokes import (
    STRIP_COLOR,
    WHITE,
    Rect,
    hatch_rect,
    put_text,
    stroke_error,
    stroke_pasted,
    stroke_rect,
    text_wh,
)

_SWATCH_WH, _LINE_HEIGHT = (34, 22), 22


@dataclass(frozen=True)
class LegendItem:
    """A kind of box on a picture.

    Attributes:
        style: Name, colour and dash.
        stroke: Function that draws the box.
    """

    style: BoxStyle
    stroke: Callable[[np.ndarray, Rect, BoxStyle], None] = stroke_rect

    def swatch(self) -> np.ndarray:
        """Draw an example, uint8 (22, 34, 3) BGR."""
        width, height = _SWATCH_WH
        image = np.full((height, width, 3), STRIP_COLOR, dtype=np.uint8)
        self.stroke(image, (6, 5, width - 7, height - 7), self.style)
        return image


def legend_items(
    pictures: Sequence[Marks], classes: Sequence[str]
) -> list[LegendItem]:
    """List the kinds of boxes that occur on pictures, in a fixed order."""
    labels: set[int] = set()
    pasted = ignored = False
    for objects in (marks.objects for marks in pictures if marks.objects):
        learned = ~objects.ignored
        labels.update(objects.labels[learned].tolist())
        pasted |= bool(objects.pasted[learned].any())
        ignored |= bool(objects.ignored.any())
    kinds = {
        k for marks in pictures if marks.errors for k in marks.errors.kinds
    }
    items = []
    if any(len(marks.regions) for marks in pictures):
        items.append(LegendItem(MASKED, hatch_rect))
    items += [
        LegendItem(class_style(label, classes[label]))
        for label in sorted(labels)
    ]
    if pasted:
        items.append(LegendItem(BoxStyle('pasted', WHITE), stroke_pasted))
    if ignored:
        items.append(LegendItem(IGNORED))
    items += [
        LegendItem(style, stroke_error)
        for kind, style in ERROR_STYLES.items()
        if kind in kinds
    ]
    return items


def legend_strip(
    items: Sequence[LegendItem], title: str, width: int
) -> np.ndarray:
    """Draw a strip of swatches with names, broken into lines.

    Args:
        items: Kinds of boxes.
        title: Text before the items; '' for none.
        width: Pixels.

    Returns:
        uint8 (h, width, 3) BGR; h is 0 with neither title nor items.
    """
    entries: list[tuple[str, np.ndarray]] = [
        (item.style.name, item.swatch()) for item in items
    ]
    if title:
        entries.insert(0, (title, np.zeros((_LINE_HEIGHT, 0, 3), np.uint8)))
    lines, left = [], width  # full: the first entry begins a line
    for name, swatch in entries:
        needed = swatch.shape[1] + text_wh(name)[0] + 8
        if left and left + needed > width:
            left, shape = 0, (_LINE_HEIGHT, width, 3)
            lines.append(np.full(shape, STRIP_COLOR, dtype=np.uint8))
        text_left = left + swatch.shape[1]
        lines[-1][:, left:text_left] = swatch[:, : max(width - left, 0)]
        put_text(lines[-1], name, text_left, 2, WHITE)
        left += needed
    return np.concatenate([np.zeros((0, width, 3), np.uint8), *lines])
