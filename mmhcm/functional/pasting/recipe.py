"""What a paste is, what a plan is, and how plans are made."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np


@dataclass(frozen=True)
class Paste:
    """One object to paste into a canvas; plain numbers, ready for JSON.

    Attributes:
        patch_id: index of the patch in its object pool.
        bbox: x1, y1, x2, y2 in canvas pixels: the new annotation, which is
            the bounding box of the scaled and rotated object rectangle. It
            holds the whole object; since few objects reach the corners of
            their rectangle it is somewhat loose, by up to 4 % of the width
            and 17 % of the height for a 2:1 car turned by 5 degrees.
        scale: canvas pixels per patch pixel.
        angle: degrees, counter-clockwise as seen on the screen.
        flip: whether the patch is mirrored left to right, before turning.
        alpha: opacity of the object, in (0, 1].
        label: class of the object.
        hard_edges: whether the object's rectangle is drawn as it is, without
            context, soft edges or a shift of its colours.
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
    """How `plan_pastes` places objects.

    Attributes:
        max_overlap: highest share of the smaller of two boxes that an overlap
            with an object, ignored or not, or another paste may cover.
        max_trials: places tried for one object before it is skipped.
        follow_sizes: whether sizes follow those of the objects around the
            place; otherwise, and in a canvas without objects, the native
            size is the starting point.
        num_neighbours: objects around the place that the size follows.
        row_weight: vertical distance counts this much more than horizontal
            when neighbours are looked for, since in an oblique view objects
            in one row are equally far away.
        class_weight: a neighbour whose class is usually e times larger or
            smaller counts as if it were exp(class_weight) times farther away.
            People and vehicles do not scale alike: seen from straight above,
            people are small.
        scale_jitter: range of a factor on the size, uniform in its log.
        scale_limits: range of canvas pixels per patch pixel.
        min_size: places whose object would be smaller, in sqrt(area) canvas
            pixels, are refused.
        families: family of each class, integers from 0: objects lie next to
            objects of their family, vehicles beside vehicles and people
            beside people. None: all classes are one family. A canvas without
            objects of the family offers its other objects.
        follow_places: whether places follow objects at all; otherwise, and in
            a canvas without objects, they are uniform over the canvas.
        near_prob: share of places that are drawn close to an object; the
            others are in the row of one, at any x.
        near_distance: how far from it, along x and y, in sums of the two
            objects' sqrt(area); widens with every trial that fails,
            up to almost twice as much.
        line_prob: share of places that are drawn on the line to one of the
            two next objects of the family, which often is a road or a row.
        num_places: places drawn for an object in a trial. The free one that
            looks most like the ground around its neighbour is tried.
        max_ground: how much the place may differ from that ground, in grey
            levels, see `looks.ground_distances`; others are refused. Grows
            with every trial that fails, up to almost twice as much.
        num_candidates: patches drawn for a place. Of those that are not in the
            canvas yet, the one that fits best is taken, in size, shape, view
            and light, see `patch_choice`.
        max_look: how much the surroundings of a patch in its source image may
            differ from those of the place, in grey levels, see
            `looks.look_distances`; others are refused. Grows as `max_ground`
            does.
        allow_repeats: whether a patch may be used twice in a canvas.
        max_rotation: degrees, either way.
        flip_prob: probability of mirroring.
        alpha_range: range of the opacity.
        avoid_regions: whether places in ignored regions are refused.
        hard_edges: see `Paste`; such boxes begin at whole pixels, so that
            unscaled ones are copied exactly.
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
    def make(cls, naive: bool = False, **fields: Any) -> Self:
        """Return options of some fields.

        Args:
            naive: start from `NAIVE` in place of the defaults.
            **fields: what differs from them.

        Raises:
            TypeError: no such field.
            ValueError: a value out of range.
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
        """Family of each class, int64 (num_classes,).

        Raises:
            ValueError: ``families`` is of another number of classes.
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


#: Cutting and pasting without thought, which the paper argues against
#: (section 1): any place inside the canvas, on objects too, native size and
#: orientation, opaque with hard edges.
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
    """What `plan_pastes` decided.

    Attributes:
        pastes: in the order to draw them.
        num_skipped: objects that found no place, or had no patch.
        skipped_labels: classes of those that found no place.
    """

    pastes: tuple[Paste, ...]
    num_skipped: int
    skipped_labels: tuple[int, ...] = ()
