import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmhcm.structures.annotations import AnnotationError
from mmhcm.structures.annotations.yolo_txt import YoloClassError, read_labels
from mmhcm.structures.fault_counter import FaultCounter

POLYGON = '0 0.1 0.2 0.5 0.2 0.5 0.6 0.3 0.9'


def write(folder, text):
    path = folder / 'a.txt'
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ('text', 'rows'),
    [
        ('', []),
        ('\n \r\n', []),
        ('1 0.5 0.5 0.2 0.4\n', [(1, (0.4, 0.3, 0.6, 0.7), 1)]),
        ('1.0 0.5 0.5 0.2 0.4', [(1, (0.4, 0.3, 0.6, 0.7), 1)]),
        (f'\n{POLYGON}\n', [(0, (0.1, 0.2, 0.5, 0.9), 2)]),
        ('0 0 0 1 0 1 1', [(0, (0, 0, 1, 1), 1)]),
    ],
    ids=['empty', 'blank', 'box', 'float class', 'polygon', 'triangle'],
)
def test_read_labels(tmp_path, text, rows):
    read = read_labels(write(tmp_path, text), 2)
    assert [(row.label, row.line) for row in read] == [
        (label, line) for label, _, line in rows
    ]
    for row, (_, bbox, _) in zip(read, rows, strict=True):
        np.testing.assert_allclose(row.bbox, bbox)


@pytest.mark.parametrize(
    ('row', 'message'),
    [
        ('0 0.5 0.5 0.2', 'got 4 columns'),
        ('0 0.5 0.5 0.2 0.4 0.9', 'got 6 columns'),
        ('boat 0.5 0.5 0.2 0.4', 'bad number'),
        ('0 nan 0.5 0.2 0.4', 'bad number'),
        ('0.5 0.5 0.5 0.2 0.4', 'bad number'),
        ('-1 0.5 0.5 0.2 0.4', 'bad number'),
        ('0 50 50 20 40', 'shares of the image'),
        (b'\xff\xfe', 'UTF-8'),
    ],
)
def test_bad_rows_are_errors_or_counted(tmp_path, row, message):
    path = write(tmp_path, row)
    with pytest.raises(AnnotationError, match=message) as error:
        read_labels(path, 2)
    assert str(path) in str(error.value)
    good = b'1 0.5 0.5 0.2 0.4\n'
    whole = good + (row if isinstance(row, bytes) else row.encode())
    counter = FaultCounter()
    read = read_labels(write(tmp_path, whole), 2, counter)
    assert message in counter.lines()[0]
    # A file that is no text is left out as a whole.
    assert read is None if b'\xff' in whole else len(read) == 1


def test_a_file_without_a_good_row_is_left_out(tmp_path):
    counter = FaultCounter()
    path = write(tmp_path, '0 1\n')
    assert read_labels(path, 2, counter) is None
    assert 'no row can be read' in counter.lines()[-1]


def test_an_absent_file_is_an_error_or_counted(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_labels(tmp_path / 'b.txt', 2)
    counter = FaultCounter()
    assert read_labels(tmp_path / 'b.txt', 2, counter) is None
    assert 'b.txt' in counter.lines()[0]


@pytest.mark.parametrize('counter', [None, FaultCounter()])
def test_a_class_beyond_the_classes_is_always_an_error(tmp_path, counter):
    path = write(tmp_path, '0 0.5 0.5 0.2 0.4\n2 0.5 0.5 0.2 0.4\n')
    with pytest.raises(YoloClassError, match=r'a.txt:2: class 2, .* 2 `clas'):
        read_labels(path, 2, counter)


shares = st.floats(0, 1)


@given(st.lists(st.tuples(shares, shares), min_size=3, max_size=8))
def test_the_box_of_a_polygon_holds_its_points(tmp_path_factory, points):
    text = '0 ' + ' '.join(f'{x!r} {y!r}' for x, y in points)
    path = write(tmp_path_factory.getbasetemp(), text)
    ((_, (x1, y1, x2, y2), _),) = read_labels(path, 1)
    xs, ys = zip(*points, strict=True)
    assert (x1, y1, x2, y2) == (min(xs), min(ys), max(xs), max(ys))
