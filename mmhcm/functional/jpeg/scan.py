"""Restart offsets: bit positions of image parts in a JPEG's coded data.

Huffman codes can only be read from the start of the data. To decode a
part of an image, a decoder has to walk through all bits before that part.
`find_restart_offsets` walks once and records an offset at every few coded
units; `mmhcm.functional.jpeg.crop` later starts at an offset. The walk is a
loop over symbols, compiled by Numba.
"""

from functools import lru_cache

import numpy as np

from mmhcm.functional.compiled import compiled

from .layout import JpegLayout, huffman_codes

#: Restart offset: its bit in the file, and the values that decoding from this
#: bit needs. The first block of each component codes its mean as a difference
#: to the previous block, which a decoder that starts here does not decode.
RESTART_OFFSET = np.dtype(
    [
        # Bits from the start of the file.
        ('bit', '<u4'),
        # Bits from ``bit`` to the first block of components 2 and 3.
        ('rel', '<u2', 2),
        # Mean of the first block of each component.
        ('mean', '<i2', 3),
        # Bits that code the difference of each component.
        ('skip', 'u1', 3),
    ]
)
_MAX_BYTES = 1 << 29
# A block takes at least two codes, one for its mean and one for its end, and
# at most 64 codes of 16 bits with 15 bits each: the largest number of bytes
# that are read after the end of damaged data.
_MIN_BLOCK_BITS = 2
_MAX_BLOCK_BYTES = 64 * 31 // 8 + 3


def find_restart_offsets(
    content: bytes, layout: JpegLayout, step: int
) -> np.ndarray | None:
    """Find restart offsets by a walk through the coded data of a JPEG.

    Args:
        content: Bytes of the file.
        layout: Layout of the file.
        step: Units between the offsets of a row; every row starts with an
            offset.

    Returns:
        RESTART_OFFSET (rows * offsets a row + 1,); the last offset is the end
        of the data. None for data that are damaged or not supported.

    Examples:
        >>> import cv2
        >>> image = np.zeros((48, 64, 3), dtype=np.uint8)
        >>> content = cv2.imencode('.jpg', image)[1].tobytes()
        >>> layout = read_layout(content)
        >>> offsets = find_restart_offsets(content, layout, step=2)
        >>> len(offsets)
        7
    """
    data = np.frombuffer(content, dtype=np.uint8)[layout.scan_start :]
    # The scan ends at the first marker; 0xFF 0x00 means a byte of 0xFF.
    after_ff = np.flatnonzero(data[:-1] == 0xFF) + 1
    ends = after_ff[data[after_ff] != 0]
    if len(content) >= _MAX_BYTES or not len(ends) or data[ends[0]] != 0xD9:
        return None
    end = int(ends[0]) - 1
    stuffed = after_ff[after_ff < end]
    bits = np.delete(data[:end], stuffed)
    num_bits = 8 * len(bits)
    columns, rows = layout.grid_wh
    if rows * columns * len(layout.blocks) * _MIN_BLOCK_BITS > num_bits:
        # A header may contain any size: check before memory is allocated.
        return None
    offsets = np.zeros(num_restart_offsets(layout, step), dtype=RESTART_OFFSET)
    try:
        tables = [
            np.stack([_lookup(table) for table in kind], dtype=np.int64)
            for kind in (layout.dc_tables, layout.ac_tables)
        ]
    except ValueError:  # more codes than fit
        return None
    fields = [
        np.zeros((len(offsets), *RESTART_OFFSET[name].shape), dtype=np.int64)
        for name in RESTART_OFFSET.names or ()
    ]
    at = compiled(_walk)(
        np.concatenate([bits, np.zeros(_MAX_BLOCK_BYTES, np.uint8)]),
        (rows, columns, step),
        _MAX_BLOCK_BYTES,
        np.array(layout.blocks),
        *tables,
        *fields,
    )
    # The rest is the padding of the last byte.
    if not num_bits - 8 < at <= num_bits:
        return None
    fields[0][-1] = at
    # Offsets in the file, where a byte of 0xFF takes two bytes.
    whole, rest = np.divmod(fields[0], 8)
    before = np.searchsorted(stuffed - 1 - np.arange(len(stuffed)), whole)
    fields[0] = (layout.scan_start + whole + before) * 8 + rest
    for name, values in zip(RESTART_OFFSET.names or (), fields, strict=True):
        offsets[name] = values
    return offsets


