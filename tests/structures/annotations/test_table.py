import os

import numpy as np
import pytest

from mmhcm.structures.annotations import (
    AnnotationTable,
    list_states,
    map_table,
    write_table,
)
from mmhcm.structures.annotations.uniform_rows import narrow


def table(rows):
    return AnnotationTable(
        names=['a.jpg', os.fsdecode(b'\xff.png'), 'käse\n.jpg'],
        faults=['no annotation for b.jpg'],
        notes=['1 box without area; the first: a.txt:1'],
        image_whs=np.array([[5, 4], [3, 2], [9, 9]], dtype=np.int32),
        offsets=np.array([0, len(rows), len(rows), len(rows)]),
        rows=rows,
    )


@pytest.mark.parametrize(
    ('highest', 'dtype'),
    [(7, np.int16), (40_000, np.int32), (2**40, np.float64)],
)
def test_tables_come_back_in_the_smallest_type(tmp_path, highest, dtype):
    rows = np.zeros((2, 8))
    rows[1, 2] = highest
    written = table(narrow(rows))
    write_table(tmp_path / 'a.bin', written, 'abc')
    again = map_table(tmp_path / 'a.bin', 'abc')
    assert again.rows.dtype == dtype
    np.testing.assert_array_equal(again.rows, rows)
    assert again.names == written.names
    assert again.faults == written.faults
    assert again.notes == written.notes
    np.testing.assert_array_equal(again.image_whs, written.image_whs)
    np.testing.assert_array_equal(again.offsets, written.offsets)
    assert map_table(tmp_path / 'a.bin', 'other') is None


def test_states_tell_edits(tmp_path):
    assert list_states(tmp_path / 'none') == []
    (tmp_path / 'b.txt').write_text('1')
    (tmp_path / 'a.txt').write_text('12')
    states = list_states(tmp_path)
    assert [state[:2] for state in states] == [['a.txt', 2], ['b.txt', 1]]
    os.utime(tmp_path / 'a.txt', ns=(0, 0))
    assert list_states(tmp_path) != states


def test_states_of_what_cannot_be_found(tmp_path):
    (tmp_path / 'b.txt').symlink_to(tmp_path / 'none' / 'b.txt')
    (tmp_path / 'a.txt').symlink_to('a.txt')
    states = list_states(tmp_path)
    assert states == [['a.txt', 0, 0], ['b.txt', 0, 0]]
    (tmp_path / 'none').mkdir()
    (tmp_path / 'none' / 'b.txt').write_text('1')
    assert list_states(tmp_path) != states
