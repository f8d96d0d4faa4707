import json

import numpy as np
import pytest

from mmhcm.functional.scoring import METRICS, Scores
from mmhcm.structures.results import (
    format_rankings,
    rank_scores,
    write_scores,
)
from mmhcm.structures.results import ranking as ranking_module
from mmhcm.structures.results.ranking import (
    IMAGES,
    TABLE_1,
    TABLE_2,
    recognise_split,
)


def scores_of(ap):
    official = np.array([ap, 60.0, 30.0, 1.0, 5.0, 20.0, 50.0])
    return Scores(official, official - 5, np.tile(official, (10, 1)))


@pytest.fixture
def rank(monkeypatch):
    """Rank an AP that was measured on images of a split."""

    def rank_on(ap, split='val', num_images=548):
        monkeypatch.setattr(
            ranking_module, 'recognise_split', lambda _: (split, num_images)
        )
        return rank_scores(scores_of(ap), 'root')

    return rank_on


def split_folder(root, name, num_images):
    folder = root / name / 'annotations'
    folder.mkdir(parents=True)
    for number in range(num_images):
        (folder / f'{number}.txt').touch()
    (folder / 'readme.md').touch()
    return root / name


def test_splits_have_the_image_counts_of_the_paper():
    assert sum(IMAGES.values()) == 10_209


@pytest.mark.parametrize(
    ('table', 'num_rows', 'split'),
    [(TABLE_2, 17, 'test-challenge'), (TABLE_1, 4, 'val')],
)
def test_published_rows_are_consistent(table, num_rows, split):
    assert (len(table['rows']), table['split']) == (num_rows, split)
    aps = [row[0] for row in table['rows'].values()]
    assert aps == sorted(aps, reverse=True)
    for ap, ap50, ap75, *recalls in table['rows'].values():
        # A mean over thresholds of which the lowest is 0.50.
        assert max(ap, ap75) < ap50
        assert len(recalls) == 4
        assert recalls == sorted(recalls)


def test_claims_of_the_paper_hold():
    # "11.72 AP higher than CornerNet, which is the best baseline", third.
    aps = {name: row[0] for name, row in TABLE_2['rows'].items()}
    baselines = {name: ap for name, ap in aps.items() if name.endswith('*')}
    assert len(baselines) == 7
    assert max(baselines, key=baselines.get) == 'CornerNet*'
    assert aps['the paper'] - aps['CornerNet*'] == pytest.approx(11.72)
    assert list(aps)[2] == 'the paper'
    ar500, ap75 = METRICS.index('AR500'), METRICS.index('AP75')
    assert TABLE_1['rows']['the paper, multi-scale'][ar500] == 53.78
    assert TABLE_1['rows']['FPN, defaults for COCO'][ap75] == 28.12


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
    assert recognise_split(split_folder(tmp_path, name, 3)) == (split, 3)


def test_link_or_target_may_have_the_name(tmp_path, monkeypatch):
    folder = split_folder(tmp_path, 'VisDrone2019-DET-val', 2)
    (tmp_path / 'link').symlink_to(folder)
    assert recognise_split(tmp_path / 'link')[0] == 'val'
    other = split_folder(tmp_path, 'elsewhere', 2)
    (tmp_path / 'VisDrone2019-DET-test-dev').symlink_to(other)
    named = tmp_path / 'VisDrone2019-DET-test-dev'
    assert recognise_split(named)[0] == 'test-dev'
    monkeypatch.chdir(folder)
    assert recognise_split('.')[0] == 'val'


@pytest.mark.parametrize(
    ('ap', 'place'),
    [
        (50, 1),
        (29.62, 2),
        (29.624, 2),  # two decimals: equal, and after what it equals
        (29.626, 1),
        (29.13, 4),
        (17.0, 12),
        (0.0, 18),
    ],
)
def test_rank_is_by_ap(rank, ap, place):
    table = rank(ap)['tables'][0]
    assert table['rank'] == place
    assert [row['rank'] for row in table['rows']] == list(range(1, 19))
    own = table['rows'].pop(place - 1)
    assert own['this_result']
    assert [own[name] for name in METRICS] == scores_of(ap).official.tolist()
    assert [row['method'] for row in table['rows']] == list(TABLE_2['rows'])


@pytest.mark.parametrize(
    ('split', 'num_images', 'number', 'comparable', 'words', 'label'),
    [
        ('val', 548, 1, True, 'all rows were measured on val', 'val'),
        ('val', 548, 0, False, 'on 548 of 548 images of val', 'val'),
        ('val', 122, 1, False, '122 of 548 images of val', 'part of val'),
        (None, 548, 1, False, '548 images of an unknown split', 'unknown'),
        ('test-dev', 1610, 1, False, '1,610 of 1,610 images', 'test-dev'),
        (
            'test-challenge',
            1580,
            0,
            True,
            'all rows were measured on test-challenge',
            'test-challenge',
        ),
    ],
)
def test_text_names_the_comparable_rows(
    rank, split, num_images, number, comparable, words, label
):
    rankings = rank(20, split, num_images)
    assert rankings['tables'][number]['comparable'] == comparable
    text = format_rankings(rankings).split('\n\n')[number]
    assert words in text
    assert ('loosely comparable' in text) != comparable
    (mine,) = (line for line in text.splitlines() if line[:1] == '>')
    assert f'  {label}  ' in mine
    assert mine.split()[-7:] == [f'{s:.2f}' for s in scores_of(20).official]
    theirs = next(line for line in text.splitlines() if 'FPN' in line)
    assert (TABLE_2, TABLE_1)[number]['split'] in theirs


def test_headings_are_above_their_columns(rank):
    head, *rows = format_rankings(rank(20)).split('\n\n')[1].splitlines()[2:]
    assert {len(row) for row in rows} == {len(head)}


def test_the_file_holds_scores_and_rankings(tmp_path):
    folder = split_folder(tmp_path, 'VisDrone2019-DET-val', 2)
    scores = scores_of(20)
    path = tmp_path / 'f.json'
    write_scores(path, scores, leaderboard=rank_scores(scores, folder))
    content = json.loads(path.read_text())
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
    assert (
        tuple(best[name] for name in METRICS)
        == TABLE_2['rows'][best['method']]
    )
    assert [row['this_result'] for row in table_1['rows']] == [False] * 4 + [
        True
    ]
