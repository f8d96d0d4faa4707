import io
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mmhcm.functional.jpeg import (
    RESTART_OFFSET,
    crop_jpeg,
    find_restart_offsets,
    offset_index,
    read_layout,
    scan,
    units_around,
)
from mmhcm.functional.jpeg.layout import huffman_codes

FLAGS = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
SAMPLINGS = {
    '411': 0x411111,
    '420': 0x221111,
    '422': 0x211111,
    '440': 0x121111,
    '444': 0x111111,
}


def make_image(width, height, seed=0):
    """Noise on slopes: many coefficients, and means that move about."""
    rng = np.random.default_rng(seed)
    slopes = np.add.outer(np.arange(height) * 2, np.arange(width) * 3)
    noise = rng.integers(0, 90, (height, width, 3))
    return ((slopes[..., None] + noise) % 256).astype(np.uint8)


def encode(image, sampling='420', quality=85, **flags):
    names = {
        'progressive': cv2.IMWRITE_JPEG_PROGRESSIVE,
        'optimize': cv2.IMWRITE_JPEG_OPTIMIZE,
        'restart': cv2.IMWRITE_JPEG_RST_INTERVAL,
    }
    params = [cv2.IMWRITE_JPEG_QUALITY, quality]
    if image.ndim == 3:
        params += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, SAMPLINGS[sampling]]
    for name, value in flags.items():
        params += [names[name], int(value)]
    return cv2.imencode('.jpg', image, params)[1].tobytes()


def decode(content):
    return cv2.imdecode(np.frombuffer(content, np.uint8), FLAGS)


