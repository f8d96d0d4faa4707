"""Who is in a scene: objects by VisDrone's shares, crowds, clutter."""

import numpy as np

from projects.quickstart.models import clutter
from projects.quickstart.models.shapes import BUILDERS, build_rider
from projects.quickstart.world.staging import FOOTPRINTS, SCALES, Stage

CLASSES = tuple(BUILDERS)  # VisDrone's categories 1..10, in order
OTHERS = 11

# Share of each class in VisDrone; people come mostly with their two-wheelers.
_SHARES = {
    'pedestrian': 0.26,
    'people': 0.03,
    'bicycle': 0.029,
    'car': 0.47,
    'van': 0.077,
    'truck': 0.039,
    'tricycle': 0.013,
    'awning-tricycle': 0.011,
    'bus': 0.019,
    'motor': 0.083,
}
_VEHICLES = ('car', 'van', 'truck', 'bus')
# Slots that a class is found in, and how often.
_SLOTS: dict[str, dict[str, float]] = {
    'pedestrian': {'walk': 1.0},
    'people': {'walk': 1.0},
    'bicycle': {'lane': 0.25, 'rank': 0.45, 'walk': 0.3},
    'car': {'lane': 0.55, 'kerb': 0.45},
    'van': {'lane': 0.55, 'kerb': 0.45},
    'truck': {'lane': 0.9, 'kerb': 0.1},
    'tricycle': {'lane': 0.4, 'kerb': 0.3, 'walk': 0.3},
    'awning-tricycle': {'lane': 0.4, 'kerb': 0.3, 'walk': 0.3},
    'bus': {'lane': 1.0},
    'motor': {'lane': 0.5, 'rank': 0.4, 'walk': 0.1},
}


def add_objects(stage: Stage) -> None:
    """Fill slots with objects of the ten classes and their riders."""
    rng = stage.rng
    typical = 85 if stage.layout.kind == 'carpark' else 60
    total = int(np.clip(np.exp(rng.normal(np.log(typical), 0.5)), 8, 190))
    weights = np.array([_SHARES[name] for name in CLASSES])
    vehicle = np.isin(CLASSES, _VEHICLES)
    if stage.layout.kind == 'plaza':
        weights = weights * np.where(vehicle, 0.4, 1.9)
    else:
        weights = weights * np.where(vehicle, 1.25, 0.75)
    names = rng.choice(CLASSES, total, p=weights / weights.sum())
    # Long vehicles first, while there is room for them.
    order = np.argsort([-FOOTPRINTS[str(name)][0] for name in names])
    for name in names[order]:
        _add_object(stage, str(name))


def _add_object(stage: Stage, name: str) -> None:
    shares = _SLOTS[name]
    kinds = stage.rng.choice(
        list(shares), len(shares), replace=False, p=list(shares.values())
    )
    category = CLASSES.index(name) + 1
    for kind in kinds:
        for index, slot in enumerate(stage.free[kind][:12]):
            slot = slot.copy()
            if name in ('motor', 'bicycle', 'tricycle') and kind == 'lane':
                slot[:2] += stage.rng.normal(0, 0.8, 2)
            if not stage.add(name, slot, category=category):
                continue
            stage.free[kind] = np.delete(stage.free[kind], index, axis=0)
            if name in ('motor', 'bicycle') and kind != 'rank':
                _add_rider(stage, name, slot)
            return


def _add_rider(stage: Stage, name: str, slot: np.ndarray) -> None:
    if stage.rng.random() < 0.15:
        return
    stage.put(
        build_rider(stage.rng),
        slot,
        SCALES[name],
        CLASSES.index('people') + 1,
        nearer=0.01,
    )


def add_crowd(stage: Stage, region: int) -> None:
    """Fill a spot with many things that only an ignored region covers."""
    rng = stage.rng
    kind = str(rng.choice(['walk', 'kerb', 'rank'], p=[0.6, 0.25, 0.15]))
    slots = stage.free[kind]
    if not len(slots):
        return
    # Annotators give up on what is far away: the farther half of the slots.
    far = slots[np.argsort(-slots[:, 1])][: max(1, len(slots) // 2)]
    centre = far[int(rng.integers(len(far)))]
    if kind == 'kerb':
        near = np.linalg.norm(slots[:, :2] - centre[:2], axis=1)
        for slot in slots[np.argsort(near)][: np.sum(near < 12)][:7]:
            stage.add(str(rng.choice(['car', 'van'])), slot, region=region)
        return
    names = (
        ['pedestrian', 'people'] if kind == 'walk' else ['motor', 'bicycle']
    )
    for _ in range(int(rng.integers(14, 36))):
        slot = centre.copy()
        slot[:2] += rng.normal(0, 1.0, 2) * [2.6, 1.6]
        slot[2] += rng.normal(0, 0.6)
        stage.add(str(rng.choice(names)), slot, region=region, gap=-0.3)


def add_clutter(stage: Stage, *, with_others: bool = True) -> None:
    """Add trees, houses, goods and other things without a class.

    Args:
        stage: what it is added to.
        with_others: now and then add a machine of category 11 as well.
    """
    rng = stage.rng
    pavement, verge = list(clutter.PAVEMENT), list(clutter.VERGE)
    for slot in stage.free['walk'][: int(rng.integers(8, 28))]:
        stage.add(str(rng.choice(pavement)), slot)
    chances = [0.42, 0.2, 0.16, 0.07, 0.15]
    for slot in stage.free['verge'][: int(rng.integers(16, 56))]:
        stage.add(str(rng.choice(verge, p=chances)), slot)
    if rng.random() < 0.2:
        for slot in stage.free['lane'][:1]:
            for step in range(5):
                at = slot.copy()
                at[:2] += step * np.array([np.cos(slot[2]), np.sin(slot[2])])
                stage.add('cone', at, gap=0.0)
    if with_others and rng.random() < 0.1 and len(stage.free['lane']):
        stage.add('digger', stage.free['lane'][-1], category=OTHERS)
