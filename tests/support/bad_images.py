"""Images of every kind, good and broken, for tests of bad input."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

WH = (160, 120)
HUGE_SIDE = 20_000
_EXIF_ORIENTATION, _QUARTER_TURN = 0x0112, 6

#: Objects of each image, the last one clear of all windows but the coarse.
ROWS = [
    (6, 8, 20, 14, 1, 4, 0, 0),
    (60, 20, 12, 12, 1, 1, 0, 0),
    (100, 70, 30, 24, 1, 9, 0, 0),
]


def picture(seed: int = 0) -> np.ndarray:
    """Noise with flat objects, BGR."""
    rng = np.random.default_rng(seed)
    image = rng.integers(80, 120, (WH[1], WH[0], 3)).astype(np.uint8)
    for ind, (x, y, w, h, *_) in enumerate(ROWS):
        image[y : y + h, x : x + w] = (40 * ind, 200, 255 - 60 * ind)
    return image


def write_good(path: Path, seed: int = 0) -> Path:
    """Write a common JPEG; return its path."""
    path = path.with_suffix('.jpg')
    cv2.imwrite(str(path), picture(seed))
    return path


def write_cut(path: Path, *flags: int, keep: float = 0.5) -> None:
    """Write the first part of a JPEG."""
    content = cv2.imencode('.jpg', picture(), list(flags))[1].tobytes()
    end = int(len(content) * keep)
    path.with_suffix('.jpg').write_bytes(content[:end])


def write_rotated(path: Path) -> None:
    """Write a JPEG that viewers show turned by a quarter."""
    exif = Image.Exif()
    exif[_EXIF_ORIENTATION] = _QUARTER_TURN
    image = Image.fromarray(picture()[..., ::-1])
    image.save(path.with_suffix('.jpg'), exif=exif)


def write_cmyk(path: Path) -> None:
    """Write a JPEG of four inks."""
    image = Image.fromarray(picture()[..., ::-1]).convert('CMYK')
    image.save(path.with_suffix('.jpg'))


def write_other_size(path: Path) -> None:
    """Write a smaller JPEG."""
    cv2.imwrite(str(path.with_suffix('.jpg')), picture()[:90, :110])


def _writer(suffix: str, *flags: int) -> Callable[[Path], object]:
    def write(path: Path) -> None:
        image = picture()
        if suffix == '16.png':
            image = image.astype(np.uint16) * 256 + 77
        elif suffix == 'alpha.png':
            image = cv2.merge([*cv2.split(image), image[..., 0]])
        elif suffix.startswith('grey'):
            image = image[..., 1]
        ending = '.' + suffix.rpartition('.')[2]
        cv2.imwrite(str(path.with_suffix(ending)), image, list(flags))

    return write


#: What is used as it is.
USED = {
    'CMYK JPEG': write_cmyk,
    'grayscale JPEG': _writer('grey.jpg'),
    'grayscale PNG': _writer('grey.png'),
    '16-bit PNG': _writer('16.png'),
    'PNG with alpha': _writer('alpha.png'),
    'image turned by EXIF': write_rotated,
    'progressive JPEG': _writer('jpg', cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    'JPEG with restarts': _writer('jpg', cv2.IMWRITE_JPEG_RST_INTERVAL, 1),
}

#: What no image comes of, seen when a data set is loaded.
UNREADABLE = {
    'empty image file': lambda path: path.with_suffix('.jpg').write_bytes(b''),
    'image file of something else': lambda path: path.with_suffix(
        '.jpg'
    ).write_text('<html>not found</html>'),
    'directory named like an image': lambda path: path.with_suffix(
        '.jpg'
    ).mkdir(),
    'link to nothing': lambda path: path.with_suffix('.jpg').symlink_to(
        path.with_name('nothing')
    ),
}

#: What shows when pixels are read.
BROKEN = {
    'truncated JPEG': write_cut,
    'truncated progressive JPEG': lambda path: write_cut(
        path, cv2.IMWRITE_JPEG_PROGRESSIVE, 1
    ),
    'JPEG without its last byte': lambda path: write_cut(path, keep=0.9999),
    'truncated PNG': lambda path: path.with_suffix('.png').write_bytes(
        cv2.imencode('.png', picture())[1].tobytes()[:2000]
    ),
}

#: What happens to a good image after the data set was loaded.
LATER = {
    'image that has gone': lambda path: path.with_suffix('.jpg').unlink(),
    'image exchanged for one of another size': write_other_size,
}


def write_huge_jpeg(path: Path) -> None:
    """Write a grey JPEG of 20,000 x 20,000 pixels, of 5 MB.

    Every block is the same, six bits: no change of the mean, no more.
    """
    grey = np.full((8, 8), 128, np.uint8)
    content = cv2.imencode('.jpg', grey)[1].tobytes()
    frame = content.index(b'\xff\xc0')
    scan = content.index(b'\xff\xda')
    header = bytearray(content[: scan + 2 + content[scan + 3]])
    header[frame + 5 : frame + 9] = 2 * HUGE_SIDE.to_bytes(2, 'big')
    num_blocks = (HUGE_SIDE // 8) ** 2
    coded = bytes([0b00101000, 0b10100010, 0b10001010])
    path.write_bytes(header + coded * (num_blocks // 4) + b'\xff\xd9')
