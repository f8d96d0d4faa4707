import pickle
import random

import numpy as np
import pytest
import torch

from mmhcm.datasets import SampleKey, seeded_globals
from mmhcm.datasets.seeding import sample_rng


def draw_globals():
    return (
        random.random(),
        np.random.rand(3).tolist(),  # noqa: NPY002
        torch.rand(3).tolist(),
    )


def draw(*key):
    with seeded_globals(*key):
        return draw_globals()


def test_draws_follow_from_the_key_alone():
    first = draw(3, 1, 7)
    random.seed(99)
    np.random.seed(99)  # noqa: NPY002
    torch.manual_seed(99)
    assert draw(3, 1, 7) == first
    others = [draw(*key) for key in [(3, 1, 8), (3, 2, 7), (4, 1, 7)]]
    for other in others:
        assert all(a != b for a, b in zip(other, first, strict=True))


@pytest.mark.parametrize('fault', [None, ValueError('x')])
def test_global_streams_are_restored(fault):
    def run(between):
        random.seed(1)
        np.random.seed(1)  # noqa: NPY002
        torch.manual_seed(1)
        before = draw_globals()
        between()
        return before, draw_globals()

    def interrupted():
        with seeded_globals(5):
            draw_globals()
            if fault is not None:
                raise fault

    def between():
        if fault is None:
            interrupted()
        else:
            with pytest.raises(ValueError, match='x'):
                interrupted()

    assert run(between) == run(lambda: None)


def test_generators_follow_from_the_key():
    keys = [(0, 0, 0), (0, 0, 1), (0, 1, 0), (1, 0, 0), (2**31, 4, 1, 0, 9, 0)]
    draws = [tuple(sample_rng(*key).random(4)) for key in keys]
    assert len(set(draws)) == len(keys)
    assert tuple(sample_rng(0, 1, 0).random(4)) == draws[2]


def test_keys_travel_to_workers():
    key = SampleKey(3, 1, 5, 7)
    assert pickle.loads(pickle.dumps(key)) == key
    assert SampleKey(3, 1, 5).seed == 0
    assert {key: 1}[SampleKey(3, 1, 5, 7)] == 1
