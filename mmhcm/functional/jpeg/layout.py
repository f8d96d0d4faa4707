"""Layout of a JPEG file, for cutting windows out of it.

Only sequential Huffman files of one scan are supported, the format of cameras
and drones. Other files give None and must be decoded as a whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

_SOF0, _SOF1, _DHT, _SOI, _SOS = 0xC0, 0xC1, 0xC4, 0xD8, 0xDA
_EOI, _DQT, _DRI, _APP0, _APP14 = 0xD9, 0xDB, 0xDD, 0xE0, 0xEE
#: Segments that pixels depend on; orientation, thumbnails and comments are
#: left out.
_KEPT = {_SOF0, _SOF1, _DHT, _DQT, _APP0, _APP14}
#: Largest number of blocks in a coded unit, by the standard.
_MAX_BLOCKS = 10


@dataclass(frozen=True)
class JpegLayout:
    """Sequential Huffman JPEG of one scan without restarts.

    Attributes:
        width: Width of the image, pixels.
        height: Height of the image, pixels.
        mcu_wh: Width and height in pixels of a minimum coded unit.
        max_factor: Largest subsampling, along x or y.
        blocks: Component of each block of a unit, in coded order.
        dc_tables: Huffman table of each component's means: 16 counts, symbols.
        ac_tables: Huffman table of each component's other coefficients.
        header: Segments that decoding needs, up to the start of scan.
        size_at: Offset in ``header`` of height and width, 2 bytes each.
        scan: Segment that starts the scan.
        scan_start: Offset in the file of the coded data.
    """

    width: int
    height: int
    mcu_wh: tuple[int, int]
    max_factor: int
    blocks: tuple[int, ...]
    dc_tables: tuple[bytes, ...]
    ac_tables: tuple[bytes, ...]
    header: bytes
    size_at: int
    scan: bytes
    scan_start: int

    @property
    def grid_wh(self) -> tuple[int, int]:
        """Return the units in a row and the rows of units."""
        return -(-self.width // self.mcu_wh[0]), -(
            -self.height // self.mcu_wh[1]
        )


def read_layout(content: bytes) -> JpegLayout | None:
    """Parse the segments before the coded data.

    Args:
        content: Bytes of the file, at least up to the coded data.

    Returns:
        The layout; None for unsupported files: other formats, progressive and
        arithmetic coding, restarts, several scans, four components.

    Examples:
        >>> import cv2
        >>> image = np.zeros((48, 64, 3), dtype=np.uint8)
        >>> content = cv2.imencode('.jpg', image)[1].tobytes()
        >>> layout = read_layout(content)
        >>> layout.mcu_wh, layout.grid_wh
        ((16, 16), (4, 3))
        >>> read_layout(b'not a JPEG file') is None
        True
    """
    try:
        return _read_layout(content)
    except (IndexError, KeyError, ValueError):
        return None


def is_cut_short(content: bytes) -> bool:
    """Check if a JPEG file ends before its last scan does.

    Only markers are read; damaged coded data are not detected. The result is
    False for other formats, and for files whose segments are invalid.

    Examples:
        >>> import cv2
        >>> image = np.zeros((48, 64, 3), dtype=np.uint8)
        >>> content = cv2.imencode('.jpg', image)[1].tobytes()
        >>> is_cut_short(content), is_cut_short(content[:-10])
        (False, True)
    """
    if content[:2] != bytes([0xFF, _SOI]):
        return False
    data = np.frombuffer(content, dtype=np.uint8)
    after = np.flatnonzero(data[:-1] == 0xFF) + 1
    # In coded data, 0 after FF means a byte FF, and D0 to D7 are restarts.
    codes = data[after]
    is_marker = (codes != 0) & (codes != 0xFF) & (codes >> 3 != 0xD0 >> 3)
    markers = after[is_marker] - 1
    at = 2
    while at + 1 < len(data):
        marker = data[at + 1]
        if data[at] != 0xFF or marker == _EOI:
            return False
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        at += 2 + int.from_bytes(content[at + 2 : at + 4], 'big')
        if marker == _SOS:
            place = int(np.searchsorted(markers, at))
            at = int(markers[place]) if place < len(markers) else len(data)
    return True


def _read_layout(content: bytes) -> JpegLayout | None:
    if content[:2] != bytes([0xFF, _SOI]):
        return None
    header, frame, size_at = bytearray(content[:2]), None, 0
    tables: dict[int, bytes] = {}
    for marker, at, end in _segments(content):
        body = content[at + 4 : end]
        if marker == _SOS:
            if frame is None or end > len(content):
                return None
            parts = (bytes(header), size_at, content[at:end], end)
            return _layout(frame, body, tables, parts)
        if marker in (_SOF0, _SOF1):
            frame, size_at = body, len(header) + 5
        elif marker == _DHT:
            tables.update(_huffman_tables(body))
        elif marker == _DRI and any(body):
            return None
        if marker in _KEPT:
            header += content[at:end]
        elif marker != _DRI and not 0xE0 <= marker <= 0xFE:
            return None
    return None


def _segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and end of each segment."""
    at = 2
    while content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        end = at + 2 + int.from_bytes(content[at + 2 : at + 4], 'big')
        yield marker, at, end
        at = end


