import numpy as np

from mmhcm.datasets import chip_finding as chip_index
from mmhcm.datasets.chip_finding import (
    ChipIndex,
    read_chip_index,
    write_chip_index,
)
from mmhcm.structures.files import write_arrays


def make_index(num):
    return ChipIndex(
        image_inds=np.arange(num),
        windows=np.arange(num * 4, dtype=np.float32).reshape(num, 4),
        scale_inds=np.ones(num, dtype=np.int64),
        num_excluded=np.array(3),
    )


def test_absent_and_stale(tmp_path, monkeypatch):
    path = tmp_path / 'chips.bin'
    assert read_chip_index(path, 'abc') is None
    write_chip_index(path, make_index(2), 'abc')
    assert read_chip_index(path, 'abd') is None
    monkeypatch.setattr(chip_index, 'VERSION', chip_index.VERSION + 1)
    assert read_chip_index(path, 'abc') is None


def test_lengths_must_agree(tmp_path):
    path = tmp_path / 'chips.bin'
    index = make_index(3)
    wrong = ChipIndex(
        index.image_inds[:2],
        index.windows,
        index.scale_inds,
        index.num_excluded,
    )
    write_chip_index(path, wrong, 'abc')
    assert read_chip_index(path, 'abc') is None


def test_other_fields_are_no_index(tmp_path):
    path = tmp_path / 'chips.bin'
    write_arrays(path, f'chips {chip_index.VERSION}', 'abc', {'a': np.ones(1)})
    assert read_chip_index(path, 'abc') is None
