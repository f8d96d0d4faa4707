"""Rows of numbers, parsed all at once where a text is plain and regular.

Nearly every file is: rows of equally many plain numbers, a comma between
them. What is not goes row by row elsewhere, where faults get their line.
"""

import warnings

import numpy as np

_PARTS_OF_NUMBERS = b'0123456789.-'
_ROW_ENDS = (b'\n', b'\r\n', b',\n', b',\r\n')
# So many digits fit into int32.
_MAX_DIGITS = 9
# Below, what a call takes at least outweighs what it saves a number.
_MIN_BYTES = 1 << 14
# Whole numbers up to here are exact as float64; larger ones may not even fit.
_MAX_WHOLE = 1 << 53


def parse_uniform(content: bytes, num_columns: int) -> np.ndarray | None:
    """Parse a text in which every row has ``num_columns`` numbers.

    Numbers are digits, with a point and a sign at most; rows may end with a
    comma and with either line end. The values are those of ``float``.

    Args:
        content: The text; may be empty.
        num_columns: Numbers a row, at least 1.

    Returns:
        float64 (n, num_columns), or None where the text is anything else:
        blank lines, spaces, exponents, other columns, no numbers.
    """
    if len(content) >= _MIN_BYTES:
        whole = _parse_whole(content, num_columns)
        if whole is not None:
            return whole.astype(np.float64)
    if content.count(b'\r') != content.count(b'\r\n'):
        return None
    text = content.translate(None, b'\r')
    if text and not text.endswith(b'\n'):
        text += b'\n'
    row = b',' * (num_columns - 1) + b'\n'
    separators = text.translate(None, _PARTS_OF_NUMBERS)
    num_rows = text.count(b'\n')
    if separators != row * num_rows:
        # a comma at the end of a row is no field
        text = text.replace(b',\n', b'\n')
        separators = text.translate(None, _PARTS_OF_NUMBERS)
        if separators != row * num_rows:
            return None
    if not num_rows:
        return np.zeros((0, num_columns))
    values = _numbers(text.replace(b'\n', b','))
    # fewer, where a field is empty or no number
    if values is None or len(values) != num_rows * num_columns:
        return None
    return values.reshape(num_rows, num_columns)


def _parse_whole(content: bytes, num_columns: int) -> np.ndarray | None:
    """Parse rows of short whole numbers that all end alike.

    Twice as fast as numbers of any kind: digits are added up by their places,
    those of all numbers at once.

    Returns:
        int32 (n, num_columns), or None where the text is anything else.
    """
    text = np.frombuffer(content, dtype=np.uint8)
    # All that comes before the digits, commas and line ends among it.
    at = np.flatnonzero(text < ord('0'))
    first_row = content[: content.find(b'\n') + 1]
    num_marks = int(np.searchsorted(at, len(first_row)))
    if not num_marks or len(at) % num_marks or text.max() > ord('9'):
        return None
    marks_at = at.reshape(-1, num_marks)
    marks = text[marks_at]
    row_end = marks[0, num_columns - 1 :].tobytes()
    if (
        not content.endswith(b'\n')
        or marks[0, : num_columns - 1].tobytes() != b',' * (num_columns - 1)
        or row_end not in _ROW_ENDS
        or (marks != marks[0]).any()
        # Nothing stands between the marks of a row's end.
        or (np.diff(marks_at[:, num_columns - 1 :], axis=1) != 1).any()
    ):
        return None
    # Numbers lie between the mark in front of them and their own.
    ends = marks_at[:, :num_columns]
    starts = np.empty_like(ends)
    starts[:, 1:] = ends[:, :-1]
    starts[0, 0] = -1
    starts[1:, 0] = marks_at[:-1, -1]
    lengths = (ends - starts - 1).reshape(-1)
    if lengths.min() < 1 or lengths.max() > _MAX_DIGITS:
        return None
    last = ends.reshape(-1) - 1
    digits = text - np.uint8(ord('0'))
    values = digits[last].astype(np.int32)
    longer = np.arange(len(values))
    for place in range(1, int(lengths.max())):
        longer = longer[lengths[longer] > place]
        # Before the product: NumPy 1 would keep it in one byte.
        digit = digits[last[longer] - place].astype(np.int32)
        values[longer] += digit * 10**place
    return values.reshape(-1, num_columns)


def narrow(rows: np.ndarray) -> np.ndarray:
    """Return ``rows`` as the smallest integers that are equal, if any."""
    low, high = rows.min(initial=0), rows.max(initial=0)
    for dtype in (np.int16, np.int32):
        limits = np.iinfo(dtype)
        if limits.min <= low and high <= limits.max:
            small = rows.astype(dtype)
            if np.array_equal(small, rows):
                return small
    return rows


def _numbers(fields: bytes) -> np.ndarray | None:
    """Numbers up to a fault, each followed by a comma; None at a fault."""
    # A sign alone would be read as the whole number 0.
    are_whole = b'.' not in fields and b'-' not in fields
    try:
        with warnings.catch_warnings():
            # NumPy warns where it stops early and is to raise some day
            warnings.simplefilter('error', DeprecationWarning)
            values = np.fromstring(
                fields, dtype=np.int64 if are_whole else np.float64, sep=','
            )
    except (DeprecationWarning, ValueError):
        return None
    limit = _MAX_WHOLE if are_whole else np.finfo(np.float64).max
    if np.abs(values).max(initial=0) > limit:
        return None
    return values.astype(np.float64, copy=False)
