import json

import pytest

from mmhcm.structures.results import write_submission

HIT = '10,10,10,10,0.5,4,-1,-1\n'


@pytest.fixture
def root(tmp_path):
    (tmp_path / 'annotations').mkdir()
    (tmp_path / 'annotations' / 'a.txt').write_text('10,10,10,10,1,4,0,0,\n')
    (tmp_path / 'sizes.csv').write_text('name,width,height\na,60,40\n')
    return tmp_path


def test_evaluate_prints_and_writes(run, root):
    write_submission(root / 's.zip', {'a': HIT})
    options = '--data-root', root, '--sizes', root / 'sizes.csv'
    done = run('evaluate', root / 's.zip', *options, '--out', root / 'f.json')
    assert (done.status, done.err) == (0, '')
    assert 'official' in done.out
    assert 'class mean' in done.out
    figures = json.loads((root / 'f.json').read_text())
    assert figures['official']['AP'] == pytest.approx(100)
    assert figures['per_class']['car']['AR1'] == pytest.approx(100)
    assert figures['per_class']['bus'] is None


def test_evaluate_places_a_result_among_published_ones(run, root):
    write_submission(root / 's.zip', {'a': HIT})
    options = '--data-root', root, '--sizes', root / 'sizes.csv'
    done = run(
        'evaluate',
        root / 's.zip',
        *options,
        '--leaderboard',
        '--out',
        root / 'f.json',
    )
    assert (done.status, done.err) == (0, '')
    assert 'Rank 1 of 18' in done.out
    assert done.out.count('unknown split') == 2
    assert 'test-challenge' in done.out
    content = json.loads((root / 'f.json').read_text())
    assert content['official']['AP'] == pytest.approx(100)
    assert [t['rank'] for t in content['leaderboard']['tables']] == [1, 1]


@pytest.mark.parametrize(
    ('texts', 'fault'),
    [
        ({'a': '1,2,3\n'}, 'a.txt:1: 3 columns'),
        ({}, '1 images have no result file'),
        (None, 'No such file'),
    ],
)
def test_evaluate_names_a_user_error_in_one_line(run, root, texts, fault):
    if texts is not None:
        write_submission(root / 's.zip', texts)
    options = '--data-root', root, '--sizes', root / 'sizes.csv'
    done = run('evaluate', root / 's.zip', *options)
    assert done.status == 1
    assert done.out == ''
    assert done.err.count('\n') == 1
    assert fault in done.err


def test_validate_submission_exits_by_its_faults(run, root):
    options = '--data-root', root, '--sizes', root / 'sizes.csv'
    write_submission(root / 's.zip', {'a': HIT})
    done = run('validate_submission', root / 's.zip', *options)
    assert done.status == 0
    write_submission(root / 's.zip', {'a': HIT + '1,2\n', 'b': ''})
    done = run('validate_submission', root / 's.zip', *options)
    assert done.status == 1
    assert done.out.splitlines() == [
        'a.txt:2: 2 columns, not 8',
        'b.txt: no such image in the split',
    ]
    done = run('validate_submission', root / 's.zip', '--data-root', root)
    assert done.status == 1
    assert done.err.count('\n') == 1
