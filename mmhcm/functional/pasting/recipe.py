"""Pastes, plans of pastes, and options of planning."""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Paste:
    """Object to paste into a canvas; plain numbers, ready for JSON.

    Attributes:
        patch_id: Index of the patch in its object pool.
        bbox: (x1, y1, x2, y2) in canvas pixels: the new annotation, which is
            the bounding box of the scaled and rotated object rectangle. The
            box contains the whole object. Because few objects reach the
            corners of their rectangle, the box is loose by up to 4 % of the
            width and 17 % of the height for a 2:1 car rotated by 5 degrees.
        scale: Canvas pixels per patch pixel.
        angle: Degrees, counter-clockwise on the screen.
        flip: If True, the patch is mirrored left to right before the rotation.
        alpha: Opacity of the object, in (0, 1].
        label: Class of the object.
        hard_edges: If True, the object's rectangle is drawn without context,
            soft edges or colour matching. Defaults to False.
    """

    patch_id: int
    bbox: tuple[float, float, float, float]
    scale: float
    angle: float
    flip: bool
    alpha: float
    label: int
    hard_edges: bool = False


@dataclass(frozen=True)
class PasteOptions:
    """Options of `plan_pastes`.

    Attributes:
        max_overlap: Highest share of the smaller of two boxes that a paste may
            share with an object, ignored or not, or with another paste.
        max_trials: Trials for one object before it is skipped.
        follow_sizes: If True, the size follows the objects around the
            position. If False, or in a canvas without objects, the patch
            keeps its native size, times the jitter.
        num_neighbours: Objects around the position that the size follows.
        row_weight: Factor on vertical distances when neighbours are searched,
            because in an oblique view objects in the same row are equally far
            away.
        class_weight: A neighbour whose class is e times larger or smaller on
            average counts as exp(class_weight) times farther away. People and
            vehicles scale differently: from straight above, people are small.
        scale_jitter: Range of a factor on the size, log-uniform.
        scale_limits: Range of canvas pixels per patch pixel.
        min_size: Smallest sqrt(area) of a pasted object, canvas pixels.
        families: Family of each class, integers from 0. Objects are placed
            next to objects of their family: vehicles next to vehicles and
            people next to people. None puts all classes in one family. If a
            canvas has no object of a family, objects of all families are used.
        follow_places: If True, positions follow existing objects. If False, or
            in a canvas without objects, positions are uniform over the canvas.
        near_prob: Share of positions that are drawn close to an object; the
            other positions are in the row of an object, at any x.
        near_distance: Largest distance to the close object along an axis, in
            sums of the two objects' sqrt(area). Grows with every failed trial,
            up to almost twice the value.
        line_prob: Share of positions that are drawn on the line to one of the
            two closest objects of the family, often a road or a row.
        num_places: Positions drawn for an object in a trial. The free position
            that looks most like the ground of its guide is tried.
        max_ground: Largest difference between the look of a position and the
            ground of its guide, in grey levels, see `places.choose_places`.
            Grows with every failed trial, up to almost twice the value.
        num_candidates: Patches drawn for a position. The patch that fits best
            in size, shape, view and look is taken, among the patches that are
            not in the canvas yet, see `patch_choice`.
        max_look: Largest difference between the surroundings of a patch in its
            source image and the surroundings of the position, in grey levels,
            see `patch_choice.choose_patches`. Grows like `max_ground`.
        allow_repeats: If True, a patch may be used twice in a canvas.
        max_rotation: Largest rotation in degrees, either way.
        flip_prob: Probability of mirroring.
        alpha_range: Range of the opacity.
        avoid_regions: If True, positions in ignored regions are refused.
        hard_edges: See `Paste`; boxes with hard edges start at whole pixels,
            so that unscaled patches are copied exactly.
    """

    max_overlap: float = 0.0
    max_trials: int = 5
    follow_sizes: bool = True
    num_neighbours: int = 5
    row_weight: float = 2.0
    class_weight: float = 2.0
    scale_jitter: tuple[float, float] = (0.85, 1.18)
    scale_limits: tuple[float, float] = (0.5, 1.5)
    min_size: float = 6.0
    families: tuple[int, ...] | None = None
    follow_places: bool = True
    near_prob: float = 0.95
    near_distance: float = 1.5
    line_prob: float = 0.7
    num_places: int = 32
    max_ground: float = 30.0
    num_candidates: int = 24
    max_look: float = 50.0
    allow_repeats: bool = False
    max_rotation: float = 10.0
    flip_prob: float = 0.5
    alpha_range: tuple[float, float] = (0.85, 1.0)
    avoid_regions: bool = True
    hard_edges: bool = False

    @classmethod
    def make(cls, naive: bool = False, **fields: Any) -> 'PasteOptions':
        """Create options from some fields.

        Args:
            naive: Start from `NAIVE` instead of the defaults. Defaults to
                False.
            **fields: Fields to override.

        Raises:
            TypeError: If a field does not exist.
            ValueError: If a value is out of range.
        """
        return cls(**{**(NAIVE if naive else {}), **fields})

    def __post_init__(self) -> None:
        for name in ('max_overlap', 'near_prob', 'line_prob', 'flip_prob'):
            self._check(name, 0 <= getattr(self, name) <= 1, 'in [0, 1]')
        for name in (
            'max_trials',
            'num_neighbours',
            'num_places',
            'num_candidates',
        ):
            self._check(name, getattr(self, name) >= 1, 'at least 1')
        for name in (
            'min_size',
            'max_rotation',
            'near_distance',
            'class_weight',
            'max_ground',
            'max_look',
        ):
            self._check(name, getattr(self, name) >= 0, 'at least 0')
        for name in ('scale_jitter', 'scale_limits', 'alpha_range'):
            low, high = getattr(self, name)
            self._check(name, 0 < low <= high, 'a rising positive pair')
        self._check('alpha_range', self.alpha_range[1] <= 1, 'at most 1')
        self._check(
            'families',
            min(self.families or (0,)) >= 0,
            'integers from 0',
        )
        self._check('row_weight', self.row_weight > 0, 'positive')

    def families_of(self, num_classes: int) -> np.ndarray:
        """Return the family of each class, int64 (num_classes,).

        Raises:
            ValueError: If ``families`` has another number of classes.
        """
        if self.families is None:
            return np.zeros(num_classes, dtype=np.int64)
        if len(self.families) != num_classes:
            raise ValueError(
                f'families must name one of each of {num_classes} classes, '
                f'got {self.families!r}'
            )
        return np.array(self.families, dtype=np.int64)

    def _check(self, name: str, holds: bool, what: str) -> None:
        if not holds:
            raise ValueError(
                f'{name} must be {what}, got {getattr(self, name)!r}'
            )


#: Naive pasting, which the paper argues against (section 1): any position in
#: the canvas, also on objects, native size and orientation, opaque with hard
#: edges.
NAIVE: dict[str, Any] = {
    'max_overlap': 1.0,
    'follow_sizes': False,
    'scale_jitter': (1.0, 1.0),
    'scale_limits': (1.0, 1.0),
    'min_size': 0.0,
    'follow_places': False,
    'num_candidates': 1,
    'allow_repeats': True,
    'max_rotation': 0.0,
    'flip_prob': 0.0,
    'alpha_range': (1.0, 1.0),
    'avoid_regions': False,
    'hard_edges': True,
}


@dataclass(frozen=True)
class PastePlan:
    """Result of `plan_pastes`.

    Attributes:
        pastes: Pastes in drawing order.
        num_skipped: Objects without a position or a patch.
        skipped_labels: Classes of the objects without a position.
    """

    pastes: tuple[Paste, ...]
    num_skipped: int
    skipped_labels: tuple[int, ...] = ()
