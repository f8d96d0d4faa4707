"""Tables and charts of a mining report, from numbers of one round."""

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from mmhcm.datasets import canvas_data_info
from mmhcm.functional.boxes import as_bboxes
from mmhcm.functional.chips import (
    ChipScale,
    count_learned_objects,
    project_to_chip,
)
from mmhcm.structures.instances import instance_arrays
from mmhcm.structures.pool import ObjectPool
from mmhcm.structures.rounds import (
    CLASS,
    ERROR_KINDS,
    HardChipRound,
    MinedCanvas,
)
from mmhcm.visualization.report_page import Cell, Chart, Table

from .sources import RoundSources

_NUM_CONFUSIONS = 10
#: First number of each column of a distribution; the last one is open.
_BINS = (0, 1, 2, 3, 4, 5, 8, 12, 20, 40)


def pasted_table(
    counts: dict[str, Any], pool: ObjectPool, classes: Sequence[str]
) -> Table:
    """Tabulate each class' share of the data set, the pool and the pastes."""
    in_set = np.asarray(pool.class_counts, dtype=np.int64)
    in_pool = np.bincount(pool.labels, minlength=len(classes))
    pasted = np.asarray(counts['pasted'], dtype=np.int64)
    columns = [in_set, in_pool, pasted]
    names = ['objects in the data set', 'patches in the pool', 'pasted']
    if 'skipped' in counts:
        columns.append(np.asarray(counts['skipped'], dtype=np.int64))
        names.append('found no place')
    rows: list[list[str | Cell]] = [
        [name, *(_share_cell(c[ind], c.sum()) for c in columns)]
        for ind, name in enumerate(classes)
    ]
    return Table(
        'Objects by class; a bar is the share of its column',
        ['class', *names],
        rows,
        ['all', *(Cell(int(column.sum())) for column in columns)],
    )


def error_table(counts: dict[str, Any], classes: Sequence[str]) -> Table:
    """Tabulate errors of each type, and objects, by class."""
    objects, errors = counts['objects'], counts['errors']
    kinds = [kind for kind in ERROR_KINDS if kind in errors]
    largest = {kind: max([1, *errors[kind]]) for kind in kinds}

    def cell(kind: str, number: int, total: int, bar: bool = True) -> Cell:
        # Background errors have no object, so no share of the objects.
        note = (
            f'{number / max(counts["canvases"], 1):.2f} a canvas'
            if not ERROR_KINDS[kind].has_object
            else _percent(number, total)
        )
        return Cell(
            number,
            share=number / largest[kind] if bar else None,
            style=kind if bar else '',
            note=note,
        )

    rows: list[list[str | Cell]] = [
        [
            name,
            Cell(objects[ind]),
            *(cell(kind, errors[kind][ind], objects[ind]) for kind in kinds),
        ]
        for ind, name in enumerate(classes)
    ]
    total: list[str | Cell] = [
        'all',
        Cell(sum(objects)),
        *(
            cell(kind, sum(errors[kind]), sum(objects), bar=False)
            for kind in kinds
        ),
    ]
    return Table(
        'Errors by type and class; a bar compares the classes of its column',
        ['class', 'objects', *(ERROR_KINDS[kind].many for kind in kinds)],
        rows,
        total,
    )


def confusion_table(
    hard_round: HardChipRound, classes: Sequence[str]
) -> Table | None:
    """Tabulate the most frequent wrong classes; None if there are none."""
    pairs = Counter(
        (error.gt_label, error.det_label)
        for canvas in hard_round.canvases
        for error in (*canvas.errors, *canvas.other_errors)
        if error.kind == CLASS
    )
    if not pairs:
        return None
    # Pairs of equal counts are in the order of the classes.
    ranked = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))
    most = ranked[0][1]
    return Table(
        f'Wrong classes, the {min(_NUM_CONFUSIONS, len(ranked))} most '
        f'frequent of {len(ranked)} pairs',
        ['object', 'taken for', 'errors'],
        [
            [
                classes[true],
                classes[taken],
                Cell(number, share=number / most, style=CLASS),
            ]
            for (true, taken), number in ranked[:_NUM_CONFUSIONS]
        ],
    )


