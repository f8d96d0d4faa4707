import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhcm.functional.chips.set_cover import smallest_cover, to_bits


def draw_sets(seed):
    """Draw sets that hold every element, some clustered or equal."""
    rng = np.random.default_rng(seed)
    num_sets, num = rng.integers(1, 12), rng.integers(0, 14)
    holds = rng.random((num_sets, num)) < rng.choice([0.15, 0.3, 0.6])
    if num and rng.random() < 0.4:
        # nothing in common between two halves
        holds[: num_sets // 2, num // 2 :] = False
        holds[num_sets // 2 :, : num // 2] = False
    holds[rng.integers(0, num_sets, num), np.arange(num)] = True
    return holds


def fewest(holds):
    """Find the size of the smallest cover, trying all choices."""
    for size in range(len(holds) + 1):
        for inds in itertools.combinations(range(len(holds)), size):
            if holds[list(inds)].any(axis=0).all():
                return size
    raise AssertionError('no cover')


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_no_choice_is_smaller(seed):
    holds = draw_sets(seed)
    inds, proven = smallest_cover(holds, 10_000)
    assert proven
    assert inds.dtype == np.int64
    assert holds[inds].any(axis=0).all()
    assert len(set(inds.tolist())) == len(inds) == fewest(holds)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 3))
def test_a_search_cut_short_covers(seed, max_nodes):
    holds = draw_sets(seed)
    inds, proven = smallest_cover(holds, max_nodes)
    assert holds[inds].any(axis=0).all()
    if proven:
        assert len(inds) == fewest(holds)


def ring(num):
    """Each set holds two neighbours, so that nothing can be reduced."""
    return np.eye(num, dtype=bool) | np.roll(np.eye(num, dtype=bool), 1, 1)


@pytest.mark.parametrize('num', [3, 4, 7, 30])
def test_a_ring_is_searched(num):
    inds, proven = smallest_cover(ring(num), 10_000)
    assert proven
    assert len(inds) == -(-num // 2)
    inds, proven = smallest_cover(ring(num), 0)
    assert not proven
    assert ring(num)[inds].any(axis=0).all()


def side_by_side(*parts):
    """Parts that share nothing."""
    shapes = np.array([part.shape for part in parts])
    holds = np.zeros(shapes.sum(axis=0), dtype=bool)
    for part, (row, column) in zip(
        parts, np.cumsum(shapes, axis=0) - shapes, strict=True
    ):
        holds[row : row + len(part), column : column + part.shape[1]] = part
    return holds


def tangle(seed, num):
    """Draw sets of three or more elements, most of which are irreducible."""
    rng = np.random.default_rng(seed)
    holds = np.zeros((num, num), dtype=bool)
    for row in holds:
        row[rng.choice(num, 3, replace=False)] = True
    holds[rng.integers(0, num, num), np.arange(num)] = True
    return holds


def test_parts_are_searched_one_by_one():
    rng = np.random.default_rng(0)
    for nums in itertools.permutations((3, 4, 5, 7)):
        holds = side_by_side(*(ring(num) for num in nums))
        # elements of different parts between each other
        holds = rng.permutation(rng.permutation(holds), axis=1)
        inds, proven = smallest_cover(holds, 10_000)
        assert proven
        assert holds[inds].any(axis=0).all()
        assert len(inds) == 2 + 2 + 3 + 4


def test_all_parts_have_to_be_proven():
    # a ring of an odd number takes three branches, one of four takes one
    for nums in ((3, 4), (4, 3), (4, 3, 4)):
        holds = side_by_side(*(ring(num) for num in nums))
        assert not smallest_cover(holds, 2)[1]
        assert smallest_cover(holds, 3)[1]


@pytest.mark.parametrize(
    ('holds', 'num_nodes'),
    [
        pytest.param(ring(4), 1, id='even'),
        pytest.param(ring(15), 3, id='odd'),
        pytest.param(tangle(0, 12), 7, id='small'),
        pytest.param(tangle(3, 16), 27, id='middle'),
        pytest.param(tangle(9, 20), 46, id='dense'),
        pytest.param(tangle(1, 25), 29, id='large'),
        pytest.param(tangle(3, 20), 36, id='two parts'),
        pytest.param(tangle(2, 20), 166, id='hard'),
    ],
)
def test_number_of_search_branches_is_bounded(holds, num_nodes):
    # A better order or bound may take fewer: then lower the numbers. More of
    # them would leave covers of crowded images unproven.
    assert smallest_cover(holds, num_nodes)[1]
    assert not smallest_cover(holds, num_nodes - 1)[1]


def test_nothing_to_cover():
    for shape in ((0, 0), (3, 0)):
        inds, proven = smallest_cover(np.zeros(shape, dtype=bool), 5)
        assert inds.shape == (0,)
        assert proven


def test_bits():
    assert to_bits(np.zeros((1, 0), dtype=bool)) == [0]
    assert to_bits(np.zeros((0, 3), dtype=bool)) == []
    rows = np.zeros((2, 70), dtype=bool)
    rows[1, [0, 3, 69]] = True
    assert to_bits(rows) == [0, 1 + 8 + (1 << 69)]
