"""Page of a mining report, built from its sections."""

import json
from collections import Counter
from typing import Any

from mmhcm.structures.rounds import BACKGROUND, ERROR_KINDS, HardChipRound
from mmhcm.visualization.report_page import Cell, Page, Section, Table

from .changes import changes_section
from .counts import (
    chip_charts,
    confusion_table,
    error_table,
    learned_table,
    pasted_table,
    scale_table,
)
from .pictures import canvas_gallery, example_galleries
from .sources import ReportOptions, RoundSources


def build_page(
    hard_round: HardChipRound,
    previous: HardChipRound | None,
    sources: RoundSources,
    options: ReportOptions,
    fault: str = '',
) -> Page:
    """Build the report of a round; see :func:`write_report`."""
    return Page(
        title=f'Mining round {hard_round.number}',
        lead=_lead(hard_round),
        facts=_facts(hard_round, sources),
        figures=_figures(hard_round),
        sections=[
            _pasted_section(hard_round, sources, options),
            _errors_section(hard_round, sources),
            _examples_section(hard_round, sources, options),
            _chips_section(hard_round, sources),
            changes_section(hard_round, previous, sources.classes, fault),
        ],
        settings=json.dumps(sources.settings, indent=2, default=str)
        if sources.settings
        else '',
        foot='Numbers are those of hard_chips.jsonl beside this page.',
        marker=hard_round.fingerprint,
    )


def _lead(hard_round: HardChipRound) -> str:
    epoch = hard_round.origin.get('epoch')
    when = ''
    if epoch is not None:
        epochs = 'epoch' if epoch == 1 else 'epochs'
        when = f', mined after {epoch} {epochs} of training'
    return (
        f'{hard_round.num_chips:,} hard chips on {len(hard_round.canvases):,} '
        f'of {hard_round.counts.get("canvases", 0):,} canvases{when}.'
    )


def _facts(
    hard_round: HardChipRound, sources: RoundSources
) -> list[tuple[str, str]]:
    origin, counts = hard_round.origin, hard_round.counts
    unknown = 'not recorded'
    facts = [
        *sources.facts,
        # A round that uses no network depends on no weights.
        ('weights', str(origin.get('weights', unknown))[:16] or 'none'),
        ('round', hard_round.fingerprint[:16]),
        ('seed', str(origin.get('seed', unknown))),
    ]
    if 'kinds' in counts:
        names = ', '.join(ERROR_KINDS[kind].many for kind in counts['kinds'])
        facts.append(('hard chips are made for', names))
    if 'score_thr' in counts:
        f1 = counts.get('f1')
        chosen = 'fixed' if f1 is None else f'best F1, {f1:.3f}'
        facts.append(
            ('score threshold', f'{counts["score_thr"]:.3f} ({chosen})')
        )
    images = Counter(source > 0 for source, _ in counts.get('images', []))
    if images:
        facts.append(
            (
                'images of the canvases',
                f'{images[False]:,} own, {images[True]:,} external',
            )
        )
    return facts


def _figures(hard_round: HardChipRound) -> list[tuple[str, Cell]]:
    counts = hard_round.counts
    canvases = counts.get('canvases', 0)
    num_objects = sum(counts.get('objects', []))
    figures = [
        ('canvases', Cell(canvases)),
        ('hard chips', Cell(hard_round.num_chips)),
    ]
    if num_objects:
        figures.append(('objects on canvases', Cell(num_objects)))
    for kind, numbers in counts.get('errors', {}).items():
        number = sum(numbers)
        note = f'{number / max(canvases, 1):.1f} a canvas'
        if ERROR_KINDS[kind].has_object and num_objects:
            note = f'{100 * number / num_objects:.1f} % of objects'
        figures.append((ERROR_KINDS[kind].many, Cell(number, note=note)))
    if 'proposals' in counts:
        figures.append(('proposals covered', Cell(counts['proposals'])))
    return figures