def _layout(
    frame: bytes,
    scan: bytes,
    tables: dict[int, bytes],
    parts: tuple[bytes, int, bytes, int],
) -> JpegLayout | None:
    precision, num = frame[0], frame[5]
    height = int.from_bytes(frame[1:3], 'big')
    width = int.from_bytes(frame[3:5], 'big')
    ids = [frame[6 + 3 * i] for i in range(num)]
    factors = [
        (frame[7 + 3 * i] >> 4, frame[7 + 3 * i] & 15) for i in range(num)
    ]
    # All components in one scan, in the order of the frame, sequentially.
    in_scan = [scan[1 + 2 * i] for i in range(scan[0])]
    if (
        precision != 8
        or num not in (1, 3)
        or in_scan != ids
        or scan[1 + 2 * num : 4 + 2 * num] != bytes([0, 63, 0])
        or not width
        or not height
        or any(not 1 <= v <= 4 for factor in factors for v in factor)
    ):
        return None
    if num > 1 and sum(h * v for h, v in factors) > _MAX_BLOCKS:
        return None
    if num == 1:
        # One component alone is coded block by block, whatever its factors.
        factors = [(1, 1)]
    h_max, v_max = (max(values) for values in zip(*factors, strict=True))
    selectors = [scan[2 + 2 * i] for i in range(num)]
    header, size_at, scan_segment, scan_start = parts
    return JpegLayout(
        width=width,
        height=height,
        mcu_wh=(8 * h_max, 8 * v_max),
        max_factor=max(h_max, v_max),
        blocks=tuple(
            comp for comp, (h, v) in enumerate(factors) for _ in range(h * v)
        ),
        dc_tables=tuple(tables[selector >> 4] for selector in selectors),
        ac_tables=tuple(
            tables[16 + (selector & 15)] for selector in selectors
        ),
        header=header,
        size_at=size_at,
        scan=scan_segment,
        scan_start=scan_start,
    )


def _huffman_tables(body: bytes) -> dict[int, bytes]:
    """Split a segment into tables by class (0 DC, 16 AC) plus number."""
    tables, at = {}, 0
    while at < len(body):
        end = at + 17 + sum(body[at + 1 : at + 17])
        if end > len(body):
            raise ValueError('a Huffman table is cut')
        tables[body[at]] = body[at + 1 : end]
        at = end
    return tables


def huffman_codes(table: bytes) -> dict[int, tuple[int, int]]:
    """Return the code and its length in bits of each symbol.

    Raises:
        ValueError: If the table has more codes than fit.
    """
    codes, code, at = {}, 0, 16
    for length in range(1, 17):
        for symbol in table[at : at + table[length - 1]]:
            if code >> length:
                raise ValueError('a Huffman table has too many codes')
            codes[symbol] = code, length
            code += 1
        at += table[length - 1]
        code <<= 1
    return codes
