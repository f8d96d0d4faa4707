"""Positions of objects on the ground of a scene in the making."""

from dataclasses import dataclass, field

import numpy as np

from projects.quickstart.models import clutter
from projects.quickstart.models.shapes import BUILDERS
from projects.quickstart.renderer.raster import Camera
from projects.quickstart.renderer.solids import Model
from projects.quickstart.world.roads import Layout

# Larger than life, so that small classes span enough pixels to be learned.
SCALES = {
    'pedestrian': 1.3,
    'people': 1.35,
    'bicycle': 1.4,
    'tricycle': 1.2,
    'awning-tricycle': 1.2,
    'motor': 1.35,
}
FOOTPRINTS = {
    'pedestrian': (0.6, 0.6),
    'people': (0.8, 0.7),
    'bicycle': (1.9, 0.7),
    'car': (4.6, 1.9),
    'van': (5.2, 2.1),
    'truck': (8.4, 2.6),
    'tricycle': (3.2, 1.5),
    'awning-tricycle': (3.2, 1.6),
    'bus': (11.6, 2.7),
    'motor': (2.0, 0.8),
    **clutter.FOOTPRINTS,
}


_CLUTTER = {
    **clutter.PAVEMENT,
    **clutter.VERGE,
    'cone': clutter.build_cone,
    'digger': clutter.build_digger,
}


@dataclass
class Placed:
    """A model that stands somewhere, and what it counts as."""

    model: Model  # in world metres
    category: int | None  # of VisDrone; None: not annotated
    depth: float  # metres from the camera; the farther is drawn first
    lamp: np.ndarray  # ground point (2,) just in front of it, metres
    region: int = -1  # index of the ignored region that it belongs to


@dataclass
class Stage:
    """Scene in the making, with the objects placed so far."""

    camera: Camera
    layout: Layout
    rng: np.random.Generator
    placed: list[Placed] = field(default_factory=list)
    circles: list[np.ndarray] = field(default_factory=list)  # (k, 3) x, y, r
    free: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for kind, slots in self.layout.slots.items():
            margin = 90.0 if kind == 'verge' else 0.0
            self.free[kind] = visible_slots(
                np.array(slots).reshape(-1, 3), self.camera, self.rng, margin
            )

    def add(
        self,
        name: str,
        slot: np.ndarray,
        *,
        category: int | None = None,
        region: int = -1,
        gap: float = 0.25,
    ) -> bool:
        """Put a ``name`` on ``slot`` (x, y, heading) if nothing is there."""
        scale = SCALES.get(name, 1.0)
        circles = _cover(slot, np.array(FOOTPRINTS[name]) * scale)
        if self.circles:
            others = np.concatenate(self.circles)
            apart = np.hypot(
                circles[:, None, 0] - others[:, 0],
                circles[:, None, 1] - others[:, 1],
            )
            if (apart < circles[:, None, 2] + others[:, 2] + gap).any():
                return False
        self.circles.append(circles)
        builder = BUILDERS.get(name) or _CLUTTER[name]
        self.put(builder(self.rng), slot, scale, category, region)
        return True

    def put(
        self,
        model: Model,
        slot: np.ndarray,
        scale: float,
        category: int | None,
        region: int = -1,
        nearer: float = 0.0,
    ) -> None:
        """Put a model on ``slot`` whatever is there already."""
        ground = np.array([[slot[0], slot[1], 0.0]])
        depth = float(self.camera.project(ground)[1][0]) - nearer
        ahead = np.array([np.cos(slot[2]), np.sin(slot[2])])
        nose = model.all_points()[:, 0].max() * scale
        lamp = slot[:2] + (nose + 1.0) * ahead
        model = model.placed(slot[:2], float(slot[2]), scale)
        self.placed.append(Placed(model, category, depth, lamp, region))


def visible_slots(
    slots: np.ndarray,
    camera: Camera,
    rng: np.random.Generator,
    margin: float,
) -> np.ndarray:
    """Slots (n, 3) in view, at most ``margin`` pixels outside, shuffled.

    Far ones, whose objects would be specks, are thinned out.
    """
    points = np.column_stack([slots[:, :2], np.zeros(len(slots))])
    pixels, depth = camera.project(points)
    inside = (pixels > -margin).all(1) & (
        pixels < np.array(camera.image_wh) + margin
    ).all(1)
    chance = np.minimum(1.0, (1.25 * camera.distance / depth.clip(1)) ** 2)
    kept = inside & (depth > 3) & (rng.random(len(slots)) < chance)
    return rng.permutation(slots[kept])


def _cover(slot: np.ndarray, footprint: np.ndarray) -> np.ndarray:
    """Circles (k, 3) of x, y, radius that cover a footprint (l, w)."""
    length, width = max(footprint), min(footprint)
    count = max(1, round(length / width))
    along = (np.arange(count) - (count - 1) / 2) * (length / count)
    x = slot[0] + along * np.cos(slot[2])
    y = slot[1] + along * np.sin(slot[2])
    return np.column_stack([x, y, np.full(count, width / 2)])
