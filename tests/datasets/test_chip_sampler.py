from collections import Counter

import numpy as np
import pytest
from mmdet.registry import DATA_SAMPLERS

from mmhcm.datasets import ChipDataset, ChipSampler, chip_sampler
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


def test_length_stays_when_the_data_set_grows(dataset):
    sampler = ChipSampler(dataset, num_samples=10)
    assert len(draw(sampler)) == 10
    dataset.set_hard_chips(hard_round(100))
    assert len(draw(sampler)) == 10
    whole = ChipSampler(dataset)
    assert len(whole) == dataset.num_normal


@pytest.mark.parametrize(
    ('ratio', 'expected'), [(0, 0), (0.25, 5), (0.5, 10), (1, 20)]
)
@pytest.mark.parametrize('num_hard', [1, 3, 50])
def test_share_of_hard_chips(dataset, ratio, expected, num_hard):
    sampler = ChipSampler(dataset, num_samples=20, hard_ratio=ratio)
    assert max(key.index for key in draw(sampler)) < dataset.num_normal
    dataset.set_hard_chips(hard_round(num_hard))
    indices = np.array([key.index for key in draw(sampler, 2)])
    assert (indices >= dataset.num_normal).sum() == expected
    assert indices.max(initial=0) < len(dataset)
    dataset.set_hard_chips(None)
    assert max(key.index for key in draw(sampler, 3)) < dataset.num_normal


@pytest.mark.parametrize('num_samples', [1, 5, 7, 40])
def test_all_chips_are_seen_equally_often(dataset, num_samples):
    sampler = ChipSampler(dataset, num_samples=num_samples, hard_ratio=0.4)
    dataset.set_hard_chips(hard_round(3))
    counts = Counter()
    for epoch in range(30):
        counts.update(key.index for key in draw(sampler, epoch))
    for chips in (
        range(dataset.num_normal),
        range(dataset.num_normal, len(dataset)),
    ):
        seen = [counts[index] for index in chips]
        assert max(seen) - min(seen) <= 1


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


def test_training_may_end_on_normal_chips(dataset):
    dataset.set_hard_chips(hard_round(9))
    sampler = ChipSampler(dataset, num_samples=8, normal_from=3)

    def num_hard(epoch):
        keys = draw(sampler, epoch)
        return sum(key.index >= dataset.num_normal for key in keys)

    assert [num_hard(epoch) for epoch in range(5)] == [4, 4, 4, 0, 0]
