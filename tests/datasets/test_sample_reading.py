import gc

import pytest
from torch.utils.data import DataLoader

from mmhcm.datasets import describe_fault
from mmhcm.datasets.sample_reading import SampleReader
from mmhcm.structures.pool import PoolError


@pytest.mark.parametrize(
    ('error', 'text'),
    [
        (ValueError('bad size'), 'a.png: bad size'),
        (OSError(2, 'gone', 'a.png'), "[Errno 2] gone: 'a.png'"),
        (AssertionError(), 'a.png: AssertionError'),
        (ValueError('two\n  lines '), 'a.png: two lines'),
    ],
)
def test_fault_names_the_image_in_one_line(error, text):
    assert describe_fault('a.png', error) == text


def get_data_info(ind):
    return {'img_path': f'{ind}.png'}


class Counts:
    """Objects that collections pass over, as seen by whoever asks."""

    def __init__(self):
        self.reader = SampleReader('image')
        self.made = []

    def __len__(self):
        return 3

    def __getitem__(self, ind):
        return self.reader.read(ind, get_data_info, self.run, int)

    def run(self, _):
        self.made.extend([] for _ in range(5000))
        return gc.get_freeze_count()


def test_workers_freeze_objects_from_before_the_fork():
    before = gc.get_freeze_count()
    counts = Counts()
    assert counts[0] <= before
    frozen = list(DataLoader(counts, batch_size=None, num_workers=1))
    assert min(frozen) > before
    # Once: what a worker makes itself is collected.
    assert max(frozen) - min(frozen) < 1000
    # Some of what was frozen before goes; nothing is added.
    assert gc.get_freeze_count() <= before


def test_a_sample_that_fails_gives_way_to_the_next():
    reader, asked = SampleReader('image'), []

    def run(info):
        asked.append(info['img_path'])
        if asked[-1] == '0.png':
            raise OSError(5, 'gone')
        return None if asked[-1] == '1.png' else info

    sample = reader.read(0, get_data_info, run, lambda ind: ind + 1)
    assert sample == {'img_path': '2.png'}
    assert asked == ['0.png', '1.png', '2.png']
    with pytest.raises(ValueError, match=r'100 samples .* the last: 0'):
        reader.read(0, get_data_info, run, lambda ind: ind)


def test_a_damaged_pool_ends_the_reading():
    def run(_):
        raise PoolError('patch 3 is damaged')

    with pytest.raises(PoolError, match='patch 3'):
        SampleReader('image').read(0, get_data_info, run, int)
