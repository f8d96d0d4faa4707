"""Colours and parts that the models share."""

import numpy as np

from projects.quickstart.renderer.solids import Colour, Model

GLASS: Colour = (62, 52, 44)
TYRE: Colour = (34, 32, 32)
SKIN: Colour = (130, 165, 205)
BRIGHT: list[Colour] = [
    *((200, 110, 30), (50, 50, 200), (60, 150, 60)),
    *((40, 170, 230), (220, 220, 220)),
]


def pick(rng: np.random.Generator, colours: list[Colour]) -> Colour:
    """Draw one of ``colours``, slightly varied."""
    return vary(rng, colours[int(rng.integers(len(colours)))], 12)


def vary(rng: np.random.Generator, colour: Colour, amount: float) -> Colour:
    """Shift a colour, mostly in brightness, by about ``amount``."""
    shift = rng.normal(0, amount) + rng.normal(0, amount / 3, 3)
    return clip(np.add(colour, shift), 8)


def clip(colour: np.ndarray, low: float) -> Colour:
    """Clip a colour (3,) to ``low`` to 250."""
    blue, green, red = np.clip(colour, low, 250).tolist()
    return blue, green, red


def dim(colour: Colour, factor: float) -> Colour:
    """Scale a colour."""
    return colour[0] * factor, colour[1] * factor, colour[2] * factor


def pane(
    low: tuple[float, float, float], high: tuple[float, float, float]
) -> list[tuple[float, float, float]]:
    """Return a symmetric quad (4, 3) from x, half width and z of two edges."""
    (x0, y0, z0), (x1, y1, z1) = low, high
    return [(x0, -y0, z0), (x0, y0, z0), (x1, y1, z1), (x1, -y1, z1)]


def add_wheel(
    model: Model, x: float, y: float, radius: float, *, outward: float
) -> None:
    """Add a wheel on the ground; ``outward`` is its side, -1 or 1."""
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    # Just outside the body's side, so that the body does not hide it.
    rim = np.stack(
        [
            x + radius * np.cos(angles),
            np.full(12, y + 0.02 * outward),
            radius * (1 + np.sin(angles)),
        ],
        axis=1,
    )
    model.add('plate', rim if outward < 0 else rim[::-1], TYRE, level=0)
    # The tread: seen from above, the disc alone would have no width.
    reach = 0.9 * radius
    tread = [(x - reach, y, radius), (x + reach, y, radius)]
    model.add('line', tread, TYRE, 0.06, level=0)


def add_wheels(
    model: Model, axles: tuple[float, ...], half_width: float, radius: float
) -> None:
    """Add a pair of wheels at each x of ``axles``."""
    for x in axles:
        for side in (-1.0, 1.0):
            add_wheel(model, x, side * half_width, radius, outward=side)
