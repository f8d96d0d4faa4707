import gc

import pytest
from torch.utils.data import DataLoader

from mmhcm.datasets import describe_fault
from mmhcm.datasets.sample_reading import SharedHeap


@pytest.mark.parametrize(
    ('error', 'text'),
    [
        (ValueError('bad size'), 'a.png: bad size'),
        (OSError(2, 'gone', 'a.png'), "[Errno 2] gone: 'a.png'"),
        (AssertionError(), 'a.png: AssertionError'),
        (ValueError('two\n  lines '), 'a.png: two lines'),
    ],
)
def test_one_line_that_names_the_image(error, text):
    assert describe_fault('a.png', error) == text


class Counts:
    """Objects that collections pass over, as seen by whoever asks."""

    def __init__(self):
        self.heap = SharedHeap()
        self.made = []

    def __len__(self):
        return 3

    def __getitem__(self, ind):
        self.heap.keep()
        self.made.extend([] for _ in range(5000))
        return gc.get_freeze_count()


def test_workers_pass_over_what_they_were_forked_with():
    before = gc.get_freeze_count()
    counts = Counts()
    assert counts[0] <= before
    frozen = list(DataLoader(counts, batch_size=None, num_workers=1))
    assert min(frozen) > before
    # Once: what a worker makes itself is collected.
    assert max(frozen) - min(frozen) < 1000
    # Some of what was frozen before goes; nothing is added.
    assert gc.get_freeze_count() <= before
