import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mmhcm.structures.annotations import parse_number, split_rows, uniform_rows
from mmhcm.structures.annotations.uniform_rows import narrow, parse_uniform

PLAIN = st.one_of(
    st.integers(-(10**6), 10**6).map(str),
    st.integers(0, 10**20).map(str),
    st.floats(-1e4, 1e4).map(lambda value: f'{value:.5f}'),
)
ODD = st.one_of(
    PLAIN,
    st.sampled_from(['', '-', '.', '1.', '.5', '-.5', '1.2.3', '1-2', '--1']),
    st.sampled_from(['1e3', '+1', 'nan', 'inf', '0x1', ' 3', '1_0', '00']),
    st.sampled_from(['-0', '٣', '9' * 400]),
)


@pytest.fixture(autouse=True, params=[0, 1 << 14], ids=['large', 'small'])
def _size(request, monkeypatch):
    """Parse what is short as what is long too."""
    monkeypatch.setattr(uniform_rows, '_MIN_BYTES', request.param)


def slow_rows(text, num_columns):
    """Row by row with float; None where a row is no row of numbers."""
    rows = []
    for _, fields in split_rows(text):
        values = [parse_number(field) for field in fields]
        if len(values) != num_columns or not np.isfinite(values).all():
            return None
        rows.append(values)
    return np.array(rows, dtype=float).reshape(-1, num_columns)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.lists(ODD, min_size=1, max_size=4), max_size=5),
    st.sampled_from(['\n', '\r\n', ',\n', '\r', '\n\n', ',\r\n']),
    st.booleans(),
    st.integers(1, 4),
)
@example([['1', '2'], ['3', '4']], '\r', False, 2)
@example([['1', '']], ',\n', True, 1)
@example([['9' * 30]], '\n', True, 1)
@example([['0.5'], ['9' * 400]], '\n', True, 1)
@example([['1', '-', '3']], '\n', True, 3)
@example([['1', '-', '.5']], '\n', True, 3)
def test_what_is_parsed_at_once_is_what_float_reads(
    rows, line_end, closed, num_columns
):
    text = line_end.join(','.join(fields) for fields in rows)
    text += line_end * closed
    fast = parse_uniform(text.encode(), num_columns)
    if fast is not None:
        assert fast.dtype == np.float64
        np.testing.assert_array_equal(fast, slow_rows(text, num_columns))


ENDS = ['\n', '\r\n', ',\n', ',\r\n']


@settings(max_examples=400)
@given(
    st.text('12,', max_size=6),
    st.lists(st.text('12,\r', max_size=6), max_size=3),
    st.sampled_from(['', *ENDS]),
    st.sampled_from(ENDS),
    st.integers(1, 4),
)
@example('1,,3', [], ',\n', '\n', 3)
@example('1,,3', [], '\r3\n', '\n', 3)
def test_marks_that_are_out_of_place(first, others, end, last, num_columns):
    text = end.join([first, *others]) + last
    fast = parse_uniform(text.encode(), num_columns)
    if fast is not None:
        np.testing.assert_array_equal(fast, slow_rows(text, num_columns))


@settings(max_examples=100)
@given(
    st.integers(1, 8).flatmap(
        lambda num: st.lists(
            st.lists(st.integers(0, 10**9 - 1), min_size=num, max_size=num),
            min_size=1,
        )
    ),
    st.sampled_from(ENDS),
    st.booleans(),
)
def test_whole_numbers_take_the_fast_way(rows, line_end, zeros):
    form = '{:09d}' if zeros else '{}'
    text = ''.join(','.join(map(form.format, r)) + line_end for r in rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uniform_rows, '_MIN_BYTES', 0)
        patch.setattr(uniform_rows, '_numbers', None)
        fast = parse_uniform(text.encode(), len(rows[0]))
    assert fast.dtype == np.float64
    np.testing.assert_array_equal(fast, rows)


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 8).flatmap(
        lambda num: st.lists(st.lists(PLAIN, min_size=num, max_size=num))
    ),
    st.sampled_from(ENDS),
)
def test_plain_rows_are_parsed_at_once(rows, line_end):
    num_columns = len(rows[0]) if rows else 8
    text = ''.join(','.join(fields) + line_end for fields in rows)
    fast = parse_uniform(text.encode(), num_columns)
    whole = '.' not in text
    if whole and any(len(f) > 15 for fields in rows for f in fields):
        return
    np.testing.assert_array_equal(fast, slow_rows(text, num_columns))


@pytest.mark.parametrize('text', ['', '1,2\n3,4', '1,2,\r\n3,4,'])
def test_last_row_may_be_open(text):
    num = 2 if text else 0
    expected = np.arange(1, 5).reshape(2, 2)[:num]
    np.testing.assert_array_equal(parse_uniform(text.encode(), 2), expected)


@pytest.mark.parametrize('whole', ['9007199254740993', '9' * 31])
def test_numbers_beyond_doubles_are_left_to_float(whole):
    assert parse_uniform(f'{whole}\n'.encode(), 1) is None


@pytest.mark.parametrize('value', [0.5, -1e12, 2.0**31])
def test_what_no_integer_holds_stays(value):
    rows = np.full((1, 8), value)
    assert narrow(rows) is rows


def test_nothing_is_narrow():
    assert narrow(np.zeros((0, 8))).shape == (0, 8)
