"""Positions of objects on the ground of an unfinished scene."""

from dataclasses import dataclass, field

import numpy as np

from projects.quickstart.models.catalogue import KINDS
from projects.quickstart.renderer.raster import Camera
from projects.quickstart.renderer.solids import Model

from .roads import Layout


@dataclass
class Placed:
    """Model at its position in the scene.

    Attributes:
        name: Kind of the model.
        model: Model in world metres.
        category: VisDrone's category; None if the model is not annotated.
        depth: Metres from the camera; farther models are drawn first.
        lamp: Ground point (2,) just in front of the model, metres.
        region: Index of the ignored region that the model belongs to, or -1.
    """

    name: str
    model: Model
    category: int | None
    depth: float
    lamp: np.ndarray
    region: int


@dataclass
class Stage:
    """Unfinished scene, with the objects placed so far."""

    camera: Camera
    layout: Layout
    rng: np.random.Generator
    placed: list[Placed] = field(default_factory=list)
    circles: list[np.ndarray] = field(default_factory=list)  # (k, 3) x, y, r
    free: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for kind, slots in self.layout.slots.items():
            margin = 90.0 if kind == 'verge' else 0.0
            places = np.array(slots).reshape(-1, 3)
            self.free[kind] = self._visible_slots(places, margin)

    def add(
        self,
        name: str,
        slot: np.ndarray,
        *,
        category: int | None = None,
        region: int = -1,
        gap: float = 0.25,
    ) -> bool:
        """Put a model on ``slot`` (x, y, heading) if the slot is free."""
        kind = KINDS[name]
        circles = _cover(slot, np.array(kind.footprint) * kind.scale)
        if self.circles:
            others = np.concatenate(self.circles)
            apart = np.hypot(
                circles[:, None, 0] - others[:, 0],
                circles[:, None, 1] - others[:, 1],
            )
            if (apart < circles[:, None, 2] + others[:, 2] + gap).any():
                return False
        self.circles.append(circles)
        model = kind.build(self.rng)
        self.put(name, model, slot, kind.scale, category, region)
        return True

    def put(
        self,
        name: str,
        model: Model,
        slot: np.ndarray,
        scale: float = 1.0,
        category: int | None = None,
        region: int = -1,
        nearer: float = 0.0,
    ) -> None:
        """Put a model on ``slot``, even if the slot is occupied."""
        depth = float(self.camera.project(slot[None, :2])[1][0]) - nearer
        ahead = np.array([np.cos(slot[2]), np.sin(slot[2])])
        nose = model.points()[:, 0].max() * scale
        lamp = slot[:2] + (nose + 1.0) * ahead
        model = model.placed(slot[:2], float(slot[2]), scale)
        self.placed.append(Placed(name, model, category, depth, lamp, region))

    def _visible_slots(self, slots: np.ndarray, margin: float) -> np.ndarray:
        """Shuffle slots (n, 3) in view, at most ``margin`` pixels outside.

        Far slots, whose objects would be tiny, are thinned out.
        """
        pixels, depth = self.camera.project(slots[:, :2])
        inside = (pixels > -margin).all(1) & (
            pixels < np.array(self.camera.image_wh) + margin
        ).all(1)
        chance = (1.25 * self.camera.distance / depth.clip(1)) ** 2
        drawn = self.rng.random(len(slots)) < np.minimum(1.0, chance)
        return self.rng.permutation(slots[inside & (depth > 3) & drawn])


def _cover(slot: np.ndarray, footprint: np.ndarray) -> np.ndarray:
    """Cover a footprint (l, w) by circles (k, 3) of x, y, radius."""
    length, width = max(footprint), min(footprint)
    count = max(1, round(length / width))
    along = (np.arange(count) - (count - 1) / 2) * (length / count)
    x = slot[0] + along * np.cos(slot[2])
    y = slot[1] + along * np.sin(slot[2])
    return np.column_stack([x, y, np.full(count, width / 2)])
