"""Plans of scenes: road, junction, car park, plaza, harbour and apron."""

from dataclasses import replace

import numpy as np

from projects.quickstart.models.parts import dim
from projects.quickstart.renderer.solids import Colour

from .roads import WHITE, Axis, Layout, Roadworks, grey, make_road, pave

_BASES: list[Colour] = [  # grass, soil, concrete
    *((70, 112, 92), (62, 98, 96), (112, 140, 158), (136, 142, 146)),
]


def build_layout(kind: str, rng: np.random.Generator) -> Layout:
    """Plan a scene of the given kind, one of ``KINDS``."""
    return KINDS[kind](kind, rng)


def _plan_base(kind: str, rng: np.random.Generator) -> Layout:
    return Layout(kind, _BASES[int(rng.integers(len(_BASES)))])


def _plan_road(kind: str, rng: np.random.Generator) -> Layout:
    layout = _plan_base(kind, rng)
    origin = (rng.uniform(-8, 8), rng.uniform(-6, 6))
    road = make_road(rng, Axis(origin, rng.uniform(0, np.pi)), [1, 2, 2, 3])
    pave(layout, [road], rng)
    Roadworks(layout, road, rng).draw()
    return layout


def _plan_junction(kind: str, rng: np.random.Generator) -> Layout:
    layout = _plan_base(kind, rng)
    origin = (rng.uniform(-12, 12), rng.uniform(-8, 8))
    angle = rng.uniform(0, np.pi)
    first = make_road(rng, Axis(origin, angle), [2, 2, 3])
    angle = angle + np.pi / 2 + rng.normal(0, 0.08)
    second = make_road(rng, Axis(origin, angle), [1, 2])
    pave(layout, [first, second], rng)
    Roadworks(layout, first, rng, second.half + 1.5).draw()
    Roadworks(layout, second, rng, first.half + 1.5).draw()
    return layout


def _plan_carpark(kind: str, rng: np.random.Generator) -> Layout:
    layout = _plan_base(kind, rng)
    axis = Axis((rng.uniform(-5, 5), 0.0), rng.uniform(0, np.pi))
    layout.paint(axis.quad(-45, 45, -34, 34), grey(rng, 92, 130))
    for row, t in enumerate(np.arange(-30.0, 30.0, 8.3)):
        turn = np.pi / 2 * (1 if row % 2 else -1)
        for s in np.arange(-42.0, 42.0, 2.75):
            layout.paint(
                axis.quad(s - 0.06, s + 0.06, t - 2.6, t + 2.6), WHITE
            )
            flip = np.pi * (rng.random() < 0.3)
            along, across = (
                s + 1.37 + rng.normal(0, 0.1),
                t + rng.normal(0, 0.2),
            )
            heading = turn + flip + rng.normal(0, 0.03)
            layout.slots['kerb'].append(axis.slot(along, across, heading))
        for s in np.arange(-40.0, 40.0, 12.0):
            along, side = s + rng.normal(0, 3), 0.0 if row % 2 else np.pi
            layout.slots['lane'].append(axis.slot(along, t + 4.15, side))
        for _ in range(6):
            layout.add_group(axis.world(rng.uniform(-40, 40), t + 4.15), rng)
    road = make_road(rng, Axis((0, 0), axis.angle), [1, 2])
    offset = 34 + road.half + road.pavement
    road = replace(road, axis=Axis(tuple(axis.world(0, offset)), axis.angle))
    pave(layout, [road], rng)
    Roadworks(layout, road, rng).draw()
    return layout


