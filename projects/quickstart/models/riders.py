"""Models of people, two-wheelers and tricycles; metres.

Pairs of classes that are easily confused in VisDrone are also similar here:
pedestrian and people, tricycle and awning-tricycle.
"""

import numpy as np

from projects.quickstart.renderer.solids import Colour, Model, flat_quad

from .parts import BRIGHT, SKIN, TYRE, add_wheel, add_wheels, dim, pick, vary

_CLOTHES: list[Colour] = [
    *((215, 215, 218), (60, 52, 48), (70, 60, 180), (170, 100, 50)),
    *((80, 140, 70), (90, 190, 225), (180, 130, 190), (120, 120, 125)),
]


def _build_cargo_trike(rng: np.random.Generator) -> tuple[Model, Colour]:
    model = Model()
    paint = pick(rng, [(150, 80, 30), (40, 40, 150), (70, 110, 50)])
    add_wheels(model, (-0.75,), 0.62, 0.3)
    add_wheel(model, 1.25, 0.0, 0.3, outward=1.0)
    model.box((0.1, 1.2), 0.16, (0.35, 0.65), paint)
    model.box((1.0, 1.2), 0.35, (0.65, 1.0), paint, level=2)
    bar = [(1.05, -0.42, 1.05), (1.05, 0.42, 1.05)]
    model.add('line', bar, TYRE, 0.06, level=2)
    model.box((0.1, 0.5), 0.25, (0.65, 0.8), TYRE, level=2)
    return model, paint


def build_tricycle(rng: np.random.Generator) -> Model:
    """Build a cargo tricycle: handlebar, seat, open bed, often a load."""
    model, paint = _build_cargo_trike(rng)
    model.box((-1.35, 0.05), 0.6, (0.4, 0.8), paint)
    load = pick(rng, [(80, 120, 160), (70, 75, 80), (150, 165, 175)])
    model.face(flat_quad((-1.25, -0.05), 0.5, 0.81), load)
    if rng.random() < 0.4:
        model.box((-1.15, -0.5), 0.4, (0.81, 1.15), load, level=2)
    return model


def build_awning_tricycle(rng: np.random.Generator) -> Model:
    """Build a cargo tricycle with a canopy on four posts."""
    model, paint = _build_cargo_trike(rng)
    canopy = pick(rng, [(190, 90, 30), (50, 50, 190), (215, 215, 210)])
    model.box((-1.35, 0.05), 0.6, (0.4, 0.9), paint)
    for x in (-1.3, 0.85):
        for y in (-0.56, 0.56):
            post = [(x, y, 0.7), (x, y, 1.75)]
            model.add('line', post, (70, 70, 72), 0.05, level=3)
    top = (-1.3, 0.85), 0.5
    model.box((-1.45, 1.0), 0.68, (1.7, 1.95), canopy, top=top, level=4)
    for x in (-0.8, 0.1):
        model.face(flat_quad((x, x + 0.1), 0.5, 1.96), dim(canopy, 0.75))
    return model


def build_motor(rng: np.random.Generator) -> Model:
    """Build a motor scooter: plastic front and tail, dark seat."""
    model, paint = Model(), pick(rng, [*BRIGHT, (50, 48, 46)])
    for x in (-0.65, 0.65):
        add_wheel(model, x, 0.0, 0.28, outward=1.0)
    model.box((-0.85, 0.15), 0.18, (0.3, 0.7), paint)
    model.box((0.1, 0.55), 0.15, (0.25, 0.42), paint)
    model.box((-0.6, 0.1), 0.16, (0.7, 0.82), TYRE, level=2)
    top = (0.4, 0.6), 0.18
    model.box((0.45, 0.8), 0.2, (0.35, 0.95), paint, top=top, level=2)
    bar = [(0.5, -0.38, 1.0), (0.5, 0.38, 1.0)]
    model.add('line', bar, TYRE, 0.05, level=3)
    return model


