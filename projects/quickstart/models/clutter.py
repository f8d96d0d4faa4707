"""Models of clutter that resembles objects: sources of false alarms."""

import numpy as np

from projects.quickstart.renderer.solids import Colour, Model

from .parts import clip, dim

_GREENS: list[Colour] = [(52, 92, 62), (40, 78, 58), (60, 104, 84)]
_PAINTS: list[Colour] = [
    *((60, 60, 180), (190, 120, 50), (70, 140, 70)),
    *((60, 160, 215), (215, 215, 212), (120, 118, 116)),
]


def _pick(rng: np.random.Generator, colours: list[Colour] = _PAINTS) -> Colour:
    colour = colours[int(rng.integers(len(colours)))]
    return clip(np.add(colour, rng.normal(0, 8, 3)), 5)


def build_tree(rng: np.random.Generator) -> Model:
    """Build a trunk and a crown of overlapping leaf clumps."""
    model, green = Model(), _pick(rng, _GREENS)
    size, height = rng.uniform(1.1, 2.0), rng.uniform(2.2, 3.6)
    trunk = [(0, 0, 0), (0, 0, height)]
    model.add('line', trunk, (50, 66, 84), 0.16, level=0)
    for _ in range(26):
        x, y, up = rng.normal(0, 0.55, 3) * size
        # Higher clumps catch more light.
        tone = np.clip(0.8 + 0.22 * up / size + rng.normal(0, 0.08), 0.5, 1.4)
        centre, radius = (x, y, max(height + up, 1.2)), rng.uniform(0.3, 0.6)
        model.add('ball', [centre], dim(green, tone), size * radius)
    return model


def build_bush(rng: np.random.Generator) -> Model:
    """Build a low round shrub."""
    model, green = Model(), _pick(rng, _GREENS)
    for _ in range(7):
        x, y = rng.normal(0, 0.35, 2)
        shade = dim(green, rng.uniform(0.8, 1.2))
        model.add('ball', [(x, y, rng.uniform(0.3, 0.7))], shade, 0.4)
    return model


def build_container(rng: np.random.Generator) -> Model:
    """Build a ribbed steel box, as long as a truck's."""
    model, paint = Model(), _pick(rng)
    model.box(3, 1.2, (0, 2.5), paint)
    for x in np.arange(-2.6, 2.9, 0.8):
        rib = [(x, -1.2, 2.51), (x + 0.2, -1.2, 2.51)]
        rib += [(x + 0.2, 1.2, 2.51), (x, 1.2, 2.51)]
        model.face(rib, dim(paint, 0.8))
    return model


def build_crate(rng: np.random.Generator) -> Model:
    """Build goods under a tarpaulin, car-sized but without windows."""
    model = Model()
    length, half = rng.uniform(0.6, 2.0), rng.uniform(0.5, 0.9)
    z, top = (0, rng.uniform(0.7, 1.4)), (length * 0.8, half * 0.8)
    model.box(length, half, z, _pick(rng), top=top)
    return model


def build_umbrella(rng: np.random.Generator) -> Model:
    """Build a sunshade, similar to a helmet or a canopy from above."""
    model, paint, radius = Model(), _pick(rng), rng.uniform(0.8, 1.5)
    pole = [(0, 0, 0), (0, 0, 2.2)]
    model.add('line', pole, (90, 90, 90), 0.04, level=0)
    angles = np.linspace(0, 2 * np.pi, 9)
    rim = np.stack(
        [radius * np.cos(angles), radius * np.sin(angles), np.full(9, 1.9)], 1
    )
    striped = rng.random() < 0.5
    for i in range(8):
        colour = (225.0, 225.0, 225.0) if striped and i % 2 else paint
        model.add('plate', [(0, 0, 2.35), rim[i], rim[i + 1]], colour, level=2)
    return model


def build_stall(rng: np.random.Generator) -> Model:
    """Build a market table under a canopy, similar to an awning-tricycle."""
    model, paint = Model(), _pick(rng)
    model.box(1.1, 0.6, (0.5, 0.85), (90, 120, 150))
    for x in (-1.2, 1.2):
        for y in (-0.8, 0.8):
            model.add('line', [(x, y, 0), (x, y, 2)], (80, 80, 82), 0.05)
    model.box(1.4, 1, (1.9, 2.3), paint, top=(1.4, 0.05), level=3)
    return model