def _plan_plaza(kind: str, rng: np.random.Generator) -> Layout:
    layout = Layout(kind, grey(rng, 138, 178))
    axis = Axis((0.0, 0.0), rng.uniform(0, np.pi))
    joint = dim(layout.base, 0.93)
    for offset in np.arange(-60.0, 60.0, rng.uniform(2.5, 5)):
        for turned in (axis, Axis((0, 0), axis.angle + np.pi / 2)):
            strip = turned.quad(-60, 60, offset - 0.08, offset + 0.08)
            layout.paint(strip, joint)
    if rng.random() < 0.4:  # a playground
        layout.paint(axis.quad(-14, 14, -7.5, 7.5), (110, 140, 84))
        for t in (-6.5, 0.0, 6.4):
            layout.paint(axis.quad(-13, 13, t, t + 0.1), WHITE)
        for s in (-13.0, 0.0, 12.9):
            layout.paint(axis.quad(s, s + 0.1, -6.5, 6.5), WHITE)
    side = rng.choice([-1, 1]) * rng.uniform(12, 18)
    road = make_road(rng, Axis(tuple(axis.world(0, side)), axis.angle), [1, 2])
    away = -float(np.sign(side))  # the plaza is on this side of the road
    edge = side + away * road.half
    for _ in range(130):
        s, depth = rng.uniform(-32, 32), rng.uniform(1, 50)
        layout.add_group(axis.world(s, edge + away * depth), rng)
    for _ in range(10):
        s, depth = rng.uniform(-22, 22), rng.uniform(2, 36)
        row = Axis(tuple(axis.world(s, edge + away * depth)), axis.angle)
        for k in range(int(rng.integers(4, 12))):
            turn = np.pi / 2 + rng.normal(0, 0.12)
            layout.slots['rank'].append(row.slot(1.15 * k, 0, turn))
    for _ in range(24):
        s, depth = rng.uniform(-26, 26), rng.uniform(3, 40)
        turn = rng.choice([0, np.pi / 2])
        layout.slots['kerb'].append(axis.slot(s, edge + away * depth, turn))
    pave(layout, [road], rng)
    Roadworks(layout, road, rng).draw()
    return layout


def _plan_harbour(kind: str, rng: np.random.Generator) -> Layout:
    axis = Axis((0.0, 0.0), float(rng.uniform(0, np.pi)))
    layout = Layout(kind, (104.0, 88.0, 58.0), marked=False)
    quay = grey(rng, 140, 170)
    layout.paint(axis.quad(-90, 90, 24, 90), quay)
    for s in np.arange(-68.0, 68.0, 34.0):
        layout.paint(axis.quad(s, s + 2, -28, 24), quay)
        for t in np.arange(-25.0, 22.0, 5.6):
            for side in (-8.0, 10.0):
                across, turn = t + rng.normal(0, 0.4), np.pi * (side > 0)
                layout.slots['lane'].append(axis.slot(s + side, across, turn))
    return _add_parked(layout, axis, rng, 28.0, 60.0)


def _plan_apron(kind: str, rng: np.random.Generator) -> Layout:
    axis = Axis((0.0, 0.0), float(rng.uniform(0, np.pi)))
    layout = Layout(kind, grey(rng, 138, 165), marked=False)
    layout.paint(axis.quad(-90, 90, 18, 40), grey(rng, 96, 112))
    layout.paint(axis.quad(-90, 90, 28.8, 29.2), WHITE)
    for s in np.arange(-60.0, 60.0, 20.0):
        turn = np.pi / 2 + rng.normal(0, 0.06)
        for t in (-32.0, 2.0):
            layout.paint(axis.quad(s, s + 0.3, t, t + 18), WHITE)
            layout.slots['lane'].append(axis.slot(s, t, turn))
    return _add_parked(layout, axis, rng, -20.0, -10.0)


def _add_parked(
    layout: Layout,
    axis: Axis,
    rng: np.random.Generator,
    low: float,
    high: float,
) -> Layout:
    for s in np.arange(-60.0, 60.0, 6.0):
        t = rng.uniform(low, high)
        layout.slots['kerb'].append(axis.slot(s, t, rng.uniform(0, np.pi)))
    return layout


KINDS = {
    'road': _plan_road,
    'junction': _plan_junction,
    'carpark': _plan_carpark,
    'plaza': _plan_plaza,
    'harbour': _plan_harbour,
    'apron': _plan_apron,
}
