import pickle

import pytest

from mmhcm.structures.files import PackedList
from mmhcm.structures.rounds import MinedCanvas


@pytest.mark.parametrize(
    'items',
    [[], [None], [1, 'two', (3.0, [4])], [MinedCanvas(0, 7, 'a'), {}]],
    ids=['empty', 'one', 'several', 'records'],
)
def test_items_come_back(items):
    packed = PackedList(items)
    assert len(packed) == len(items)
    assert list(packed) == items
    assert packed[:] == items
    assert packed[::-2] == items[::-2]
    assert list(pickle.loads(pickle.dumps(packed))) == items
    for ind in range(-len(items), len(items)):
        assert packed[ind] == items[ind]


def test_items_are_new_each_time():
    packed = PackedList([[1]])
    packed[0].append(2)
    assert packed[0] == [1]


@pytest.mark.parametrize('ind', [2, -3])
def test_no_such_item(ind):
    with pytest.raises(IndexError):
        PackedList('ab')[ind]
