"""Models of car, van, truck and bus, of ships and planes; metres."""

import numpy as np

from projects.quickstart.renderer.solids import Colour, Model, flat_quad

from .parts import BRIGHT, GLASS, add_wheels, dim, pane, pick, vary

# Most cars are white, grey or black.
_CAR_SHARES = np.array([0.30, 0.18, 0.12, 0.17, 0.08, 0.08, 0.04, 0.03])
_CAR_PAINTS: list[Colour] = [
    *((236, 236, 234), (178, 176, 172), (108, 104, 100), (52, 48, 46)),
    *((46, 42, 168), (150, 84, 38), (140, 176, 196), (60, 160, 206)),
]


def _car_paint(rng: np.random.Generator) -> Colour:
    index = rng.choice(8, p=_CAR_SHARES / _CAR_SHARES.sum())
    return vary(rng, _CAR_PAINTS[int(index)], 9)


def _add_lamps(model: Model, nose: float, half: float) -> None:
    for side in (-1, 1):
        low, high = sorted((side * half * 0.95, side * half * 0.55))
        front, rear = (nose - 0.12, nose), (-nose, -nose + 0.12)
        model.box(front, (low, high), (0.6, 0.8), (235, 250, 255), level=2)
        model.box(rear, (low, high), (0.65, 0.85), (45, 40, 205), level=2)


def build_car(rng: np.random.Generator) -> Model:
    """Build a saloon or hatchback: bonnet, glass house, boot."""
    model, paint = Model(), _car_paint(rng)
    nose, half = rng.uniform(2.0, 2.4), rng.uniform(0.86, 0.95)
    rear = -nose + rng.choice([0.15, 0.75])
    add_wheels(model, (-1.3, 1.35), half, 0.33)
    top = (-nose + 0.08, nose - 0.2), half
    model.box(nose, half, (0.28, 0.88), paint, top=top)
    top, roof = ((rear + 0.45, 0.3), half - 0.25), dim(paint, 0.97)
    house = (rear, 1.15), half - 0.06, (0.88, 1.45)
    model.box(*house, GLASS, top=top, roof=roof, level=3)
    _add_lamps(model, nose, half)
    return model


def build_van(rng: np.random.Generator) -> Model:
    """Build a tall one-box van: windscreen far in front, long flat roof."""
    model, paint = Model(), _car_paint(rng)
    if rng.random() < 0.55:
        paint = vary(rng, (226, 228, 226), 8)
    nose, half = rng.uniform(2.3, 2.7), rng.uniform(0.92, 1.02)
    height, front = rng.uniform(1.95, 2.3), nose - 0.15
    add_wheels(model, (-1.45, 1.5), half, 0.34)
    model.box(nose, half, (0.3, 1.05), paint, top=((-nose, nose - 0.12), half))
    top = (-nose + 0.1, front - 0.75), half - 0.1
    model.box((-nose, front), half, (1.05, height), paint, top=top, level=3)
    low = front + 0.01, half - 0.08, 1.12
    model.face(pane(low, (front - 0.66, half - 0.18, height - 0.1)), GLASS)
    for side in (-1, 1):
        edge, inner = side * (half + 0.01), side * (half - 0.07)
        window = [(front - 1.7, edge, 1.15), (front - 0.25, edge, 1.15)]
        window += [(front - 0.75, inner, height - 0.2)]
        window += [(front - 1.7, inner, height - 0.2)]
        model.face(window[::-side], GLASS)
    for x in (-1.4, -0.3):
        rib = flat_quad((x, x + 0.12), half - 0.15, height + 0.01)
        model.face(rib, dim(paint, 0.8))
    _add_lamps(model, nose, half)
    return model


