import random
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from mmengine.runner import BaseLoop

from mmhcm.engine.hooks import IterationSeedHook


def draw(seed, iteration, stage='train_iter'):
    hook = IterationSeedHook()
    arguments = [0] if stage == 'train_iter' else []
    loop = None
    if iteration is not None:
        loop = Mock(BaseLoop, iter=iteration)
    getattr(hook, f'before_{stage}')(
        SimpleNamespace(seed=seed, _train_loop=loop), *arguments
    )
    return (
        random.random(),
        float(np.random.rand()),  # noqa: NPY002
        float(torch.rand(())),
    )


@pytest.fixture(autouse=True)
def _global_generators():
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    yield
    random.setstate(states[0])
    np.random.set_state(states[1])  # noqa: NPY002
    torch.set_rng_state(states[2])


def test_draws_follow_seed_and_iteration():
    first = draw(1, 5)
    random.random()
    torch.rand(3)
    assert draw(1, 5) == first
    assert not set(first) & set(draw(1, 6))
    assert not set(first) & set(draw(2, 5))
    assert draw(None, 5) == draw(0, 5)


@pytest.mark.parametrize('stage', ['train_epoch', 'val_epoch', 'test_epoch'])
def test_other_stages_are_reseeded(stage):
    first = draw(1, 5, stage)
    random.random()
    torch.rand(3)
    assert draw(1, 5, stage) == first


def test_iteration_is_0_without_training():
    assert draw(1, None, 'test_epoch') == draw(1, 0, 'test_epoch')


def test_ranks_draw_differently(monkeypatch):
    first = draw(1, 5)
    monkeypatch.setattr(
        'mmhcm.engine.hooks.iteration_seed_hook.get_rank', lambda: 1
    )
    assert not set(first) & set(draw(1, 5))
