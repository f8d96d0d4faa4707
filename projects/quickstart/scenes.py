"""Aerial scenes in the manner of VisDrone, rendered from a seed.

``render_scene`` gives an image and its annotation rows; the same generator
state gives the same scene. Nothing here reads or writes files.
"""

from dataclasses import dataclass

import numpy as np

from projects.quickstart.models.shapes import BUILDERS
from projects.quickstart.renderer.raster import (
    Camera,
    Sprite,
    draw_model,
    paste_sprite,
)
from projects.quickstart.world.layouts import build_layout
from projects.quickstart.world.painting import finish_image, paint_ground
from projects.quickstart.world.populating import (
    OTHERS,
    add_clutter,
    add_crowd,
    add_objects,
)
from projects.quickstart.world.staging import SCALES, Placed, Stage

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
        rng: decides everything about the scene.
        image_wh: width and height in pixels.
        empty: draw clutter only, no objects and no ignored regions.
    """
    kind = str(rng.choice(list(_KINDS), p=list(_KINDS.values())))
    stage = Stage(
        _draw_camera(kind, image_wh, rng), build_layout(kind, rng), rng
    )
    if not empty:
        for region in range(int(rng.choice([0, 1, 2], p=[0.5, 0.35, 0.15]))):
            add_crowd(stage, region)
        add_objects(stage)
    add_clutter(stage, with_others=not empty)
    night = bool(rng.random() < 0.15)
    light = _draw_light(rng)
    models = [item.model for item in stage.placed]
    image = paint_ground(
        stage.layout, stage.camera, models, light, rng, night=night
    )
    rows = _draw_placed(image, stage, light)
    lit = [item for item in stage.placed if item.category in _LIT]
    lamps = np.array([item.lamp for item in lit]).reshape(-1, 2)
    street = rng.permutation(stage.free['verge'])[:16, :2]
    image = finish_image(
        image, stage.camera, rng, night=night, lamps=lamps, street=street
    )
    return Scene(image, rows)


def render_object(
    name: str, rng: np.random.Generator, camera: Camera
) -> Sprite | None:
    """Draw one object of class ``name`` alone at the image's centre."""
    model = BUILDERS[name](rng).placed(
        np.zeros(2), rng.uniform(0, 2 * np.pi), SCALES.get(name, 1.0)
    )
    return draw_model(model, camera, _draw_light(rng))


def _draw_camera(
    kind: str, image_wh: tuple[int, int], rng: np.random.Generator
) -> Camera:
    low, high = (46, 88) if kind == 'plaza' else (68, 145)
    distance = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    steep = rng.random() < 0.18
    pitch = rng.uniform(72, 90) if steep else rng.uniform(40, 66)
    focal = 0.94 * image_wh[0]
    return Camera(image_wh, distance, float(np.deg2rad(pitch)), focal)


def _draw_light(rng: np.random.Generator) -> np.ndarray:
    azimuth, height = rng.uniform(0, 2 * np.pi), rng.uniform(0.75, 1.3)
    return np.array(
        [
            np.cos(azimuth) * np.cos(height),
            np.sin(azimuth) * np.cos(height),
            np.sin(height),
        ]
    )


def _draw_placed(
    image: np.ndarray, stage: Stage, light: np.ndarray
) -> np.ndarray:
    """Draw everything from far to near; returns the rows (n, 8)."""
    order = sorted(stage.placed, key=lambda item: -item.depth)
    height, width = image.shape[:2]
    owner = np.full((height, width), -1, np.int32)
    boxes: dict[int, tuple[int, int, int, int]] = {}
    areas = np.zeros(len(order))
    for index, item in enumerate(order):
        sprite = draw_model(item.model, stage.camera, light)
        box = sprite.box() if sprite else None
        if sprite is None or box is None:
            continue
        alpha = paste_sprite(image, sprite)
        part = sprite.cut((width, height))
        solid = alpha > 0.3
        rows = slice(part.y, part.y + solid.shape[0])
        cols = slice(part.x, part.x + solid.shape[1])
        owner[rows, cols][solid] = index
        areas[index] = solid.sum()
        boxes[index] = box
    seen = np.bincount(owner[owner >= 0], minlength=len(order))
    return _annotate(
        order, boxes, seen / np.maximum(areas, 1), (width, height)
    )


def _annotate(
    order: list[Placed],
    boxes: dict[int, tuple[int, int, int, int]],
    visible: np.ndarray,
    image_wh: tuple[int, int],
) -> np.ndarray:
    rows: list[list[int]] = []
    regions: dict[int, list[np.ndarray]] = {}
    for index, box in boxes.items():
        item = order[index]
        inside = np.clip(box, 0, [*image_wh, *image_wh])
        width, height = inside[2:] - inside[:2]
        if width < 2 or height < 2 or visible[index] < 0.15:
            continue
        if item.region >= 0:
            regions.setdefault(item.region, []).append(inside)
        if item.category is None:
            continue
        area = (box[2] - box[0]) * (box[3] - box[1])
        share = width * height / area
        # Like VisDrone: a stump at the image's edge does not count.
        score = int(item.category != OTHERS and share >= 0.5)
        hidden = 1 - visible[index]
        occlusion = 0 if hidden < 0.05 else 1 if hidden <= 0.5 else 2
        truncation = int(share < 1)
        corner = int(inside[0]), int(inside[1])
        flags = score, item.category, truncation, occlusion
        rows.append([*corner, int(width), int(height), *flags])
    ignored = [_cover_region(parts, image_wh) for parts in regions.values()]
    # Annotators leave out what lies in an ignored region.
    rows = [row for row in rows if not any(_lies_in(row, r) for r in ignored)]
    return np.array(rows + ignored, dtype=np.int64).reshape(-1, 8)


def _cover_region(
    boxes: list[np.ndarray], image_wh: tuple[int, int]
) -> list[int]:
    """A row of category 0 around ``boxes`` (4,) xyxy pixels each."""
    x1, y1 = np.maximum(np.min(boxes, axis=0)[:2] - 2, 0)
    x2, y2 = np.minimum(np.max(boxes, axis=0)[2:] + 2, image_wh)
    return [int(x1), int(y1), int(x2 - x1), int(y2 - y1)] + [0] * 4


def _lies_in(row: list[int], region: list[int]) -> bool:
    """Test if a row's centre is inside the row of an ignored region."""
    x, y = row[0] + row[2] / 2, row[1] + row[3] / 2
    return (
        region[0] <= x < region[0] + region[2]
        and region[1] <= y < region[1] + region[3]
    )
