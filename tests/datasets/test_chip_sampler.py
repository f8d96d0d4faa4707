import itertools

import numpy as np
import pytest
from mmdet.registry import DATA_SAMPLERS

from mmhcm.datasets import ChipDataset, ChipSampler, chip_sampler
from mmhcm.datasets.seeding import sample_rng
from mmhcm.structures.rounds import HardChipRound, MinedCanvas
from tests.support.scene_folders import random_rows, write_visdrone


def hard_round(num):
    canvas = MinedCanvas(
        0, 0, '000', windows=[(0, 0, 40, 40)] * num, scale_inds=[0] * num
    )
    return HardChipRound(1, '', [canvas])


@pytest.fixture
def dataset(tmp_path):
    rng = np.random.default_rng(0)
    write_visdrone(
        tmp_path, {f'{i:03d}': random_rows(rng, 6) for i in range(4)}
    )
    images = dict(type='VisDroneDataset', data_root=str(tmp_path))
    scales = [dict(window=40, valid_range=(0, float('inf')))]
    return ChipDataset(images, [], scales, chip_size=40)


def draw(sampler, epoch=0):
    sampler.set_epoch(epoch)
    keys = list(sampler)
    assert len(keys) == len(sampler)
    return keys


def set_rank(monkeypatch, rank, world_size):
    monkeypatch.setattr(
        chip_sampler, 'get_dist_info', lambda: (rank, world_size)
    )


def test_an_epoch_is_each_normal_chip_once(dataset):
    sampler = DATA_SAMPLERS.build(
        dict(type='ChipSampler', dataset=dataset, seed=5)
    )
    for epoch in range(3):
        keys = draw(sampler, epoch)
        assert sorted(key.index for key in keys) == list(range(len(dataset)))
        assert [key.position for key in keys] == list(range(len(dataset)))
        assert {(key.epoch, key.seed) for key in keys} == {(epoch, 5)}


def test_orders_follow_from_seed_and_epoch(dataset):
    def order(seed, epoch):
        return [k.index for k in draw(ChipSampler(dataset, seed=seed), epoch)]

    assert order(1, 0) == order(1, 0)
    assert order(1, 0) != order(1, 1)
    assert order(1, 0) != order(2, 0)
    assert order(None, 0) == order(0, 0)


@pytest.mark.parametrize(
    ('ratio', 'expected'), [(0, 0), (0.25, 5), (0.5, 10), (1, 20)]
)
@pytest.mark.parametrize('num_hard', [1, 3, 50])
def test_share_of_hard_chips(dataset, ratio, expected, num_hard):
    sampler = ChipSampler(dataset, num_samples=20, hard_ratio=ratio)
    assert max(key.index for key in draw(sampler)) < dataset.num_normal
    dataset.set_hard_chips(hard_round(num_hard))
    indices = np.array([key.index for key in draw(sampler, 2)])
    is_hard = indices >= dataset.num_normal
    assert is_hard.sum() == expected
    assert sampler.draws_per_chip == (
        (~is_hard).sum() / dataset.num_normal,
        is_hard.sum() / num_hard,
    )
    assert indices.max(initial=0) < len(dataset)
    dataset.set_hard_chips(None)
    assert max(key.index for key in draw(sampler, 3)) < dataset.num_normal


@pytest.mark.parametrize('world_size', [2, 3])
@pytest.mark.parametrize('num_samples', [12, 13])
def test_ranks_share_one_stream(dataset, monkeypatch, world_size, num_samples):
    ranks = []
    for rank in range(world_size):
        set_rank(monkeypatch, rank, world_size)
        sampler = ChipSampler(dataset, num_samples=num_samples, seed=3)
        ranks.append(draw(sampler, 1))
    total = sum(map(len, ranks))
    assert len({len(keys) for keys in ranks}) == 1
    assert num_samples <= total < num_samples + world_size
    together = sorted((k for keys in ranks for k in keys), key=position_of)
    assert [key.position for key in together] == list(range(total))
    # One process with as many samples draws the same ones.
    set_rank(monkeypatch, 0, 1)
    alone = ChipSampler(dataset, num_samples=total, seed=3)
    assert draw(alone, 1) == together


def position_of(key):
    return key.position


def test_a_wrapped_data_set_is_found(dataset):
    class Wrapper:
        def __init__(self, dataset):
            self.dataset = dataset

    assert len(ChipSampler(Wrapper(Wrapper(dataset)))) == dataset.num_normal
    with pytest.raises(ValueError, match='must be a ChipDataset, got'):
        ChipSampler([1, 2])


