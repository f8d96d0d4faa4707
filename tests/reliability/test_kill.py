"""Runs that are killed and resumed end as uninterrupted ones.

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


@pytest.mark.nightly
def test_killed_and_resumed_run_equals_uninterrupted(tmp_path):
    kills, phases = 4, 3
    result = subprocess.run(
        [
            *(sys.executable, '-W', 'ignore'),
            'tests/reliability/kill_harness.py',
            *('--tiny', '--kills', str(kills), '--seed', '0'),
            *('--work-dir', str(tmp_path / 'runs')),
        ],
        cwd=REPO,
        env={**os.environ, 'PYTHONPATH': str(REPO), 'OMP_NUM_THREADS': '1'},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    summary = json.loads(result.stdout[result.stdout.index('{') :])
    assert sum(summary['by_phase'].values()) == summary['kills'] >= kills
    assert len(summary['by_phase']) >= phases


def test_fork_kills_after_the_delay(tmp_path):
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
def test_differences_are_those_of_any_bit(tmp_path, change, found):
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
