"""Things that are not objects but look like some: sources of false alarms.

Every builder takes a generator and gives a model in metres. ``FOOTPRINTS``
holds length and width on the ground.
"""

from collections.abc import Callable

import numpy as np

from projects.quickstart.renderer.solids import Colour, Model

_GREENS: list[Colour] = [(52, 92, 62), (40, 78, 58), (60, 104, 84)]
_PAINT: list[Colour] = [
    (60, 60, 180),
    (190, 120, 50),
    (70, 140, 70),
    (60, 160, 215),
    (215, 215, 212),
    (120, 118, 116),
]


def _pick(rng: np.random.Generator, colours: list[Colour]) -> Colour:
    colour = colours[int(rng.integers(len(colours)))]
    blue, green, red = np.clip(np.add(colour, rng.normal(0, 8, 3)), 5, 250)
    return float(blue), float(green), float(red)


def build_tree(rng: np.random.Generator) -> Model:
    """A trunk and a crown of overlapping leaf clumps."""
    model, green = Model(), _pick(rng, _GREENS)
    size, height = rng.uniform(1.1, 2.0), rng.uniform(2.2, 3.6)
    model.line([(0, 0, 0), (0, 0, height)], 0.16, (50, 66, 84), level=0)
    for _ in range(26):
        offset = rng.normal(0, 0.55, 3) * size
        z = max(height + offset[2], 1.2)
        # Higher clumps catch more light.
        tone = np.clip(
            0.8 + 0.22 * offset[2] / size + rng.normal(0, 0.08), 0.5, 1.4
        )
        shade = green[0] * tone, green[1] * tone, green[2] * tone
        model.ball(
            (offset[0], offset[1], z), size * rng.uniform(0.3, 0.6), shade
        )
    return model


def build_bush(rng: np.random.Generator) -> Model:
    """A low round shrub."""
    model, green = Model(), _pick(rng, _GREENS)
    for _ in range(7):
        x, y = rng.normal(0, 0.35, 2)
        tone = rng.uniform(0.8, 1.2)
        shade = green[0] * tone, green[1] * tone, green[2] * tone
        model.ball((x, y, rng.uniform(0.3, 0.7)), 0.4, shade)
    return model


def build_container(rng: np.random.Generator) -> Model:
    """A ribbed steel box, as long as a truck's."""
    model, paint = Model(), _pick(rng, _PAINT)
    model.frustum((-3, 3), (-1.2, 1.2), (0, 2.5), paint)
    dark = paint[0] * 0.8, paint[1] * 0.8, paint[2] * 0.8
    for x in np.arange(-2.6, 2.9, 0.8):
        rib = [(x, -1.2, 2.51), (x + 0.2, -1.2, 2.51)]
        rib += [(x + 0.2, 1.2, 2.51), (x, 1.2, 2.51)]
        model.solids[-1].add('face', rib, dark)
    return model


def build_crate(rng: np.random.Generator) -> Model:
    """A pile of goods under a tarpaulin, car-sized without its windows."""
    model = Model()
    length, half = rng.uniform(0.6, 2.0), rng.uniform(0.5, 0.9)
    height = rng.uniform(0.7, 1.4)
    top = (-length * 0.8, length * 0.8, -half * 0.8, half * 0.8)
    model.frustum(
        (-length, length),
        (-half, half),
        (0, height),
        _pick(rng, _PAINT),
        top=top,
    )
    return model


def build_umbrella(rng: np.random.Generator) -> Model:
    """A sunshade, from above like a helmet or a canopy."""
    model, paint = Model(), _pick(rng, _PAINT)
    white = (225.0, 225.0, 225.0)
    radius = rng.uniform(0.8, 1.5)
    model.line([(0, 0, 0), (0, 0, 2.2)], 0.04, (90, 90, 90), level=0)
    angles = np.linspace(0, 2 * np.pi, 9)
    rim = np.stack(
        [radius * np.cos(angles), radius * np.sin(angles), np.full(9, 1.9)], 1
    )
    striped = rng.random() < 0.5
    for i in range(8):
        panel = [(0, 0, 2.35), rim[i], rim[i + 1]]
        colour = white if striped and i % 2 else paint
        model.plate(panel, colour, level=2)
    return model


def build_stall(rng: np.random.Generator) -> Model:
    """A market table under a canopy, close to an awning-tricycle."""
    model, paint = Model(), _pick(rng, _PAINT)
    model.frustum((-1.1, 1.1), (-0.6, 0.6), (0.5, 0.85), (90, 120, 150))
    for x in (-1.2, 1.2):
        for y in (-0.8, 0.8):
            model.line([(x, y, 0), (x, y, 2)], 0.05, (80, 80, 82))
    model.frustum(
        (-1.4, 1.4),
        (-1, 1),
        (1.9, 2.3),
        paint,
        top=(-1.4, 1.4, -0.05, 0.05),
        level=3,
    )
    return model


def build_bollard(rng: np.random.Generator) -> Model:
    """A post with a round cap, as tall and thin as a person."""
    model, paint = Model(), _pick(rng, _PAINT)
    height = rng.uniform(0.9, 1.8)
    model.line([(0, 0, 0.1), (0, 0, height)], 0.16, paint)
    if rng.random() < 0.6:
        model.ball((0, 0, height + 0.1), 0.17, (60, 60, 62), level=2)
    return model


