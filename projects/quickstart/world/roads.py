"""The ground of a scene, and roads on it with marks, traffic, pavements.

A slot is (x, y, heading): metres and radians of the world. Kinds of slots:
``lane`` (moving traffic), ``kerb`` (parked vehicles), ``walk`` (people),
``rank`` (rows of parked two-wheelers), ``verge`` (trees, buildings).
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from projects.quickstart.renderer.solids import Colour

_LANE = 3.4  # metres
_STROKE = 0.08  # half the width of a painted line, metres
REACH = 150.0  # how far roads go on both sides of the centre, metres
WHITE: Colour = (212, 214, 214)
YELLOW: Colour = (70, 180, 215)


@dataclass
class Layout:
    """The ground of one scene."""

    kind: str
    base: Colour
    marked: bool = True  # whether its lanes are asphalt with marks
    polygons: list[tuple[np.ndarray, Colour]] = field(default_factory=list)
    slots: dict[str, list[tuple[float, float, float]]] = field(
        default_factory=lambda: {
            'lane': [],
            'kerb': [],
            'walk': [],
            'rank': [],
            'verge': [],
        }
    )


@dataclass(frozen=True)
class Axis:
    """A straight line on the ground with its own coordinates s, t.

    s runs along it, t to its left; metres.
    """

    origin: tuple[float, float]
    angle: float

    def world(self, s: ArrayLike, t: ArrayLike) -> np.ndarray:
        """World points (..., 2) of local coordinates."""
        s, t = np.asarray(s, float), np.asarray(t, float)
        sin, cos = np.sin(self.angle), np.cos(self.angle)
        x = self.origin[0] + s * cos - t * sin
        y = self.origin[1] + s * sin + t * cos
        return np.stack([x, y], axis=-1)

    def quad(self, s0: float, s1: float, t0: float, t1: float) -> np.ndarray:
        """The rectangle (4, 2) between two s and two t."""
        return self.world([s0, s1, s1, s0], [t0, t0, t1, t1])

    def slot(
        self, s: float, t: float, turn: float = 0.0
    ) -> tuple[float, float, float]:
        """A slot that faces along the line, plus ``turn`` radians."""
        x, y = self.world(s, t)
        return float(x), float(y), self.angle + turn


def grey(rng: np.random.Generator, low: float, high: float) -> Colour:
    """A grey of that brightness, slightly warm or cold."""
    value, warm = rng.uniform(low, high), rng.normal(0, 4)
    return value - warm, value, value + warm


@dataclass(frozen=True)
class Road:
    """A straight road: lanes, maybe parking, pavements."""

    axis: Axis
    lanes: int  # on each side
    parking: bool
    pavement: float  # width in metres, each side

    @property
    def lanes_half(self) -> float:
        """Metres from the middle to the edge of the lanes."""
        return self.lanes * _LANE

    @property
    def half(self) -> float:
        """Metres from the middle to the kerb."""
        return self.lanes_half + 2.4 * self.parking


def draw_road(
    layout: Layout,
    road: Road,
    rng: np.random.Generator,
    gap: float | None = None,
) -> None:
    """Add a road's marks and slots; nothing within ``gap`` of its centre."""
    hole = -1.0 if gap is None else gap
    _draw_lines(layout, road, rng, hole)
    _add_traffic(layout, road, rng, hole)
    _add_pavements(layout, road, rng, hole)
    crossings = [hole + 3.0, -hole - 3.0] if hole > 0 else []
    if hole < 0 and rng.random() < 0.6:
        crossings = [rng.uniform(-25, 25)]
    for s in crossings:
        _draw_zebra(layout, road, s, rng)


def _draw_lines(
    layout: Layout, road: Road, rng: np.random.Generator, hole: float
) -> None:
    axis, near = road.axis, max(hole, 0.0)
    # Place across the road, half width, colour.
    stripes = [(side * road.lanes_half, _STROKE, WHITE) for side in (-1, 1)]
    if rng.random() < 0.5:
        stripes += [(t, _STROKE, YELLOW) for t in (-0.18, 0.18)]
    else:  # a hedge between the directions
        stripes.append((0.0, 0.4, (60.0, 96.0, 76.0)))
    for start, end in ((-REACH, -near), (near, REACH)):
        for t, half, colour in stripes:
            quad = axis.quad(start, end, t - half, t + half)
            layout.polygons.append((quad, colour))
    for s in np.arange(-REACH, REACH, 8.0):
        if abs(s + 1.5) < hole + 2:
            continue
        for lane in range(1, road.lanes):
            for t in (-lane * _LANE, lane * _LANE):
                quad = axis.quad(s, s + 3, t - _STROKE, t + _STROKE)
                layout.polygons.append((quad, WHITE))


