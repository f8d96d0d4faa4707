"""Top-down images in the manner of DOTA: the external source of patches.

``render_topdown`` gives an image and its oriented objects; car parks and
roads hold vehicles, harbours hold ships, aprons hold planes.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from projects.quickstart.models import clutter
from projects.quickstart.models.parts import GLASS, dim, pick
from projects.quickstart.renderer.raster import (
    Camera,
    draw_model,
    paste_sprite,
)
from projects.quickstart.renderer.solids import Colour, Model
from projects.quickstart.world.layouts import build_layout
from projects.quickstart.world.painting import finish_image, paint_ground
from projects.quickstart.world.roads import WHITE, Axis, Layout, grey
from projects.quickstart.world.staging import Stage

TOPDOWN_KINDS = ('carpark', 'road', 'harbour', 'apron')
_PIXELS_PER_METRE = 8.0
_NAMES = {
    'car': 'small-vehicle',
    'van': 'small-vehicle',
    'truck': 'large-vehicle',
    'bus': 'large-vehicle',
    'ship': 'ship',
    'plane': 'plane',
}
_DECKS: list[Colour] = [(215, 215, 212), (90, 120, 160), (70, 60, 160)]


@dataclass(frozen=True)
class TopdownObject:
    """One annotated object.

    Attributes:
        polygon: corners (4, 2) in pixels, in order around the object.
        name: DOTA's class name.
        difficult: 1 when it is cut by the image's edge, else 0.
    """

    polygon: np.ndarray
    name: str
    difficult: int


def build_ship(rng: np.random.Generator) -> Model:
    """A boat: pointed hull, deck, cabin."""
    model, paint = Model(), pick(rng, _DECKS)
    length, half = rng.uniform(3.5, 7.2), rng.uniform(1.2, 1.8)
    hull = np.array(
        [
            (-length, -half * 0.8, 0.8),
            (length * 0.45, -half, 0.8),
            (length, 0, 0.8),
            (length * 0.45, half, 0.8),
            (-length, half * 0.8, 0.8),
        ]
    )
    model.plate(hull, dim(paint, 0.75))
    model.plate(hull * [0.88, 0.75, 1.05], paint, level=2)
    cabin = (-length * 0.55, length * 0.1), (-half * 0.5, half * 0.5)
    model.frustum(*cabin, (0.8, 2.4), (225, 225, 222), level=3)
    screen = [
        (length * 0.1, -half * 0.45, 2.41),
        (length * 0.1, half * 0.45, 2.41),
        (-length * 0.02, half * 0.45, 2.41),
        (-length * 0.02, -half * 0.45, 2.41),
    ]
    model.plate(screen, GLASS, level=4)
    return model


def build_plane(rng: np.random.Generator) -> Model:
    """An airliner, small enough for the apron: body, wings, tail."""
    model = Model()
    paint = pick(rng, [(228, 228, 226), (205, 208, 210)])
    tail = pick(rng, [(170, 80, 40), (50, 50, 180), (70, 130, 60)])
    for side in (-1, 1):
        wing = [(2.0, 0, 1.6), (-1.6, side * 8, 1.9)]
        wing += [(-2.8, side * 8, 1.9), (-1.4, 0, 1.6)]
        model.plate(wing, dim(paint, 0.92), level=1)
        fin = [(-6.2, 0, 2.2), (-7.6, side * 3, 2.3)]
        fin += [(-8.4, side * 3, 2.3), (-7.8, 0, 2.2)]
        model.plate(fin, dim(paint, 0.92), level=1)
        engine = [(1.6, side * 3, 1.3), (-0.2, side * 3, 1.3)]
        model.line(engine, 0.5, (120, 120, 122), level=0)
    model.line([(-7.5, 0, 2.0), (7.2, 0, 2.0)], 0.95, paint, level=2)
    model.frustum((-8, -6.2), (-0.15, 0.15), (2.9, 4.5), tail, level=3)
    model.plate(
        [(7.6, -0.4, 3.0), (7.6, 0.4, 3.0), (7.1, 0.5, 3.0), (7.1, -0.5, 3.0)],
        GLASS,
        level=4,
    )
    return model


def render_topdown(
    rng: np.random.Generator, kind: str, image_wh: tuple[int, int] = (800, 800)
) -> tuple[np.ndarray, list[TopdownObject]]:
    """Render one image of ``kind``, one of ``TOPDOWN_KINDS``.

    Returns:
        uint8 BGR (height, width, 3), and its objects.
    """
    distance = 400.0  # so far away that sides hardly show
    camera = Camera(
        image_wh, distance, np.pi / 2, distance * _PIXELS_PER_METRE
    )
    if kind in ('harbour', 'apron'):
        layout = _plan_open(kind, rng)
    else:
        layout = build_layout(kind, rng)
    stage = Stage(camera, layout, rng)
    names = _fill(stage, kind)
    light = np.array([0.35, 0.3, 0.88])
    light /= np.linalg.norm(light)
    models = []
    for item, name in zip(stage.placed, names, strict=True):
        # One shadow around a plane would fill the room between its wings.
        models += item.model.split() if name == 'plane' else [item.model]
    image = paint_ground(layout, camera, models, light, rng)
    objects = []
    for item, name in zip(stage.placed, names, strict=True):
        sprite = draw_model(item.model, camera, light)
        if sprite is None:
            continue
        alpha = paste_sprite(image, sprite)
        if name in _NAMES and (alpha > 0.3).sum() > 30:
            part = sprite.cut(image_wh)
            polygon = _fit_polygon(alpha, (part.x, part.y))
            cut = part.bgra.shape != sprite.bgra.shape
            objects.append(TopdownObject(polygon, _NAMES[name], int(cut)))
    image = finish_image(image, camera, rng)
    return image, objects


def _plan_open(kind: str, rng: np.random.Generator) -> Layout:
    axis = Axis((0.0, 0.0), float(rng.uniform(0, np.pi)))
    if kind == 'harbour':
        layout = Layout(kind, (104.0, 88.0, 58.0), marked=False)
        quay = grey(rng, 140, 170)
        layout.polygons.append((axis.quad(-90, 90, 24, 90), quay))
        for s in np.arange(-68.0, 68.0, 34.0):
            layout.polygons.append((axis.quad(s, s + 2, -28, 24), quay))
            for t in np.arange(-25.0, 22.0, 5.6):
                for side in (-8.0, 10.0):
                    turn = np.pi * (side > 0)
                    layout.slots['lane'].append(
                        axis.slot(s + side, t + rng.normal(0, 0.4), turn)
                    )
        ground = (28.0, 60.0)
    else:
        layout = Layout(kind, grey(rng, 138, 165), marked=False)
        taxiway = axis.quad(-90, 90, 18, 40)
        layout.polygons.append((taxiway, grey(rng, 96, 112)))
        layout.polygons.append((axis.quad(-90, 90, 28.8, 29.2), WHITE))
        for s in np.arange(-60.0, 60.0, 20.0):
            turn = np.pi / 2 + rng.normal(0, 0.06)
            for t in (-32.0, 2.0):
                layout.polygons.append(
                    (axis.quad(s, s + 0.3, t, t + 18), WHITE)
                )
                layout.slots['lane'].append(axis.slot(s, t, turn))
        ground = (-20.0, -10.0)
    for s in np.arange(-60.0, 60.0, 6.0):
        t = rng.uniform(*ground)
        layout.slots['kerb'].append(axis.slot(s, t, rng.uniform(0, np.pi)))
    return layout


def _fill(stage: Stage, kind: str) -> list[str]:
    """Place objects and clutter; returns a name for each of the placed."""
    rng, names = stage.rng, []
    if kind in ('harbour', 'apron'):
        name, build = (
            ('ship', build_ship)
            if kind == 'harbour'
            else ('plane', build_plane)
        )
        for slot in stage.free['lane']:
            if rng.random() < 0.7:
                stage.put(build(rng), slot, 1.0, None)
                names.append(name)
        counts = {'kerb': 10}
    else:
        counts = {'kerb': 60, 'lane': 16}
    for free, count in counts.items():
        shares = [0.7, 0.14, 0.1, 0.06] if free == 'lane' else [0.8, 0.2, 0, 0]
        if kind in ('harbour', 'apron'):
            shares = [0.4, 0.1, 0.4, 0.1]
        for slot in stage.free[free][:count]:
            name = str(rng.choice(['car', 'van', 'truck', 'bus'], p=shares))
            if stage.add(name, slot):
                names.append(name)
    for slot in stage.free['verge'][:12]:
        name = str(rng.choice([*clutter.VERGE]))
        if stage.add(name, slot):
            names.append(name)
    return names


def _fit_polygon(alpha: np.ndarray, corner: tuple[int, int]) -> np.ndarray:
    """The tightest turned rectangle (4, 2) around what is drawn, pixels."""
    rows, cols = np.nonzero(alpha > 0.3)
    # All four corners of each pixel, so that its whole area counts.
    low = np.stack([cols, rows], axis=1)
    steps = np.array([[0, 0], [1, 0], [0, 1], [1, 1]])
    points = (low[:, None] + steps).reshape(-1, 2).astype(np.float32)
    box = cv2.boxPoints(cv2.minAreaRect(points))
    return box + np.array(corner, np.float32)
