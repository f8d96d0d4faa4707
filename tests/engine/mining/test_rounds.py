from types import SimpleNamespace

import pytest

from mmhcm.engine.mining.rounds import (
    check_images,
    check_pool,
    merge_rounds,
    read_rounds,
    round_path,
)
from mmhcm.structures.rounds import HardChipRound, write_round

POOL = SimpleNamespace(fingerprint='pool')
ENTRY = {'round': 2, 'fingerprint': 'f', 'pool': 'pool', 'images': 'images'}


def test_rounds_are_found(tmp_path):
    mined = HardChipRound(2, 'f', [])
    write_round(round_path(tmp_path, 2), mined)
    assert read_rounds(tmp_path, []) == []
    assert read_rounds(tmp_path, [ENTRY]) == [mined]
    with pytest.raises(ValueError, match='hard_chips'):
        read_rounds(tmp_path, [{**ENTRY, 'fingerprint': 'other'}])


OLD = {'round': 2, 'fingerprint': 'f'}


def test_rounds_of_other_images_are_refused():
    check_images([ENTRY, OLD], 'images')
    with pytest.raises(ValueError, match='round 2 was mined from other image'):
        check_images([OLD, ENTRY], 'other')


@pytest.mark.parametrize('pool', [None, SimpleNamespace(fingerprint='other')])
def test_rounds_of_another_pool_are_refused(pool):
    check_pool([ENTRY, OLD], POOL)
    check_pool([OLD], pool)
    with pytest.raises(ValueError, match=r'round 2 .* another object pool'):
        check_pool([OLD, ENTRY], pool)


def test_chips_of_one_or_of_all_rounds():
    rounds = [HardChipRound(n, f'f{n}', [f'canvas {n}']) for n in (1, 2)]
    last = merge_rounds(rounds, accumulate=False)
    assert last.fingerprint == 'f2'
    assert last.canvases == ('canvas 2',)
    merged = merge_rounds(rounds, accumulate=True)
    assert merged.number == 2
    assert merged.canvases == ('canvas 1', 'canvas 2')
