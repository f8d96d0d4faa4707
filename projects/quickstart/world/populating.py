"""Contents of a scene: objects by VisDrone's shares, crowds, clutter."""

from typing import NamedTuple

import numpy as np

from projects.quickstart.models.catalogue import (
    CLASSES,
    KINDS,
    PAVEMENT,
    VERGE,
)
from projects.quickstart.models.riders import build_rider

from .staging import Stage

OTHERS = 11
_PEOPLE = 2
_NAMES = list(CLASSES)


class _Habit(NamedTuple):
    """Share of a class in VisDrone, and probabilities of its slots."""

    share: float
    slots: dict[str, float]


_CAR_SLOTS = {'lane': 0.55, 'kerb': 0.45}
_TRIKE_SLOTS = {'lane': 0.4, 'kerb': 0.3, 'walk': 0.3}
# Most people are added as riders of two-wheelers.
_HABITS = {
    'pedestrian': _Habit(0.26, {'walk': 1.0}),
    'people': _Habit(0.03, {'walk': 1.0}),
    'bicycle': _Habit(0.029, {'lane': 0.25, 'rank': 0.45, 'walk': 0.3}),
    'car': _Habit(0.47, _CAR_SLOTS),
    'van': _Habit(0.077, _CAR_SLOTS),
    'truck': _Habit(0.039, {'lane': 0.9, 'kerb': 0.1}),
    'tricycle': _Habit(0.013, _TRIKE_SLOTS),
    'awning-tricycle': _Habit(0.011, _TRIKE_SLOTS),
    'bus': _Habit(0.019, {'lane': 1.0}),
    'motor': _Habit(0.083, {'lane': 0.5, 'rank': 0.4, 'walk': 0.1}),
}


def add_objects(stage: Stage) -> None:
    """Fill slots with objects of the ten classes and their riders."""
    rng, kind = stage.rng, stage.layout.kind
    typical = 85 if kind == 'carpark' else 60
    total = int(np.clip(np.exp(rng.normal(np.log(typical), 0.5)), 8, 190))
    vehicle = np.isin(_NAMES, ('car', 'van', 'truck', 'bus'))
    factors = (0.4, 1.9) if kind == 'plaza' else (1.25, 0.75)
    weights = np.array([_HABITS[name].share for name in _NAMES])
    weights = weights * np.where(vehicle, *factors)
    names = rng.choice(_NAMES, total, p=weights / weights.sum()).tolist()
    # Long vehicles first, while there is room for them.
    order = np.argsort([-KINDS[name].footprint[0] for name in names])
    for index in order:
        _add_object(stage, names[index])


def _add_object(stage: Stage, name: str) -> None:
    rng, shares = stage.rng, _HABITS[name].slots
    kinds = rng.choice(
        list(shares), len(shares), replace=False, p=list(shares.values())
    )
    for kind in kinds:
        for index, slot in enumerate(stage.free[kind][:12]):
            slot = slot.copy()
            if name in ('motor', 'bicycle', 'tricycle') and kind == 'lane':
                slot[:2] += rng.normal(0, 0.8, 2)
            if not stage.add(name, slot, category=_NAMES.index(name) + 1):
                continue
            stage.free[kind] = np.delete(stage.free[kind], index, axis=0)
            ridden = name in ('motor', 'bicycle') and kind != 'rank'
            if ridden and rng.random() >= 0.15:
                rider, scale = build_rider(rng), KINDS[name].scale
                stage.put('people', rider, slot, scale, _PEOPLE, nearer=0.01)
            return


def add_crowd(stage: Stage, region: int) -> None:
    """Add a crowd that is annotated only as an ignored region."""
    rng = stage.rng
    kind = str(rng.choice(['walk', 'kerb', 'rank'], p=[0.6, 0.25, 0.15]))
    slots = stage.free[kind]
    if not len(slots):
        return
    # Crowds far away are not annotated: choose the farther half of slots.
    far = slots[np.argsort(-slots[:, 1])][: max(1, len(slots) // 2)]
    centre = far[int(rng.integers(len(far)))]
    if kind == 'kerb':
        near = np.linalg.norm(slots[:, :2] - centre[:2], axis=1)
        for slot in slots[np.argsort(near)][: np.sum(near < 12)][:7]:
            stage.add(str(rng.choice(['car', 'van'])), slot, region=region)
        return
    people, wheels = ['pedestrian', 'people'], ['motor', 'bicycle']
    for _ in range(int(rng.integers(14, 36))):
        slot = centre.copy()
        slot[:2] += rng.normal(0, 1.0, 2) * [2.6, 1.6]
        slot[2] += rng.normal(0, 0.6)
        name = str(rng.choice(people if kind == 'walk' else wheels))
        stage.add(name, slot, region=region, gap=-0.3)


def add_clutter(stage: Stage, *, with_others: bool = True) -> None:
    """Add trees, houses, goods and other things without a class.

    Args:
        stage: Scene that the clutter is added to.
        with_others: Also add a machine of category 11 in some scenes.
    """
    rng, free = stage.rng, stage.free
    for slot in free['walk'][: int(rng.integers(8, 28))]:
        stage.add(str(rng.choice(list(PAVEMENT))), slot)
    chances = [0.42, 0.2, 0.16, 0.07, 0.15]
    for slot in free['verge'][: int(rng.integers(16, 56))]:
        stage.add(str(rng.choice(list(VERGE), p=chances)), slot)
    if rng.random() < 0.2:
        for slot in free['lane'][:1]:
            ahead = np.array([np.cos(slot[2]), np.sin(slot[2]), 0])
            for step in range(5):
                stage.add('cone', slot + step * ahead, gap=0.0)
    if with_others and rng.random() < 0.1 and len(free['lane']):
        stage.add('digger', free['lane'][-1], category=OTHERS)
