"""Three-dimensional models of the ten classes, in metres.

``BUILDERS[name](rng)`` gives one object of VisDrone's class ``name``; colours
and proportions vary with ``rng``. Pairs that people confuse in VisDrone are
alike here as well: pedestrian and people, car and van, tricycle and
awning-tricycle.
"""

from collections.abc import Callable

import numpy as np

from projects.quickstart.models.parts import (
    BRIGHT,
    SKIN,
    TYRE,
    add_wheel,
    add_wheels,
    dim,
    flat_quad,
    pick,
    vary,
)
from projects.quickstart.models.vehicles import (
    build_bus,
    build_car,
    build_truck,
    build_van,
)
from projects.quickstart.renderer.solids import Colour, Model

_CLOTHES: list[Colour] = [
    (215, 215, 218),
    (60, 52, 48),
    (70, 60, 180),
    (170, 100, 50),
    (80, 140, 70),
    (90, 190, 225),
    (180, 130, 190),
    (120, 120, 125),
]


def _build_cargo_trike(rng: np.random.Generator) -> tuple[Model, Colour]:
    model = Model()
    paint = pick(rng, [(150, 80, 30), (40, 40, 150), (70, 110, 50)])
    add_wheels(model, (-0.75,), 0.62, 0.3)
    add_wheel(model, 1.25, 0.0, 0.3, outward=1.0)
    model.frustum((0.1, 1.2), (-0.16, 0.16), (0.35, 0.65), paint)
    model.frustum((1.0, 1.2), (-0.35, 0.35), (0.65, 1.0), paint, level=2)
    model.line([(1.05, -0.42, 1.05), (1.05, 0.42, 1.05)], 0.06, TYRE, level=2)
    model.frustum((0.1, 0.5), (-0.25, 0.25), (0.65, 0.8), TYRE, level=2)
    return model, paint


def build_tricycle(rng: np.random.Generator) -> Model:
    """A cargo tricycle: handlebar, seat, open bed, often with a load."""
    model, paint = _build_cargo_trike(rng)
    model.frustum((-1.35, 0.05), (-0.6, 0.6), (0.4, 0.8), paint)
    load = pick(rng, [(80, 120, 160), (70, 75, 80), (150, 165, 175)])
    bed = flat_quad((-1.25, -0.05), (-0.5, 0.5), 0.81)
    model.solids[-1].add('face', bed, load)
    if rng.random() < 0.4:
        model.frustum((-1.15, -0.5), (-0.4, 0.4), (0.81, 1.15), load, level=2)
    return model


def build_awning_tricycle(rng: np.random.Generator) -> Model:
    """The same tricycle under a canopy on four posts."""
    model, paint = _build_cargo_trike(rng)
    canopy = pick(rng, [(190, 90, 30), (50, 50, 190), (215, 215, 210)])
    model.frustum((-1.35, 0.05), (-0.6, 0.6), (0.4, 0.9), paint)
    for x in (-1.3, 0.85):
        for y in (-0.56, 0.56):
            model.line(
                [(x, y, 0.7), (x, y, 1.75)], 0.05, (70, 70, 72), level=3
            )
    model.frustum(
        (-1.45, 1.0),
        (-0.68, 0.68),
        (1.7, 1.95),
        canopy,
        top=(-1.3, 0.85, -0.5, 0.5),
        level=4,
    )
    for x in (-0.8, 0.1):
        seam = flat_quad((x, x + 0.1), (-0.5, 0.5), 1.96)
        model.solids[-1].add('face', seam, dim(canopy, 0.75))
    return model


def build_motor(rng: np.random.Generator) -> Model:
    """A motor scooter: plastic front and tail, dark seat."""
    model, paint = Model(), pick(rng, [*BRIGHT, (50, 48, 46)])
    for x in (-0.65, 0.65):
        add_wheel(model, x, 0.0, 0.28, outward=1.0)
    model.frustum((-0.85, 0.15), (-0.18, 0.18), (0.3, 0.7), paint)
    model.frustum((0.1, 0.55), (-0.15, 0.15), (0.25, 0.42), paint)
    model.frustum((-0.6, 0.1), (-0.16, 0.16), (0.7, 0.82), TYRE, level=2)
    model.frustum(
        (0.45, 0.8),
        (-0.2, 0.2),
        (0.35, 0.95),
        paint,
        top=(0.4, 0.6, -0.18, 0.18),
        level=2,
    )
    model.line([(0.5, -0.38, 1.0), (0.5, 0.38, 1.0)], 0.05, TYRE, level=3)
    return model


