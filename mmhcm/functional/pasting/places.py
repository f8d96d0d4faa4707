"""Positions of new objects next to existing objects (section 3.3)."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.spatial import KDTree

from mmhcm.functional.boxes import as_bboxes, box_wh, sqrt_areas
from mmhcm.functional.compiled import compiled

from .looks import ImageLook
from .recipe import PasteOptions
from .views import log_aspects_of

# Number of neighbours whose direction may be that of a road, and the largest
# offset of a position from the line to a neighbour, in sums of the sqrt(area)
# of the two objects.
_NUM_NEIGHBOURS = 2
_OFF_LINE = 0.1
# The ground is seen obliquely: vertical distances are longer than they look.
_FORESHORTENING = 0.5
# Inner and outer margin of an object's ground, in units of its sqrt(area).
_GROUND_GAP, _GROUND_REACH = 0.15, 0.6
# Cost of a blocked position, larger than all grey levels.
_TAKEN = 1e4
_CHOOSE_TYPES = (
    'void(f8[:,:,::1], f8[:,::1], f8[::1], f8[:,:,::1], f8[:,:,::1], '
    'i8[::1], f8[::1])'
)


@dataclass(frozen=True)
class Guides:
    """Existing objects (m) that new positions, sizes and shapes follow.

    Objects are sorted by family.

    Attributes:
        bboxes: float64 (m, 4) xyxy, canvas pixels.
        centres: (m, 2).
        sizes: (m,) sqrt(area).
        labels: int (m,).
        usual: (m,) mean log size of the object's class.
        offsets: (m,) log size of the object minus ``usual``.
        log_aspects: (m,) log(height / width) minus the mean of the class.
        starts: int (f + 1,), family k is ``starts[k]:starts[k + 1]``.
        neighbours: int (m, k), the closest objects of the family; missing
            neighbours are replaced by the object itself.
    """

    bboxes: np.ndarray
    centres: np.ndarray
    sizes: np.ndarray
    labels: np.ndarray
    usual: np.ndarray
    offsets: np.ndarray
    log_aspects: np.ndarray
    starts: np.ndarray
    neighbours: np.ndarray

    @classmethod
    def of(
        cls,
        gt_bboxes: np.ndarray,
        gt_labels: np.ndarray,
        gt_ignore: np.ndarray | None,
        class_log_sizes: np.ndarray,
        families: np.ndarray,
        class_aspects: np.ndarray,
    ) -> 'Guides':
        """Create the guides of a canvas' objects, see `plan_pastes`."""
        bboxes = as_bboxes(gt_bboxes).astype(np.float64)
        labels = np.asarray(gt_labels, dtype=np.int64).reshape(-1)
        valid = box_wh(bboxes).min(axis=1, initial=np.inf) > 0
        if gt_ignore is not None:
            valid &= ~np.asarray(gt_ignore, dtype=bool).reshape(-1)
        # The label of an ignored object may be out of range.
        bboxes, labels = bboxes[valid], labels[valid]
        known = np.isfinite(class_log_sizes[labels])
        bboxes, labels = bboxes[known], labels[known]
        order = np.argsort(families[labels], kind='stable')
        bboxes, labels = bboxes[order], labels[order]
        num_families = int(families.max(initial=0)) + 1
        starts = np.searchsorted(families[labels], np.arange(num_families + 1))
        centres = (bboxes[:, :2] + bboxes[:, 2:]) / 2
        sizes, usual = sqrt_areas(bboxes), class_log_sizes[labels]
        return cls(
            bboxes=bboxes,
            centres=centres,
            sizes=sizes,
            labels=labels,
            usual=usual,
            offsets=np.log(sizes) - usual,
            log_aspects=log_aspects_of(box_wh(bboxes)) - class_aspects[labels],
            starts=starts,
            neighbours=_neighbours(centres, starts),
        )

    def __len__(self) -> int:
        """Return the number of objects."""
        return len(self.sizes)

    def pick(self, families: np.ndarray, picks: np.ndarray) -> np.ndarray:
        """Pick objects (n, k) of each family, or of all if it is empty.

        Args:
            families: int (n,).
            picks: (n, k) uniform in [0, 1).
        """
        low, high = self.starts[families], self.starts[families + 1]
        none = low == high
        low, high = np.where(none, 0, low), np.where(none, len(self), high)
        inds = low[:, None] + (picks * (high - low)[:, None]).astype(np.int64)
        return np.minimum(inds, high[:, None] - 1)

    def grounds(self, look: ImageLook) -> np.ndarray:
        """Compute looks (m, 4) of the ground: medians over the neighbours."""
        own = look.around(self.bboxes, _GROUND_REACH, _GROUND_GAP)
        both = np.concatenate([own[:, None], own[self.neighbours]], axis=1)
        # The median of three, by sorting: `numpy.median` takes longer.
        return np.sort(both, axis=1)[:, 1]


