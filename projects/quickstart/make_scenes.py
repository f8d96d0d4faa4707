"""Write the quickstart's data sets: rendered scenes in VisDrone's layout.

Example::

    python projects/quickstart/make_scenes.py --out data/quickstart

writes ``VisDrone2019-DET-{train,val}/{images,annotations}`` and, with top-down
images and oriented boxes, ``DOTA/{images,labelTxt}``. Images that an earlier
call with the same settings wrote are kept.
"""

import argparse
import json
import sys
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

# A script's own folder is on the path, the repository's root is not.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from mmhcm.cli.user_errors import report_user_errors
from mmhcm.structures.files import atomic_write
from projects.quickstart.scenes import render_scene
from projects.quickstart.topdown import (
    TOPDOWN_KINDS,
    TopdownObject,
    render_topdown,
)

# Increase VERSION whenever the pixels or rows of the same seed change.
VERSION = 1
_SPLITS = {'train': 0, 'val': 1, 'external': 2}  # part of the random key
_EMPTY_EVERY, _EMPTY_AT = 25, 7  # which images have no objects
_MANIFEST = 'scenes.json'


def make_scenes(
    out: str | Path,
    *,
    num_train: int = 120,
    num_val: int = 30,
    num_external: int = 12,
    seed: int = 0,
    image_wh: tuple[int, int] = (960, 540),
) -> int:
    """Write the sets under ``out``; return the number of new images.

    An image depends only on the seed, its set and its number, so a larger set
    begins with the images of a smaller set.

    Raises:
        ValueError: a count is negative, the size is too small, or ``out``
            contains scenes of other settings.
    """
    counts = {'train': num_train, 'val': num_val, 'external': num_external}
    named = {f'num_{split}': count for split, count in counts.items()}
    for name, value in {**named, 'seed': seed}.items():
        if value < 0:
            raise ValueError(f'{name} must not be negative, got {value}')
    if min(image_wh) < 64:
        raise ValueError(f'image_wh must be at least 64, got {image_wh}')
    root = Path(out)
    _check_manifest(root, {'seed': seed, 'image_wh': list(image_wh)})
    jobs = [(split, i) for split, n in counts.items() for i in range(n)]
    return sum(
        _write_one(root, split, index, seed, image_wh)
        for split, index in tqdm(jobs, 'Rendering scenes', unit='image')
    )


def _check_manifest(root: Path, settings: dict[str, object]) -> None:
    path, wanted = root / _MANIFEST, {'version': VERSION, **settings}
    if not path.exists():
        with atomic_write(path) as file:
            file.write(json.dumps(wanted, indent=2).encode() + b'\n')
        return
    try:
        found = json.loads(path.read_text())
    except ValueError as error:
        raise ValueError(f'{path}: not JSON ({error})') from error
    if found != wanted:
        raise ValueError(
            f'{path}: the scenes there were made with {found}, '
            f'not {wanted}; give another folder or remove that one'
        )


def _write_one(
    root: Path, split: str, index: int, seed: int, image_wh: tuple[int, int]
) -> bool:
    """Write one image and its annotations unless both files exist."""
    key = np.random.SeedSequence([seed, _SPLITS[split], index])
    rng = np.random.default_rng(key)
    if split == 'external':
        folder, stem = root / 'DOTA', f'P{index:04d}'
        image_path = folder / 'images' / f'{stem}.png'
        text_path = folder / 'labelTxt' / f'{stem}.txt'
    else:
        folder = root / f'VisDrone2019-DET-{split}'
        # VisDrone's names start with the number of the scene, and no scene
        # is in two sets.
        number = index + 1_000_000 * _SPLITS[split]
        stem = f'{number:07d}_00000_d_{number:07d}'
        image_path = folder / 'images' / f'{stem}.jpg'
        text_path = folder / 'annotations' / f'{stem}.txt'
    # The annotations are written last: if they exist, the image is whole.
    if image_path.exists() and text_path.exists():
        return False
    if split == 'external':
        kind = TOPDOWN_KINDS[index % len(TOPDOWN_KINDS)]
        image, objects = render_topdown(rng, kind)
        text = format_dota(objects)
    else:
        empty = index % _EMPTY_EVERY == _EMPTY_AT
        scene = render_scene(rng, image_wh, empty=empty)
        image, text = scene.image, format_visdrone(scene.rows)
    done, encoded = cv2.imencode(image_path.suffix, image)
    if not done:
        raise OSError(f'{image_path}: the image could not be encoded')
    for path, content in (
        (image_path, encoded.tobytes()),
        (text_path, text.encode()),
    ):
        with atomic_write(path) as file:
            file.write(content)
    return True


def format_visdrone(rows: np.ndarray) -> str:
    """Format rows (n, 8) as the text of a VisDrone annotation file."""
    return ''.join(','.join(map(str, row)) + '\n' for row in rows.tolist())


def format_dota(objects: list[TopdownObject]) -> str:
    """Format objects as the text of a DOTA ``labelTxt`` file."""
    lines = ['imagesource:rendered', 'gsd:0.125']
    for item in objects:
        corners = ' '.join(f'{value:.1f}' for value in item.polygon.ravel())
        lines.append(f'{corners} {item.name} {item.difficult}')
    return '\n'.join(lines) + '\n'


def _parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description='Render the quickstart data sets'
    )
    parser.add_argument('--out', required=True, help='folder to write to')
    for name, default, about in (
        ('--num-train', 120, 'training scenes'),
        ('--num-val', 30, 'other scenes'),
        ('--num-external', 12, 'top-down images'),
        ('--seed', 0, 'decides everything about an image'),
    ):
        parser.add_argument(name, type=int, default=default, help=about)
    parser.add_argument(
        '--image-wh', type=int, nargs=2, default=(960, 540), metavar='PIXELS'
    )
    return parser.parse_args()


def run(args: argparse.Namespace) -> int:
    """Write the sets."""
    args.image_wh = tuple(args.image_wh)
    num_new = make_scenes(**vars(args))
    total = args.num_train + args.num_val + args.num_external
    print(f'{num_new} new of {total} images under {args.out}')
    return 0


def main() -> int:
    """Run the command line; return the exit status."""
    args = _parse_args()
    return report_user_errors(lambda: run(args))


if __name__ == '__main__':
    sys.exit(main())
