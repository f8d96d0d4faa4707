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
REACH = 150.0  # length of roads on each side of the centre, metres
WHITE: Colour = (212, 214, 214)
Pair = tuple[float, float]
Slot = tuple[float, float, float]


@dataclass
class Layout:
    """The ground of one scene; ``marked`` lanes are asphalt with marks."""

    kind: str
    base: Colour
    marked: bool = True
    polygons: list[tuple[np.ndarray, Colour]] = field(default_factory=list)
    slots: dict[str, list[Slot]] = field(
        default_factory=lambda: {
            kind: [] for kind in ('lane', 'kerb', 'walk', 'rank', 'verge')
        }
    )

    def paint(self, polygon: np.ndarray, colour: Colour) -> None:
        """Paint a polygon (n, 2), metres, over earlier polygons."""
        self.polygons.append((polygon, colour))

    def add_group(self, centre: np.ndarray, rng: np.random.Generator) -> None:
        """Add up to five slots of people who stand together."""
        heading = rng.uniform(0, 2 * np.pi)
        for _ in range(int(rng.integers(1, 6))):
            x, y = (centre + rng.normal(0, 0.9, 2)).tolist()
            self.slots['walk'].append((x, y, heading + rng.normal(0, 0.4)))


@dataclass(frozen=True)
class Axis:
    """A straight line on the ground with its own coordinates s, t.

    s runs along the line, t to its left; metres.
    """

    origin: tuple[float, float]
    angle: float

    def world(self, s: ArrayLike, t: ArrayLike) -> np.ndarray:
        """Return world points (..., 2) of local coordinates."""
        s, t = np.asarray(s, float), np.asarray(t, float)
        sin, cos = np.sin(self.angle), np.cos(self.angle)
        x = self.origin[0] + s * cos - t * sin
        y = self.origin[1] + s * sin + t * cos
        return np.stack([x, y], axis=-1)

    def quad(self, s0: float, s1: float, t0: float, t1: float) -> np.ndarray:
        """Return the rectangle (4, 2) between two s and two t."""
        return self.world([s0, s1, s1, s0], [t0, t0, t1, t1])

    def slot(self, s: float, t: float, turn: float = 0.0) -> Slot:
        """Return a slot that faces along the line, plus ``turn`` radians."""
        x, y = self.world(s, t).tolist()
        return x, y, self.angle + turn


@dataclass(frozen=True)
class Road:
    """A straight road: lanes, maybe parking, pavements.

    ``lanes`` is the number of lanes on each side, ``pavement`` the width of
    the pavement on each side, metres.
    """

    axis: Axis
    lanes: int
    parking: bool
    pavement: float

    @property
    def half(self) -> float:
        """Distance from the middle to the kerb, metres."""
        return self.lanes * _LANE + 2.4 * self.parking


def make_road(rng: np.random.Generator, axis: Axis, lanes: list[int]) -> Road:
    """Draw a random road; ``lanes`` are the possible numbers per side."""
    num, parking = int(rng.choice(lanes)), bool(rng.random() < 0.6)
    return Road(axis, num, parking, rng.uniform(3.0, 6.0))


def grey(rng: np.random.Generator, low: float, high: float) -> Colour:
    """Draw a grey of brightness ``low`` to ``high``, slightly warm or cold."""
    value, warm = rng.uniform(low, high), rng.normal(0, 4)
    return value - warm, value, value + warm


def pave(layout: Layout, roads: list[Road], rng: np.random.Generator) -> None:
    """Paint pavements, then asphalt, so that crossing roads join."""
    pavement, asphalt = grey(rng, 140, 176), grey(rng, 84, 124)
    wide = [(road, road.half + road.pavement, pavement) for road in roads]
    for road, t, colour in wide + [(r, r.half, asphalt) for r in roads]:
        layout.paint(road.axis.quad(-REACH, REACH, -t, t), colour)


