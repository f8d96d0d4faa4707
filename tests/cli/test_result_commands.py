"""Commands that evaluate, validate and fuse results."""

import json

import pytest

from mmhcm.structures.results import read_submission, write_submission

HIT = '10,10,10,10,0.5,4,-1,-1\n'


@pytest.fixture
def root(tmp_path):
    (tmp_path / 'annotations').mkdir()
    (tmp_path / 'annotations' / 'a.txt').write_text('10,10,10,10,1,4,0,0,\n')
    (tmp_path / 'sizes.csv').write_text('name,width,height\na,60,40\n')
    write_submission(tmp_path / 's.zip', {'a': HIT})
    return tmp_path


@pytest.fixture
def split(root):
    return '--data-root', root, '--sizes', root / 'sizes.csv'


def test_evaluate_prints_and_writes(run, root, split):
    out = '--leaderboard', '--out', root / 'f.json'
    done = run('evaluate', root / 's.zip', *split, *out)
    assert (done.status, done.err) == (0, '')
    for text in ('official', 'class mean', 'Rank 1 of 18', 'test-challenge'):
        assert text in done.out
    assert done.out.count('unknown split') == 2
    scores = json.loads((root / 'f.json').read_text())
    assert scores['official']['AP'] == pytest.approx(100)
    assert scores['per_class']['car']['AR1'] == pytest.approx(100)
    assert scores['per_class']['bus'] is None
    assert [t['rank'] for t in scores['leaderboard']['tables']] == [1, 1]


def test_evaluate_warns_of_rows_that_do_not_count(run, root, split):
    write_submission(root / 's.zip', {'a': HIT + '2,2,9,9,0.5,0,-1,-1\n'})
    done = run('evaluate', root / 's.zip', *split)
    assert done.status == 0
    assert done.err.startswith('warning: 1 result rows of no class of the')


def test_evaluate_names_a_user_error_in_one_line(run, root, split):
    write_submission(root / 's.zip', {'a': '1,2,3\n'})
    done = run('evaluate', root / 's.zip', *split)
    assert (done.status, done.out, done.err.count('\n')) == (1, '', 1)
    assert 'a.txt:1: 3 columns' in done.err


def test_validate_submission_exits_by_its_faults(run, root, split):
    assert run('validate_submission', root / 's.zip', *split).status == 0
    write_submission(root / 's.zip', {'a': HIT + '1,2\n', 'b': ''})
    done = run('validate_submission', root / 's.zip', *split)
    assert done.status == 1
    assert done.out.splitlines() == [
        'a.txt:2: 2 columns, not 8',
        'b.txt: no such image in the split',
    ]
    done = run('validate_submission', root / 's.zip', '--data-root', root)
    assert (done.status, done.err.count('\n')) == (1, 1)


def test_ensemble_makes_one_submission(run, root):
    write_submission(root / 'b.zip', {'a': HIT})
    results = root / 's.zip', root / 'b.zip', '--out', root / 'out.zip'
    sizes = '--sizes', root / 'sizes.csv'
    done = run('ensemble', *results, '--weights', 2, 1, *sizes)
    assert (done.status, done.err) == (0, '')
    assert '1 result files, 2 rows of 2 detectors fused into 1' in done.out
    fused = read_submission(root / 'out.zip')
    assert fused['a'].startswith('10.00,10.00,10.00,10.00,0.50000,4')
    (root / 'out.zip').unlink()
    for options, fault in (
        (('--data-root', 'nowhere'), 'nowhere'),
        (('--weights', 1), '1 weights for 2 results'),
    ):
        done = run('ensemble', *results, *options)
        assert (done.status, done.out, done.err.count('\n')) == (1, '', 1)
        assert fault in done.err
        assert not (root / 'out.zip').exists()