def build_bin(rng: np.random.Generator) -> Model:
    """A refuse bin with a darker lid."""
    model, paint = Model(), _pick(rng, _PAINT)
    lid = paint[0] * 0.6, paint[1] * 0.6, paint[2] * 0.6
    model.frustum((-0.35, 0.35), (-0.4, 0.4), (0, 1.2), paint, roof=lid)
    return model


def build_bench(rng: np.random.Generator) -> Model:
    """A seat with a back, motor-sized."""
    model, paint = Model(), _pick(rng, [(50, 80, 120), (90, 90, 92)])
    model.frustum((-0.9, 0.9), (-0.25, 0.25), (0.35, 0.5), paint)
    model.frustum((-0.9, 0.9), (-0.3, -0.2), (0.5, 1.0), paint)
    return model


def build_rack(rng: np.random.Generator) -> Model:
    """Empty bicycle stands: arches of thin tube."""
    model = Model()
    for x in np.arange(-1.0, 1.1, 0.5):
        arch = [(x, -0.45, 0), (x, -0.45, 0.8), (x, 0.45, 0.8), (x, 0.45, 0)]
        model.line(arch, 0.04, (95, 95, 98))
    return model


def build_cone(rng: np.random.Generator) -> Model:
    """A traffic cone."""
    model = Model()
    top = (-0.05, 0.05, -0.05, 0.05)
    model.frustum((-0.3, 0.3), (-0.3, 0.3), (0, 0.9), (40, 90, 225), top=top)
    return model


def build_house(rng: np.random.Generator) -> Model:
    """A flat-roofed building with boxes and skylights on top."""
    model = Model()
    wall = _pick(rng, [(150, 160, 170), (120, 130, 150), (165, 165, 160)])
    roof = _pick(rng, [(120, 118, 116), (90, 100, 150), (150, 150, 146)])
    height = rng.uniform(3, 7)
    half = 4.5
    model.frustum((-half, half), (-half, half), (0, height), wall, roof=roof)
    body = model.solids[-1]
    for side in (-1, 1):
        for axis in (0, 1):
            for start in np.arange(-3.8, 3.5, 2.0):
                along = np.array([start, start + 1.1, start + 1.1, start])
                pane = np.full((4, 3), side * (half + 0.02))
                pane[:, 1 - axis] = along
                pane[:, 2] = [1.0, 1.0, 2.2, 2.2]
                outward = (side > 0) == (axis == 0)
                pane = pane if outward else pane[::-1]
                body.add('face', pane, (72, 62, 54))
    for _ in range(int(rng.integers(1, 5))):
        x, y = rng.uniform(-3.4, 3.4, 2)
        size = rng.uniform(0.4, 0.9, 2)
        model.frustum(
            (x - size[0], x + size[0]),
            (y - size[1], y + size[1]),
            (height, height + 0.6),
            _pick(rng, [(205, 205, 205), (90, 85, 80), (170, 140, 110)]),
            level=2,
        )
    return model


def build_digger(rng: np.random.Generator) -> Model:
    """A construction machine: VisDrone's category 11, others."""
    model, paint = Model(), (40.0, 165.0, 225.0)
    for side in (-1, 1):
        y = (side * 1.15 - 0.25, side * 1.15 + 0.25)
        model.frustum((-1.7, 1.7), y, (0, 0.8), (55, 55, 58), level=0)
    model.frustum((-1.6, 1.0), (-1.1, 1.1), (0.8, 1.8), paint, level=1)
    model.frustum((-0.2, 1.0), (0.1, 1.1), (1.8, 2.9), (62, 52, 44), level=2)
    arm = [(0.8, -0.3, 1.6), (2.6, -0.3, 3.2), (4.0, -0.3, 1.0)]
    model.line(arm, 0.22, paint, level=3)
    return model


Builder = Callable[[np.random.Generator], Model]
PAVEMENT: dict[str, Builder] = {
    'umbrella': build_umbrella,
    'stall': build_stall,
    'bollard': build_bollard,
    'bin': build_bin,
    'bench': build_bench,
    'rack': build_rack,
    'crate': build_crate,
    'bush': build_bush,
    'tree': build_tree,
}
VERGE: dict[str, Builder] = {
    'tree': build_tree,
    'bush': build_bush,
    'crate': build_crate,
    'container': build_container,
    'house': build_house,
}
FOOTPRINTS: dict[str, tuple[float, float]] = {
    'umbrella': (1.2, 1.2),
    'stall': (2.8, 2.0),
    'bollard': (0.4, 0.4),
    'bin': (0.8, 0.8),
    'bench': (1.8, 0.6),
    'rack': (2.2, 1.0),
    'crate': (3.6, 1.7),
    'bush': (1.2, 1.2),
    'tree': (1.5, 1.5),
    'container': (6.0, 2.4),
    'house': (10.0, 10.0),
    'cone': (0.6, 0.6),
    'digger': (5.5, 2.8),
}
