import math
import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mmhcm.structures.annotations import (
    AnnotationError,
    format_results,
    parse_number,
    parse_results,
    read_annotation_files,
    read_annotations,
    split_rows,
    visdrone_txt,
)
from mmhcm.structures.annotations.visdrone_txt import (
    parse_annotations,
    read_results,
)


@pytest.mark.parametrize(
    ('text', 'boxes'),
    [
        ('', []),
        ('\n \r\n', []),
        ('1,2,3,4,1,5,0,0', [[1, 2, 3, 4]]),
        ('1,2,3,4,1,5,0,0,\n', [[1, 2, 3, 4]]),
        (
            '1,2,0,4,1,5,0,0\r\n\r\n9,8,7,0,0,11,0,0',
            [[1, 2, 0, 4], [9, 8, 7, 0]],
        ),
        (
            '\n1, 2, 3, 4, 1, 5, 0, 0 ,\r7,7,7,7,0,0,0,0\r',
            [[1, 2, 3, 4], [7] * 4],
        ),
    ],
    ids=['empty', 'blank', 'one', 'comma', 'crlf-zero-size', 'spaces-cr'],
)
def test_parse_annotations_reads_every_row(text, boxes):
    rows = parse_annotations(text)
    assert rows.shape == (len(boxes), 8)
    assert rows.dtype == np.float64
    np.testing.assert_array_equal(
        rows[:, :4], np.array(boxes, float).reshape(-1, 4)
    )


@pytest.mark.parametrize(
    ('row', 'fault'),
    [
        ('1,2,3,4,1,5,0', '7 columns'),
        ('1,2,3,4,1,5,0,0,0', '9 columns'),
        ('1 2 3 4 1 5 0 0', '1 columns'),
        ('1,2,x,4,1,5,0,0', 'bad number'),
        ('1,2,,4,1,5,0,0', 'bad number'),
        ('1,2,1_0,4,1,5,0,0', 'bad number'),
        ('1,2,١,4,1,5,0,0', 'bad number'),
        ('1,2,３,4,1,5,0,0', 'bad number'),
        ('1,2,nan,4,1,5,0,0', 'bad number'),
        ('1,inf,3,4,1,5,0,0', 'bad number'),
        ('1,2,-3,4,1,5,0,0', 'bad box'),
        ('1,2,3,4,1,12,0,0', 'bad category'),
        ('1,2,3,4,1,-1,0,0', 'bad category'),
        ('1,2,3,4,1,1.5,0,0', 'bad category'),
    ],
)
def test_parse_annotations_names_file_and_line(row, fault):
    with pytest.raises(AnnotationError, match=f'^a.txt:3: {fault}'):
        parse_annotations(f'1,2,3,4,1,5,0,0\n\n{row}\n', 'a.txt')


def test_read_annotations_rejects_binary_content(tmp_path):
    path = tmp_path / 'a.txt'
    path.write_bytes(b'\xff\xfe1,2')
    with pytest.raises(AnnotationError, match=r'a\.txt: not a UTF-8'):
        read_annotations(path)


def test_read_annotations_skips_a_byte_order_mark(tmp_path):
    path = tmp_path / 'a.txt'
    path.write_bytes(b'\xef\xbb\xbf1,2,3,4,1,5,0,0')
    assert read_annotations(path)[0, 0] == 1


@pytest.mark.parametrize('tail', ['', ',-1', ',-1,-1', ',-1,-1,', ','])
def test_parse_results_takes_six_to_eight_columns(tail, tmp_path):
    text = f'1.5,2,3,4,0.25,5{tail}\n'
    expected = [[1.5, 2, 3, 4, 0.25, 5]]
    np.testing.assert_array_equal(parse_results(text), expected)
    (tmp_path / 'a.txt').write_text(text)
    np.testing.assert_array_equal(read_results(tmp_path / 'a.txt'), expected)


@pytest.mark.parametrize(
    'row', ['1,2,3,4,5', '1,2,3,4,5,6,7,8,9', '1,2,3,4,nan,6']
)
def test_parse_results_names_file_and_line(row):
    with pytest.raises(AnnotationError, match=r'^b\.txt:1: '):
        parse_results(row, 'b.txt')


def test_format_results_writes_the_rows():
    text = format_results(
        np.array([[-5, 2, 10.004, 300], [1, 1, 2, 2], [3, 3, 3.004, 9]]),
        np.array([0.5, 0.7500049, 0.9]),
        np.array([0, 9, 3]),
        (100, 50),
    )
    assert text == (
        '1.00,1.00,1.00,1.00,0.75000,10,-1,-1\n'
        '0.00,2.00,10.00,48.00,0.50000,1,-1,-1\n'
    )


def test_format_results_without_rows_is_empty():
    empty = np.zeros((0, 4), np.float32)
    assert format_results(empty, np.zeros(0), np.zeros(0), (9, 9)) == ''