def num_restart_offsets(layout: JpegLayout, step: int) -> int:
    """Count the offsets of an image: of all rows, and one for the end.

    Examples:
        >>> import cv2
        >>> image = np.zeros((48, 64, 3), dtype=np.uint8)
        >>> content = cv2.imencode('.jpg', image)[1].tobytes()
        >>> num_restart_offsets(read_layout(content), step=2)
        7
    """
    columns, rows = layout.grid_wh
    return rows * -(-columns // step) + 1


@lru_cache(maxsize=16)
def _lookup(table: bytes) -> np.ndarray:
    """Tabulate length * 256 + symbol (65536,) by 16 bits; 0 for no code."""
    values = np.zeros(1 << 16, dtype=np.uint16)
    for symbol, (code, length) in huffman_codes(table).items():
        start = code << (16 - length)
        values[start : start + (1 << (16 - length))] = length * 256 + symbol
    return values


# One function, since compiled code calls no plain functions.
def _walk(  # noqa: C901
    bits: np.ndarray,
    grid: tuple[int, int, int],
    padding: int,
    blocks: np.ndarray,
    dc_lookup: np.ndarray,
    ac_lookup: np.ndarray,
    starts: np.ndarray,
    rel: np.ndarray,
    mean: np.ndarray,
    skip: np.ndarray,
) -> int:
    """Fill in the offsets; return the end in bits, -1 for damaged data."""
    rows, columns, step = grid
    end = (len(bits) - padding) * 8
    means = np.zeros(3, dtype=np.int64)
    at = 0
    offset = -1
    for _ in range(rows):
        for column in range(columns):
            is_offset = column % step == 0
            if is_offset:
                offset += 1
                starts[offset] = at
            last = -1
            for comp in blocks:
                block_at = at
                # Difference of the mean: its number of bits, then its bits.
                byte = at >> 3
                value = (
                    (bits[byte] << 16) | (bits[byte + 1] << 8) | bits[byte + 2]
                )
                entry = dc_lookup[comp, (value >> (8 - (at & 7))) & 0xFFFF]
                size = entry & 255
                if entry == 0 or size > 11:
                    return -1
                at += entry >> 8
                if size:
                    byte = at >> 3
                    value = (
                        (bits[byte] << 16)
                        | (bits[byte + 1] << 8)
                        | bits[byte + 2]
                    )
                    value = (value >> (24 - (at & 7) - size)) & (
                        (1 << size) - 1
                    )
                    if value < 1 << (size - 1):
                        value += 1 - (1 << size)
                    means[comp] += value
                    at += size
                if is_offset and comp != last:
                    if comp:
                        rel[offset, comp - 1] = block_at - starts[offset]
                    mean[offset, comp] = means[comp]
                    skip[offset, comp] = at - block_at
                last = comp
                # Other 63 coefficients: zeros to skip, bits to skip.
                k = 1
                while k < 64:
                    byte = at >> 3
                    value = (
                        (bits[byte] << 16)
                        | (bits[byte + 1] << 8)
                        | bits[byte + 2]
                    )
                    entry = ac_lookup[comp, (value >> (8 - (at & 7))) & 0xFFFF]
                    if entry == 0:
                        return -1
                    size = entry & 15
                    zeros = (entry >> 4) & 15
                    at += (entry >> 8) + size
                    if size == 0 and zeros != 15:
                        break
                    k += zeros + 1
                if k > 64 or at > end:
                    return -1
    return at
