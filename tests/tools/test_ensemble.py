"""The command line that fuses results."""

import subprocess
import sys
from pathlib import Path

import pytest

from mmhcm.structures.results import read_submission, write_submission

TOOL = Path(__file__).parents[2] / 'tools' / 'ensemble.py'
ROW = '10,10,10,10,0.5,4,-1,-1\n'


def run(*args):
    return subprocess.run(
        [sys.executable, str(TOOL), *map(str, args)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def root(tmp_path):
    write_submission(tmp_path / 'a.zip', {'x': ROW, 'y': ''})
    write_submission(tmp_path / 'b.zip', {'x': ROW, 'y': ''})
    write_submission(tmp_path / 'c.zip', {'x': ROW})
    (tmp_path / 'sizes.csv').write_text('x,60,40\ny,60,40\n')
    return tmp_path


def test_results_become_one_submission(root):
    done = run(
        *(root / 'a.zip', root / 'b.zip', '--out', root / 'out.zip'),
        *('--weights', 2, 1, '--sizes', root / 'sizes.csv'),
    )
    assert (done.returncode, done.stderr) == (0, '')
    assert '2 result files, 2 rows of 2 detectors fused into 1' in done.stdout
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
def test_a_mistake_is_one_line(root, args, fault):
    args = [root / arg if arg.endswith('.zip') else arg for arg in args]
    done = run(*args, '--out', root / 'out.zip')
    assert (done.returncode, done.stdout) == (1, '')
    assert done.stderr.count('\n') == 1
    assert fault in done.stderr
    assert not (root / 'out.zip').exists()
