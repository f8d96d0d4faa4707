"""Which errors a mining report shows as pictures."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from mmhcm.functional.boxes import as_bboxes, sqrt_areas
from mmhcm.structures.rounds import (
    ERROR_KINDS,
    MISSED,
    ErrorBox,
    HardChipRound,
)


@dataclass(frozen=True)
class Example:
    """An error to show, on the canvas at ``canvas_ind`` of the round."""

    canvas_ind: int
    error: ErrorBox


def hardest_examples(
    hard_round: HardChipRound, num_examples: int
) -> dict[str, list[Example]]:
    """Choose the examples of each type of error.

    Every type has the same number, and leaves to the others what it lacks.
    Of a type, the strongest error is taken again and again; the strength of
    those of the same image or the same class shrinks with each one taken, so
    that no image and no class fills the page.
    """
    by_kind = {
        kind: [
            Example(ind, error)
            for ind, canvas in enumerate(hard_round.canvases)
            for error in (*canvas.errors, *canvas.other_errors)
            if error.kind == kind
        ]
        for kind in ERROR_KINDS
    }
    sizes = _fair_shares([len(v) for v in by_kind.values()], num_examples)
    images = [(canvas.source, canvas.image) for canvas in hard_round.canvases]
    return {
        kind: _choose(examples, images, size)
        for (kind, examples), size in zip(by_kind.items(), sizes, strict=True)
        if size
    }


def has_missed(hard_round: HardChipRound) -> bool:
    """Whether the round has boxes of missed objects."""
    return any(
        error.kind == MISSED
        for canvas in hard_round.canvases
        for error in (*canvas.errors, *canvas.other_errors)
    )


def _fair_shares(available: Sequence[int], total: int) -> list[int]:
    """Split ``total`` evenly among those that have something left."""
    shares = [0] * len(available)
    while sum(shares) < min(total, sum(available)):
        for ind, most in enumerate(available):
            if shares[ind] < most and sum(shares) < total:
                shares[ind] += 1
    return shares


def _choose(
    examples: Sequence[Example], images: Sequence[tuple[int, int]], size: int
) -> list[Example]:
    errors = [example.error for example in examples]
    strengths = np.array([error.score for error in errors])
    if errors[0].kind == MISSED:
        strengths = sqrt_areas(as_bboxes([e.bbox for e in errors]))
    strengths = strengths.astype(np.float64)
    image_keys = [images[example.canvas_ind] for example in examples]
    class_keys = [
        e.gt_label if e.gt_label >= 0 else e.det_label for e in errors
    ]
    values, taken = strengths.copy(), []
    used: tuple[Counter, Counter] = Counter(), Counter()
    image_inds, class_inds = _groups(image_keys), _groups(class_keys)
    for _ in range(size):
        ind = int(values.argmax())
        taken.append(ind)
        for count, key, groups in (
            (used[0], image_keys[ind], image_inds),
            (used[1], class_keys[ind], class_inds),
        ):
            count[key] += 1
            values[groups[key]] *= count[key] / (count[key] + 1)
        values[ind] = -1
    return [examples[i] for i in sorted(taken, key=lambda i: -strengths[i])]


def _groups(keys: Iterable) -> dict:
    """Positions of each key."""
    groups: dict = {}
    for ind, key in enumerate(keys):
        groups.setdefault(key, []).append(ind)
    return groups
