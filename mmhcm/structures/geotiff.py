"""TIFF files of any size, read part by part through rasterio."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from .files import one_line
from .images import ImageError

if TYPE_CHECKING:
    from rasterio import DatasetReader

TIFF_SUFFIXES = ('.tif', '.tiff')
#: Tags of GeoTIFF: pixel size, affine transform, coordinate system.
_GEO_TAGS = {33550, 34264, 34735}
#: Size of GDAL's cache of decoded blocks; GDAL's default is a twentieth of the
#: memory.
_CACHE_MB = 256
_NUM_BYTES = {'uint8': 1, 'uint16': 2}


def has_rasterio() -> bool:
    """Check if rasterio is installed."""
    return find_spec('rasterio') is not None


def has_geo_tags(path: str | Path) -> bool:
    """Check if a TIFF file has tags of a map position, without rasterio.

    False for a file that Pillow cannot read.
    """
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        with Image.open(path) as image:
            return not _GEO_TAGS.isdisjoint(getattr(image, 'tag_v2', ()))
    # Damaged headers make Pillow's readers fail in many ways.
    except Exception:
        return False
    finally:
        Image.MAX_IMAGE_PIXELS = limit


class GeoTiff:
    """TIFF file that is sliced like an array: ``image[0:640, 0:640]``.

    Pixels are uint8 (h, w, 3) BGR, as in OpenCV. The bands are those
    interpreted as red, green and blue, otherwise the first three bands. A
    single band is repeated, a palette is applied, and 16-bit values are
    reduced to their upper eight bits. Only the requested part is read.

    Args:
        path: The file.

    Raises:
        ImageError: rasterio cannot read the file as a TIFF, or its values are
            not unsigned integers of 8 or 16 bits.
    """

    def __init__(self, path: str | Path) -> None:
        import rasterio
        from rasterio.errors import NotGeoreferencedWarning

        self.path = str(path)
        with warnings.catch_warnings(), self._reading():
            warnings.simplefilter('ignore', NotGeoreferencedWarning)
            self._file: DatasetReader = rasterio.open(path, driver='GTiff')
        self._kinds = [kind.name for kind in self._file.colorinterp]
        self._check_values()

    def __enter__(self) -> 'GeoTiff':
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        return self._file.height, self._file.width, 3

    @property
    def is_referenced(self) -> bool:
        """True if the file records its position on a map."""
        return self._file.crs is not None or not (
            self._file.transform.is_identity
        )

    @property
    def crs(self) -> str | None:
        """Coordinate system, 'EPSG:32633' or as WKT; None if unknown."""
        crs = self._file.crs
        if crs is None:
            return None
        authority = crs.to_authority()
        return ':'.join(authority) if authority else crs.to_wkt()

    def __getitem__(self, rows_columns: tuple[slice, slice]) -> np.ndarray:
        """Read a part of the image, uint8 (h, w, 3) BGR.

        Args:
            rows_columns: Slices with a step of 1.
        """
        window = tuple(
            part.indices(length)[:2]
            for part, length in zip(rows_columns, self.shape, strict=False)
        )
        return self._read(window=window)

    def shrunk(self, max_side: int) -> np.ndarray:
        """Read the image with a long side of at most ``max_side`` pixels.

        Pixels are averaged; with a palette, the most frequent colour is used.
        """
        from rasterio.enums import Resampling

        factor = min(1, max_side / max(self.shape))
        height, width = (
            max(round(length * factor), 1) for length in self.shape[:2]
        )
        # GDAL's default, the nearest pixel, decodes a tile for each row.
        method = 'mode' if self._kinds[0] == 'palette' else 'average'
        return self._read(
            out_shape=(height, width), resampling=Resampling[method]
        )

    def to_map(self, xy: np.ndarray) -> np.ndarray:
        """Convert points (n, 2) from pixels to map coordinates, float64."""
        x, y = np.asarray(xy, dtype=np.float64).T
        a, b, c, d, e, f = tuple(self._file.transform)[:6]
        return np.stack([a * x + b * y + c, d * x + e * y + f], axis=1)

    def _check_values(self) -> None:
        dtype = self._file.dtypes[0]
        if dtype not in _NUM_BYTES:
            raise ImageError(
                f'{self.path}: its values are {dtype}, not 8 or 16 bits '
                'without a sign; convert it with `gdal_translate -ot Byte '
                '-scale`'
            )
        if 'cyan' in self._kinds:
            raise ImageError(f'{self.path}: CMYK, not red, green and blue')

    def _bands(self) -> list[int]:
        """List the bands of blue, green and red, or a grey band, from 1."""
        colors = ('blue', 'green', 'red')
        if all(color in self._kinds for color in colors):
            return [self._kinds.index(color) + 1 for color in colors]
        return [3, 2, 1] if self._file.count >= 3 else [1]

    def _read(self, **part: Any) -> np.ndarray:
        bands = self._bands()
        if 'out_shape' in part:
            part['out_shape'] = (len(bands), *part['out_shape'])
        with self._reading():
            pixels = self._file.read(bands, **part)
        if self._kinds[0] == 'palette':
            pixels = self._palette()[pixels[0]].transpose(2, 0, 1)
        elif pixels.dtype == np.uint16:
            pixels = (pixels >> 8).astype(np.uint8)
        if len(pixels) == 1:
            pixels = np.repeat(pixels, 3, axis=0)
        return np.ascontiguousarray(pixels.transpose(1, 2, 0))

    def _palette(self) -> np.ndarray:
        """Look up the colours, uint8 (2^bits, 3) BGR."""
        size = 256 ** _NUM_BYTES[self._file.dtypes[0]]
        table = np.zeros((size, 3), dtype=np.uint8)
        for value, (red, green, blue, _) in self._file.colormap(1).items():
            table[value] = blue, green, red
        return table

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Bound the memory of GDAL, and name the file in errors."""
        import rasterio
        from rasterio.errors import RasterioError

        try:
            with rasterio.Env(GDAL_CACHEMAX=_CACHE_MB):
                yield
        except (RasterioError, OSError, MemoryError) as error:
            reason = one_line(error).removeprefix(f'{self.path}: ')
            raise ImageError(f'{self.path}: {reason}') from error