def decode_area(content, area, step=4):
    """Pixels of an area by way of a small JPEG; None where it has none."""
    layout = read_layout(content)
    offsets = find_restart_offsets(content, layout, step)
    units = units_around(layout, area, step)
    first = offset_index(layout, units[:2], step)
    last = offset_index(layout, (units[2], units[3] - 1), step)
    start, end = (int(offsets['bit'][ind]) for ind in (first, last))
    small = crop_jpeg(
        layout, offsets, units, step, content[start // 8 : (end + 7) // 8]
    )
    if small is None:
        return None
    left, top = units[0] * layout.mcu_wh[0], units[1] * layout.mcu_wh[1]
    x1, y1, x2, y2 = area
    return decode(small)[y1 - top : y2 - top, x1 - left : x2 - left]


@st.composite
def areas(draw, width, height):
    x1 = draw(st.integers(0, width - 1))
    y1 = draw(st.integers(0, height - 1))
    return (
        x1,
        y1,
        draw(st.integers(x1 + 1, width)),
        draw(st.integers(y1 + 1, height)),
    )


@given(
    data=st.data(),
    sampling=st.sampled_from(sorted(SAMPLINGS)),
    quality=st.sampled_from([30, 85, 100]),
    optimize=st.booleans(),
    step=st.integers(1, 5),
)
@settings(max_examples=120)
def test_areas_equal_the_whole_image(data, sampling, quality, optimize, step):
    width = data.draw(st.integers(1, 150))
    height = data.draw(st.integers(1, 90))
    image = make_image(width, height, seed=width)
    content = encode(image, sampling, quality, optimize=optimize)
    area = data.draw(areas(width, height))
    x1, y1, x2, y2 = area
    part = decode_area(content, area, step)
    if part is None:
        # Tables made for the file may lack a code; the common ones do not.
        assert optimize
        return
    np.testing.assert_array_equal(part, decode(content)[y1:y2, x1:x2])


@given(data=st.data())
@settings(max_examples=20)
def test_grey_files(data):
    content = encode(make_image(83, 61)[..., 0])
    x1, y1, x2, y2 = area = data.draw(areas(83, 61))
    np.testing.assert_array_equal(
        decode_area(content, area), decode(content)[y1:y2, x1:x2]
    )


TURNED = Image.Exif()
TURNED[0x0112] = 6  # by a quarter


@pytest.mark.parametrize('options', [{'exif': TURNED}, {'keep_rgb': True}])
def test_orientation_and_colours_are_left_alone(options):
    file = io.BytesIO()
    Image.fromarray(make_image(90, 70)).save(file, 'jpeg', **options)
    content = file.getvalue()
    assert b'Exif' not in read_layout(content).header
    np.testing.assert_array_equal(
        decode_area(content, (20, 30, 60, 55)),
        decode(content)[30:55, 20:60],
    )


@pytest.fixture
def uncompiled(monkeypatch):
    """Run the loop in Python, which does not widen single bytes itself."""

    def widened(walk):
        return lambda bits, *rest: walk(bits.astype(int), *rest)

    return lambda: monkeypatch.setattr(scan, 'compiled', widened)


@pytest.mark.parametrize('sampling', ['420', '444'])
def test_uncompiled_loop_gives_equal_offsets(sampling, uncompiled):
    content = encode(make_image(75, 50), sampling)
    layout = read_layout(content)
    offsets = find_restart_offsets(content, layout, 2)
    uncompiled()
    np.testing.assert_array_equal(
        find_restart_offsets(content, layout, 2), offsets
    )
    columns, rows = layout.grid_wh
    assert offsets.dtype == RESTART_OFFSET
    assert len(offsets) == rows * -(-columns // 2) + 1
    assert (np.diff(offsets['bit'].astype(int)) > 0).all()


def cmyk():
    file = io.BytesIO()
    Image.new('CMYK', (40, 30)).save(file, 'jpeg')
    return file.getvalue()


@pytest.mark.parametrize(
    'content',
    [
        b'',
        b'\xff\xd8',
        b'\xff\xd8\xff',
        b'\xff\xd8\xff\xd9',
        # segments that are well formed, yet no scan, or no frame before it
        b'\xff\xd8\xff\xfe\x00\x02\x00',
        b'\xff\xd8\xff\xda\x00\x02',
        encode(make_image(40, 30), progressive=True),
        encode(make_image(40, 30), restart=2),
        cv2.imencode('.png', make_image(40, 30))[1].tobytes(),
        cmyk(),
        encode(make_image(40, 30))[:200],
    ],
    ids=[
        'empty',
        'start',
        'half a marker',
        'nothing',
        'no scan',
        'no frame',
        'progressive',
        'restarts',
        'png',
        'cmyk',
        'cut header',
    ],
)
def test_other_files_have_no_layout(content):
    assert read_layout(content) is None


def test_filling_bytes_are_skipped():
    content = encode(make_image(40, 30))
    filled = content[:2] + b'\xff\xff' + content[2:]
    layout = read_layout(filled)
    assert layout is not None
    assert layout.scan_start == read_layout(content).scan_start + 2


@pytest.mark.parametrize('is_compiled', [True, False])
def test_damaged_data_have_no_marks(is_compiled, uncompiled):
    if not is_compiled:
        uncompiled()
    content = encode(make_image(200, 120))
    layout = read_layout(content)
    half = len(content) // 2
    rng = np.random.default_rng(0)
    for damaged in (
        content[:half],
        content[:half] + b'\xff\xd9',
        content[:-2],
        content[:half] + b'\xff\xd3' + content[half:],
        content[: layout.scan_start] + rng.bytes(999) + b'\xff\xd9',
    ):
        assert find_restart_offsets(damaged, layout, 4) is None


def test_mean_without_a_code_gives_no_part():
    # A grey image needs one code: that of no difference.
    content = encode(make_image(64, 48) * 0 + 200, optimize=True)
    layout = read_layout(content)
    offsets = find_restart_offsets(content, layout, 1)
    assert set(huffman_codes(layout.dc_tables[1])) == {0}
    units = (1, 1, 2, 2)
    start, end = (
        int(offsets['bit'][offset_index(layout, u, 1)])
        for u in [(1, 1), (2, 1)]
    )
    cut = content[start // 8 : (end + 7) // 8]
    changed = offsets.copy()
    changed['mean'][:, 1] = 5
    assert crop_jpeg(layout, changed, units, 1, cut) is None


def test_codes_of_a_table():
    table = bytes([0, 1, 1, *[0] * 13, 7, 9])
    assert huffman_codes(table) == {7: (0b00, 2), 9: (0b010, 3)}
    with pytest.raises(ValueError, match='too many codes'):
        huffman_codes(bytes([3, *[0] * 15, 1, 2, 3]))


def test_real_images(real_data):
    rng = np.random.default_rng(0)
    folder = real_data / 'visdrone' / 'VisDrone2019-DET-val' / 'images'
    for path in sorted(folder.glob('*.jpg'))[::12]:
        content = path.read_bytes()
        whole = decode(content)
        height, width = whole.shape[:2]
        for side in (64, 256, 512):
            x1 = int(rng.integers(0, width - side))
            y1 = int(rng.integers(0, height - side))
            area = (x1, y1, x1 + side, y1 + side)
            np.testing.assert_array_equal(
                decode_area(content, area),
                whole[y1 : y1 + side, x1 : x1 + side],
            )


def test_a_claimed_size_takes_no_memory(monkeypatch):
    """A header of 600 bytes may claim 4 billion pixels."""
    content = bytearray(encode(make_image(48, 32)))
    layout = read_layout(content)
    at = content.index(b'\xff\xc0') + 5
    content[at : at + 4] = b'\xff\xff\xff\xff'
    claimed = read_layout(bytes(content))
    assert (claimed.width, claimed.height) == (65535, 65535)
    sizes = []
    zeros = np.zeros
    monkeypatch.setattr(
        'numpy.zeros', lambda *a, **k: sizes.append(a) or zeros(*a, **k)
    )
    assert find_restart_offsets(bytes(content), claimed, 4) is None
    assert not sizes
    assert layout is not None


def test_damaged_data_are_not_read_behind_their_end(uncompiled):
    """In slow Python, that would be an IndexError; compiled, a crash."""
    uncompiled()
    content = encode(make_image(48, 32))
    layout = read_layout(content)
    for length in range(layout.scan_start + 1, len(content) - 8):
        # Codes of 16 bits, then the zeros behind the end: short codes.
        damaged = content[:length] + b'\xfe' * 6 + b'\xff\xd9'
        assert find_restart_offsets(damaged, layout, 4) is None


def test_units_of_more_blocks_than_may_be_have_no_layout():
    content = bytearray(encode(make_image(48, 32), sampling='444'))
    assert read_layout(bytes(content)) is not None
    at = content.index(b'\xff\xc0') + 10
    for component in range(3):
        content[at + 1 + 3 * component] = 0x22
    assert read_layout(bytes(content)) is None


def test_offsets_of_other_data_give_no_part():
    content = encode(make_image(48, 32))
    layout = read_layout(content)
    offsets = find_restart_offsets(content, layout, 4)
    rng = np.random.default_rng(0)
    for _ in range(200):
        other = offsets.copy()
        raw = other.view(np.uint8)
        raw[rng.integers(0, len(raw), 3)] = rng.integers(0, 256, 3)
        units = units_around(layout, (0, 0, 48, 32), 4)
        part = crop_jpeg(layout, other, units, 4, content)
        assert part is None or isinstance(part, bytes)


def test_tables_of_more_codes_than_fit_give_no_part():
    content = encode(make_image(48, 32))
    layout = read_layout(content)
    offsets = find_restart_offsets(content, layout, 4)
    units = units_around(layout, (0, 0, 48, 32), 4)
    table = bytes([3, *[0] * 15, 0, 1, 2])  # three codes of one bit
    broken = replace(layout, dc_tables=(table,) * len(layout.dc_tables))
    assert find_restart_offsets(content, broken, 4) is None
    assert crop_jpeg(broken, offsets, units, 4, content) is None
