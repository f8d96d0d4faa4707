"""A result among published ones, and on which images each was measured."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from mmhcm.functional.scoring import FIGURES, Scores
from mmhcm.structures.files import atomic_write

from .challenge import PUBLISHED_TABLES, PublishedTable
from .scores import figures_dict

# Images of each split, together the 10,209 that the paper counts.
SPLIT_IMAGES = {
    'train': 6471,
    'val': 548,
    'test-dev': 1610,
    'test-challenge': 1580,
}

_FOLDER = re.compile(r'VisDrone2019-DET-([a-z-]+)', re.IGNORECASE)
_YOURS = 'this result'


@dataclass(frozen=True)
class MeasuredSplit:
    """What a result was measured on.

    Attributes:
        name: Split of VisDrone2019-DET; None when the folder does not say.
        num_images: Images that were scored.
    """

    name: str | None
    num_images: int

    @property
    def whole(self) -> bool:
        """Whether these are as many images as the split has."""
        return (
            self.name is not None
            and SPLIT_IMAGES[self.name] == self.num_images
        )

    def __str__(self) -> str:
        if self.name is None:
            return 'unknown'
        return self.name if self.whole else f'part of {self.name}'


class RankedRow(NamedTuple):
    """A row of a ranking: method, its split and its seven figures."""

    rank: int
    method: str
    split: str
    figures: tuple[float, ...]
    is_yours: bool


@dataclass(frozen=True)
class Ranking:
    """A result among the rows of one table, by descending AP.

    Attributes:
        table: The published rows.
        measured: What the result was measured on.
        rows: All rows; the result stands behind those that it equals.
        comparable: Whether all rows were measured on the same images.
    """

    table: PublishedTable
    measured: MeasuredSplit
    rows: tuple[RankedRow, ...]
    comparable: bool

    @property
    def rank(self) -> int:
        """Place of the result, from 1."""
        return next(row.rank for row in self.rows if row.is_yours)


def recognise_split(data_root: str | Path) -> MeasuredSplit:
    """Tell by a folder's name which split it holds, and count its images.

    Raises:
        OSError: ``annotations`` cannot be read.
    """
    data_root = Path(data_root)
    annotations = data_root / 'annotations'
    num_images = sum(path.suffix == '.txt' for path in annotations.iterdir())
    # A link may bear the name, or what it leads to.
    for path in (data_root.absolute(), data_root.resolve()):
        match = _FOLDER.fullmatch(path.name)
        if match and match[1].lower() in SPLIT_IMAGES:
            return MeasuredSplit(match[1].lower(), num_images)
    return MeasuredSplit(None, num_images)


def rank_result(
    figures: Sequence[float], measured: MeasuredSplit, table: PublishedTable
) -> Ranking:
    """Place a result among the rows of a table, by AP.

    Published figures have two decimals, so the comparison does, too.

    Args:
        figures: The seven official figures, per cent.
        measured: What they were measured on.
        table: The published rows.
    """
    entries = [
        (row.method + '*' * row.committee, table.split, row.figures, False)
        for row in table.rows
    ]
    entries.append((_YOURS, str(measured), tuple(map(float, figures)), True))
    entries.sort(key=lambda entry: -round(entry[2][0], 2))  # stable
    return Ranking(
        table,
        measured,
        tuple(RankedRow(i, *entry) for i, entry in enumerate(entries, 1)),
        comparable=measured.whole and measured.name == table.split,
    )


def rank_scores(
    scores: Scores, data_root: str | Path
) -> tuple[MeasuredSplit, list[Ranking]]:
    """Place scores among the rows of every published table."""
    measured = recognise_split(data_root)
    figures = scores.official.tolist()
    return measured, [
        rank_result(figures, measured, table) for table in PUBLISHED_TABLES
    ]


def format_rankings(rankings: Sequence[Ranking]) -> str:
    """Format tables of all rows, each with what can be read from it."""
    blocks = []
    for ranking in rankings:
        table = ranking.table
        width = max(len(row.method) for row in ranking.rows)
        splits = max(len(row.split) for row in ranking.rows)
        head = ''.join(f'{name:>8}' for name in FIGURES)
        lines = [
            f'{table.name} of the paper ({table.about}), by official AP',
            _caution(ranking),
            f'  rank  {"method":{width}}  {"split":{splits}}{head}',
        ]
        for row in ranking.rows:
            cells = ''.join(f'{figure:>8.2f}' for figure in row.figures)
            lines.append(
                f'{">" if row.is_yours else " "} {row.rank:>4}  '
                f'{row.method:{width}}  {row.split:{splits}}{cells}'
            )
        blocks.append('\n'.join(lines))
    return '\n\n'.join(blocks)


def rankings_dict(
    measured: MeasuredSplit, rankings: Sequence[Ranking]
) -> dict[str, object]:
    """Return the rankings in the layout of figures.json."""
    return {
        'split': measured.name,
        'num_images': measured.num_images,
        'whole_split': measured.whole,
        'tables': [
            {
                'table': ranking.table.name,
                'about': ranking.table.about,
                'split': ranking.table.split,
                'comparable': ranking.comparable,
                'rank': ranking.rank,
                'rows': [
                    {
                        'rank': row.rank,
                        'method': row.method,
                        'split': row.split,
                        'this_result': row.is_yours,
                        **dict(zip(FIGURES, row.figures, strict=True)),
                    }
                    for row in ranking.rows
                ],
            }
            for ranking in rankings
        ],
    }


def write_ranked_figures(
    path: str | Path,
    scores: Scores,
    measured: MeasuredSplit,
    rankings: Sequence[Ranking],
) -> None:
    """Write figures.json with the rankings in it, whole or not at all."""
    content = {
        **figures_dict(scores),
        'leaderboard': rankings_dict(measured, rankings),
    }
    text = json.dumps(content, indent=2, allow_nan=False)
    with atomic_write(path) as file:
        file.write(f'{text}\n'.encode())


def _caution(ranking: Ranking) -> str:
    """One sentence: rank, and whether the rows can be compared."""
    measured, table = ranking.measured, ranking.table
    place = f'Rank {ranking.rank} of {len(ranking.rows)}'
    if ranking.comparable:
        return f'{place}; all rows were measured on {table.split}.'
    if measured.name is None:
        yours = (
            f'{measured.num_images} images of an unknown split (the data '
            'root is not named VisDrone2019-DET-...)'
        )
    elif measured.whole:
        yours = f'{measured.name}, other images'
    else:
        yours = (
            f'{measured.num_images} images where {measured.name} has '
            f'{SPLIT_IMAGES[measured.name]:,}'
        )
    return (
        f'{place}, but only loosely comparable: the rows of the paper were '
        f'measured on {table.split}, this result on {yours}.'
    )