def test_format_results_keeps_order_of_ties_and_the_best():
    bboxes = np.tile([0.0, 0, 5, 5], (4, 1))
    text = format_results(
        bboxes,
        np.array([0.5, 0.9, 0.9, 0.1]),
        np.arange(4),
        (9, 9),
        max_dets=3,
    )
    assert parse_results(text)[:, 5].tolist() == [2, 3, 1]


@pytest.mark.parametrize(
    ('bboxes', 'scores', 'labels', 'fault'),
    [
        ([[0, 0, 1, np.nan]], [0.5], [1], 'NaN'),
        ([[0, 0, 1, 1]], [np.inf], [1], 'NaN'),
        ([[0, 0, 1, 1]], [0.5], [10], 'labels'),
        ([[0, 0, 1, 1]], [0.5], [-1], 'labels'),
        ([[0, 0, 1, 1]], [0.5, 0.4], [1], 'belong together'),
    ],
)
def test_format_results_rejects(bboxes, scores, labels, fault):
    with pytest.raises(ValueError, match=fault):
        format_results(
            np.array(bboxes), np.array(scores), np.array(labels), (9, 9)
        )


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 30))
def test_formatted_rows_lie_inside_and_descend(seed, num):
    rng = np.random.default_rng(seed)
    width, height = (int(v) for v in rng.integers(1, 300, 2))
    bboxes = rng.normal(100, 120, (num, 4)).astype(np.float32)
    rows = parse_results(
        format_results(
            bboxes,
            rng.random(num).astype(np.float32),
            rng.integers(0, 10, num),
            (width, height),
            max_dets=20,
        )
    )
    assert len(rows) <= 20
    assert (rows[:, :2] >= 0).all()
    assert (rows[:, 2:4] > 0).all()
    assert (rows[:, 0] + rows[:, 2] <= width + 1e-9).all()
    assert (rows[:, 1] + rows[:, 3] <= height + 1e-9).all()
    assert (np.diff(rows[:, 4]) <= 0).all()


@pytest.mark.parametrize('odd', ['', '\n\n', ' 1,2,3,4,1,5,0,0\n'])
def test_many_files(tmp_path, odd):
    rows = ['1,2,3,4,1,5,0,0', '6,7,8,9,0,11,1,2']
    texts = ['', '\n'.join(rows), ',\n'.join(rows), odd, rows[0] + ',\r\n']
    paths = [tmp_path / f'{ind}.txt' for ind in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, newline='')
    expected = [read_annotations(path) for path in paths]
    all_rows, counts = read_annotation_files(paths)
    assert counts.tolist() == [len(part) for part in expected]
    np.testing.assert_array_equal(all_rows, np.concatenate(expected))
    paths[3].write_text('1,2,3,4,1,5,0,0\n1,2,3,4,1,12,0,0\n')
    with pytest.raises(AnnotationError, match=r'3\.txt:2: bad category'):
        read_annotation_files(paths)
    assert read_annotation_files([])[0].shape == (0, 8)


NUMBERS = st.one_of(
    st.integers(-(10**6), 10**6).map(str),
    st.floats(-1e4, 1e4).map(lambda value: f'{value:.5f}'),
    st.sampled_from(['', '-', '.', '1.', '.5', '-.5', '1.2.3', '1-2', '--1']),
    st.sampled_from(['1e3', '+1', 'nan', 'inf', '0x1', ' 3', '1_0', '00']),
    st.sampled_from(['-0', '٣', '9' * 400, '9007199254740993', '"1"', '#1']),
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.lists(NUMBERS, min_size=1, max_size=3), max_size=5),
    st.sampled_from(['\n', '\r\n', ',\n', '\r', '\n\n', ',\r\n']),
    st.booleans(),
)
@example([['1', '2'], ['3', '4']], '\r', False)
@example([['1', '']], ',\n', True)
@example([['1'], [''], ['2']], ',\n', True)
@example([['0.5'], ['9' * 400]], '\n', True)
@example([['1', '2'], ['3']], '\n', True)
@example([['1'], [' '], ['2']], '\n', True)
@example([['1'], ['2\x0b'], ['\x0c3']], '\n', True)
def test_regular_rows_are_those_of_float(rows, line_end, closed):
    text = line_end.join(','.join(fields) for fields in rows)
    text += line_end * closed
    fast = visdrone_txt._parse_regular(text)
    expected = [
        [parse_number(field) for field in fields]
        for _, fields in split_rows(text)
    ]
    if fast is None:
        # Only what is at fault, odd or empty goes the slow way.
        is_plain = all(
            len(row) == len(rows[0]) and all(map(_is_plain, row))
            for row in rows
        )
        assert not rows or not is_plain
    else:
        assert fast.dtype == np.float64
        np.testing.assert_array_equal(fast, np.array(expected))


def _is_plain(field):
    return bool(re.fullmatch(r'-?\d+(\.\d+)?', field, re.ASCII)) and (
        math.isfinite(float(field))
    )


def test_missing_file_is_named(tmp_path):
    with pytest.raises(IsADirectoryError, match=tmp_path.name):
        read_annotation_files([tmp_path])
    with pytest.raises(FileNotFoundError, match=r'gone\.txt'):
        read_annotation_files([tmp_path / 'gone.txt'])