@dataclass(frozen=True)
class Roadworks:
    """Marks and slots of a road; none within ``hole`` metres of its centre."""

    layout: Layout
    road: Road
    rng: np.random.Generator
    hole: float = -1.0

    def draw(self) -> None:
        """Add all marks and slots."""
        self._draw_lines()
        for add in (self._add_traffic, self._add_pavement):
            for side in (-1, 1):
                add(side)
        crossings = [self.hole + 3.0, -self.hole - 3.0]
        if self.hole <= 0:
            crossed = self.rng.random() < 0.6
            crossings = [self.rng.uniform(-25, 25)] if crossed else []
        for s in crossings:
            self._draw_zebra(s)

    def _add(self, kind: str, s: float, t: float, turn: float) -> None:
        self.layout.slots[kind].append(self.road.axis.slot(s, t, turn))

    def _paint(self, s: Pair, t: Pair, colour: Colour = WHITE) -> None:
        self.layout.paint(self.road.axis.quad(*s, *t), colour)

    def _draw_lines(self) -> None:
        near, edge = max(self.hole, 0.0), self.road.lanes * _LANE
        # Position across the road, half width, colour.
        stripes = [(side * edge, _STROKE, WHITE) for side in (-1, 1)]
        if self.rng.random() < 0.5:
            stripes += [(t, _STROKE, (70, 180, 215)) for t in (-0.18, 0.18)]
        else:  # a hedge between the directions
            stripes.append((0.0, 0.4, (60.0, 96.0, 76.0)))
        for ends in ((-REACH, -near), (near, REACH)):
            for t, half, colour in stripes:
                self._paint(ends, (t - half, t + half), colour)
        for s in np.arange(-REACH, REACH, 8.0):
            if abs(s + 1.5) >= self.hole + 2:
                for lane in range(1, self.road.lanes):
                    for t in (-lane * _LANE, lane * _LANE):
                        self._paint((s, s + 3), (t - _STROKE, t + _STROKE))

    def _add_traffic(self, side: int) -> None:
        rng, turn = self.rng, 0.0 if side < 0 else np.pi  # keeps to the right
        for lane in range(self.road.lanes):
            t = side * (lane + 0.5) * _LANE
            s = -REACH + rng.uniform(0, 8)
            while s < REACH:
                if abs(s) > self.hole + 7 or rng.random() < 0.25:
                    self._add('lane', s, t + rng.normal(0, 0.15), turn)
                s += rng.uniform(6.5, 11)
        t = side * (self.road.lanes * _LANE + 1.2)
        for s in np.arange(-REACH, REACH, 5.7) if self.road.parking else ():
            if abs(s) > self.hole + 8:
                self._add('kerb', s + rng.normal(0, 0.2), t, turn)

    def _add_pavement(self, side: int) -> None:
        rng, half, width = self.rng, self.road.half, self.road.pavement
        for _ in range(60):  # groups of people
            s = rng.uniform(-REACH, REACH) * rng.uniform(0.2, 1)
            t = side * (half + rng.uniform(0.6, width))
            if abs(s) >= self.hole + 2:
                self.layout.add_group(self.road.axis.world(s, t), rng)
        for _ in range(8):  # rows of parked two-wheelers
            start, count = rng.uniform(-REACH, REACH), rng.integers(4, 14)
            for s in start + 1.15 * np.arange(count):
                if abs(s) > self.hole + 4:
                    turn = np.pi / 2 + rng.normal(0, 0.12)
                    self._add('rank', s, side * (half + 1.1), turn)
        for s in np.arange(-REACH, REACH, 7.0):
            t = side * (half + width + rng.uniform(1.5, 14))
            if abs(s) > self.hole + 6:
                turn = float(rng.choice([0, np.pi / 2]))
                self._add('verge', s + rng.normal(0, 2), t, turn)

    def _draw_zebra(self, s: float) -> None:
        rng, half = self.rng, self.road.half
        for t in np.arange(-half + 0.4, half - 0.4, 1.1):
            self._paint((s - 1.6, s + 1.6), (t, t + 0.5))
        for _ in range(int(rng.integers(2, 14))):
            t = rng.uniform(-half, half)
            turn = float(rng.choice([-1, 1]) * np.pi / 2)
            self._add('walk', s + rng.uniform(-1.4, 1.4), t, turn)
