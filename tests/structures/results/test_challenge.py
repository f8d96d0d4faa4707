"""The published tables, by what the paper's text says of them."""

import pytest

from mmhcm.functional.scoring import FIGURES
from mmhcm.structures.results.challenge import (
    PUBLISHED_TABLES,
    TABLE_1,
    TABLE_2,
)

ROWS = [row for table in PUBLISHED_TABLES for row in table.rows]


def figure(table, method, name):
    (row,) = (row for row in table.rows if row.method == method)
    return row.figures[FIGURES.index(name)]


def test_all_rows_are_there_with_their_splits():
    assert len(TABLE_2.rows) == 17
    assert sum(row.committee for row in TABLE_2.rows) == 7
    assert TABLE_2.split == 'test-challenge'
    assert len(TABLE_1.rows) == 4
    assert TABLE_1.split == 'val'


@pytest.mark.parametrize('row', ROWS, ids=lambda row: row.method)
def test_a_row_is_consistent(row):
    ap, ap50, ap75, *recalls = row.figures
    assert ap75 < ap50
    # A mean over thresholds of which the lowest is 0.50.
    assert ap < ap50
    assert len(recalls) == 4
    assert recalls == sorted(recalls)
    assert all(0 <= f <= 100 and round(f, 2) == f for f in row.figures)


@pytest.mark.parametrize('table', PUBLISHED_TABLES, ids=lambda t: t.name)
def test_rows_descend_and_are_named_once(table):
    aps = [row.figures[0] for row in table.rows]
    assert aps == sorted(aps, reverse=True)
    assert len({row.method for row in table.rows}) == len(table.rows)


def test_the_text_of_the_paper_holds():
    # "11.72 AP higher than CornerNet, which is the best baseline", third.
    paper = figure(TABLE_2, 'the paper', 'AP')
    assert paper - figure(TABLE_2, 'CornerNet', 'AP') == pytest.approx(11.72)
    assert TABLE_2.rows[2].method == 'the paper'
    best = max((r for r in TABLE_2.rows if r.committee), key=lambda r: r[1])
    assert best.method == 'CornerNet'
    assert figure(TABLE_1, 'the paper, multi-scale', 'AR500') == 53.78
    assert figure(TABLE_1, 'FPN, defaults for COCO', 'AP75') == 28.12
