from types import SimpleNamespace

import pytest

from mmhcm.engine.used_rounds import (
    check_entries,
    merge_rounds,
    read_rounds,
    round_path,
)
from mmhcm.structures.hard_chips import HardChipRound, write_round

POOL = SimpleNamespace(fingerprint='pool')
ENTRY = {'round': 2, 'fingerprint': 'f', 'pool': 'pool', 'images': 'images'}


def test_rounds_are_where_they_were_written(tmp_path):
    mined = HardChipRound(2, 'f', [])
    write_round(round_path(tmp_path, 2), mined)
    assert read_rounds(tmp_path, []) == []
    assert read_rounds(tmp_path, [ENTRY]) == [mined]
    with pytest.raises(ValueError, match='hard_chips'):
        read_rounds(tmp_path, [{**ENTRY, 'fingerprint': 'other'}])


@pytest.mark.parametrize(
    ('pool', 'images', 'message'),
    [
        (POOL, 'other', 'round 2 was mined from other images'),
        (None, 'images', 'round 2 was mined with another object pool'),
        (SimpleNamespace(fingerprint='p'), 'images', 'another object pool'),
    ],
)
def test_rounds_of_other_data_are_refused(pool, images, message):
    check_entries([ENTRY], POOL, 'images')
    # Of a checkpoint that does not say.
    check_entries([{'round': 2, 'fingerprint': 'f'}], pool, images)
    with pytest.raises(ValueError, match=message):
        check_entries([ENTRY], pool, images)


def test_chips_of_one_or_of_all_rounds():
    rounds = [HardChipRound(n, f'f{n}', [f'canvas {n}']) for n in (1, 2)]
    last = merge_rounds(rounds, accumulate=False)
    assert last.fingerprint == 'f2'
    assert last.canvases == ('canvas 2',)
    merged = merge_rounds(rounds, accumulate=True)
    assert merged.number == 2
    assert merged.canvases == ('canvas 1', 'canvas 2')
