"""Ranks of a result among the published results of the paper.

*Patch-Level Augmentation for Object Detection in Aerial Images* (ICCVW 2019):
Table 2 is an extract of the VisDrone-DET2019 leaderboard, Table 1 the paper's
ablation. A star marks the baselines of the challenge's committee.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmhcm.functional.scoring import METRICS, Scores
from mmhcm.structures.images import is_apple_double

from .scores import format_table

#: Number of images of each split; 10,209 in total, as in the paper.
IMAGES = {'train': 6471, 'val': 548, 'test-dev': 1610, 'test-challenge': 1580}
_FOLDERS = {f'visdrone2019-det-{split}': split for split in IMAGES}

# Rows by descending AP: per cent, by method, in the order of METRICS.
_CHALLENGE = {
    'DPNet-ensemble': (29.62, 54.00, 28.70, 0.58, 3.69, 17.10, 42.37),
    'RRNet': (29.13, 55.82, 27.23, 1.02, 8.50, 35.19, 46.05),
    'the paper': (29.13, 54.07, 27.38, 0.32, 1.48, 9.46, 44.53),
    'S+D': (28.59, 50.97, 28.29, 0.50, 3.38, 15.95, 42.72),
    'BetterFPN': (28.55, 53.63, 26.68, 0.86, 7.56, 33.81, 44.02),
    'HRDet': (28.39, 54.53, 26.06, 0.11, 0.94, 12.95, 43.34),
    'CN-DhVaSa': (27.83, 50.73, 26.77, 0.00, 0.18, 7.78, 46.81),
    'SGE-cascade R-CNN': (27.33, 49.56, 26.55, 0.48, 3.19, 11.01, 45.23),
    'EHR-RetinaNet': (26.46, 48.34, 25.38, 0.87, 7.87, 32.06, 38.42),
    'CNAnet': (26.35, 47.98, 25.45, 0.94, 7.69, 32.98, 42.28),
    'CornerNet*': (17.41, 34.12, 15.78, 0.39, 3.32, 24.37, 26.11),
    'Light-RCNN*': (16.53, 32.78, 15.13, 0.35, 3.16, 23.09, 25.07),
    'FPN*': (16.51, 32.20, 14.91, 0.33, 3.03, 20.72, 24.93),
    'Cascade R-CNN*': (16.09, 31.91, 15.01, 0.28, 2.79, 21.37, 28.43),
    'DetNet59*': (15.26, 29.23, 14.34, 0.26, 2.57, 20.87, 22.28),
    'RefineDet*': (14.90, 28.76, 14.08, 0.24, 2.41, 18.13, 25.69),
    'RetinaNet*': (11.81, 21.37, 11.62, 0.21, 1.21, 5.31, 19.29),
}
_ABLATION = {
    'the paper, multi-scale': (37.15, 65.54, 36.56, 0.32, 1.47, 7.28, 53.78),
    'the paper, single-scale': (35.64, 63.96, 34.27, 0.4, 2.74, 17.52, 50.19),
    'FPN, tuned anchors': (32.88, 60.66, 30.86, 0.43, 2.77, 14.38, 47.72),
    'FPN, defaults for COCO': (29.1, 52.84, 28.12, 0.42, 2.77, 26.41, 41.34),
}
TABLE_2: dict[str, Any] = {
    'table': 'Table 2',
    'about': 'the best ten of the 2019 challenge and the baselines (*) of its '
    'committee',
    'split': 'test-challenge',
    'rows': _CHALLENGE,
}
TABLE_1: dict[str, Any] = {
    'table': 'Table 1',
    'about': "the paper's ablation",
    'split': 'val',
    'rows': _ABLATION,
}


def recognise_split(data_root: str | Path) -> tuple[str | None, int]:
    """Return the split by a folder's name, or None, and the number of images.

    The folder, or a link to the folder, has the name VisDrone2019-DET-....
    Images are counted by their annotation files.

    Raises:
        OSError: ``annotations`` cannot be read.
    """
    root = Path(data_root)
    files = (root / 'annotations').iterdir()
    names = [path.name.lower() for path in (root.absolute(), root.resolve())]
    split = next((_FOLDERS[name] for name in names if name in _FOLDERS), None)
    texts = [path.name for path in files if path.suffix == '.txt']
    return split, sum(not is_apple_double(name) for name in texts)


def rank_scores(scores: Scores, data_root: str | Path) -> dict[str, Any]:
    """Rank official scores among the rows of every published table.

    AP is compared with two decimals, as published; the result comes after the
    rows of equal AP. Rows are comparable if all were measured on the same
    images.

    Args:
        scores: The scores.
        data_root: Folder of the split that the scores were measured on.

    Returns:
        JSON values: the split and the tables, with all rows.

    Raises:
        OSError: ``data_root`` cannot be read.
    """
    split, num_images = recognise_split(data_root)
    is_whole = split is not None and num_images == IMAGES[split]
    label = f'part of {split}' if split and not is_whole else split
    own = _row('this result', label or 'unknown', scores.official.tolist())
    tables: list[dict[str, Any]] = []
    for table in (TABLE_2, TABLE_1):
        rows = [
            _row(method, table['split'], values)
            for method, values in table['rows'].items()
        ]
        rank = sum(row['AP'] >= round(own['AP'], 2) for row in rows)
        rows.insert(rank, {**own, 'this_result': True})
        tables.append(
            {
                **table,
                'comparable': is_whole and split == table['split'],
                'rank': rank + 1,
                'rows': [{'rank': i, **row} for i, row in enumerate(rows, 1)],
            }
        )
    return {
        'split': split,
        'num_images': num_images,
        'whole_split': is_whole,
        'tables': tables,
    }


def _row(method: str, split: str, values: Sequence[float]) -> dict[str, Any]:
    cells = dict(zip(METRICS, values, strict=True))
    return {'method': method, 'split': split, 'this_result': False, **cells}


def format_rankings(rankings: dict[str, Any]) -> str:
    """Format the result of `rank_scores` as tables, each with a caution."""
    split, images = rankings['split'], f'{rankings["num_images"]:,}'
    images += (
        f' of {IMAGES[split]:,} images of {split}'
        if split
        else ' images of an unknown split (the data root is not named '
        'VisDrone2019-DET-...)'
    )
    return '\n\n'.join(
        _format_table(table, images) for table in rankings['tables']
    )


def _format_table(table: dict[str, Any], images: str) -> str:
    rows, split = table['rows'], table['split']
    caution = f'; all rows were measured on {split}.'
    if not table['comparable']:
        caution = (
            ', but only loosely comparable: the rows of the paper were '
            f'measured on {split}, this result on {images}.'
        )
    width = max(len(row['method']) for row in rows)
    cells = {
        f'{">" if row["this_result"] else " "} {row["rank"]:>4}  '
        f'{row["method"]:{width}}  {row["split"]}': [
            row[name] for name in METRICS
        ]
        for row in rows
    }
    lines = [
        f'{table["table"]} of the paper ({table["about"]}), by official AP',
        f'Rank {table["rank"]} of {len(rows)}{caution}',
        *format_table(f'  rank  {"method":{width}}  split', cells),
    ]
    return '\n'.join(lines)
