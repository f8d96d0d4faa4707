"""Published tables, compared with the text of the paper."""

import pytest

from mmhcm.functional.scoring import METRICS
from mmhcm.structures.results.challenge import (
    PUBLISHED_TABLES,
    TABLE_1,
    TABLE_2,
)

ROWS = {
    name: row for table in PUBLISHED_TABLES for name, row in table.rows.items()
}


def score(table, method, name):
    return table.rows[method][METRICS.index(name)]


def test_all_rows_are_there_with_their_splits():
    assert len(TABLE_2.rows) == 17
    assert sum(name.endswith('*') for name in TABLE_2.rows) == 7
    assert TABLE_2.split == 'test-challenge'
    assert len(TABLE_1.rows) == 4
    assert TABLE_1.split == 'val'


@pytest.mark.parametrize('row', ROWS.values(), ids=ROWS)
def test_a_row_is_consistent(row):
    ap, ap50, ap75, *recalls = row
    assert ap75 < ap50
    # A mean over thresholds of which the lowest is 0.50.
    assert ap < ap50
    assert len(recalls) == 4
    assert recalls == sorted(recalls)
    assert all(0 <= f <= 100 and round(f, 2) == f for f in row)


@pytest.mark.parametrize('table', PUBLISHED_TABLES, ids=lambda t: t.name)
def test_rows_descend(table):
    aps = [row[0] for row in table.rows.values()]
    assert aps == sorted(aps, reverse=True)


def test_claims_of_the_paper_hold():
    # "11.72 AP higher than CornerNet, which is the best baseline", third.
    paper = score(TABLE_2, 'the paper', 'AP')
    assert paper - score(TABLE_2, 'CornerNet*', 'AP') == pytest.approx(11.72)
    assert list(TABLE_2.rows)[2] == 'the paper'
    baselines = {n: r[0] for n, r in TABLE_2.rows.items() if n.endswith('*')}
    assert max(baselines, key=baselines.get) == 'CornerNet*'
    assert score(TABLE_1, 'the paper, multi-scale', 'AR500') == 53.78
    assert score(TABLE_1, 'FPN, defaults for COCO', 'AP75') == 28.12
