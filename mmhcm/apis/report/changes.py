"""Comparison of a mining round with the round before."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np

from mmhcm.functional.boxes import as_bboxes, box_iou, intersection_areas
from mmhcm.structures.rounds import (
    ERROR_KINDS,
    ErrorBox,
    HardChipRound,
    MinedCanvas,
)
from mmhcm.visualization.report_page import Cell, Section, Table

#: Lowest IoU of two errors that count as the same error.
_SAME_IOU = 0.5


@dataclass(frozen=True)
class Fate:
    """Fate of the errors of one type, on images of both rounds.

    Attributes:
        images: Number of images on which both rounds recorded this type.
        before: Errors of the earlier round.
        still: Earlier errors that persist.
        turned: Earlier errors replaced by an error of another type.
        gone: Earlier errors without a later error at their position.
        new: Later errors without an earlier error at their position.
    """

    images: int = 0
    before: int = 0
    still: int = 0
    turned: int = 0
    gone: int = 0
    new: int = 0


def changes_section(
    hard_round: HardChipRound,
    previous: HardChipRound | None,
    classes: Sequence[str],
    fault: str = '',
) -> Section:
    """Compare errors and chips with those of the round before.

    Args:
        hard_round: The round.
        previous: The round before it; None if there is none.
        classes: Class names.
        fault: Reason why the round before cannot be read, or ''.
    """
    anchor, title = 'changes', 'Since the last round'
    if previous is None:
        text = (
            'This is the first round: there is nothing to compare it with.'
            if hard_round.number == 1
            else f'Round {hard_round.number - 1} cannot be compared: '
            f'{fault or "its file is missing"}.'
        )
        return Section(anchor, title, [text])
    blocks = [chips_table(hard_round, previous)]
    texts = [
        'Rounds differ in their canvases, so numbers are per canvas. ▼ is '
        'fewer, ▲ is more.'
    ]
    if 'errors' in hard_round.counts and 'errors' in previous.counts:
        blocks.append(rates_table(hard_round, previous, classes))
        fates = compare_errors(hard_round, previous)
        if any(fate.images for fate in fates.values()):
            blocks.append(_fate_table(fates))
            texts.append(
                'On images of both rounds, errors are also followed one by '
                f'one, by their place (IoU {_SAME_IOU:g}); pasted objects '
                'are others in each round, and errors that touch one are '
                'left out.'
            )
        else:
            texts.append('No image was looked at in both rounds.')
    return Section(anchor, title, texts, blocks)


def chips_table(hard_round: HardChipRound, previous: HardChipRound) -> Table:
    """Tabulate canvases and hard chips of both rounds."""
    rounds = (previous, hard_round)
    figures: dict[str, list[float]] = {
        'canvases': [_canvases(r) for r in rounds],
        'canvases with hard chips': [len(r.canvases) for r in rounds],
        'hard chips': [r.num_chips for r in rounds],
        'hard chips a canvas': [
            round(r.num_chips / _canvases(r), 2) for r in rounds
        ],
    }
    if all('score_thr' in r.counts for r in rounds):
        figures['score threshold'] = [
            round(r.counts['score_thr'], 3) for r in rounds
        ]
    rows: list[list[str | Cell]] = [
        [
            name,
            Cell(before),
            Cell(now),
            _change(before, now, judged=False),
        ]
        for name, (before, now) in figures.items()
    ]
    return Table(
        f'Round {previous.number} and round {hard_round.number}',
        ['', f'round {previous.number}', f'round {hard_round.number}', ''],
        rows,
    )


def rates_table(
    hard_round: HardChipRound,
    previous: HardChipRound,
    classes: Sequence[str],
) -> Table:
    """Tabulate errors per canvas of both rounds, by type and class."""
    columns, rows = ['class'], [[name] for name in classes]
    total: list[str | Cell] = ['all']
    lines: list[list[str | Cell]] = [*rows, total]  # type: ignore[list-item]
    counted = hard_round.counts['errors'].keys()
    counted &= previous.counts['errors'].keys()
    for kind in (kind for kind in ERROR_KINDS if kind in counted):
        columns += [f'{ERROR_KINDS[kind].many}, before', 'now', 'change']
        rates = []
        for item in (previous, hard_round):
            numbers = item.counts['errors'][kind]
            rates.append(
                [n / _canvases(item) for n in (*numbers, sum(numbers))]
            )
        for line, before, now in zip(lines, *rates, strict=True):
            line += [
                Cell(before, f'{before:.2f}'),
                Cell(now, f'{now:.2f}'),
                _change(before, now),
            ]
    return Table('Errors a canvas', columns, lines[:-1], lines[-1])


def compare_errors(
    hard_round: HardChipRound, previous: HardChipRound
) -> dict[str, Fate]:
    """Compute the fate of the errors of each type between two rounds."""
    fates = {kind: Fate() for kind in ERROR_KINDS}
    old_canvases, new_canvases = _by_image(previous), _by_image(hard_round)
    images = {*old_canvases, *_seen(previous)} & {
        *new_canvases,
        *_seen(hard_round),
    }
    images -= {*_unknown(previous), *_unknown(hard_round)}
    for image in sorted(images):
        old, new = old_canvases.get(image), new_canvases.get(image)
        kinds = _known_kinds(previous, old) & _known_kinds(hard_round, new)
        pastes = [
            p.bbox for c in (old, new) if c is not None for p in c.pastes
        ]
        for kind, fate in _follow(
            _own_errors(old, pastes, kinds),
            _own_errors(new, pastes, kinds),
            kinds,
        ).items():
            sums = np.add(astuple(fates[kind]), astuple(fate)).tolist()
            fates[kind] = Fate(*sums)
    return fates


def _follow(
    old: Sequence[ErrorBox], new: Sequence[ErrorBox], kinds: set[str]
) -> dict[str, Fate]:
    """Compute the fates of the errors on one image."""
    ious = box_iou(
        as_bboxes([error.bbox for error in old]),
        as_bboxes([error.bbox for error in new]),
    )
    same_place = ious >= _SAME_IOU  # (old, new)
    old_kinds = np.array([error.kind for error in old], dtype=str)
    new_kinds = np.array([error.kind for error in new], dtype=str)
    same_kind = old_kinds[:, None] == new_kinds[None]
    still = (same_place & same_kind).any(axis=1)
    there = same_place.any(axis=1)
    known = same_place.any(axis=0)
    fates = {}
    for kind in kinds:
        mine = old_kinds == kind
        fates[kind] = Fate(
            images=1,
            before=int(mine.sum()),
            still=int((mine & still).sum()),
            turned=int((mine & there & ~still).sum()),
            gone=int((mine & ~there).sum()),
            new=int(((new_kinds == kind) & ~known).sum()),
        )
    return fates


def _own_errors(
    canvas: MinedCanvas | None,
    pastes: Sequence[Sequence[float]],
    kinds: set[str],
) -> list[ErrorBox]:
    """List the errors of some types that touch no pasted object."""
    if canvas is None:
        return []
    errors = [
        error
        for error in (*canvas.errors, *canvas.other_errors)
        if error.kind in kinds
    ]
    areas = intersection_areas(
        as_bboxes([error.bbox for error in errors]), as_bboxes(list(pastes))
    )
    touched = (areas > 0).sum(axis=1) > 0
    return [
        e
        for e, is_touched in zip(errors, touched, strict=True)
        if not is_touched
    ]


def _known_kinds(
    hard_round: HardChipRound, canvas: MinedCanvas | None
) -> set[str]:
    """List the types whose errors on an image the round has recorded."""
    # A canvas is kept if a chip is made for an error of these types.
    mined = set(hard_round.counts['kinds'])
    return mined if canvas is None else set(ERROR_KINDS)


def _by_image(
    hard_round: HardChipRound,
) -> dict[tuple[int, int], MinedCanvas]:
    """Map each image to its first canvas."""
    canvases: dict[tuple[int, int], MinedCanvas] = {}
    for canvas in hard_round.canvases:
        canvases.setdefault((canvas.source, canvas.image), canvas)
    return canvases


def _seen(hard_round: HardChipRound) -> list[tuple[int, int]]:
    images = hard_round.counts.get('images', [])
    return [(source, image) for source, image in images]


def _unknown(hard_round: HardChipRound) -> list[tuple[int, int]]:
    """List the images that had errors, but of which no chip was kept."""
    images = hard_round.counts.get('unknown_images', [])
    known = _by_image(hard_round)
    return [
        (source, image)
        for source, image in images
        if (source, image) not in known
    ]


def _canvases(hard_round: HardChipRound) -> int:
    return max(hard_round.counts.get('canvases', 0), 1)


def _change(before: float, now: float, judged: bool = True) -> Cell:
    """Format the change in percent; if ``judged``, fewer is better."""
    if now == before:
        return Cell(0, '=')
    style = ('better' if now < before else 'worse') if judged else ''
    sign = '▼' if now < before else '▲'
    if not before:
        return Cell(now, f'{sign} new', style=style)
    percent = 100 * (now - before) / before
    return Cell(percent, f'{sign} {abs(percent):.0f} %', style=style)


def _fate_table(fates: dict[str, Fate]) -> Table:
    def part(number: int, whole: int, style: str = '') -> Cell:
        share = number / whole if whole else 0
        return Cell(
            number,
            share=share,
            style=style,
            note=f'{100 * share:.0f} %' if whole else '',
        )

    return Table(
        "What became of the last round's errors",
        [
            'type',
            'images',
            'last round',
            'gone',
            'now of another type',
            'still there',
            'new',
        ],
        [
            [
                ERROR_KINDS[kind].many,
                Cell(fate.images),
                Cell(fate.before),
                part(fate.gone, fate.before),
                part(fate.turned, fate.before),
                part(fate.still, fate.before),
                Cell(fate.new),
            ]
            for kind, fate in fates.items()
            if fate.before or fate.new
        ],
    )
