"""Models of the large vehicles: car, van, truck, bus; metres."""

import numpy as np

from projects.quickstart.models.parts import (
    BRIGHT,
    GLASS,
    LAMP,
    TAIL,
    add_wheels,
    dim,
    flat_quad,
    pick,
    vary,
)
from projects.quickstart.renderer.solids import Colour, Model

# BGR and how often: most cars are white, grey or black.
_CAR_PAINT: list[tuple[Colour, float]] = [
    ((236, 236, 234), 0.30),
    ((178, 176, 172), 0.18),
    ((108, 104, 100), 0.12),
    ((52, 48, 46), 0.17),
    ((46, 42, 168), 0.08),
    ((150, 84, 38), 0.08),
    ((140, 176, 196), 0.04),
    ((60, 160, 206), 0.03),
]


def _car_paint(rng: np.random.Generator) -> Colour:
    shares = np.array([share for _, share in _CAR_PAINT])
    index = rng.choice(len(shares), p=shares / shares.sum())
    return vary(rng, _CAR_PAINT[int(index)][0], 9)


def _lamps(model: Model, nose: float, tail: float, half: float) -> None:
    for side in (-1, 1):
        y = (side * half * 0.95, side * half * 0.55)
        y = (min(y), max(y))
        model.frustum((nose - 0.12, nose), y, (0.6, 0.8), LAMP, level=2)
        model.frustum((tail, tail + 0.12), y, (0.65, 0.85), TAIL, level=2)


def build_car(rng: np.random.Generator) -> Model:
    """A saloon or hatchback: bonnet, glass house, boot."""
    model, paint = Model(), _car_paint(rng)
    half_length = rng.uniform(2.0, 2.4)
    half = rng.uniform(0.86, 0.95)
    rear = -half_length + rng.choice([0.15, 0.75])
    add_wheels(model, (-1.3, 1.35), half, 0.33)
    model.frustum(
        (-half_length, half_length),
        (-half, half),
        (0.28, 0.88),
        paint,
        top=(-half_length + 0.08, half_length - 0.2, -half, half),
    )
    model.frustum(
        (rear, 1.15),
        (-half + 0.06, half - 0.06),
        (0.88, 1.45),
        GLASS,
        top=(rear + 0.45, 0.3, -half + 0.25, half - 0.25),
        roof=dim(paint, 0.97),
        level=3,
    )
    _lamps(model, half_length, -half_length, half)
    return model


def build_van(rng: np.random.Generator) -> Model:
    """A tall one-box van: windscreen far in front, long flat roof."""
    model = Model()
    paint = _car_paint(rng)
    if rng.random() < 0.55:
        paint = vary(rng, (226, 228, 226), 8)
    half_length, half = rng.uniform(2.3, 2.7), rng.uniform(0.92, 1.02)
    height = rng.uniform(1.95, 2.3)
    add_wheels(model, (-1.45, 1.5), half, 0.34)
    model.frustum(
        (-half_length, half_length),
        (-half, half),
        (0.3, 1.05),
        paint,
        top=(-half_length, half_length - 0.12, -half, half),
    )
    front = half_length - 0.15
    model.frustum(
        (-half_length, front),
        (-half, half),
        (1.05, height),
        paint,
        top=(-half_length + 0.1, front - 0.75, -half + 0.1, half - 0.1),
        level=3,
    )
    screen = [
        (front + 0.01, -half + 0.08, 1.12),
        (front + 0.01, half - 0.08, 1.12),
        (front - 0.66, half - 0.18, height - 0.1),
        (front - 0.66, -half + 0.18, height - 0.1),
    ]
    model.solids[-1].add('face', screen, GLASS)
    for side in (-1, 1):
        edge = side * (half + 0.01)
        inner = side * (half - 0.07)
        window = [
            (front - 1.7, edge, 1.15),
            (front - 0.25, edge, 1.15),
            (front - 0.75, inner, height - 0.2),
            (front - 1.7, inner, height - 0.2),
        ]
        model.solids[-1].add('face', window[::-side], GLASS)
    for x in (-1.4, -0.3):
        rib = flat_quad(
            (x, x + 0.12), (-half + 0.15, half - 0.15), height + 0.01
        )
        model.solids[-1].add('face', rib, dim(paint, 0.8))
    _lamps(model, half_length, -half_length, half)
    return model