def _neighbours(centres: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Find the ``neighbours`` of `Guides`."""
    out = np.repeat(np.arange(len(centres))[:, None], _NUM_NEIGHBOURS, axis=1)
    for low, high in pairwise(starts.tolist()):
        num = min(_NUM_NEIGHBOURS, high - low - 1)
        if num > 0:
            own = centres[low:high]
            _, inds = KDTree(own).query(own, k=num + 1)
            out[low:high, :num] = low + inds[:, 1:]
    return out


def draw_centres(
    guides: Guides,
    log_sizes: np.ndarray,
    families: np.ndarray,
    canvas_wh: np.ndarray,
    spread: float,
    options: PasteOptions,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw k = ``num_places`` positions for each of n new objects.

    Most positions are near an object of the same family: on the line to one of
    that object's closest neighbours, which often is a road, a row of parked
    cars or a pavement, or on any side. The other positions are in the row of
    an object, at any x.

    Args:
        guides: Existing objects, at least one.
        log_sizes: (n,) mean log size of each new object's class.
        families: int (n,).
        canvas_wh: (2,), pixels.
        spread: Factor on ``near_distance``.
        options: Options of the plan.
        rng: Source of all draws.

    Returns:
        Centres (n, k, 2) in canvas pixels, the guide (n, k) of each centre,
        and the size (n, k) of a new object next to that guide.
    """
    shape = (len(families), options.num_places)
    inds = guides.pick(families, rng.random(shape))
    sizes = np.exp(log_sizes[:, None] + guides.offsets[inds])
    reach = (guides.sizes[inds] + sizes)[..., None]
    far = options.near_distance * spread
    aims = guides.neighbours[inds, rng.integers(0, _NUM_NEIGHBOURS, shape)]
    lines = guides.centres[aims] - guides.centres[inds]
    lengths = np.sqrt(np.square(lines).sum(axis=2))
    on_line = (rng.random(shape) < options.line_prob) & (lengths > 0)
    lines /= np.maximum(lengths, 1e-9)[..., None]
    ahead = rng.random((*shape, 1)) * far
    shifts = rng.uniform(-1, 1, (*shape, 2)) * (1, _FORESHORTENING)
    aside = shifts[..., :1] * _OFF_LINE
    normals = lines[..., ::-1] * (-1, 1)
    shifts = np.where(
        on_line[..., None], ahead * lines + aside * normals, shifts * far
    )
    centres = guides.centres[inds] + shifts * reach
    away = rng.random((len(families), 1)) >= options.near_prob
    anywhere = rng.random(shape) * canvas_wh[0]
    centres[..., 0] = np.where(away, anywhere, centres[..., 0])
    return centres, inds, sizes


def draw_on_mask(
    mask: np.ndarray,
    canvas_wh: np.ndarray,
    shape: tuple[int, int],
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw positions (n, k, 2), canvas pixels, from the pixels of a mask.

    Args:
        mask: bool (h, w) over the canvas, True where objects may be, with at
            least one True pixel.
        canvas_wh: (2,), pixels.
        shape: n and k.
        rng: Source of all draws.
    """
    rows, columns = np.nonzero(mask)
    picks = rng.integers(0, len(rows), shape)
    cells = np.stack([columns[picks], rows[picks]], axis=-1)
    return (cells + rng.random((*shape, 2))) * (canvas_wh / mask.shape[::-1])


def choose_places(
    centres: np.ndarray,
    sizes: np.ndarray,
    taken: np.ndarray,
    canvas_wh: np.ndarray,
    look: ImageLook | None,
    grounds: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Choose the positions that look most like the ground of their guides.

    Positions outside the canvas, or on occupied pixels, come last. Objects
    count as squares, because their patches are chosen later.

    A road and trees differ in hue, whereas light and shade differ in
    brightness alone. In the distance of a look from the ground, the squared
    differences of the channels from their mean are therefore weighted by 4,
    the squared difference of the mean by 1/2, and the difference of the
    contrasts is added to the root.

    Args:
        centres: (n, k, 2) from `draw_centres`.
        sizes: (n, k), sqrt(area) of the new objects.
        taken: (t, 4) xyxy of existing objects and ignored regions.
        canvas_wh: (2,), pixels.
        look: Look of the canvas. None takes the first free position.
        grounds: (n, k, 4) from `Guides.grounds`; not used without a look.

    Returns:
        Index (n,) of the position, and distance (n,) of its look from the
        ground in grey levels, 0 without a look.
    """
    bboxes = square_boxes(centres, sizes)
    best = np.zeros(len(sizes), dtype=np.int64)
    gaps = np.zeros(len(sizes))
    compiled(_choose_places, _CHOOSE_TYPES)(
        bboxes,
        np.ascontiguousarray(taken),
        canvas_wh,
        grounds if look is None else look.inside(bboxes).reshape(bboxes.shape),
        grounds,
        best,
        gaps,
    )
    return best, gaps


def _choose_places(
    bboxes: np.ndarray,
    taken: np.ndarray,
    canvas_wh: np.ndarray,
    looks: np.ndarray,
    grounds: np.ndarray,
    best: np.ndarray,
    gaps: np.ndarray,
) -> None:
    """Fill ``best`` and ``gaps`` of `choose_places`."""
    for row in range(bboxes.shape[0]):
        least = np.inf
        for column in range(bboxes.shape[1]):
            x1, y1, x2, y2 = bboxes[row, column]
            blue, green, red, contrast = (
                looks[row, column] - grounds[row, column]
            )
            mean = (blue + green + red) / 3
            hue = (blue * blue + green * green + red * red) - 3 * (mean * mean)
            gap = np.sqrt(4 * max(hue, 0.0) + mean * mean / 2) + abs(contrast)
            cost = gap
            if x1 < 0 or y1 < 0 or x2 > canvas_wh[0] or y2 > canvas_wh[1]:
                cost = _TAKEN + gap
            for ind in range(len(taken)):
                left, top, right, bottom = taken[ind]
                if x1 < right and x2 > left and y1 < bottom and y2 > top:
                    cost = _TAKEN + gap
                    break
            if cost < least:
                least = cost
                best[row], gaps[row] = column, gap


def square_boxes(centres: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Build squares (..., 4) xyxy of centres (..., 2) and sides (...)."""
    half = sizes[..., None] / 2
    return np.concatenate([centres - half, centres + half], axis=-1)
