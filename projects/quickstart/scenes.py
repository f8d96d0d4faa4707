"""Aerial scenes in the style of VisDrone, rendered from a seed.

``render_scene`` returns an image and its annotation rows; the same generator
state gives the same scene. This module reads and writes no files.
"""

from dataclasses import dataclass

import numpy as np

from projects.quickstart.renderer.raster import Camera, draw_model
from projects.quickstart.world.layouts import build_layout
from projects.quickstart.world.painting import finish_image, paint_ground
from projects.quickstart.world.populating import (
    OTHERS,
    add_clutter,
    add_crowd,
    add_objects,
)
from projects.quickstart.world.staging import Placed, Stage

_KINDS = {'road': 0.3, 'junction': 0.25, 'carpark': 0.17, 'plaza': 0.28}
_LIT = (4, 5, 6, 9, 10)  # categories with lamps on at night


@dataclass(frozen=True)
class Scene:
    """An image and its annotations.

    Attributes:
        image: uint8 BGR (height, width, 3).
        rows: int (n, 8): x, y, w, h in pixels, score, category, truncation,
            occlusion, as in VisDrone's files.
    """

    image: np.ndarray
    rows: np.ndarray


def render_scene(
    rng: np.random.Generator,
    image_wh: tuple[int, int] = (960, 540),
    *,
    empty: bool = False,
) -> Scene:
    """Render one scene.

    Args:
        rng: Generator of all random choices.
        image_wh: Width and height in pixels.
        empty: Draw clutter only, no objects and no ignored regions.
    """
    kind = str(rng.choice(list(_KINDS), p=list(_KINDS.values())))
    camera = _draw_camera(kind, image_wh, rng)
    stage = Stage(camera, build_layout(kind, rng), rng)
    if not empty:
        for region in range(int(rng.choice([0, 1, 2], p=[0.5, 0.35, 0.15]))):
            add_crowd(stage, region)
        add_objects(stage)
    add_clutter(stage, with_others=not empty)
    night, light = bool(rng.random() < 0.15), draw_light(rng)
    models = [item.model for item in stage.placed]
    image = paint_ground(stage.layout, camera, models, light, rng, night=night)
    rows = _draw_placed(image, stage, light)
    lit = [item.lamp for item in stage.placed if item.category in _LIT]
    image = finish_image(
        image,
        camera,
        rng,
        night=night,
        street=rng.permutation(stage.free['verge'])[:16, :2],
        lamps=np.array(lit).reshape(-1, 2),
    )
    return Scene(image, rows)


def _draw_camera(
    kind: str, image_wh: tuple[int, int], rng: np.random.Generator
) -> Camera:
    low, high = (46, 88) if kind == 'plaza' else (68, 145)
    distance = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    steep = rng.random() < 0.18
    pitch = rng.uniform(72, 90) if steep else rng.uniform(40, 66)
    focal = 0.94 * image_wh[0]
    return Camera(image_wh, distance, float(np.deg2rad(pitch)), focal)


def draw_light(rng: np.random.Generator) -> np.ndarray:
    """Draw the unit vector (3,) towards the sun."""
    azimuth, height = rng.uniform(0, 2 * np.pi), rng.uniform(0.75, 1.3)
    flat = np.array([np.cos(azimuth), np.sin(azimuth)]) * np.cos(height)
    return np.array([*flat, np.sin(height)])


def _draw_placed(
    image: np.ndarray, stage: Stage, light: np.ndarray
) -> np.ndarray:
    """Draw everything from far to near; return the rows (n, 8)."""
    order = sorted(stage.placed, key=lambda item: -item.depth)
    owner = np.full(image.shape[:2], -1, np.int32)
    boxes: dict[int, np.ndarray] = {}
    areas = np.zeros(len(order))
    for index, item in enumerate(order):
        sprite = draw_model(item.model, stage.camera, light)
        box = sprite.box() if sprite else None
        if sprite is None or box is None:
            continue
        part = sprite.paste(image)
        solid = part.bgra[..., 3] > 0.3
        height, width = solid.shape
        window = owner[part.y : part.y + height, part.x : part.x + width]
        window[solid] = index
        areas[index], boxes[index] = solid.sum(), np.array(box)
    seen = np.bincount(owner[owner >= 0], minlength=len(order))
    return _annotate(order, boxes, seen / np.maximum(areas, 1), image.shape)


def _annotate(
    order: list[Placed],
    boxes: dict[int, np.ndarray],
    visible: np.ndarray,
    image_shape: tuple[int, ...],
) -> np.ndarray:
    image_wh = image_shape[1::-1]
    rows: list[list[int]] = []
    regions: dict[int, list[np.ndarray]] = {}
    for index, box in boxes.items():
        item, inside = order[index], np.clip(box, 0, [*image_wh, *image_wh])
        wh = inside[2:] - inside[:2]
        if min(wh) < 2 or visible[index] < 0.15:
            continue
        if item.region >= 0:
            regions.setdefault(item.region, []).append(inside)
        if item.category is None:
            continue
        share = wh.prod() / (box[2:] - box[:2]).prod()
        # As in VisDrone, small parts at the image's edge do not count.
        score = int(item.category != OTHERS and share >= 0.5)
        hidden = 1 - visible[index]
        occlusion = 0 if hidden < 0.05 else 1 if hidden <= 0.5 else 2
        flags = score, item.category, int(share < 1), occlusion
        rows.append([*inside[:2].tolist(), *wh.tolist(), *flags])
    ignored = [_cover_region(parts, image_wh) for parts in regions.values()]
    # As in VisDrone, objects in an ignored region are not annotated.
    rows = [row for row in rows if not any(_lies_in(row, r) for r in ignored)]
    return np.array(rows + ignored, dtype=np.int64).reshape(-1, 8)


def _cover_region(
    boxes: list[np.ndarray], image_wh: tuple[int, ...]
) -> list[int]:
    """Return a row of category 0 around ``boxes``, (4,) xyxy pixels each."""
    low = np.maximum(np.min(boxes, axis=0)[:2] - 2, 0)
    high = np.minimum(np.max(boxes, axis=0)[2:] + 2, image_wh)
    return [*low.tolist(), *(high - low).tolist()] + [0] * 4


def _lies_in(row: list[int], region: list[int]) -> bool:
    """Test if a row's centre is inside the row of an ignored region."""
    return all(
        region[i] <= row[i] + row[i + 2] / 2 < region[i] + region[i + 2]
        for i in (0, 1)
    )