def scale_table(counts: dict[str, Any], scales: Sequence[ChipScale]) -> Table:
    """Tabulate the hard chips of each scale."""
    numbers = counts['chips_per_scale']
    rows: list[list[str | Cell]] = []
    for ind, number in enumerate(numbers):
        if ind < len(scales):
            name = window_text(scales[ind])
            low, high = scales[ind].valid_range
            sizes = f'{low:g} to {high:g} px'
            if np.isinf(high):
                sizes = f'from {low:g} px'
        elif not number:
            continue
        else:
            name, sizes = 'whole image', 'what fits no window'
        rows.append([name, sizes, _share_cell(number, sum(numbers))])
    return Table(
        'Hard chips by scale',
        ['window', 'sizes, sqrt(area)', 'hard chips'],
        rows,
        ['all', '', Cell(sum(numbers))],
    )


def window_text(scale: ChipScale) -> str:
    """Describe the size of a scale's windows."""
    if scale.window is None:
        return 'whole image'
    return f'{scale.window} px'


def chip_charts(
    hard_round: HardChipRound, sources: RoundSources
) -> list[Chart]:
    """Chart how many errors and objects are learned in a hard chip."""
    errors: list[int] = []
    objects: list[int] = []
    for canvas in hard_round.canvases:
        info = canvas_data_info(sources.datasets, canvas, sources.pool)
        errors.extend(map(len, canvas.chip_errors))
        objects.extend(_count_objects(canvas, info, sources))
    charts = [Chart('Objects to learn in a chip', _bars(objects), 'chips')]
    if errors:
        charts.insert(
            0, Chart('Errors to learn in a chip', _bars(errors), 'chips')
        )
    return charts


def _count_objects(
    canvas: MinedCanvas, info: dict, sources: RoundSources
) -> list[int]:
    """Count the objects that are learned in each chip of a canvas."""
    bboxes, ignored = instance_arrays(info['instances'])
    bboxes = bboxes[~ignored]
    if sources.ignore_out_of_range:
        return count_learned_objects(
            bboxes,
            as_bboxes(canvas.windows),
            canvas.scale_inds,
            (info['width'], info['height']),
            sources.scales,
        ).tolist()
    valid = np.ones(len(bboxes), dtype=bool)
    return [
        int(project_to_chip(bboxes, window, valid, 1.0)[2].sum())
        for window in as_bboxes(canvas.windows)
    ]


def learned_table(counts: dict[str, Any]) -> Table:
    """Tabulate objects to learn in hard chips, by the errors of the chips."""
    names = {
        'normal': 'normal chips of the same canvases',
        'hard': 'hard chips',
    }
    most = max(
        [1e-9, *(_learned_mean(part) for part in counts['learned'].values())]
    )
    return Table(
        'Objects to learn; a chip counts for each kind of its errors',
        ['', 'chips', 'objects a chip', 'chips without'],
        [
            [
                names.get(name) or f'hard chips of {ERROR_KINDS[name].many}',
                Cell(part['chips']),
                Cell(
                    mean := _learned_mean(part),
                    f'{mean:.1f}',
                    share=mean / most,
                ),
                Cell(
                    part['empty'], note=_percent(part['empty'], part['chips'])
                ),
            ]
            for name, part in counts['learned'].items()
        ],
    )


def _learned_mean(part: dict[str, int]) -> float:
    return part['objects'] / max(part['chips'], 1)


def _bars(values: Sequence[int]) -> list[tuple[str, int]]:
    """Count values by bin, for the columns of a chart."""
    numbers = np.histogram(values, [*_BINS, np.inf])[0].tolist()
    names = [
        f'{low}' if high == low + 1 else f'{low}–{high - 1}'
        for low, high in pairwise(_BINS)
    ]
    return list(zip([*names, f'{_BINS[-1]}+'], numbers, strict=True))


def _share_cell(number: int, total: int) -> Cell:
    return Cell(
        int(number),
        share=int(number) / max(int(total), 1),
        note=_percent(number, total),
    )


def _percent(number: int, total: int) -> str:
    return f'{100 * number / total:.1f} %' if total else ''