def build_truck(rng: np.random.Generator) -> Model:
    """A cab and a separate box, open bed or tank behind it."""
    model = Model()
    cab = pick(rng, [*BRIGHT, (220, 220, 220)])
    length, half = rng.uniform(6.0, 9.0), rng.uniform(1.1, 1.3)
    nose, tail = length / 2, -length / 2
    back = nose - 1.7
    add_wheels(model, (tail + 1.0, tail + 1.9, nose - 1.0), half, 0.48)
    model.frustum(
        (back, nose),
        (-half, half),
        (0.5, 2.4),
        cab,
        top=(back, nose - 0.3, -half + 0.05, half - 0.05),
    )
    screen = [
        (nose - 0.12, -half + 0.12, 1.45),
        (nose - 0.12, half - 0.12, 1.45),
        (nose - 0.25, half - 0.15, 2.25),
        (nose - 0.25, -half + 0.15, 2.25),
    ]
    model.solids[-1].add('face', screen, GLASS)
    model.frustum((tail, back), (-half, half), (0.6, 0.95), (60, 60, 62))
    rear = back - 0.25
    if rng.random() < 0.5:
        box = pick(rng, [(225, 225, 225), (190, 160, 120), (90, 120, 170)])
        model.frustum((tail, rear), (-half, half), (0.95, 3.1), box, level=2)
        for x in np.arange(tail + 0.9, rear, 1.1):
            stripe = flat_quad((x, x + 0.1), (-half, half), 3.11)
            model.solids[-1].add('face', stripe, dim(box, 0.82))
    else:
        side = pick(rng, [(60, 70, 150), (120, 90, 50), (70, 110, 70)])
        load = pick(rng, [(70, 110, 150), (110, 120, 125), (50, 60, 75)])
        model.frustum(
            (tail, rear), (-half, half), (0.95, 1.8), side, roof=side, level=2
        )
        inner = (tail + 0.2, rear - 0.2), (-half + 0.2, half - 0.2)
        model.solids[-1].add('face', flat_quad(*inner, 1.81), load)
    return model


def build_bus(rng: np.random.Generator) -> Model:
    """A long box with a window band, roof hatches and a big windscreen."""
    model, paint = Model(), pick(rng, BRIGHT)
    length, half, height = rng.uniform(10, 12), 1.28, 3.0
    nose, tail = length / 2, -length / 2
    add_wheels(model, (tail + 2.2, nose - 2.4), half, 0.5)
    roof = (232, 232, 232) if rng.random() < 0.6 else paint
    model.frustum(
        (tail, nose), (-half, half), (0.35, height), paint, roof=roof
    )
    body = model.solids[-1]
    for side in (-1, 1):
        y = side * (half + 0.01)
        band = [
            (tail + 0.5, y, 1.5),
            (nose - 0.9, y, 1.5),
            (nose - 0.9, y, 2.5),
            (tail + 0.5, y, 2.5),
        ]
        body.add('face', band[::-side], GLASS)
    x = nose + 0.01
    screen = [
        (x, -half + 0.1, 1.2),
        (x, half - 0.1, 1.2),
        (x, half - 0.1, 2.7),
        (x, -half + 0.1, 2.7),
    ]
    body.add('face', screen, GLASS)
    for x in (-0.32 * length, 0.02, 0.3 * length):
        hatch = flat_quad((x - 0.7, x + 0.7), (-0.65, 0.65), height + 0.01)
        body.add('face', hatch, dim(roof, 0.72))
    return model
