"""Plans of scenes: a road, a junction, a car park, a plaza."""

from collections.abc import Callable

import numpy as np

from projects.quickstart.renderer.solids import Colour
from projects.quickstart.world.roads import (
    WHITE,
    Axis,
    Layout,
    Road,
    add_group,
    draw_road,
    grey,
    make_road,
    pave,
)


def build_layout(kind: str, rng: np.random.Generator) -> Layout:
    """Plan a scene of ``kind``, one of ``KINDS``."""
    return KINDS[kind](rng)


def _base_colour(rng: np.random.Generator) -> Colour:
    options: list[Colour] = [
        (70, 112, 92),  # grass
        (62, 98, 96),
        (112, 140, 158),  # soil
        (136, 142, 146),  # concrete
    ]
    return options[int(rng.integers(len(options)))]


def _plan_road(rng: np.random.Generator) -> Layout:
    layout = Layout('road', _base_colour(rng))
    origin = (rng.uniform(-8, 8), rng.uniform(-6, 6))
    axis = Axis(origin, rng.uniform(0, np.pi))
    road = make_road(rng, axis, [1, 2, 2, 3])
    pave(layout, [road], rng)
    draw_road(layout, road, rng)
    return layout


def _plan_junction(rng: np.random.Generator) -> Layout:
    layout = Layout('junction', _base_colour(rng))
    origin = (rng.uniform(-12, 12), rng.uniform(-8, 8))
    angle = rng.uniform(0, np.pi)
    first = make_road(rng, Axis(origin, angle), [2, 2, 3])
    second_angle = angle + np.pi / 2 + rng.normal(0, 0.08)
    second = make_road(rng, Axis(origin, second_angle), [1, 2])
    pave(layout, [first, second], rng)
    draw_road(layout, first, rng, gap=second.half + 1.5)
    draw_road(layout, second, rng, gap=first.half + 1.5)
    return layout


def _plan_carpark(rng: np.random.Generator) -> Layout:
    layout = Layout('carpark', _base_colour(rng))
    axis = Axis((rng.uniform(-5, 5), 0.0), rng.uniform(0, np.pi))
    layout.polygons.append((axis.quad(-45, 45, -34, 34), grey(rng, 92, 130)))
    for row, t in enumerate(np.arange(-30.0, 30.0, 8.3)):
        turn = np.pi / 2 * (1 if row % 2 else -1)
        for s in np.arange(-42.0, 42.0, 2.75):
            line = axis.quad(s - 0.06, s + 0.06, t - 2.6, t + 2.6)
            layout.polygons.append((line, WHITE))
            flip = np.pi * (rng.random() < 0.3)
            slot = axis.slot(
                s + 1.37 + rng.normal(0, 0.1),
                t + rng.normal(0, 0.2),
                turn + flip + rng.normal(0, 0.03),
            )
            layout.slots['kerb'].append(slot)
        for s in np.arange(-40.0, 40.0, 12.0):
            side = 0.0 if row % 2 else np.pi
            layout.slots['lane'].append(
                axis.slot(s + rng.normal(0, 3), t + 4.15, side)
            )
        for _ in range(6):
            s = rng.uniform(-40, 40)
            add_group(layout, axis.world(s, t + 4.15), rng)
    road = make_road(rng, Axis((0, 0), axis.angle), [1, 2])
    offset = 34 + road.half + road.pavement
    moved = Axis(tuple(axis.world(0, offset)), axis.angle)
    road = Road(moved, road.lanes, road.parking, road.pavement)
    pave(layout, [road], rng)
    draw_road(layout, road, rng)
    return layout


def _plan_plaza(rng: np.random.Generator) -> Layout:
    base = grey(rng, 138, 178)
    layout = Layout('plaza', base)
    axis = Axis((0.0, 0.0), rng.uniform(0, np.pi))
    joint = (base[0] * 0.93, base[1] * 0.93, base[2] * 0.93)
    for offset in np.arange(-60.0, 60.0, rng.uniform(2.5, 5)):
        for turned in (axis, Axis((0, 0), axis.angle + np.pi / 2)):
            strip = turned.quad(-60, 60, offset - 0.08, offset + 0.08)
            layout.polygons.append((strip, joint))
    if rng.random() < 0.4:  # a playground
        court = axis.quad(-14, 14, -7.5, 7.5)
        layout.polygons.append((court, (110, 140, 84)))
        for t in (-6.5, 0.0, 6.4):
            layout.polygons.append((axis.quad(-13, 13, t, t + 0.1), WHITE))
        for s in (-13.0, 0.0, 12.9):
            layout.polygons.append((axis.quad(s, s + 0.1, -6.5, 6.5), WHITE))
    side = rng.choice([-1, 1]) * rng.uniform(12, 18)
    road = make_road(rng, Axis(tuple(axis.world(0, side)), axis.angle), [1, 2])
    away = -float(np.sign(side))  # the plaza lies on this side of the road
    edge = side + away * road.half
    for _ in range(130):
        s, depth = rng.uniform(-32, 32), rng.uniform(1, 50)
        add_group(layout, axis.world(s, edge + away * depth), rng)
    for _ in range(10):
        s, depth = rng.uniform(-22, 22), rng.uniform(2, 36)
        row = Axis(tuple(axis.world(s, edge + away * depth)), axis.angle)
        for k in range(int(rng.integers(4, 12))):
            turn = np.pi / 2 + rng.normal(0, 0.12)
            layout.slots['rank'].append(row.slot(1.15 * k, 0, turn))
    for _ in range(24):
        s, depth = rng.uniform(-26, 26), rng.uniform(3, 40)
        turn = rng.choice([0, np.pi / 2])
        slot = axis.slot(s, edge + away * depth, turn)
        layout.slots['kerb'].append(slot)
    pave(layout, [road], rng)
    draw_road(layout, road, rng)
    return layout


KINDS: dict[str, Callable[[np.random.Generator], Layout]] = {
    'road': _plan_road,
    'junction': _plan_junction,
    'carpark': _plan_carpark,
    'plaza': _plan_plaza,
}
