"""Rows of numbers, parsed all at once where a text is plain and regular.

Nearly every file is: rows of equally many plain numbers, a comma between
them. What is not goes row by row elsewhere, where faults get their line.
"""

import warnings

import numpy as np

_PARTS_OF_NUMBERS = b'0123456789.-'
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
