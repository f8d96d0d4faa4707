"""The command line that fuses results."""

import pytest

from mmhcm.structures.results import read_submission, write_submission

ROW = '10,10,10,10,0.5,4,-1,-1\n'


@pytest.fixture
def root(tmp_path):
    write_submission(tmp_path / 'a.zip', {'x': ROW, 'y': ''})
    write_submission(tmp_path / 'b.zip', {'x': ROW, 'y': ''})
    write_submission(tmp_path / 'c.zip', {'x': ROW})
    (tmp_path / 'sizes.csv').write_text('x,60,40\ny,60,40\n')
    return tmp_path


def test_results_become_one_submission(run, root):
    done = run(
        'ensemble',
        *(root / 'a.zip', root / 'b.zip', '--out', root / 'out.zip'),
        *('--weights', 2, 1, '--sizes', root / 'sizes.csv'),
    )
    assert (done.status, done.err) == (0, '')
    assert '2 result files, 2 rows of 2 detectors fused into 1' in done.out
    fused = read_submission(root / 'out.zip')
    assert fused['x'].startswith('10.00,10.00,10.00,10.00,0.50000,4')
    assert fused['y'] == ''


@pytest.mark.parametrize(
    ('args', 'fault'),
    [
        (['a.zip', 'c.zip'], 'c.zip: 1 images have no result file: y'),
        (['a.zip', 'b.zip', '--weights', '1'], '1 weights for 2 results'),
        (['a.zip', 'none.zip'], 'none.zip'),
        (['a.zip', 'b.zip', '--data-root', 'nowhere'], 'nowhere'),
    ],
)
def test_a_mistake_is_one_line(run, root, args, fault):
    args = [root / arg if arg.endswith('.zip') else arg for arg in args]
    done = run('ensemble', *args, '--out', root / 'out.zip')
    assert (done.status, done.out) == (1, '')
    assert done.err.count('\n') == 1
    assert fault in done.err
    assert not (root / 'out.zip').exists()