def build_bollard(rng: np.random.Generator) -> Model:
    """Build a post with a round cap, as tall and thin as a person."""
    model, paint, height = Model(), _pick(rng), rng.uniform(0.9, 1.8)
    model.add('line', [(0, 0, 0.1), (0, 0, height)], paint, 0.16)
    if rng.random() < 0.6:
        cap = [(0, 0, height + 0.1)]
        model.add('ball', cap, (60, 60, 62), 0.17, level=2)
    return model


def build_bin(rng: np.random.Generator) -> Model:
    """Build a refuse bin with a darker lid."""
    model, paint = Model(), _pick(rng)
    model.box(0.35, 0.4, (0, 1.2), paint, roof=dim(paint, 0.6))
    return model


def build_bench(rng: np.random.Generator) -> Model:
    """Build a seat with a back, motor-sized."""
    model, paint = Model(), _pick(rng, [(50, 80, 120), (90, 90, 92)])
    model.box(0.9, 0.25, (0.35, 0.5), paint)
    model.box(0.9, (-0.3, -0.2), (0.5, 1.0), paint)
    return model


def build_rack(rng: np.random.Generator) -> Model:
    """Build empty bicycle stands: arches of thin tube."""
    model = Model()
    for x in np.arange(-1.0, 1.1, 0.5):
        arch = [(x, -0.45, 0), (x, -0.45, 0.8), (x, 0.45, 0.8), (x, 0.45, 0)]
        model.add('line', arch, (95, 95, 98), 0.04)
    return model


def build_cone(rng: np.random.Generator) -> Model:
    """Build a traffic cone."""
    model = Model()
    model.box(0.3, 0.3, (0, 0.9), (40, 90, 225), top=(0.05, 0.05))
    return model


def build_house(rng: np.random.Generator) -> Model:
    """Build a flat-roofed building with boxes and skylights on top."""
    model, half = Model(), 4.5
    wall = _pick(rng, [(150, 160, 170), (120, 130, 150), (165, 165, 160)])
    roof = _pick(rng, [(120, 118, 116), (90, 100, 150), (150, 150, 146)])
    height = rng.uniform(3, 7)
    model.box(half, half, (0, height), wall, roof=roof)
    for side in (-1, 1):
        for axis in (0, 1):
            for start in np.arange(-3.8, 3.5, 2.0):
                pane = np.full((4, 3), side * (half + 0.02))
                pane[:, 1 - axis] = start + np.array([0, 1.1, 1.1, 0])
                pane[:, 2] = [1.0, 1.0, 2.2, 2.2]
                outward = (side > 0) == (axis == 0)
                model.face(pane if outward else pane[::-1], (72, 62, 54))
    for _ in range(int(rng.integers(1, 5))):
        x, y = rng.uniform(-3.4, 3.4, 2)
        dx, dy = rng.uniform(0.4, 0.9, 2)
        model.box(
            (x - dx, x + dx),
            (y - dy, y + dy),
            (height, height + 0.6),
            _pick(rng, [(205, 205, 205), (90, 85, 80), (170, 140, 110)]),
            level=2,
        )
    return model


def build_digger(rng: np.random.Generator) -> Model:
    """Build a construction machine: VisDrone's category 11, others."""
    model, paint = Model(), (40.0, 165.0, 225.0)
    for side in (-1, 1):
        y = (side * 1.15 - 0.25, side * 1.15 + 0.25)
        model.box(1.7, y, (0, 0.8), (55, 55, 58), level=0)
    model.box((-1.6, 1.0), 1.1, (0.8, 1.8), paint)
    model.box((-0.2, 1.0), (0.1, 1.1), (1.8, 2.9), (62, 52, 44), level=2)
    arm = [(0.8, -0.3, 1.6), (2.6, -0.3, 3.2), (4.0, -0.3, 1.0)]
    model.add('line', arm, paint, 0.22, level=3)
    return model
