"""Trials to place objects: one candidate of each object, drawn and tested."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mmhcm.functional.boxes import as_bboxes
from mmhcm.functional.compiled import compiled

from .looks import SURROUND, ImageLook
from .patch_choice import PatchTraits, Places, choose_patches
from .places import (
    Guides,
    choose_places,
    draw_centres,
    draw_on_mask,
    square_boxes,
)
from .pool_index import PoolIndex, pick_any, pick_near
from .recipe import Paste, PasteOptions
from .views import aspect_sums, image_views

_REFUSE_TYPES = 'void(f8[:,::1], f8[:,::1], f8[:,::1], f8[::1], f8, b1[::1])'


@dataclass(frozen=True)
class Trial:
    """Candidates of n objects, one each."""

    labels: np.ndarray
    patch_ids: np.ndarray
    is_possible: np.ndarray
    bboxes: np.ndarray
    sizes: np.ndarray
    scales: np.ndarray
    angles: np.ndarray
    flips: np.ndarray
    alphas: np.ndarray

    def paste(self, row: int, hard_edges: bool) -> Paste:
        """Return the candidate of an object as a paste."""
        x1, y1, x2, y2 = self.bboxes[row].tolist()
        return Paste(
            patch_id=int(self.patch_ids[row]),
            bbox=(x1, y1, x2, y2),
            scale=float(self.scales[row]),
            angle=float(self.angles[row]),
            flip=bool(self.flips[row]),
            alpha=float(self.alphas[row]),
            label=int(self.labels[row]),
            hard_edges=hard_edges,
        )


@dataclass(frozen=True)
class PatchPool:
    """Patches and statistics of their classes (c)."""

    wh: np.ndarray
    index: PoolIndex
    traits: PatchTraits
    families: np.ndarray
    class_log_sizes: np.ndarray


class Planner:
    """State of one canvas during planning."""

    def __init__(
        self,
        canvas_wh: Sequence[int],
        guides: Guides,
        occupied: tuple[np.ndarray, np.ndarray],
        look: ImageLook | None,
        pool: PatchPool,
        place_mask: np.ndarray | None = None,
    ) -> None:
        self.place_mask = place_mask
        self.canvas_wh = np.asarray(canvas_wh, dtype=np.float64)
        self.guides = guides
        self.taken, self.regions = (
            as_bboxes(bboxes).astype(np.float64) for bboxes in occupied
        )
        self.look = look
        self.grounds = (
            np.zeros((len(guides), 4))
            if look is None
            else guides.grounds(look)
        )
        self.pool = pool
        self.used: set[int] = set()
        num_classes = len(pool.families)
        self.view = image_views(
            aspect_sums(guides.labels, guides.log_aspects, num_classes),
            np.zeros(num_classes),
            pool.families,
        )

    def draw(
        self,
        labels: np.ndarray,
        spread: float,
        options: PasteOptions,
        rng: np.random.Generator,
    ) -> Trial:
        """Draw one candidate for each label; ``spread`` relaxes the limits."""
        num = len(labels)
        centres, log_aspects, will_do = self._draw_places(
            labels, spread, options, rng
        )
        low, high = np.log(options.scale_jitter).tolist()
        jitter = rng.uniform(low, high, num)
        picks = rng.random(num)
        index, traits = self.pool.index, self.pool.traits
        k = options.num_candidates
        if options.follow_sizes and len(self.guides):
            log_sizes = self._follow(labels, centres, options) + jitter
            candidates = pick_near(
                index, labels, log_sizes, picks, options.scale_limits, k
            )
            wanted = log_sizes[:, None] - traits.log_sizes[candidates]
        else:
            log_sizes = self.pool.class_log_sizes[labels]
            candidates = pick_any(index, labels, picks, k)
            wanted = np.repeat(jitter[:, None], k, axis=1)
        looks = self._looks_around(centres, log_sizes)
        places = Places(log_aspects, looks, self.view)
        columns = choose_patches(
            candidates,
            wanted,
            options.scale_limits,
            traits,
            places,
            options.max_look * spread,
            None if options.allow_repeats else self.used,
        )
        rows = np.arange(num)
        patch_ids = candidates[rows, columns]
        wh = self.pool.wh[patch_ids]
        scales = np.exp(wanted[rows, columns])
        scales = np.clip(scales, *options.scale_limits)
        angles = rng.uniform(-options.max_rotation, options.max_rotation, num)
        half = rotated_wh(wh * scales[:, None], angles) / 2
        if options.hard_edges:
            centres = np.rint(centres - half) + half
        return Trial(
            labels=labels,
            patch_ids=patch_ids,
            is_possible=will_do & (columns >= 0),
            bboxes=np.concatenate([centres - half, centres + half], axis=1),
            sizes=np.sqrt(wh.prod(axis=1)) * scales,
            scales=scales,
            angles=angles,
            flips=rng.random(num) < options.flip_prob,
            alphas=rng.uniform(*options.alpha_range, num),
        )

    def accept(self, trial: Trial, options: PasteOptions) -> np.ndarray:
        """Accept and occupy the free positions; return bool (n,)."""
        bboxes = trial.bboxes
        fits = trial.is_possible & (trial.sizes >= options.min_size)
        compiled(_refuse, _REFUSE_TYPES)(
            bboxes,
            self.taken,
            self.regions if options.avoid_regions else self.regions[:0],
            self.canvas_wh,
            options.max_overlap,
            fits,
        )
        self.taken = np.concatenate([self.taken, bboxes[fits]])
        self.used.update(trial.patch_ids[fits].tolist())
        return fits

    def _draw_places(
        self,
        labels: np.ndarray,
        spread: float,
        options: PasteOptions,
        rng: np.random.Generator,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Draw a position for each label.

        Returns:
            Centres (n, 2), log aspects (n,) to match, NaN for any, and bool
            (n,), True for usable positions.
        """
        num = len(labels)
        if self.place_mask is not None:
            return self._draw_on_mask(labels, options, rng)
        if not len(self.guides) or not options.follow_places:
            centres = rng.random((num, 2)) * self.canvas_wh
            return centres, np.full(num, np.nan), np.ones(num, dtype=bool)
        families = self.pool.families[labels]
        usual = self.pool.class_log_sizes[labels]
        centres, inds, sizes = draw_centres(
            self.guides,
            usual,
            families,
            self.canvas_wh,
            spread,
            options,
            rng,
        )
        best, gaps = choose_places(
            centres,
            sizes,
            np.concatenate([self.taken, self.regions]),
            self.canvas_wh,
            self.look,
            self.grounds[inds],
        )
        rows = np.arange(num)
        guides = inds[rows, best]
        is_kin = self.pool.families[self.guides.labels[guides]] == families
        log_aspects = np.where(is_kin, self.guides.log_aspects[guides], np.nan)
        return (
            centres[rows, best],
            log_aspects,
            gaps <= options.max_ground * spread,
        )

    def _draw_on_mask(
        self,
        labels: np.ndarray,
        options: PasteOptions,
        rng: np.random.Generator,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Draw as `_draw_places` does, from the pixels of the mask."""
        mask, num = self.place_mask, len(labels)
        none = np.full(num, np.nan)
        if mask is None or not mask.any():
            return np.zeros((num, 2)), none, np.zeros(num, dtype=bool)
        shape = (num, options.num_places)
        centres = draw_on_mask(mask, self.canvas_wh, shape, rng)
        sizes = np.exp(self.pool.class_log_sizes[labels])[:, None]
        best, _ = choose_places(
            centres,
            np.repeat(sizes, shape[1], axis=1),
            np.concatenate([self.taken, self.regions]),
            self.canvas_wh,
            None,
            np.zeros((*shape, 4)),
        )
        return centres[np.arange(num), best], none, np.ones(num, dtype=bool)

    def _looks_around(
        self, centres: np.ndarray, log_sizes: np.ndarray
    ) -> np.ndarray | None:
        """Compute looks (n, 4) of the surroundings of squares."""
        if self.look is None:
            return None
        bboxes = square_boxes(centres, np.exp(log_sizes))
        return self.look.around(bboxes, SURROUND)

    def _follow(
        self, labels: np.ndarray, centres: np.ndarray, options: PasteOptions
    ) -> np.ndarray:
        """Compute log sizes (n,) that follow the surrounding objects."""
        usual, guides = self.pool.class_log_sizes[labels], self.guides
        unlike = np.abs(usual[:, None] - guides.usual)  # (n, m)
        x_gaps = centres[:, :1] - guides.centres[:, 0]
        y_gaps = (centres[:, 1:] - guides.centres[:, 1]) * options.row_weight
        distances = (x_gaps * x_gaps + y_gaps * y_gaps) * np.exp(
            2 * options.class_weight * unlike
        )
        k = min(options.num_neighbours, distances.shape[1])
        nearest = np.argpartition(distances, k - 1, axis=1)[:, :k]
        offsets = np.sort(guides.offsets[nearest], axis=1)
        return usual + (offsets[:, (k - 1) // 2] + offsets[:, k // 2]) / 2


def rotated_wh(wh: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Compute the bounding boxes (n, 2) of rotated rectangles.

    Args:
        wh: (n, 2) widths and heights.
        angles: (n,) degrees.
    """
    radians = np.deg2rad(angles)
    cos, sin = np.abs(np.cos(radians)), np.abs(np.sin(radians))
    return np.stack(
        [
            wh[:, 0] * cos + wh[:, 1] * sin,
            wh[:, 0] * sin + wh[:, 1] * cos,
        ],
        axis=1,
    )


def _refuse(
    bboxes: np.ndarray,
    taken: np.ndarray,
    regions: np.ndarray,
    canvas_wh: np.ndarray,
    max_overlap: float,
    fits: np.ndarray,
) -> None:
    """Clear ``fits`` of boxes that leave the canvas or meet other boxes.

    A box may share no area with a region. With each box of ``taken`` and each
    earlier box that fits, a box may share up to ``max_overlap`` of the smaller
    of the two boxes.
    """
    for row in range(len(bboxes)):
        if not fits[row]:
            continue
        x1, y1, x2, y2 = bboxes[row]
        is_free = (
            x1 >= 0 and y1 >= 0 and x2 <= canvas_wh[0] and y2 <= canvas_wh[1]
        )
        area = max(x2 - x1, 0.0) * max(y2 - y1, 0.0)
        for kind, others in enumerate((regions, taken, bboxes[:row])):
            # No overlap exceeds 1, except by rounding.
            if kind > 0 and max_overlap >= 1:
                break
            for ind in range(len(others)):
                if kind == 2 and not fits[ind]:
                    continue
                left, top, right, bottom = others[ind]
                shared = max(min(x2, right) - max(x1, left), 0.0) * max(
                    min(y2, bottom) - max(y1, top), 0.0
                )
                limit = 0.0
                if kind > 0:
                    other = max(right - left, 0.0) * max(bottom - top, 0.0)
                    limit = max_overlap * min(area, other)
                is_free &= shared <= limit
        fits[row] = is_free
