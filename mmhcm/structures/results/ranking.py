"""Ranks of a result among published ones."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmhcm.functional.scoring import METRICS, Scores
from mmhcm.structures.images import is_apple_double

from .challenge import PUBLISHED_TABLES, PublishedTable

# Images of each split, together the 10,209 that the paper counts.
SPLIT_IMAGES = {
    'train': 6471,
    'val': 548,
    'test-dev': 1610,
    'test-challenge': 1580,
}

_FOLDER = re.compile(r'VisDrone2019-DET-([a-z-]+)', re.IGNORECASE)
_THIS = 'this result'


def recognise_split(data_root: str | Path) -> tuple[str | None, int]:
    """Recognise a split by its folder's name, and count its images.

    Returns:
        Split of VisDrone2019-DET, None if the folder has another name; and
        the number of annotation files.

    Raises:
        OSError: ``annotations`` cannot be read.
    """
    data_root = Path(data_root)
    files = data_root.joinpath('annotations').iterdir()
    num_images = sum(
        path.suffix == '.txt' and not is_apple_double(path.name)
        for path in files
    )
    # A link may bear the name, or its target.
    for path in (data_root.absolute(), data_root.resolve()):
        match = _FOLDER.fullmatch(path.name)
        if match and match[1].lower() in SPLIT_IMAGES:
            return match[1].lower(), num_images
    return None, num_images


def rank_scores(scores: Scores, data_root: str | Path) -> dict[str, Any]:
    """Rank official scores among the rows of every published table.

    Published scores have two decimals, and so has the comparison: the result
    comes after the rows that it equals. Rows are comparable when all were
    measured on the same images.

    Args:
        scores: The scores.
        data_root: Folder of the split that they were measured on.

    Returns:
        Values of JSON: the split and its tables, with all rows.

    Raises:
        OSError: ``data_root`` cannot be read.
    """
    split, num_images = recognise_split(data_root)
    whole = split is not None and SPLIT_IMAGES[split] == num_images
    name = 'unknown' if split is None else split
    label = name if whole or split is None else f'part of {name}'
    tables = []
    for table in PUBLISHED_TABLES:
        rows = _rank(scores.official.tolist(), label, table)
        tables.append(
            {
                'table': table.name,
                'about': table.about,
                'split': table.split,
                'comparable': whole and split == table.split,
                'rank': next(r['rank'] for r in rows if r['this_result']),
                'rows': rows,
            }
        )
    return {
        'split': split,
        'num_images': num_images,
        'whole_split': whole,
        'tables': tables,
    }


def _rank(
    official: Sequence[float], label: str, table: PublishedTable
) -> list[dict[str, Any]]:
    """Sort a result into a table's rows."""
    entries = [(name, table.split, row) for name, row in table.rows.items()]
    entries.append((_THIS, label, tuple(official)))
    entries.sort(key=lambda entry: -round(entry[2][0], 2))  # stable
    return [
        {
            'rank': rank,
            'method': method,
            'split': split,
            'this_result': method == _THIS,
            **dict(zip(METRICS, row, strict=True)),
        }
        for rank, (method, split, row) in enumerate(entries, 1)
    ]


def format_rankings(rankings: dict[str, Any]) -> str:
    """Format what `rank_scores` returns as tables, each with a caution."""
    blocks = []
    for table in rankings['tables']:
        rows = table['rows']
        width, splits = (
            max(len(row[key]) for row in rows) for key in ('method', 'split')
        )
        head = ''.join(f'{name:>8}' for name in METRICS)
        blocks.append(
            f'{table["table"]} of the paper ({table["about"]}), by official '
            f'AP\n{_caution(table, rankings)}\n'
            f'  rank  {"method":{width}}  {"split":{splits}}{head}'
        )
        for row in rows:
            cells = ''.join(f'{row[name]:>8.2f}' for name in METRICS)
            blocks[-1] += (
                f'\n{">" if row["this_result"] else " "} {row["rank"]:>4}  '
                f'{row["method"]:{width}}  {row["split"]:{splits}}{cells}'
            )
    return '\n\n'.join(blocks)


def _caution(table: dict[str, Any], rankings: dict[str, Any]) -> str:
    """Describe the rank, and if the rows can be compared."""
    place = f'Rank {table["rank"]} of {len(table["rows"])}'
    if table['comparable']:
        return f'{place}; all rows were measured on {table["split"]}.'
    split, images = rankings['split'], f'{rankings["num_images"]:,}'
    images += (
        ' images of an unknown split (the data root is not named '
        'VisDrone2019-DET-...)'
        if split is None
        else f' of {SPLIT_IMAGES[split]:,} images of {split}'
    )
    return (
        f'{place}, but only loosely comparable: the rows of the paper were '
        f'measured on {table["split"]}, this result on {images}.'
    )
