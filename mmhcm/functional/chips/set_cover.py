"""The fewest sets that hold every element, exactly as far as effort goes."""

from collections.abc import Sequence

import numpy as np


def smallest_cover(
    holds: np.ndarray, max_nodes: int
) -> tuple[np.ndarray, bool]:
    """Choose the fewest sets such that each element is in one of them.

    1. An element goes if all sets that hold some other element hold it as
       well, and a set goes if another one holds all of it, again and again.
    2. What is left falls into parts that have nothing in common. Each is
       searched, branch and bound, from the greedy choice on.

    Args:
        holds: bool (c, n), whether a set holds an element; every element is
            in a set.
        max_nodes: Branches that the search of one part looks at. Where that
            is not enough, the best choice so far is taken.

    Returns:
        int64 (m,) ascending indices of sets, and whether there is no smaller
        choice.
    """
    if not holds.size:
        return np.zeros(0, dtype=np.int64), True
    core, set_inds = _reduce(holds)
    # Sets of one element are what is left of those that are needed anyway.
    searched = core.sum(axis=1) > 1
    taken = [set_inds[~searched]]
    core, set_inds = core[searched], set_inds[searched]
    core = core[:, core.any(axis=0)]
    proven = True
    for part_sets, part_elements in _parts(core):
        search = _Search(core[np.ix_(part_sets, part_elements)], max_nodes)
        taken.append(set_inds[part_sets[search.best]])
        proven &= search.num_nodes <= max_nodes
    return np.sort(np.concatenate(taken)), proven


def to_bits(rows: np.ndarray) -> list[int]:
    """Rows of booleans (k, n) as integers, the first column the lowest bit."""
    packed = np.packbits(rows, axis=1, bitorder='little')
    return [int.from_bytes(row.tobytes(), 'little') for row in packed]


def _reduce(holds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Leave out what is settled by the rest.

    Returns:
        bool (c', n') what is left, and int64 (c',) indices of its sets.
    """
    # products of float32 are fast, and exact for counts
    left = holds.astype(np.float32)
    set_inds = np.arange(len(left))
    # each turn but the last takes away a set
    for _ in range(len(left)):
        # Whoever covers an element of fewer sets covers the other one.
        columns = np.ascontiguousarray(left.T)
        left = columns[_without_larger(columns)].T
        largest = _without_smaller(left)
        if len(largest) == len(left):
            break
        left, set_inds = left[largest], set_inds[largest]
        if len(left) == left.shape[1] == np.count_nonzero(left):
            # one element a set
            break
    return left > 0, set_inds


def _without_larger(rows: np.ndarray) -> np.ndarray:
    """Indices of rows that have no other one inside; of equals the first."""
    order = rows.sum(axis=1).argsort(kind='stable')
    rows = rows[order]
    common = rows @ rows.T
    # Rows inside a row come before it, so the first is another or itself.
    first = (common == common.diagonal()).argmax(axis=1)
    return np.asarray(order[first == np.arange(len(rows))])


def _without_smaller(rows: np.ndarray) -> np.ndarray:
    """Indices of rows that are inside no other one; of equals the first."""
    order = (-rows.sum(axis=1)).argsort(kind='stable')
    rows = rows[order]
    common = rows @ rows.T
    # Rows around a row come before it, likewise.
    first = (common == common.diagonal()[:, None]).argmax(axis=1)
    return np.asarray(order[first == np.arange(len(rows))])


def _parts(holds: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Sets and elements of each part that shares nothing with the others."""
    parts = []
    left = np.ones(holds.shape[1], dtype=bool)
    for first in range(holds.shape[1]):
        if not left[first]:
            continue
        elements = np.zeros(holds.shape[1], dtype=bool)
        elements[first] = True
        # each turn but the last reaches another element
        for _ in range(holds.shape[1]):
            sets = np.asarray(holds[:, elements].any(axis=1))
            reached = np.asarray(holds[sets].any(axis=0))
            if (reached == elements).all():
                break
            elements = reached
        left &= ~elements
        parts.append((np.flatnonzero(sets), np.flatnonzero(elements)))
    return parts


class _Search:
    """Branch and bound over one part; sets of elements are bits of integers.

    Attributes:
        best: Indices of the fewest sets found.
        num_nodes: Branches looked at, one more than allowed if cut short.
    """

    def __init__(self, holds: np.ndarray, max_nodes: int) -> None:
        # Elements that few sets reach come first: they are branched on, and
        # they bound well.
        numbers = holds.astype(np.float32)
        reach = (numbers.T @ numbers > 0).sum(axis=1)
        holds = holds[:, np.lexsort((reach, holds.sum(axis=0)))]
        self.masks = to_bits(holds)
        self.sets_of = [np.flatnonzero(column).tolist() for column in holds.T]
        self.near = [self._union(sets) for sets in self.sets_of]
        self.max_nodes = max_nodes
        self.num_nodes = 0
        everything = self._union(range(len(holds)))
        self.best = self._take_greedily(everything)
        self._branch(everything, [])

    def _union(self, sets: Sequence[int]) -> int:
        union = 0
        for ind in sets:
            union |= self.masks[ind]
        return union

    def _take_greedily(self, missing: int) -> list[int]:
        taken = []
        while missing:  # the fullest set holds an element that is missing
            gains = [(mask & missing).bit_count() for mask in self.masks]
            best = gains.index(max(gains))
            taken.append(best)
            missing &= ~self.masks[best]
        return taken

    def _branch(self, missing: int, taken: list[int]) -> None:
        if not missing:
            # only smaller choices get this far
            self.best = list(taken)
            return
        self.num_nodes += 1
        if self.num_nodes > self.max_nodes:
            return
        # Elements no two of which are in one set take a set each.
        bound, rest = len(taken), missing
        for _ in range(len(self.best) - len(taken)):
            if not rest:
                break
            bound += 1
            rest &= ~self.near[(rest & -rest).bit_length() - 1]
        if rest or bound >= len(self.best):
            return
        first = (missing & -missing).bit_length() - 1
        options = sorted(
            self.sets_of[first],
            key=lambda ind: -(self.masks[ind] & missing).bit_count(),
        )
        for ind in options:
            self._branch(missing & ~self.masks[ind], [*taken, ind])
