"""Canvas with its errors and their chips, before chips are chosen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mmhcm.functional.boxes import as_bboxes
from mmhcm.functional.chips import ChipScale, ErrorChips, cover_errors
from mmhcm.structures.rounds import (
    ERROR_KINDS,
    DetectedImage,
    ErrorBox,
    MinedCanvas,
    find_errors,
)


@dataclass(frozen=True)
class LearnedCounts:
    """Numbers of chips, and of the objects that are learned in the chips.

    Attributes:
        chips: Number of chips.
        objects: Objects to learn, counted in each chip that shows them.
        empty: Chips without objects to learn.
    """

    chips: int
    objects: int
    empty: int

    @classmethod
    def of(cls, numbers: np.ndarray) -> 'LearnedCounts':
        """Count chips with ``numbers`` (m,) objects."""
        return cls(
            len(numbers), int(np.sum(numbers)), int(np.sum(numbers == 0))
        )

    @staticmethod
    def total(parts: Iterable['LearnedCounts']) -> dict[str, int]:
        """Sum counts, as plain values."""
        sums = {'chips': 0, 'objects': 0, 'empty': 0}
        for part in parts:
            for name in sums:
                sums[name] += getattr(part, name)
        return sums


@dataclass(frozen=True)
class CoveredCanvas:
    """Errors of all kinds on a canvas, and the chips for the mined errors.

    Attributes:
        canvas: The canvas.
        errors: All errors.
        mined: int64 (n,), indices in ``errors`` of the mined errors, which
            chips are made for.
        chips: The chips; their ``errors`` are (m, n).
        gt_labels: int (g,), labels of the objects in ``chips.objects`` (m, g).
        num_parts: Number of detections that are parts of objects.
        num_unlearned: Number of mined errors that are learned in no window.
    """

    canvas: MinedCanvas
    errors: Sequence[ErrorBox]
    mined: np.ndarray
    chips: ErrorChips
    gt_labels: np.ndarray
    num_parts: int
    num_unlearned: int

    @property
    def num_mined(self) -> int:
        """Number of mined errors."""
        return len(self.mined)

    @property
    def num_left_out(self) -> int:
        """Number of errors whose chips are left out."""
        learned = int(self.chips.errors.any(axis=0).sum())
        return self.num_mined - self.num_unlearned - learned

    def values(self, weights: np.ndarray) -> np.ndarray:
        """Sum class weights (c,) over each chip's objects and errors, (m,)."""
        labels = np.array(
            [e.label for e in self._mined_errors()], dtype=np.int64
        )
        return np.asarray(
            self.chips.errors @ weights[labels]
            + self.chips.objects @ weights[self.gt_labels]
        )

    def background_scores(self) -> np.ndarray:
        """Return the best score (m,) of background chips, else -1.

        The errors of a background chip are all on background.
        """
        about = self._are_about_objects()
        scores = np.array([e.score for e in self._mined_errors()])
        best = (self.chips.errors * scores).max(axis=1, initial=0)
        alone = ~(self.chips.errors & about).any(axis=1)
        return np.where(alone, best, -1)

    def keep(self, is_kept: np.ndarray) -> 'CoveredCanvas':
        """Keep some of the chips, bool (m,)."""
        return replace(self, chips=self.chips.keep(is_kept))

    def count_learned(self, name: str) -> LearnedCounts:
        """Count the objects to learn in the chips of a kind of errors.

        Args:
            name: Kind of errors; 'hard' for all chips.
        """
        chosen = np.ones(len(self.chips.windows), dtype=bool)
        if name != 'hard':
            kinds = np.array([e.kind for e in self._mined_errors()], dtype=str)
            mine = self.chips.errors[:, kinds == name]
            chosen = np.asarray(mine.any(axis=1))
        return LearnedCounts.of(self.chips.objects[chosen].sum(axis=1))

    def record(self) -> MinedCanvas:
        """Return the canvas with chips and errors, as stored in a round."""
        learned = np.flatnonzero(self.chips.errors.any(axis=0))
        with_chip = set(self.mined[learned].tolist())
        return replace(
            self.canvas,
            windows=[tuple(row) for row in self.chips.windows.tolist()],
            scale_inds=self.chips.scale_inds.tolist(),
            errors=[self.errors[ind] for ind in self.mined[learned].tolist()],
            chip_errors=[
                np.flatnonzero(row).tolist()
                for row in self.chips.errors[:, learned]
            ],
            other_errors=[
                error
                for ind, error in enumerate(self.errors)
                if ind not in with_chip
            ],
        )

    def _mined_errors(self) -> list[ErrorBox]:
        return [self.errors[ind] for ind in self.mined.tolist()]

    def _are_about_objects(self) -> np.ndarray:
        return np.array(
            [ERROR_KINDS[e.kind].has_object for e in self._mined_errors()],
            dtype=bool,
        )


def cover_canvas(
    canvas: MinedCanvas,
    image: DetectedImage,
    image_wh: tuple[int, int],
    scales: Sequence[ChipScale],
    *,
    kinds: Sequence[str],
    min_objects: int = 0,
    **thresholds: float,
) -> CoveredCanvas:
    """Find the errors on a canvas and cover the errors of some kinds.

    Args:
        canvas: The canvas.
        image: Detections and objects of the canvas.
        image_wh: (width, height), pixels.
        scales: The chip scales.
        kinds: Kinds of errors that chips are made for.
        min_objects: Chips with fewer objects to learn are left out. Defaults
            to 0.
        **thresholds: Thresholds of ``scoring.errors.classify_errors``.
    """
    types = image.classify(**thresholds)
    errors = find_errors(image, types)
    mined = np.array(
        [ind for ind, error in enumerate(errors) if error.kind in kinds],
        dtype=np.int64,
    )
    chosen = [errors[ind] for ind in mined.tolist()]
    chips = cover_errors(
        as_bboxes([error.bbox for error in chosen]),
        np.array([not ERROR_KINDS[e.kind].has_object for e in chosen], bool),
        image.gt_bboxes,
        image.gt_ignore,
        image_wh,
        scales,
    )
    return CoveredCanvas(
        canvas=canvas,
        errors=errors,
        mined=mined,
        chips=chips.keep(chips.objects.sum(axis=1) >= min_objects),
        gt_labels=image.gt_labels,
        num_parts=int(types.parts.sum()),
        num_unlearned=int((~chips.errors.any(axis=0)).sum()),
    )
