import json

import numpy as np
import pytest

from mmhcm.functional.scoring import FIGURES, Scores
from mmhcm.structures.results import (
    format_rankings,
    rank_scores,
    write_ranked_figures,
)
from mmhcm.structures.results.challenge import TABLE_1, TABLE_2
from mmhcm.structures.results.ranking import (
    SPLIT_IMAGES,
    MeasuredSplit,
    rank_result,
    recognise_split,
)

WHOLE_VAL = MeasuredSplit('val', 548)


def figures_of(ap):
    return np.array([ap, 60.0, 30.0, 1.0, 5.0, 20.0, 50.0])


def split_folder(root, name, num_images):
    folder = root / name / 'annotations'
    folder.mkdir(parents=True)
    for number in range(num_images):
        (folder / f'{number}.txt').touch()
    (folder / 'readme.md').touch()
    return root / name


def test_splits_hold_the_images_that_the_paper_counts():
    assert sum(SPLIT_IMAGES.values()) == 10_209


@pytest.mark.parametrize(
    ('name', 'split'),
    [
        ('VisDrone2019-DET-val', 'val'),
        ('visdrone2019-det-test-dev', 'test-dev'),
        ('VisDrone2019-DET-mine', None),
        ('VisDrone2019-DET-val-copy', None),
        ('images', None),
    ],
)
def test_a_split_is_recognised_by_its_folder(tmp_path, name, split):
    measured = recognise_split(split_folder(tmp_path, name, 3))
    assert measured == MeasuredSplit(split, 3)
    assert not measured.whole
    assert str(measured) == (
        'unknown' if split is None else f'part of {split}'
    )


def test_a_link_or_its_target_may_bear_the_name(tmp_path, monkeypatch):
    folder = split_folder(tmp_path, 'VisDrone2019-DET-val', 2)
    (tmp_path / 'link').symlink_to(folder)
    assert recognise_split(tmp_path / 'link').name == 'val'
    other = split_folder(tmp_path, 'elsewhere', 2)
    (tmp_path / 'VisDrone2019-DET-test-dev').symlink_to(other)
    named = tmp_path / 'VisDrone2019-DET-test-dev'
    assert recognise_split(named).name == 'test-dev'
    monkeypatch.chdir(folder)
    assert recognise_split('.').name == 'val'


@pytest.mark.parametrize(
    ('ap', 'rank'),
    [
        (50, 1),
        (29.62, 2),
        (29.624, 2),  # two decimals: equal, and behind what it equals
        (29.626, 1),
        (29.13, 4),
        (17.0, 12),
        (0.0, 18),
    ],
)
def test_rank_is_by_ap(ap, rank):
    ranking = rank_result(figures_of(ap), WHOLE_VAL, TABLE_2)
    assert ranking.rank == rank
    assert [row.rank for row in ranking.rows] == list(range(1, 19))
    yours = ranking.rows[rank - 1]
    assert yours.is_yours
    assert yours.figures == tuple(figures_of(ap))
    others = [row.method for row in ranking.rows if not row.is_yours]
    assert others == [r.method + '*' * r.committee for r in TABLE_2.rows]


@pytest.mark.parametrize(
    ('measured', 'table', 'comparable', 'words'),
    [
        (WHOLE_VAL, TABLE_1, True, 'all rows were measured on val'),
        (WHOLE_VAL, TABLE_2, False, 'this result on val, other images'),
        (MeasuredSplit('val', 122), TABLE_1, False, '122 images where val'),
        (MeasuredSplit(None, 548), TABLE_1, False, 'of an unknown split'),
        (MeasuredSplit('test-dev', 1610), TABLE_1, False, 'on test-dev'),
        (
            MeasuredSplit('test-challenge', 1580),
            TABLE_2,
            True,
            'all rows were measured on test-challenge',
        ),
    ],
)
def test_the_text_says_what_can_be_compared(
    measured, table, comparable, words
):
    ranking = rank_result(figures_of(20), measured, table)
    assert ranking.comparable == comparable
    text = format_rankings([ranking])
    assert words in text
    assert ('loosely comparable' in text) != comparable
    (mine,) = (line for line in text.splitlines() if line[:1] == '>')
    assert str(measured) in mine
    assert mine.split()[-7:] == [f'{f:.2f}' for f in figures_of(20)]
    theirs = next(line for line in text.splitlines() if 'FPN' in line)
    assert table.split in theirs


def test_the_file_holds_figures_and_rankings(tmp_path):
    folder = split_folder(tmp_path, 'VisDrone2019-DET-val', 2)
    scores = Scores(
        figures_of(20), figures_of(15), np.tile(figures_of(15), (10, 1))
    )
    measured, rankings = rank_scores(scores, folder)
    write_ranked_figures(tmp_path / 'f.json', scores, measured, rankings)
    content = json.loads((tmp_path / 'f.json').read_text())
    assert content['official']['AP'] == 20
    board = content['leaderboard']
    assert (board['split'], board['num_images']) == ('val', 2)
    assert board['whole_split'] is False
    table_2, table_1 = board['tables']
    assert (table_2['rank'], len(table_2['rows'])) == (11, 18)
    assert table_2['comparable'] is False
    assert (table_1['rank'], table_1['split']) == (5, 'val')
    best = table_2['rows'][0]
    assert best['method'] == 'DPNet-ensemble'
    assert [best[name] for name in FIGURES] == list(TABLE_2.rows[0].figures)
    assert [row['this_result'] for row in table_1['rows']] == [False] * 4 + [
        True
    ]
