"""Random choice of pictures, and their files."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from mmhcm.structures.files import atomic_write
from mmhcm.visualization.pictures import contact_sheet

#: Bytes of a picture's name without its suffix; file systems allow 255.
_MAX_STEM = 200


def draw_indices(total: int, num: int, seed: int) -> np.ndarray:
    """Draw ``num`` different numbers below ``total``, ascending."""
    rng = np.random.default_rng(seed)
    return np.sort(rng.permutation(total)[:num])


def save_pictures(
    out_dir: Path,
    kind: str,
    inds: np.ndarray,
    picture: Callable[[int], tuple[str, np.ndarray]],
) -> list[Path]:
    """Write a picture for each index, and the contact sheet."""
    paths: list[Path] = []
    images = []
    stems: set[str] = set()
    for ind in tqdm(inds.tolist(), f'drawing {kind}', leave=False):
        name, image = picture(ind)
        stem = _short(f'{kind}_{name}', ind)
        if stem.lower() in stems:
            # Images in different folders can have equal names.
            stem = f'{stem}_{ind}'
        stems.add(stem.lower())
        paths.append(write_picture(out_dir / f'{stem}.png', image))
        images.append(image)
    sheet = contact_sheet(images)
    return [*paths, write_picture(out_dir / f'{kind}.jpg', sheet)]


def _short(stem: str, ind: int) -> str:
    """Shorten a stem to fit file systems; ``ind`` keeps the stem unique."""
    encoded = stem.encode(errors='surrogateescape')
    if len(encoded) <= _MAX_STEM:
        return stem
    # Drop a character whose bytes are cut in two.
    start = encoded[: _MAX_STEM - 20].decode(errors='ignore')
    return f'{start}_{ind}'


def write_picture(path: Path, picture: np.ndarray, *options: int) -> Path:
    """Write a picture atomically, in the format of the path's suffix.

    Args:
        path: The file.
        picture: uint8 (h, w, 3) BGR.
        *options: Options of ``cv2.imencode``.

    Returns:
        ``path``.
    """
    done, encoded = cv2.imencode(path.suffix, picture, options)
    assert done, f'OpenCV encodes every picture, but not {path}'
    with atomic_write(path) as file:
        file.write(encoded.tobytes())
    return path