def build_bicycle(rng: np.random.Generator) -> Model:
    """Two thin wheels, a thin frame, a handlebar."""
    model, paint = Model(), pick(rng, BRIGHT)
    angles = np.linspace(0, 2 * np.pi, 17)
    for x in (-0.52, 0.52):
        ring = np.stack(
            [
                x + 0.33 * np.cos(angles),
                np.zeros(17),
                0.33 + 0.33 * np.sin(angles),
            ],
            axis=1,
        )
        model.line(ring, 0.035, TYRE, level=0)
    frame = [
        (-0.52, 0, 0.33),
        (-0.15, 0, 0.8),
        (0.4, 0, 0.82),
        (-0.05, 0, 0.3),
        (-0.15, 0, 0.8),
    ]
    model.line(frame, 0.04, paint)
    model.line([(0.52, 0, 0.33), (0.4, 0, 0.95)], 0.04, paint)
    model.line([(0.4, -0.3, 0.98), (0.4, 0.3, 0.98)], 0.04, TYRE, level=2)
    model.line([(-0.3, 0, 0.85), (-0.05, 0, 0.85)], 0.07, TYRE, level=2)
    return model


def _head(model: Model, rng: np.random.Generator, x: float, z: float) -> None:
    hair = vary(rng, (35, 35, 42), 8)
    model.ball((x, 0, z), 0.14, SKIN, level=5)
    model.ball((x - 0.03, 0, z + 0.05), 0.13, hair, level=6)


def build_pedestrian(rng: np.random.Generator) -> Model:
    """A standing or walking person."""
    model = Model()
    top, bottom = pick(rng, _CLOTHES), pick(rng, _CLOTHES[1:4])
    step = rng.uniform(0.0, 0.25)
    for side in (-1, 1):
        foot = (side * step, side * 0.1, 0.05)
        model.line([foot, (0, side * 0.08, 0.8)], 0.1, bottom, level=0)
    model.line([(0, 0, 0.9), (0, 0, 1.35)], 0.21, top, level=1)
    for side in (-1, 1):
        hand = (-side * step, side * 0.27, 0.85)
        model.line([(0, side * 0.22, 1.4), hand], 0.06, top, level=2)
    _head(model, rng, 0, 1.62)
    return model


def _build_seated(
    rng: np.random.Generator, seat: float, *, helmet: bool
) -> Model:
    model = Model()
    top, bottom = pick(rng, _CLOTHES), pick(rng, _CLOTHES[1:4])
    for side in (-1, 1):
        hip, knee = (-0.1, side * 0.12, seat), (0.32, side * 0.17, seat)
        foot = (0.35, side * 0.17, max(seat - 0.45, 0.05))
        model.line([hip, knee, foot], 0.1, bottom, level=1)
        hand = (0.42, side * 0.28, seat + 0.25)
        model.line(
            [(-0.02, side * 0.22, seat + 0.5), hand], 0.06, top, level=2
        )
    model.line([(-0.1, 0, seat + 0.1), (0, 0, seat + 0.5)], 0.21, top, level=2)
    if helmet:
        paint = pick(rng, BRIGHT)
        model.ball((0.03, 0, seat + 0.8), 0.18, paint, level=5)
    else:
        _head(model, rng, 0.0, seat + 0.76)
    return model


def build_people(rng: np.random.Generator) -> Model:
    """A person who sits on a low seat or squats."""
    return _build_seated(rng, rng.uniform(0.25, 0.45), helmet=False)


def build_rider(rng: np.random.Generator) -> Model:
    """A person on a two-wheeler, without it (VisDrone's class people)."""
    return _build_seated(rng, 0.85, helmet=bool(rng.random() < 0.5))


BUILDERS: dict[str, Callable[[np.random.Generator], Model]] = {
    'pedestrian': build_pedestrian,
    'people': build_people,
    'bicycle': build_bicycle,
    'car': build_car,
    'van': build_van,
    'truck': build_truck,
    'tricycle': build_tricycle,
    'awning-tricycle': build_awning_tricycle,
    'bus': build_bus,
    'motor': build_motor,
}