def _add_traffic(
    layout: Layout, road: Road, rng: np.random.Generator, hole: float
) -> None:
    for side in (-1, 1):
        turn = 0.0 if side < 0 else np.pi  # traffic keeps to the right
        for lane in range(road.lanes):
            t = side * (lane + 0.5) * _LANE
            s = -REACH + rng.uniform(0, 8)
            while s < REACH:
                if abs(s) > hole + 7 or rng.random() < 0.25:
                    layout.slots['lane'].append(
                        road.axis.slot(s, t + rng.normal(0, 0.15), turn)
                    )
                s += rng.uniform(6.5, 11)
        if not road.parking:
            continue
        t = side * (road.lanes_half + 1.2)
        for s in np.arange(-REACH, REACH, 5.7):
            if abs(s) > hole + 8:
                layout.slots['kerb'].append(
                    road.axis.slot(s + rng.normal(0, 0.2), t, turn)
                )


def _add_pavements(
    layout: Layout, road: Road, rng: np.random.Generator, hole: float
) -> None:
    for side in (-1, 1):
        for _ in range(60):  # groups of people
            s = rng.uniform(-REACH, REACH) * rng.uniform(0.2, 1)
            t = side * (road.half + rng.uniform(0.6, road.pavement))
            if abs(s) < hole + 2:
                continue
            add_group(layout, road.axis.world(s, t), rng)
        for _ in range(8):  # rows of parked two-wheelers
            start, count = rng.uniform(-REACH, REACH), rng.integers(4, 14)
            for k in range(int(count)):
                s = start + 1.15 * k
                if abs(s) > hole + 4:
                    t = side * (road.half + 1.1)
                    turn = np.pi / 2 + rng.normal(0, 0.12)
                    layout.slots['rank'].append(road.axis.slot(s, t, turn))
        for s in np.arange(-REACH, REACH, 7.0):
            t = side * (road.half + road.pavement + rng.uniform(1.5, 14))
            if abs(s) > hole + 6:
                turn = float(rng.choice([0, np.pi / 2]))
                layout.slots['verge'].append(
                    road.axis.slot(s + rng.normal(0, 2), t, turn)
                )


def add_group(
    layout: Layout, centre: np.ndarray, rng: np.random.Generator
) -> None:
    """Add up to five slots of people who stand together."""
    heading = rng.uniform(0, 2 * np.pi)
    for _ in range(int(rng.integers(1, 6))):
        x, y = centre + rng.normal(0, 0.9, 2)
        layout.slots['walk'].append(
            (float(x), float(y), heading + rng.normal(0, 0.4))
        )


def _draw_zebra(
    layout: Layout, road: Road, s: float, rng: np.random.Generator
) -> None:
    for t in np.arange(-road.half + 0.4, road.half - 0.4, 1.1):
        layout.polygons.append(
            (road.axis.quad(s - 1.6, s + 1.6, t, t + 0.5), WHITE)
        )
    for _ in range(int(rng.integers(2, 14))):
        t = rng.uniform(-road.half, road.half)
        turn = float(rng.choice([-1, 1]) * np.pi / 2)
        layout.slots['walk'].append(
            road.axis.slot(s + rng.uniform(-1.4, 1.4), t, turn)
        )


def make_road(rng: np.random.Generator, axis: Axis, lanes: list[int]) -> Road:
    """Draw a road's widths; ``lanes`` are the choices for one side."""
    return Road(
        axis,
        int(rng.choice(lanes)),
        bool(rng.random() < 0.6),
        rng.uniform(3.0, 6.0),
    )


def pave(layout: Layout, roads: list[Road], rng: np.random.Generator) -> None:
    """Paint pavements, then asphalt, so that crossing roads join."""
    pavement, asphalt = grey(rng, 140, 176), grey(rng, 84, 124)
    for road in roads:
        edge = road.half + road.pavement
        layout.polygons.append(
            (road.axis.quad(-REACH, REACH, -edge, edge), pavement)
        )
    for road in roads:
        layout.polygons.append(
            (
                road.axis.quad(-REACH, REACH, -road.half, road.half),
                asphalt,
            )
        )