@pytest.mark.parametrize(
    ('kwargs', 'fault'),
    [
        (dict(hard_ratio=1.5), 'hard_ratio must be in 0..1, got 1.5'),
        (dict(hard_ratio=-0.1), 'hard_ratio'),
        (dict(num_samples=0), 'num_samples must be positive, got 0'),
    ],
)
def test_arguments_are_checked(dataset, kwargs, fault):
    with pytest.raises(ValueError, match=fault):
        ChipSampler(dataset, **kwargs)


def endless(seed, *key, num_items):
    """Permutation after permutation, one item at a time."""
    for number in itertools.count():
        yield from sample_rng(seed, *key, number).permutation(num_items)


def simulated(sampler, history, num_epochs):
    """Sorted indices of each epoch of an uninterrupted run, by hand.

    ``history`` maps the first epoch of each hand-over to its chips.
    """
    num_normal = sampler.dataset.num_normal
    normal = endless(sampler.seed, 0, num_items=num_normal)
    num_hard, hard, epochs = 0, iter(()), []
    for epoch in range(num_epochs):
        if epoch in history:
            num_hard = history[epoch]
            hard = endless(sampler.seed, 1, epoch, num_items=num_hard)
        share = round(sampler._total * sampler.hard_ratio)
        ended = sampler.normal_from is not None
        if not num_hard or (ended and epoch >= sampler.normal_from):
            share = 0
        taken = list(itertools.islice(normal, sampler._total - share))
        taken += [num_normal + i for i in itertools.islice(hard, share)]
        epochs.append(sorted(taken))
    return epochs


def sorted_indices(sampler, epoch):
    return sorted(key.index for key in draw(sampler, epoch))


HISTORIES = [
    {},
    {0: 4},
    {2: 3},
    {2: 50},
    {1: 5, 3: 5, 4: 60},
    {1: 7, 3: 0, 5: 7},
]


@pytest.mark.parametrize('world_size', [1, 3])
@pytest.mark.parametrize('normal_from', [None, 0, 4])
@pytest.mark.parametrize('ratio', [0, 0.3, 1])
@pytest.mark.parametrize('history', HISTORIES)
def test_streams_continue_after_an_epoch(
    dataset, monkeypatch, history, ratio, normal_from, world_size
):
    samplers = []
    for rank in range(world_size):
        set_rank(monkeypatch, rank, world_size)
        samplers.append(
            ChipSampler(
                dataset, 11, hard_ratio=ratio, normal_from=normal_from, seed=6
            )
        )
    expected = simulated(samplers[0], history, 8)
    for epoch in range(8):
        if epoch in history:
            dataset.set_hard_chips(
                hard_round(history[epoch]), first_epoch=epoch
            )
        drawn = [sorted_indices(sampler, epoch) for sampler in samplers]
        assert np.sort(np.concatenate(drawn)).tolist() == expected[epoch]


@pytest.mark.parametrize('history', HISTORIES)
def test_a_later_epoch_needs_none_of_the_earlier(dataset, history):
    for first_epoch, num_hard in history.items():
        dataset.set_hard_chips(hard_round(num_hard), first_epoch=first_epoch)
    start = max(history, default=0)
    epochs = [*range(start, 9)]
    sampler = ChipSampler(dataset, 11, seed=2)
    expected = simulated(sampler, history, 9)
    in_order = [draw(sampler, epoch) for epoch in epochs]
    # A jump, and a new sampler as after a resume.
    jumping = ChipSampler(dataset, 11, seed=2)
    for epoch in reversed(epochs):
        assert draw(jumping, epoch) == in_order[epoch - start]
        assert sorted_indices(jumping, epoch) == expected[epoch]


def test_a_hand_over_for_an_earlier_epoch_replaces_later_ones(dataset):
    for first_epoch, num_hard in [(1, 5), (3, 6), (2, 7)]:
        dataset.set_hard_chips(hard_round(num_hard), first_epoch=first_epoch)
    assert dataset.hard_history == ((1, 5), (2, 7))
    dataset.set_hard_chips(None)
    assert dataset.hard_history == ((0, 0),)
    # The chips of an earlier epoch have gone.
    dataset.set_hard_chips(hard_round(5))
    dataset.set_hard_chips(None, first_epoch=4)
    sampler = ChipSampler(dataset, num_samples=10)
    assert max(sorted_indices(sampler, 2)) < dataset.num_normal
