"""Three-dimensional models of the ten classes, in metres.

``BUILDERS[name](rng)`` gives one object of VisDrone's class ``name``; colours
and proportions vary with ``rng``. Pairs that people confuse in VisDrone are
alike here as well: pedestrian and people, car and van, tricycle and
awning-tricycle.
"""

from collections.abc import Callable

import numpy as np

from projects.quickstart.raster import Colour, Model

GLASS: Colour = (62, 52, 44)
TYRE: Colour = (34, 32, 32)
SKIN: Colour = (130, 165, 205)
LAMP: Colour = (235, 250, 255)
TAIL: Colour = (45, 40, 205)

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
_BRIGHT: list[Colour] = [
    (200, 110, 30),
    (50, 50, 200),
    (60, 150, 60),
    (40, 170, 230),
    (220, 220, 220),
]


def _pick(rng: np.random.Generator, colours: list[Colour]) -> Colour:
    colour = colours[int(rng.integers(len(colours)))]
    return _vary(rng, colour, 12)


def _vary(rng: np.random.Generator, colour: Colour, amount: float) -> Colour:
    shift = rng.normal(0, amount) + rng.normal(0, amount / 3, 3)
    blue, green, red = np.clip(np.add(colour, shift), 8, 250)
    return float(blue), float(green), float(red)


def _dim(colour: Colour, factor: float) -> Colour:
    return colour[0] * factor, colour[1] * factor, colour[2] * factor


def _car_paint(rng: np.random.Generator) -> Colour:
    shares = np.array([share for _, share in _CAR_PAINT])
    index = rng.choice(len(shares), p=shares / shares.sum())
    return _vary(rng, _CAR_PAINT[int(index)][0], 9)


def _wheel(
    model: Model, x: float, y: float, radius: float, *, outward: float
) -> None:
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    rim = np.stack(
        [
            x + radius * np.cos(angles),
            np.full(12, y + 0.02 * outward),
            radius * (1 + np.sin(angles)),
        ],
        axis=1,
    )
    # Just outside the body's side, so that the body does not hide it.
    model.plate(rim if outward < 0 else rim[::-1], TYRE, level=0)


def _wheels(
    model: Model, axles: tuple[float, ...], half_width: float, radius: float
) -> None:
    for x in axles:
        for side in (-1.0, 1.0):
            _wheel(model, x, side * half_width, radius, outward=side)


def _quad(
    x: tuple[float, float], y: tuple[float, float], z: float
) -> list[tuple[float, float, float]]:
    return [
        (x[0], y[0], z),
        (x[1], y[0], z),
        (x[1], y[1], z),
        (x[0], y[1], z),
    ]


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
    _wheels(model, (-1.3, 1.35), half, 0.33)
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
        roof=_dim(paint, 0.97),
        level=3,
    )
    _lamps(model, half_length, -half_length, half)
    return model


def build_van(rng: np.random.Generator) -> Model:
    """A tall one-box van: windscreen far in front, long flat roof."""
    model = Model()
    paint = _car_paint(rng)
    if rng.random() < 0.55:
        paint = _vary(rng, (226, 228, 226), 8)
    half_length, half = rng.uniform(2.3, 2.7), rng.uniform(0.92, 1.02)
    height = rng.uniform(1.95, 2.3)
    _wheels(model, (-1.45, 1.5), half, 0.34)
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
        rib = _quad((x, x + 0.12), (-half + 0.15, half - 0.15), height + 0.01)
        model.solids[-1].add('face', rib, _dim(paint, 0.8))
    _lamps(model, half_length, -half_length, half)
    return model


def build_truck(rng: np.random.Generator) -> Model:
    """A cab and a separate box, open bed or tank behind it."""
    model = Model()
    cab = _pick(rng, [*_BRIGHT, (220, 220, 220)])
    length, half = rng.uniform(6.0, 9.0), rng.uniform(1.1, 1.3)
    nose, tail = length / 2, -length / 2
    back = nose - 1.7
    _wheels(model, (tail + 1.0, tail + 1.9, nose - 1.0), half, 0.48)
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
        box = _pick(rng, [(225, 225, 225), (190, 160, 120), (90, 120, 170)])
        model.frustum((tail, rear), (-half, half), (0.95, 3.1), box, level=2)
        for x in np.arange(tail + 0.9, rear, 1.1):
            stripe = _quad((x, x + 0.1), (-half, half), 3.11)
            model.solids[-1].add('face', stripe, _dim(box, 0.82))
    else:
        side = _pick(rng, [(60, 70, 150), (120, 90, 50), (70, 110, 70)])
        load = _pick(rng, [(70, 110, 150), (110, 120, 125), (50, 60, 75)])
        model.frustum(
            (tail, rear), (-half, half), (0.95, 1.8), side, roof=side, level=2
        )
        inner = (tail + 0.2, rear - 0.2), (-half + 0.2, half - 0.2)
        model.solids[-1].add('face', _quad(*inner, 1.81), load)
    return model


