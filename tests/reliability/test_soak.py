"""The soak of soak.py, with few rounds."""

import gc
import os
from dataclasses import replace

import pytest

from tests.reliability.soak import Reading, children_of, find_growth, soak

READING = Reading(500.0, 300.0, 3, 35, 5)


@pytest.mark.nightly
def test_soak_of_four_rounds_stays_flat(tmp_path):
    # Workers of loaders that earlier tests left to the collector.
    gc.collect()
    num_others = len(children_of(os.getpid()))
    readings = soak(tmp_path, 4, report=False)
    # Two of training's workers and one of validation's.
    num_workers = [reading.num_workers - num_others for reading in readings]
    assert num_workers == [3] * 4
    assert find_growth(readings) == []


@pytest.mark.parametrize(
    ('name', 'step'),
    [
        ('rss', 1.0),
        ('workers_rss', 1.0),
        ('num_workers', 1),
        ('num_files', 1),
        ('num_threads', 1),
    ],
)
def test_find_growth_sees_each_resource(name, step):
    readings = [
        replace(READING, **{name: getattr(READING, name) + step * number})
        for number in range(40)
    ]
    (fault,) = find_growth(readings)
    assert fault.startswith(f'{name} grew from ')


def test_find_growth_passes_noise():
    noisy = replace(READING, rss=505.0, num_files=33)
    assert find_growth([READING, noisy] * 20) == []
    assert find_growth([noisy, READING] * 2) == []