def build_bicycle(rng: np.random.Generator) -> Model:
    """Build a bicycle: two thin wheels, a thin frame, a handlebar."""
    model, paint = Model(), pick(rng, BRIGHT)
    cos, sin = (f(np.linspace(0, 2 * np.pi, 17)) for f in (np.cos, np.sin))
    for x in (-0.52, 0.52):
        ring = [x + 0.33 * cos, np.zeros(17), 0.33 + 0.33 * sin]
        model.add('line', np.stack(ring, axis=1), TYRE, 0.035, level=0)
    frame = [(-0.52, 0, 0.33), (-0.15, 0, 0.8), (0.4, 0, 0.82)]
    frame += [(-0.05, 0, 0.3), (-0.15, 0, 0.8)]
    bar, seat = [(0.4, -0.3, 0.98), (0.4, 0.3, 0.98)], [(-0.3, 0, 0.85)]
    model.add('line', frame, paint, 0.04)
    model.add('line', [(0.52, 0, 0.33), (0.4, 0, 0.95)], paint, 0.04)
    model.add('line', bar, TYRE, 0.04, level=2)
    model.add('line', [*seat, (-0.05, 0, 0.85)], TYRE, 0.07, level=2)
    return model


def _add_head(
    model: Model, rng: np.random.Generator, x: float, z: float
) -> None:
    hair = vary(rng, (35, 35, 42), 8)
    model.add('ball', [(x, 0, z)], SKIN, 0.14, level=5)
    model.add('ball', [(x - 0.03, 0, z + 0.05)], hair, 0.13, level=6)


def build_pedestrian(rng: np.random.Generator) -> Model:
    """Build a standing or walking person."""
    model, top = Model(), pick(rng, _CLOTHES)
    bottom, step = pick(rng, _CLOTHES[1:4]), rng.uniform(0.0, 0.25)
    for side in (-1, 1):
        leg = [(side * step, side * 0.1, 0.05), (0, side * 0.08, 0.8)]
        model.add('line', leg, bottom, 0.1, level=0)
    model.add('line', [(0, 0, 0.9), (0, 0, 1.35)], top, 0.21)
    for side in (-1, 1):
        arm = [(0, side * 0.22, 1.4), (-side * step, side * 0.27, 0.85)]
        model.add('line', arm, top, 0.06, level=2)
    _add_head(model, rng, 0, 1.62)
    return model


def _build_seated(
    rng: np.random.Generator, seat: float, *, helmet: bool
) -> Model:
    model = Model()
    top, bottom = pick(rng, _CLOTHES), pick(rng, _CLOTHES[1:4])
    for side in (-1, 1):
        leg = [(-0.1, side * 0.12, seat), (0.32, side * 0.17, seat)]
        leg += [(0.35, side * 0.17, max(seat - 0.45, 0.05))]
        model.add('line', leg, bottom, 0.1)
        arm = [(-0.02, side * 0.22, seat + 0.5)]
        arm += [(0.42, side * 0.28, seat + 0.25)]
        model.add('line', arm, top, 0.06, level=2)
    trunk = [(-0.1, 0, seat + 0.1), (0, 0, seat + 0.5)]
    model.add('line', trunk, top, 0.21, level=2)
    if helmet:
        paint = pick(rng, BRIGHT)
        model.add('ball', [(0.03, 0, seat + 0.8)], paint, 0.18, level=5)
    else:
        _add_head(model, rng, 0.0, seat + 0.76)
    return model


def build_people(rng: np.random.Generator) -> Model:
    """Build a person who sits on a low seat or squats."""
    return _build_seated(rng, rng.uniform(0.25, 0.45), helmet=False)


def build_rider(rng: np.random.Generator) -> Model:
    """Build a person on a two-wheeler (VisDrone's class people)."""
    return _build_seated(rng, 0.85, helmet=bool(rng.random() < 0.5))