def build_truck(rng: np.random.Generator) -> Model:
    """Build a truck: a cab, and a separate box or open bed behind it."""
    model, cab = Model(), pick(rng, [*BRIGHT, (220, 220, 220)])
    nose, half = rng.uniform(6.0, 9.0) / 2, rng.uniform(1.1, 1.3)
    tail, back = -nose, nose - 1.7
    rear = back - 0.25
    add_wheels(model, (tail + 1.0, tail + 1.9, nose - 1.0), half, 0.48)
    top = (back, nose - 0.3), half - 0.05
    model.box((back, nose), half, (0.5, 2.4), cab, top=top)
    low, high = (nose - 0.12, half - 0.12, 1.45), (nose - 0.25, half - 0.15)
    model.face(pane(low, (*high, 2.25)), GLASS)
    model.box((tail, back), half, (0.6, 0.95), (60, 60, 62))
    if rng.random() < 0.5:
        box = pick(rng, [(225, 225, 225), (190, 160, 120), (90, 120, 170)])
        model.box((tail, rear), half, (0.95, 3.1), box, level=2)
        for x in np.arange(tail + 0.9, rear, 1.1):
            model.face(flat_quad((x, x + 0.1), half, 3.11), dim(box, 0.82))
        return model
    side = pick(rng, [(60, 70, 150), (120, 90, 50), (70, 110, 70)])
    load = pick(rng, [(70, 110, 150), (110, 120, 125), (50, 60, 75)])
    model.box((tail, rear), half, (0.95, 1.8), side, level=2)
    model.face(flat_quad((tail + 0.2, rear - 0.2), half - 0.2, 1.81), load)
    return model


def build_bus(rng: np.random.Generator) -> Model:
    """Build a bus: a long box with window bands, hatches, a big windscreen."""
    model, paint = Model(), pick(rng, BRIGHT)
    length, half, height = rng.uniform(10, 12), 1.28, 3.0
    nose, tail = length / 2, -length / 2
    add_wheels(model, (tail + 2.2, nose - 2.4), half, 0.5)
    roof = (232, 232, 232) if rng.random() < 0.6 else paint
    model.box((tail, nose), half, (0.35, height), paint, roof=roof)
    for side in (-1, 1):
        y, x0, x1 = side * (half + 0.01), tail + 0.5, nose - 0.9
        band = [(x0, y, 1.5), (x1, y, 1.5), (x1, y, 2.5), (x0, y, 2.5)]
        model.face(band[::-side], GLASS)
    low, high = ((nose + 0.01, half - 0.1, z) for z in (1.2, 2.7))
    model.face(pane(low, high), GLASS)
    for x in (-0.32 * length, 0.02, 0.3 * length):
        hatch = flat_quad((x - 0.7, x + 0.7), 0.65, height + 0.01)
        model.face(hatch, dim(roof, 0.72))
    return model


def build_ship(rng: np.random.Generator) -> Model:
    """Build a boat: pointed hull, deck, cabin."""
    model = Model()
    paint = pick(rng, [(215, 215, 212), (90, 120, 160), (70, 60, 160)])
    length, half = rng.uniform(3.5, 7.2), rng.uniform(1.2, 1.8)
    stern, bow = half * 0.8, length * 0.45
    side = [(-length, -stern), (bow, -half), (length, 0)]
    side += [(bow, half), (-length, stern)]
    hull = np.column_stack([side, np.full(5, 0.8)])
    model.add('plate', hull, dim(paint, 0.75))
    model.add('plate', hull * [0.88, 0.75, 1.05], paint, level=2)
    cabin = (-length * 0.55, length * 0.1), half * 0.5, (0.8, 2.4)
    model.box(*cabin, (225, 225, 222), level=3)
    low, high = ((length * x, half * 0.45, 2.41) for x in (0.1, -0.02))
    model.add('plate', pane(low, high), GLASS, level=4)
    return model


def build_plane(rng: np.random.Generator) -> Model:
    """Build an airliner, small enough for the apron: body, wings, tail."""
    model = Model()
    paint = pick(rng, [(228, 228, 226), (205, 208, 210)])
    tail = pick(rng, [(170, 80, 40), (50, 50, 180), (70, 130, 60)])
    wings = dim(paint, 0.92)
    for side in (-1, 1):
        wing = [(2.0, 0, 1.6), (-1.6, side * 8, 1.9)]
        wing += [(-2.8, side * 8, 1.9), (-1.4, 0, 1.6)]
        model.add('plate', wing, wings)
        fin = [(-6.2, 0, 2.2), (-7.6, side * 3, 2.3)]
        fin += [(-8.4, side * 3, 2.3), (-7.8, 0, 2.2)]
        model.add('plate', fin, wings)
        engine = [(1.6, side * 3, 1.3), (-0.2, side * 3, 1.3)]
        model.add('line', engine, (120, 120, 122), 0.5, level=0)
    model.add('line', [(-7.5, 0, 2.0), (7.2, 0, 2.0)], paint, 0.95, level=2)
    model.box((-8, -6.2), 0.15, (2.9, 4.5), tail, level=3)
    cockpit = pane((7.6, 0.4, 3.0), (7.1, 0.5, 3.0))
    model.add('plate', cockpit, GLASS, level=4)
    return model
