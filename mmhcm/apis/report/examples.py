"""Choice of the errors that a mining report shows as pictures."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mmhcm.functional.boxes import as_bboxes, sqrt_areas
from mmhcm.structures.rounds import (
    ERROR_KINDS,
    MISSED,
    ErrorBox,
    HardChipRound,
)

#: Factor on the strength of an error that no hard chip shows.
_WITHOUT_CHIP = 1e-9


@dataclass(frozen=True)
class Example:
    """Error to show.

    Attributes:
        canvas_ind: Position of the error's canvas in the round.
        error: The error.
        has_chip: True if a hard chip shows the error.
    """

    canvas_ind: int
    error: ErrorBox
    has_chip: bool = True


def hardest_examples(
    hard_round: HardChipRound, num_examples: int
) -> dict[str, list[Example]]:
    """Choose the examples of each type of error.

    The types that chips are made for get equal numbers of examples; a type
    with too few errors leaves the missing pictures to the other types. Types
    without chips share the rest. Within a type, errors that a chip shows come
    before errors without a chip. The strongest error is chosen repeatedly;
    each choice lowers the strength of the errors of the same image or class,
    so that no image and no class fills the page.
    """
    by_kind = {
        kind: [
            Example(ind, error, has_chip)
            for ind, canvas in enumerate(hard_round.canvases)
            for errors, has_chip in (
                (canvas.errors, True),
                (canvas.other_errors, False),
            )
            for error in errors
            if error.kind == kind
        ]
        for kind in ERROR_KINDS
    }
    sizes = _split_pictures(
        {kind: len(examples) for kind, examples in by_kind.items()},
        hard_round.counts.get('kinds', ERROR_KINDS),
        num_examples,
    )
    images = [(canvas.source, canvas.image) for canvas in hard_round.canvases]
    return {
        kind: _choose(examples, images, sizes[kind])
        for kind, examples in by_kind.items()
        if sizes[kind]
    }


def _split_pictures(
    available: Mapping[str, int], mined: Collection[str], total: int
) -> dict[str, int]:
    """Share pictures among the types, mined types first."""
    sizes = dict.fromkeys(available, 0)
    for is_mined in (True, False):
        kinds = [kind for kind in available if (kind in mined) == is_mined]
        left = total - sum(sizes.values())
        shares = _fair_shares([available[kind] for kind in kinds], left)
        sizes.update(zip(kinds, shares, strict=True))
    return sizes


def _fair_shares(available: Sequence[int], total: int) -> list[int]:
    """Split ``total`` evenly, up to the available number of each type."""
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
    class_keys = [error.label for error in errors]
    values, taken = strengths.copy(), []
    # In any order of choice, errors without a chip stay last.
    values[[not e.has_chip for e in examples]] *= _WITHOUT_CHIP
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
    return [
        examples[i]
        for i in sorted(
            taken, key=lambda i: (not examples[i].has_chip, -strengths[i])
        )
    ]


def _groups(keys: Iterable) -> dict:
    """Map each key to its positions."""
    groups: dict = {}
    for ind, key in enumerate(keys):
        groups.setdefault(key, []).append(ind)
    return groups
