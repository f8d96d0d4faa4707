"""Cropping of a JPEG to a window, without decoding.

The coded data of the rows that the window touches are cut out at restart
offsets and joined, with a restart between rows. Away from the cut sides, a
decoder gives the same pixels for the cropped file as for the whole file: the
coefficients are the same, and a margin keeps the neighbours that the
upsampling of colours reads.
"""

from functools import lru_cache

import numpy as np

from .layout import JpegLayout, huffman_codes
from .scan import RESTART_OFFSET

#: Margin in pixels of the image. Up to a factor of 2, upsampling reads the
#: neighbours of a pixel of colour, each of which is 2 pixels of the image.
_MARGIN = 2


def units_around(
    layout: JpegLayout, area: tuple[int, int, int, int], step: int
) -> tuple[int, int, int, int]:
    """Find the units x1, y1, x2, y2 to decode for exact pixels of an area.

    Args:
        layout: Layout of the file.
        area: x1, y1, x2, y2, whole pixels inside the image.
        step: Units between the offsets of a row.

    Examples:
        >>> import cv2
        >>> image = np.zeros((48, 64, 3), dtype=np.uint8)
        >>> content = cv2.imencode('.jpg', image)[1].tobytes()
        >>> layout = read_layout(content)
        >>> units_around(layout, (20, 20, 30, 30), step=2)
        (0, 1, 2, 2)
    """
    width, height = layout.mcu_wh
    columns, rows = layout.grid_wh
    margin = _MARGIN if layout.max_factor > 1 else 0
    x1, y1, x2, y2 = map(int, area)
    return (
        max(x1 - margin, 0) // (width * step) * step,
        max(y1 - margin, 0) // height,
        min(-(-(x2 + margin) // (width * step)) * step, columns),
        min(-(-(y2 + margin) // height), rows),
    )


def offset_index(layout: JpegLayout, unit: tuple[int, int], step: int) -> int:
    """Return the index of the offset at unit (x, y).

    The position after a row has the offset of the next row.

    Examples:
        >>> import cv2
        >>> image = np.zeros((48, 64, 3), dtype=np.uint8)
        >>> content = cv2.imencode('.jpg', image)[1].tobytes()
        >>> offset_index(read_layout(content), (2, 1), step=2)
        3
    """
    x, y = unit
    columns = layout.grid_wh[0]
    return y * -(-columns // step) + -(-x // step)


def crop_jpeg(
    layout: JpegLayout,
    offsets: np.ndarray,
    units: tuple[int, int, int, int],
    step: int,
    data: bytes,
) -> bytes | None:
    """Cut a small JPEG out of the coded data.

    Args:
        layout: Layout of the whole file.
        offsets: Offsets of the whole file, RESTART_OFFSET (n,).
        units: x1, y1, x2, y2 from `units_around`.
        step: Units between the offsets of a row.
        data: Bytes of the file, from the byte of the first unit's first bit to
            the byte of the last unit's last bit.

    Returns:
        A JPEG of the units' pixels, cut at the image's sides; None if a
        Huffman table is invalid or has no code for a mean, or if the offsets
        do not match the data.

    Examples:
        >>> import cv2
        >>> image = np.zeros((48, 64, 3), dtype=np.uint8)
        >>> content = cv2.imencode('.jpg', image)[1].tobytes()
        >>> layout = read_layout(content)
        >>> offsets = find_restart_offsets(content, layout, step=2)
        >>> units = units_around(layout, (0, 0, 20, 10), step=2)
        >>> data = content[layout.scan_start :]
        >>> part = crop_jpeg(layout, offsets, units, 2, data)
        >>> cv2.imdecode(np.frombuffer(part, np.uint8), 1).shape
        (16, 32, 3)
    """
    x1, y1, x2, y2 = units
    firsts = offsets[
        [offset_index(layout, (x1, y), step) for y in range(y1, y2)]
    ]
    ends = offsets['bit'][
        [offset_index(layout, (x2, y), step) for y in range(y1, y2)]
    ].tolist()
    start = int(firsts['bit'][0]) >> 3
    num_comps = layout.blocks[-1] + 1
    try:
        codes = [_mean_codes(table) for table in layout.dc_tables]
    except ValueError:
        return None
    header = bytearray(layout.header)
    width, height = layout.mcu_wh
    sizes = (
        min(y2 * height, layout.height) - y1 * height,
        min(x2 * width, layout.width) - x1 * width,
    )
    for at, value in zip((0, 2), sizes, strict=True):
        header[layout.size_at + at : layout.size_at + at + 2] = value.to_bytes(
            2, 'big'
        )
    parts = [
        bytes(header),
        b'\xff\xdd\x00\x04' + (x2 - x1).to_bytes(2, 'big'),
        layout.scan,
    ]
    fields = (firsts[name].tolist() for name in RESTART_OFFSET.names or ())
    rows = zip(*fields, ends, strict=True)
    for number, (bit, rel, mean, skip, end) in enumerate(rows):
        coded = data[(bit >> 3) - start : ((end + 7) >> 3) - start]
        try:
            row_codes = [codes[comp][mean[comp]] for comp in range(num_comps)]
            restarted = _restarted(
                coded, bit & 7, end, (0, *rel), skip, row_codes
            )
        except (KeyError, ValueError):
            return None
        if number:
            parts.append(b'\xff' + bytes([0xD0 + (number - 1) % 8]))
        parts.append(restarted)
    parts.append(b'\xff\xd9')
    return b''.join(parts)


def _restarted(
    coded: bytes,
    lead: int,
    end: int,
    rel: tuple[int, ...],
    skip: list[int],
    codes: list[tuple[int, int]],
) -> bytes:
    """Code a row with absolute means, from the start of a byte.

    Args:
        coded: Bytes of the file that contain the row.
        lead: Bits before the row in the first byte.
        end: Bit of the file at which the row ends.
        rel: Bits from the start of the row to each component's first block.
        skip: Bits of each component's difference.
        codes: Replacement of each difference: code and length in bits.
    """
    # In the data, a 0 after a byte of 0xFF means that the byte is no marker.
    # Python's integers are used as strings of bits.
    plain = coded.replace(b'\xff\x00', b'\xff')
    num = 8 * len(plain) - (-end & 7)
    bits = int.from_bytes(plain, 'big') >> (-end & 7)
    out, length, at = 0, 0, lead
    for comp, (code, code_length) in enumerate(codes):
        start = lead + rel[comp]
        between = (bits >> (num - start)) & ((1 << (start - at)) - 1)
        out = (out << (start - at) | between) << code_length | code
        length += start - at + code_length
        at = start + skip[comp]
    rest = num - at
    padding = -(length + rest) & 7
    out = (out << rest | bits & ((1 << rest) - 1)) << padding
    out |= (1 << padding) - 1
    return out.to_bytes((length + rest + padding) // 8, 'big').replace(
        b'\xff', b'\xff\x00'
    )


class _MeanCodes(dict[int, tuple[int, int]]):
    """Code and length in bits of each mean, coded without a predecessor."""

    def __init__(self, table: bytes) -> None:
        super().__init__()
        self.sizes = huffman_codes(table)

    def __missing__(self, mean: int) -> tuple[int, int]:
        size = abs(mean).bit_length()
        code, length = self.sizes[size]
        low = mean if mean >= 0 else mean + (1 << size) - 1
        self[mean] = code << size | low, length + size
        return self[mean]


@lru_cache(maxsize=64)
def _mean_codes(table: bytes) -> _MeanCodes:
    return _MeanCodes(table)
