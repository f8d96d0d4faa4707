"""Top-down images in the style of DOTA, used as external images.

``render_topdown`` returns an image and its oriented objects; car parks and
roads contain vehicles, harbours ships, and aprons planes.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from projects.quickstart.models.catalogue import VERGE
from projects.quickstart.models.vehicles import build_plane, build_ship
from projects.quickstart.renderer.raster import Camera, draw_model
from projects.quickstart.world.layouts import build_layout
from projects.quickstart.world.painting import finish_image, paint_ground
from projects.quickstart.world.staging import Stage

TOPDOWN_KINDS = ('carpark', 'road', 'harbour', 'apron')
_PIXELS_PER_METRE = 8.0
_DISTANCE = 400.0  # metres: so far that sides are hardly visible
_NAMES = {
    **dict.fromkeys(('car', 'van'), 'small-vehicle'),
    **dict.fromkeys(('truck', 'bus'), 'large-vehicle'),
    'ship': 'ship',
    'plane': 'plane',
}
_OPEN = {'harbour': ('ship', build_ship), 'apron': ('plane', build_plane)}


@dataclass(frozen=True)
class TopdownObject:
    """One annotated object.

    Attributes:
        polygon: Corners (4, 2) in pixels, in order around the object.
        name: DOTA's class name.
        difficult: 1 if the object is cut by the image's edge, else 0.
    """

    polygon: np.ndarray
    name: str
    difficult: int


def render_topdown(
    rng: np.random.Generator, kind: str, image_wh: tuple[int, int] = (800, 800)
) -> tuple[np.ndarray, list[TopdownObject]]:
    """Render one image of ``kind``, one of ``TOPDOWN_KINDS``.

    Returns:
        uint8 BGR (height, width, 3), and its objects.
    """
    focal = _DISTANCE * _PIXELS_PER_METRE
    camera = Camera(image_wh, _DISTANCE, np.pi / 2, focal)
    stage = Stage(camera, build_layout(kind, rng), rng)
    _fill(stage)
    light = np.array([0.35, 0.3, 0.88])
    light /= np.linalg.norm(light)
    models = []
    for item in stage.placed:
        # One shadow around a plane would fill the space between its wings.
        parts = item.name == 'plane'
        models += item.model.split() if parts else [item.model]
    image = paint_ground(stage.layout, camera, models, light, rng)
    objects = []
    for item in stage.placed:
        sprite = draw_model(item.model, camera, light)
        if sprite is None:
            continue
        part = sprite.paste(image)
        drawn = part.bgra[..., 3] > 0.3
        if item.name in _NAMES and drawn.sum() > 30:
            polygon = _fit_polygon(drawn) + np.array([part.x, part.y], 'f4')
            cut = int(part.bgra.shape != sprite.bgra.shape)
            objects.append(TopdownObject(polygon, _NAMES[item.name], cut))
    return finish_image(image, camera, rng), objects


def _fill(stage: Stage) -> None:
    """Place objects and clutter."""
    rng, counts = stage.rng, {'kerb': 60, 'lane': 16}
    shares = {'kerb': [0.8, 0.2, 0, 0], 'lane': [0.7, 0.14, 0.1, 0.06]}
    if stage.layout.kind in _OPEN:
        name, build = _OPEN[stage.layout.kind]
        for slot in stage.free['lane']:
            if rng.random() < 0.7:
                stage.put(name, build(rng), slot)
        counts, shares = {'kerb': 10}, {'kerb': [0.4, 0.1, 0.4, 0.1]}
    vehicles = ['car', 'van', 'truck', 'bus']
    for free, count in counts.items():
        for slot in stage.free[free][:count]:
            stage.add(str(rng.choice(vehicles, p=shares[free])), slot)
    for slot in stage.free['verge'][:12]:
        stage.add(str(rng.choice(list(VERGE))), slot)


def _fit_polygon(drawn: np.ndarray) -> np.ndarray:
    """Fit the tightest rotated rectangle (4, 2) around pixels (h, w)."""
    # All four corners of each pixel, so that its whole area counts.
    low = np.argwhere(drawn)[:, ::-1]
    steps = np.array([[0, 0], [1, 0], [0, 1], [1, 1]])
    points = (low[:, None] + steps).reshape(-1, 2).astype(np.float32)
    return cv2.boxPoints(cv2.minAreaRect(points))
