"""Models made of faces, plates, lines and balls.

World coordinates are metres: x to the right, y away from the camera, z up,
the ground at z = 0. Colours are BGR, 0..255.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

Colour = tuple[float, float, float]
Span = float | tuple[float, float]  # from, to; or the half width around 0


class Part(NamedTuple):
    """One primitive of a model.

    Attributes:
        solid: Number of the convex solid that the part belongs to.
        level: Solids of a lower level are drawn first; within a level, farther
            solids are drawn first.
        kind: 'face', which is counter-clockwise from outside; 'plate', a face
            that is visible from both sides; 'line' or 'ball'.
        points: (k, 3) metres.
        colour: BGR.
        radius: Radius of a line or ball, metres.
    """

    solid: int
    level: int
    kind: str
    points: np.ndarray
    colour: Colour
    radius: float


def flat_quad(x: Span, y: Span, z: float) -> list[tuple[float, float, float]]:
    """Return a level rectangle (4, 3) that faces up."""
    x0, x1 = x if isinstance(x, tuple) else (-x, x)
    y0, y1 = y if isinstance(y, tuple) else (-y, y)
    return [(x0, y0, z), (x1, y0, z), (x1, y1, z), (x0, y1, z)]


@dataclass
class Model:
    """An object in its own frame: x is forward, metres."""

    parts: list[Part] = field(default_factory=list)

    def add(
        self,
        kind: str,
        points: ArrayLike,
        colour: Colour,
        radius: float = 0.0,
        level: int = 1,
    ) -> None:
        """Add a solid of one primitive; lines and balls have a ``radius``."""
        solid = self.parts[-1].solid + 1 if self.parts else 0
        corners = np.asarray(points, dtype=np.float64)
        self.parts.append(Part(solid, level, kind, corners, colour, radius))

    def face(self, points: ArrayLike, colour: Colour) -> None:
        """Add a face to the last solid."""
        self.add('face', points, colour)
        last, solid = self.parts.pop(), self.parts[-1]
        self.parts.append(last._replace(solid=solid.solid, level=solid.level))

    def box(
        self,
        x: Span,
        y: Span,
        z: tuple[float, float],
        colour: Colour,
        *,
        top: tuple[Span, Span] | None = None,
        roof: Colour | None = None,
        level: int = 1,
    ) -> None:
        """Add a box, or a tapered box whose ``top`` spans other x and y."""
        base, lid = flat_quad(x, y, z[0]), flat_quad(*(top or (x, y)), z[1])
        for i, j in ((0, 1), (1, 2), (2, 3), (3, 0)):
            side = [base[i], base[j], lid[j], lid[i]]
            if i == 0:
                self.add('face', side, colour, level=level)
            else:
                self.face(side, colour)
        self.face(lid, roof or colour)

    def points(self) -> np.ndarray:
        """Return every corner (n, 3)."""
        return np.concatenate([part.points for part in self.parts])

    def placed(
        self, xy: np.ndarray, heading: float, scale: float = 1.0
    ) -> 'Model':
        """Return a copy in world metres: scaled, rotated and moved."""
        sin, cos = np.sin(heading) * scale, np.cos(heading) * scale
        turn = np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, scale]])
        moved = self.points() @ turn + np.array([xy[0], xy[1], 0.0])
        ends = np.cumsum([len(part.points) for part in self.parts])
        return Model(
            [
                part._replace(points=points, radius=part.radius * scale)
                for part, points in zip(
                    self.parts, np.split(moved, ends[:-1]), strict=True
                )
            ]
        )

    def split(self) -> list['Model']:
        """Return each solid as a separate model."""
        solids = dict.fromkeys(part.solid for part in self.parts)
        return [
            Model([part for part in self.parts if part.solid == solid])
            for solid in solids
        ]
