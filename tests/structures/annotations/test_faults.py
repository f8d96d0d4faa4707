import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmhcm.structures.annotations import (
    note_odd_rows,
    read_annotation_files,
    read_what_can_be_read,
)
from mmhcm.structures.annotations.faults import (
    BEYOND,
    EMPTY,
    NO_AREA,
    OUTSIDE,
    TWICE,
)
from mmhcm.structures.fault_counter import FaultCounter

ROW = '1,2,3,4,1,5,0,0\n'


def read(tmp_path, *contents):
    paths = []
    for ind, content in enumerate(contents):
        paths.append(tmp_path / f'{ind}.txt')
        paths[-1].write_bytes(content.encode())
    counter = FaultCounter()
    return *read_what_can_be_read(paths, counter), counter.lines()


def test_good_files_are_read_as_always(tmp_path):
    rows, counts, lines = read(tmp_path, ROW, '', 2 * ROW)
    assert rows.shape == (3, 8)
    assert counts.tolist() == [1, 0, 2]
    assert lines == []
    again, _ = read_annotation_files(sorted(tmp_path.iterdir()))
    np.testing.assert_array_equal(rows, again)


def test_no_files():
    rows, counts = read_what_can_be_read([], FaultCounter())
    assert rows.shape == (0, 8)
    assert counts.tolist() == []


def test_faults_of_one_file_leave_the_others(tmp_path):
    rows, counts, lines = read(
        tmp_path,
        ROW,
        f'{ROW}1,2\n{ROW}nan,2,3,4,1,5,0,0',
        'x\n',
        '1,2,3,4,1,99,0,0\n',
        '\n \n',
    )
    assert counts.tolist() == [1, 2, -1, 1, 0]
    assert rows[:, 5].tolist() == [5, 5, 5, 11]
    assert [line.partition(';')[0] for line in lines] == [
        '3 rows that cannot be read',
        '1 annotation files that cannot be read',
        '1 rows of an unknown category',
    ]
    assert '1.txt:2: 2 columns, not 8' in lines[0]


@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 2),
            st.integers(-3, 12),
            st.integers(-3, 12),
            st.integers(0, 6),
            st.integers(0, 6),
        ),
        max_size=12,
    )
)
def test_irregular_rows_equal_a_slow_count(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp('rows')
    width, height = 10, 8
    files = [[row[1:] for row in rows if row[0] == ind] for ind in range(3)]
    paths = [folder / f'{ind}.txt' for ind in range(3)]
    for path, own in zip(paths, files, strict=True):
        path.write_text(
            ''.join('{},{},{},{},1,4,0,0\n'.format(*row) for row in own)
        )
    table, counts = read_annotation_files(paths)
    counter = FaultCounter()
    note_odd_rows(
        table, counts, np.array([[width, height]] * 3), paths, counter
    )
    expected = dict.fromkeys((EMPTY, NO_AREA, OUTSIDE, BEYOND, TWICE), 0)
    for own in files:
        expected[EMPTY] += not own
        for ind, row in enumerate(own):
            x, y, w, h = row
            expected[TWICE] += row in own[:ind]
            inside_w = min(x + w, width) - max(x, 0)
            inside_h = min(y + h, height) - max(y, 0)
            if w == 0 or h == 0:
                expected[NO_AREA] += 1
            elif inside_w <= 0 or inside_h <= 0:
                expected[OUTSIDE] += 1
            elif (inside_w, inside_h) != (w, h):
                expected[BEYOND] += 1
    found = dict.fromkeys(expected, 0)
    for line in counter.lines():
        count, kind = line.partition(';')[0].split(' ', 1)
        found[kind] = int(count)
    assert found == expected


@pytest.mark.parametrize('text', ['\n\n60,20,0,10,1,4,0,0\n', '﻿\r\n\r'])
def test_lines_are_those_of_the_file(tmp_path, text):
    path = tmp_path / 'a.txt'
    path.write_text(text + '60,20,0,10,1,4,0,0')
    rows, counts = read_annotation_files([path])
    counter = FaultCounter()
    note_odd_rows(rows, counts, np.array([[99, 99]]), [path], counter)
    assert 'a.txt:3 (' in counter.lines()[0]
