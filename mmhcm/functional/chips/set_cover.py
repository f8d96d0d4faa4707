"""Exact minimum set cover, within a limit of effort."""

from collections.abc import Sequence

import numpy as np


def smallest_cover(
    holds: np.ndarray, max_nodes: int
) -> tuple[np.ndarray, bool]:
    """Choose the fewest sets such that each element is in one of them.

    1. An element is removed if it is in all sets that hold some other element.
       A set is removed if another set holds all of its elements. Both steps
       are repeated until nothing changes.
    2. The rest is split into parts that share no set and no element. Each part
       is solved by branch and bound, starting from the greedy choice.

    Args:
        holds: bool (c, n), True where a set holds an element; each element
            is in at least one set.
        max_nodes: Maximum number of branches in the search of one part. If the
            search is cut short, the best choice so far is taken.

    Returns:
        int64 (m,) ascending indices of sets, and True if the choice is proven
        to be the smallest.
    """
    if not holds.size:
        return np.zeros(0, dtype=np.int64), True
    core, set_inds = _reduce(holds)
    # Sets reduced to one element are always needed.
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
    """Pack rows of booleans (k, n) into integers, first column lowest bit."""
    packed = np.packbits(rows, axis=1, bitorder='little')
    return [int.from_bytes(row.tobytes(), 'little') for row in packed]


def _reduce(holds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Remove redundant sets and elements.

    Returns:
        bool (c', n'), the rest of ``holds``, and int64 (c',) indices of the
        remaining sets.
    """
    # products of float32 are fast, and exact for counts
    left = holds.astype(np.float32)
    set_inds = np.arange(len(left))
    # each iteration except the last removes a set
    for _ in range(len(left)):
        # An element in all sets of another element is covered with the other.
        columns = np.ascontiguousarray(left.T)
        left = columns[_without_larger(columns)].T
        largest = _without_smaller(left)
        if len(largest) == len(left):
            break
        left, set_inds = left[largest], set_inds[largest]
        if len(left) == left.shape[1] == np.count_nonzero(left):
            # one element per set
            break
    return left > 0, set_inds


def _without_larger(rows: np.ndarray) -> np.ndarray:
    """Find rows that contain no other row; of equal rows, the first."""
    order = rows.sum(axis=1).argsort(kind='stable')
    rows = rows[order]
    common = rows @ rows.T
    # Rows inside a row come before it.
    first = (common == common.diagonal()).argmax(axis=1)
    return np.asarray(order[first == np.arange(len(rows))])


def _without_smaller(rows: np.ndarray) -> np.ndarray:
    """Find rows that no other row contains; of equal rows, the first."""
    order = (-rows.sum(axis=1)).argsort(kind='stable')
    rows = rows[order]
    common = rows @ rows.T
    # Rows that contain a row come before it.
    first = (common == common.diagonal()[:, None]).argmax(axis=1)
    return np.asarray(order[first == np.arange(len(rows))])


def _parts(holds: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Split sets and elements into parts that share nothing."""
    parts = []
    left = np.ones(holds.shape[1], dtype=bool)
    for first in range(holds.shape[1]):
        if not left[first]:
            continue
        elements = np.zeros(holds.shape[1], dtype=bool)
        elements[first] = True
        # each iteration except the last reaches another element
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
    """Branch-and-bound search of one part; sets are integers, elements bits.

    Attributes:
        best: Indices of the smallest cover found.
        num_nodes: Branches visited; more than allowed if cut short.
    """

    def __init__(self, holds: np.ndarray, max_nodes: int) -> None:
        # Elements of few sets come first: branching on them prunes best.
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
        while missing:  # the fullest set holds a missing element
            gains = [(mask & missing).bit_count() for mask in self.masks]
            best = gains.index(max(gains))
            taken.append(best)
            missing &= ~self.masks[best]
        return taken

    def _branch(self, missing: int, taken: list[int]) -> None:
        if not missing:
            # no larger cover reaches this line
            self.best = list(taken)
            return
        self.num_nodes += 1
        if self.num_nodes > self.max_nodes:
            return
        # Lower bound: elements that share no set need one set each.
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