def build_bus(rng: np.random.Generator) -> Model:
    """A long box with a window band, roof hatches and a big windscreen."""
    model, paint = Model(), _pick(rng, _BRIGHT)
    length, half, height = rng.uniform(10, 12), 1.28, 3.0
    nose, tail = length / 2, -length / 2
    _wheels(model, (tail + 2.2, nose - 2.4), half, 0.5)
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
        hatch = _quad((x - 0.7, x + 0.7), (-0.65, 0.65), height + 0.01)
        body.add('face', hatch, _dim(roof, 0.72))
    return model


def _build_cargo_trike(rng: np.random.Generator) -> tuple[Model, Colour]:
    model = Model()
    paint = _pick(rng, [(150, 80, 30), (40, 40, 150), (70, 110, 50)])
    _wheels(model, (-0.75,), 0.62, 0.3)
    _wheel(model, 1.25, 0.0, 0.3, outward=1.0)
    model.frustum((0.1, 1.2), (-0.16, 0.16), (0.35, 0.65), paint)
    model.frustum((1.0, 1.2), (-0.35, 0.35), (0.65, 1.0), paint, level=2)
    model.line(
        [(1.05, -0.42, 1.05), (1.05, 0.42, 1.05)], 0.06, TYRE, level=2
    )
    model.frustum((0.1, 0.5), (-0.25, 0.25), (0.65, 0.8), TYRE, level=2)
    return model, paint


def build_tricycle(rng: np.random.Generator) -> Model:
    """A cargo tricycle: handlebar, seat, open bed, often with a load."""
    model, paint = _build_cargo_trike(rng)
    model.frustum((-1.35, 0.05), (-0.6, 0.6), (0.4, 0.8), paint)
    load = _pick(rng, [(80, 120, 160), (70, 75, 80), (150, 165, 175)])
    bed = _quad((-1.25, -0.05), (-0.5, 0.5), 0.81)
    model.solids[-1].add('face', bed, load)
    if rng.random() < 0.4:
        model.frustum(
            (-1.15, -0.5), (-0.4, 0.4), (0.81, 1.15), load, level=2
        )
    return model


def build_awning_tricycle(rng: np.random.Generator) -> Model:
    """The same tricycle under a canopy on four posts."""
    model, paint = _build_cargo_trike(rng)
    canopy = _pick(rng, [(190, 90, 30), (50, 50, 190), (215, 215, 210)])
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
        seam = _quad((x, x + 0.1), (-0.5, 0.5), 1.96)
        model.solids[-1].add('face', seam, _dim(canopy, 0.75))
    return model


def build_motor(rng: np.random.Generator) -> Model:
    """A motor scooter: plastic front and tail, dark seat."""
    model, paint = Model(), _pick(rng, [*_BRIGHT, (50, 48, 46)])
    for x in (-0.65, 0.65):
        _wheel(model, x, 0.0, 0.28, outward=1.0)
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
    model, paint = Model(), _pick(rng, _BRIGHT)
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
    hair = _vary(rng, (35, 35, 42), 8)
    model.ball((x, 0, z), 0.14, SKIN, level=5)
    model.ball((x - 0.03, 0, z + 0.05), 0.13, hair, level=6)


def build_pedestrian(rng: np.random.Generator) -> Model:
    """A standing or walking person."""
    model = Model()
    top, bottom = _pick(rng, _CLOTHES), _pick(rng, _CLOTHES[1:4])
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
    top, bottom = _pick(rng, _CLOTHES), _pick(rng, _CLOTHES[1:4])
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
        paint = _pick(rng, _BRIGHT)
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
