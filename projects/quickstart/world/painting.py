"""Ground, shadows, light and the camera's noise: everything except objects."""

import cv2
import numpy as np

from projects.quickstart.renderer.raster import (
    Camera,
    draw_polygon,
    shadow_polygon,
)
from projects.quickstart.renderer.solids import Model

from .roads import Layout

_TEXELS = 512  # side of the tile of ground texture
_TEXELS_PER_METRE = 5.0
_ANGLES = np.linspace(0, 2 * np.pi, 14, endpoint=False)
_MANHOLE = 0.45 * np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], 1)
_SQUARE = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
_SHAFT = [(-1.8, -0.1), (0.4, -0.1), (0.4, -0.45), (1.6, 0)]
_ARROW = np.array([*_SHAFT, (0.4, 0.45), (0.4, 0.1), (-1.8, 0.1)])


def paint_ground(
    layout: Layout,
    camera: Camera,
    models: list[Model],
    light: np.ndarray,
    rng: np.random.Generator,
    *,
    night: bool = False,
) -> np.ndarray:
    """Paint the layout, marks, texture and shadows of ``models``.

    Returns:
        uint8 BGR (height, width, 3).
    """
    width, height = camera.image_wh
    image = np.empty((height, width, 3), np.uint8)
    image[:] = np.rint(layout.base).astype(np.uint8)
    for polygon, colour in layout.polygons:
        draw_polygon(image, camera.project_ground(polygon), colour)
    if layout.marked:
        _paint_marks(image, layout, camera, rng)
    strength = 0.12 if night else rng.uniform(0.2, 0.5)
    shade = np.zeros((height, width), np.uint8)
    for model in models:
        pixels = camera.project_ground(shadow_polygon(model, light))
        draw_polygon(shade, pixels, 255)
    gain = 1 - strength * cv2.GaussianBlur(shade, (3, 3), 0) / np.float32(255)
    gain *= 1 + rng.uniform(0.06, 0.16) * _ground_texture(camera, rng)
    return np.clip(image * gain[..., None], 0, 255).astype(np.uint8)


def _paint_marks(
    image: np.ndarray,
    layout: Layout,
    camera: Camera,
    rng: np.random.Generator,
) -> None:
    """Paint flat marks that resemble objects: manholes, repairs, arrows."""
    for x, y, heading in layout.slots['lane']:
        cos, sin = np.cos(heading), np.sin(heading)
        kind = rng.random()
        if kind < 0.08:
            shape, colour = _MANHOLE, (66.0, 64.0, 62.0)
        elif kind < 0.16:  # repaired patch, as large as a car
            half = np.array([rng.uniform(1.2, 2.6), rng.uniform(0.7, 1.1)])
            shape, colour = half * _SQUARE, (rng.uniform(56, 84),) * 3
        elif kind < 0.26:
            shape, colour = _ARROW, (208.0, 210.0, 210.0)
        else:
            continue
        world = shape @ np.array([[cos, sin], [-sin, cos]]) + [x, y]
        draw_polygon(image, camera.project_ground(world), colour)


def _ground_texture(camera: Camera, rng: np.random.Generator) -> np.ndarray:
    """Draw mottling fixed to the ground, (height, width) about -1..1."""
    tile = np.zeros((_TEXELS, _TEXELS), np.float32)
    for cells, weight in ((8, 0.35), (64, 0.3), (512, 0.35)):
        noise = rng.standard_normal((cells, cells), np.float32)
        # Wrapped around before enlarging, so that tiles join without seams.
        block = _TEXELS // cells
        side = _TEXELS + 2 * block
        enlarged = cv2.resize(np.pad(noise, 1, mode='wrap'), (side, side))
        tile += weight * enlarged[block:-block, block:-block]
    scale = np.diag([1 / _TEXELS_PER_METRE, 1 / _TEXELS_PER_METRE, 1.0])
    matrix = camera.ground_homography() @ scale
    return cv2.warpPerspective(
        tile, matrix, camera.image_wh, borderMode=cv2.BORDER_WRAP
    )


def finish_image(
    image: np.ndarray,
    camera: Camera,
    rng: np.random.Generator,
    *,
    night: bool = False,
    lamps: np.ndarray | None = None,
    street: np.ndarray | None = None,
) -> np.ndarray:
    """Apply exposure, colour cast, lamps at night, blur and sensor noise.

    Args:
        image: uint8 BGR (height, width, 3).
        camera: Camera of the image.
        rng: Generator of the strengths.
        night: Darken the image, except near lamps.
        lamps: Ground points (n, 2) lit by vehicles at night, metres.
        street: Ground points (n, 2) of street lamps, metres.
    """
    cast = rng.normal(0, 0.03, 3)
    gain = np.float32(rng.uniform(0.8, 1.15)) * (1 + cast)
    out: np.ndarray = image * gain.astype(np.float32)
    if night:
        out *= _night_light(camera, rng, lamps, street)
    elif rng.random() < 0.25:  # haze
        share = np.float32(rng.uniform(0.08, 0.28))
        out *= 1 - share
        out += 205 * share
    sigma = rng.uniform(0.0, 0.7)
    if sigma > 0.3:
        out = cv2.GaussianBlur(out, (3, 3), sigma)
    noise = rng.standard_normal(camera.image_wh[::-1], np.float32)
    out += noise[..., None] * np.float32(rng.uniform(1, 6 if night else 4))
    return np.clip(np.rint(out), 0, 255).astype(np.uint8)


def _night_light(
    camera: Camera,
    rng: np.random.Generator,
    lamps: np.ndarray | None,
    street: np.ndarray | None,
) -> np.ndarray:
    """Draw brightness (height, width, 3): dark, with pools of lamp light."""
    width, height = camera.image_wh
    # A quarter of the size is enough, because light has no sharp edges.
    pools: np.ndarray = np.zeros((height // 4 + 1, width // 4 + 1), np.float32)
    metre = camera.focal / camera.distance / 4
    for points, radius, level, blur in (
        (street, 6.0, 0.7, 2.5),
        (lamps, 1.1, 1.1, 0.6),
    ):
        if points is not None:
            _add_pools(pools, camera, points, radius, level)
        pools = cv2.GaussianBlur(pools, (0, 0), max(blur * metre, 0.5))
    pools = cv2.resize(pools, (width, height))
    warm = np.array([0.65, 0.88, 1.0], np.float32)
    dark = np.array([0.46, 0.4, 0.38], np.float32)
    return dark * np.float32(rng.uniform(0.8, 1.2)) + pools[..., None] * warm


def _add_pools(
    pools: np.ndarray,
    camera: Camera,
    points: np.ndarray,
    radius: float,
    level: float,
) -> None:
    """Draw discs of ``radius`` metres around ground ``points`` (n, 2)."""
    pixels, depth = camera.project(points)
    for (x, y), metres in zip(pixels / 4, depth, strict=True):
        if metres > 1 and abs(x) < 1e5 and abs(y) < 1e5:
            size = max(1, round(radius * camera.focal / metres / 4))
            cv2.circle(pools, (round(x), round(y)), size, level, -1)
