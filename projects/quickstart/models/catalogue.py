"""Catalogue of the models in a scene: the ten classes, and clutter.

``build(rng)`` makes a model in metres with random colours and proportions.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from projects.quickstart.renderer.solids import Model

from . import clutter, riders, vehicles


class Kind(NamedTuple):
    """Kind of model in a scene.

    Attributes:
        build: Builder of a model.
        footprint: Length and width on the ground, metres.
        scale: Enlargement of the model, so that small classes span enough
            pixels to be learned.
    """

    build: Callable[[np.random.Generator], Model]
    footprint: tuple[float, float]
    scale: float = 1.0


# VisDrone's categories 1..10, in order.
CLASSES = {
    'pedestrian': Kind(riders.build_pedestrian, (0.6, 0.6), 1.3),
    'people': Kind(riders.build_people, (0.8, 0.7), 1.35),
    'bicycle': Kind(riders.build_bicycle, (1.9, 0.7), 1.4),
    'car': Kind(vehicles.build_car, (4.6, 1.9)),
    'van': Kind(vehicles.build_van, (5.2, 2.1)),
    'truck': Kind(vehicles.build_truck, (8.4, 2.6)),
    'tricycle': Kind(riders.build_tricycle, (3.2, 1.5), 1.2),
    'awning-tricycle': Kind(riders.build_awning_tricycle, (3.2, 1.6), 1.2),
    'bus': Kind(vehicles.build_bus, (11.6, 2.7)),
    'motor': Kind(riders.build_motor, (2.0, 0.8), 1.35),
}
PAVEMENT = {
    'umbrella': Kind(clutter.build_umbrella, (1.2, 1.2)),
    'stall': Kind(clutter.build_stall, (2.8, 2.0)),
    'bollard': Kind(clutter.build_bollard, (0.4, 0.4)),
    'bin': Kind(clutter.build_bin, (0.8, 0.8)),
    'bench': Kind(clutter.build_bench, (1.8, 0.6)),
    'rack': Kind(clutter.build_rack, (2.2, 1.0)),
    'crate': Kind(clutter.build_crate, (3.6, 1.7)),
    'bush': Kind(clutter.build_bush, (1.2, 1.2)),
    'tree': Kind(clutter.build_tree, (1.5, 1.5)),
}
VERGE = {
    **{name: PAVEMENT[name] for name in ('tree', 'bush', 'crate')},
    'container': Kind(clutter.build_container, (6.0, 2.4)),
    'house': Kind(clutter.build_house, (10.0, 10.0)),
}
KINDS = {
    **CLASSES,
    **PAVEMENT,
    **VERGE,
    'cone': Kind(clutter.build_cone, (0.6, 0.6)),
    'digger': Kind(clutter.build_digger, (5.5, 2.8)),
}
