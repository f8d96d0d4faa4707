"""Colours and dashes of boxes, the same on pictures and figures."""

from dataclasses import dataclass

from mmhcm.structures.palette import CLASS_COLORS
from mmhcm.structures.rounds import (
    BACKGROUND,
    BOTH,
    CLASS,
    ERROR_KINDS,
    LOCALIZATION,
    MISSED,
)

Color = tuple[int, int, int]
Dash = tuple[int, int]

_CLASS_DASHES: tuple[Dash | None, ...] = (None, (3, 2), (1, 2))


@dataclass(frozen=True)
class BoxStyle:
    """Look of one kind of box.

    Attributes:
        name: Name in the legend.
        color: RGB of the line.
        dash: Length of a dash and of a gap: pixels on pictures, widths of the
            line on figures. Defaults to None, a solid line.
    """

    name: str
    color: Color
    dash: Dash | None = None


MASKED = BoxStyle('masked region', (227, 18, 11))
PASTED = BoxStyle('pasted object', (86, 180, 233))
IGNORED = BoxStyle('ignored object', (190, 190, 190), (4, 3))

#: Style of each of ``ERROR_KINDS``, distinct for colour-blind readers.
ERROR_STYLES = {
    kind: BoxStyle(ERROR_KINDS[kind].one, color, dash)
    for kind, color, dash in (
        (BACKGROUND, (216, 27, 96), None),
        (CLASS, (255, 193, 7), (9, 4)),
        (MISSED, (30, 136, 229), (4, 4)),
        (BOTH, (0, 158, 115), (14, 3)),
        (LOCALIZATION, (225, 140, 200), (5, 7)),
    )
}


def class_style(label: int, name: str) -> BoxStyle:
    """Return the style of a class; colours repeat with another dash."""
    turn, index = divmod(label, len(CLASS_COLORS))
    dash = _CLASS_DASHES[turn % len(_CLASS_DASHES)]
    return BoxStyle(name, CLASS_COLORS[index], dash)
