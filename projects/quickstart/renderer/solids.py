"""Models made of convex solids, strokes and balls.

World coordinates are metres: x to the right, y away from the camera, z up,
the ground at z = 0. Colours are BGR, 0..255.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

Colour = tuple[float, float, float]
Points = Sequence[Sequence[float]] | np.ndarray  # (k, 3) metres


@dataclass
class Solid:
    """Primitives that are drawn together, in order of insertion."""

    level: int
    points: list[np.ndarray] = field(default_factory=list)  # each (k, 3)
    kinds: list[str] = field(default_factory=list)
    colours: list[Colour] = field(default_factory=list)
    radii: list[float] = field(default_factory=list)

    def add(
        self,
        kind: str,
        points: Points,
        colour: Colour,
        radius: float = 0.0,
    ) -> None:
        """Add a primitive; a ``face`` is counter-clockwise from outside."""
        self.kinds.append(kind)
        self.points.append(np.asarray(points, dtype=np.float64))
        self.colours.append(colour)
        self.radii.append(radius)


class Model:
    """An object of convex solids, in its own frame: x is forward, metres.

    Solids of a lower ``level`` are drawn first; within a level, the farther
    first.
    """

    def __init__(self) -> None:
        self.solids: list[Solid] = []

    def frustum(
        self,
        x: tuple[float, float],
        y: tuple[float, float],
        z: tuple[float, float],
        colour: Colour,
        *,
        top: tuple[float, float, float, float] | None = None,
        roof: Colour | None = None,
        level: int = 1,
    ) -> Solid:
        """Add a box, or a tapered one whose ``top`` is (x0, x1, y0, y1)."""
        x0, x1, y0, y1 = top or (*x, *y)
        base = [
            (x[0], y[0], z[0]),
            (x[1], y[0], z[0]),
            (x[1], y[1], z[0]),
            (x[0], y[1], z[0]),
        ]
        lid = [(x0, y0, z[1]), (x1, y0, z[1]), (x1, y1, z[1]), (x0, y1, z[1])]
        solid = Solid(level)
        for i in range(4):
            j = (i + 1) % 4
            solid.add('face', [base[i], base[j], lid[j], lid[i]], colour)
        solid.add('face', lid, roof or colour)
        self.solids.append(solid)
        return solid

    def line(
        self,
        points: Points,
        radius: float,
        colour: Colour,
        *,
        level: int = 1,
    ) -> None:
        """Add a round stroke through ``points`` (k, 3)."""
        solid = Solid(level)
        solid.add('line', points, colour, radius)
        self.solids.append(solid)

    def ball(
        self,
        centre: Sequence[float],
        radius: float,
        colour: Colour,
        *,
        level: int = 1,
    ) -> None:
        """Add a sphere."""
        solid = Solid(level)
        solid.add('ball', [centre], colour, radius)
        self.solids.append(solid)

    def plate(
        self,
        points: Points,
        colour: Colour,
        *,
        level: int = 1,
    ) -> None:
        """Add a flat polygon (k, 3) that is seen from both sides."""
        solid = Solid(level)
        solid.add('plate', points, colour)
        self.solids.append(solid)

    def placed(
        self, xy: np.ndarray, heading: float, scale: float = 1.0
    ) -> 'Model':
        """A copy in world metres: scaled, turned by ``heading``, moved."""
        sin, cos = np.sin(heading) * scale, np.cos(heading) * scale
        turn = np.array([[cos, sin, 0], [-sin, cos, 0], [0, 0, scale]])
        shift = np.array([xy[0], xy[1], 0.0])
        moved = self.all_points() @ turn + shift
        out, start = Model(), 0
        for solid in self.solids:
            copy = Solid(solid.level, [], solid.kinds, solid.colours)
            copy.radii = [radius * scale for radius in solid.radii]
            for points in solid.points:
                copy.points.append(moved[start : start + len(points)])
                start += len(points)
            out.solids.append(copy)
        return out

    def split(self) -> list['Model']:
        """Each solid as a model of its own."""
        out = []
        for solid in self.solids:
            part = Model()
            part.solids.append(solid)
            out.append(part)
        return out

    def all_points(self) -> np.ndarray:
        """Every corner (n, 3)."""
        return np.concatenate([p for s in self.solids for p in s.points])
