"""Killed and resumed, a run ends as one that was left alone.

The short version of ``kill_harness.py``: a tiny detector, a few kills.
"""

import json
import os
import subprocess
import sys
import time

import pytest
import torch

from tests.reliability.kill_points import Point
from tests.reliability.kill_results import differences, read_checkpoint
from tests.reliability.kill_runs import fork, open_phase
from tests.support.tiny_run import REPO


@pytest.mark.slow
def test_killed_runs_end_as_one_that_was_left_alone(tmp_path):
    result = subprocess.run(
        [
            *(sys.executable, '-W', 'ignore'),
            'tests/reliability/kill_harness.py',
            *('--tiny', '--kills', '4', '--seed', '0'),
            *('--work-dir', str(tmp_path / 'runs')),
        ],
        cwd=REPO,
        env={**os.environ, 'PYTHONPATH': str(REPO), 'OMP_NUM_THREADS': '1'},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    summary = json.loads(result.stdout[result.stdout.index('{') :])
    assert sum(summary['by_phase'].values()) == summary['kills'] >= 4
    assert len(summary['by_phase']) >= 3


def test_a_process_dies_at_its_time(tmp_path):
    def wait(tell):
        tell('begin\twaiting\t0\t0\t0\n')
        time.sleep(60)
        return 0

    status, lines = fork(
        wait, tmp_path / 'log', Point('waiting', 0, delay=0.05)
    )
    assert status == -9
    assert open_phase(lines) == 'waiting'


@pytest.mark.parametrize(
    ('change', 'found'),
    [
        ({}, []),
        (
            {'state_dict': {'w': torch.tensor([1.0, 2.0000002])}},
            ['state_dict|w'],
        ),
        ({'optimizer': {'state': {0: torch.zeros(1)}}}, ['optimizer|state|0']),
        ({'meta': {'epoch': 2, 'time': 'now'}}, ['meta|epoch']),
        ({'meta': {'epoch': 1, 'time': 'now'}}, []),
    ],
)
def test_results_differ_in_one_bit(tmp_path, change, found):
    checkpoint = {
        'meta': {'epoch': 1, 'time': 'then'},
        'state_dict': {'w': torch.tensor([1.0, 2.0])},
        'optimizer': {'state': {0: -torch.zeros(1)}},
    }
    results = []
    for number, content in enumerate([checkpoint, {**checkpoint, **change}]):
        path = tmp_path / f'{number}.pth'
        torch.save(content, path)
        results.append(dict(read_checkpoint(path)))
    assert differences(*results) == found