def _pasted_section(
    hard_round: HardChipRound, sources: RoundSources, options: ReportOptions
) -> Section:
    anchor, title = 'pasted', 'What was pasted'
    counts, classes = hard_round.counts, sources.classes
    num_pasted = sum(counts.get('pasted', []))
    if sources.pool is None or 'pasted' not in counts:
        return Section(anchor, title, ['Nothing was pasted.'])
    text = (
        f'{num_pasted:,} objects were pasted; {counts["skipped_pastes"]:,} '
        'found no place. Rare classes are drawn more often.'
    )
    blocks: list[Any] = [pasted_table(counts, sources.pool, classes)]
    gallery = canvas_gallery(
        hard_round, options.num_canvases, sources.renderer(), classes
    )
    if gallery is not None:
        blocks.append(gallery)
    return Section(anchor, title, [text], blocks)


def _errors_section(
    hard_round: HardChipRound, sources: RoundSources
) -> Section:
    anchor, title = 'errors', 'Errors by type and class'
    if 'errors' not in hard_round.counts:
        return Section(
            anchor,
            title,
            ['This round was not made from errors, so none were counted.'],
        )
    blocks: list[Table] = [error_table(hard_round.counts, sources.classes)]
    confusions = confusion_table(hard_round, sources.classes)
    if confusions is not None:
        blocks.append(confusions)
    return Section(
        anchor,
        title,
        [
            'Background errors are listed at the class that was detected, the '
            'others at the class of the object. Several detections on one '
            'object are several wrong classes, so their share of the objects '
            'may exceed 100 %.',
            *_part_texts(hard_round.counts),
        ],
        blocks,
    )


def _examples_section(
    hard_round: HardChipRound, sources: RoundSources, options: ReportOptions
) -> Section:
    anchor, title = 'examples', 'The hardest examples'
    galleries, num_lost = example_galleries(
        hard_round,
        options.num_examples,
        sources.renderer(),
        sources.scales,
        sources.classes,
    )
    texts = [
        'Parts of chips around the strongest errors, spread over classes and '
        'images; first of all errors that hard chips are made for.'
    ]
    if not galleries:
        texts = ['There are none to show.']
    if num_lost:
        texts.append(f'{num_lost} more have an image that cannot be read.')
    return Section(anchor, title, texts, galleries)


def _chips_section(
    hard_round: HardChipRound, sources: RoundSources
) -> Section:
    anchor, title = 'chips', 'Hard chips'
    blocks: list[Any] = []
    if 'chips_per_scale' in hard_round.counts:
        blocks.append(scale_table(hard_round.counts, sources.scales))
    if 'learned' in hard_round.counts:
        blocks.append(learned_table(hard_round.counts))
    if hard_round.num_chips:
        blocks += chip_charts(hard_round, sources)
    return Section(
        anchor,
        title,
        [
            'An object counts for a chip that shows half of it, if its size '
            "is in the range of the chip's scale. An error counts where its "
            'object does; one on background for a chip that holds it whole, '
            'if the chip ignores no object there.',
            *_size_texts(sources),
            *_unlearned_texts(hard_round.counts),
        ],
        blocks,
    )


def _part_texts(counts: dict[str, Any]) -> list[str]:
    """Describe how many detections are parts of objects."""
    if not counts.get('parts'):
        return []
    total = counts['parts'] + sum(counts['errors'][BACKGROUND])
    return [
        f'{counts["parts"]:,} of the {total:,} detections whose IoU with all '
        'objects is low are parts of an object, which is no background.'
    ]


def _size_texts(sources: RoundSources) -> list[str]:
    """Describe the chart of objects if training has no ranges."""
    if sources.ignore_out_of_range:
        return []
    return [
        'Training on these chips ignores no object for its size, so the '
        'chart of objects counts those of all sizes; chips are chosen by '
        'ranges all the same.'
    ]


def _unlearned_texts(counts: dict[str, Any]) -> list[str]:
    """Describe how many errors have no chip, and why."""
    if not counts.get('unlearned') and not counts.get('left_out'):
        return []
    return [
        f'{counts["unlearned"]:,} errors of the types that chips are made for '
        f'are learned in no chip; chips of {counts["left_out"]:,} are left '
        'out.'
    ]
