"""Write the quickstart's data sets: rendered scenes in VisDrone's layout.

Example::

    python projects/quickstart/make_scenes.py --out data/quickstart

gives ``VisDrone2019-DET-{train,val}/{images,annotations}`` and, from above
and with oriented boxes, ``DOTA/{images,labelTxt}``. Images that an earlier
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

from mmhcm.structures.files import atomic_write
from projects.quickstart.scenes import render_scene
from projects.quickstart.topdown import (
    TOPDOWN_KINDS,
    TopdownObject,
    render_topdown,
)

# Raise it whenever the same seed gives other pixels or rows than before.
VERSION = 1
_SPLITS = {'train': 0, 'val': 1, 'external': 2}  # part of the random key
_EMPTY_EVERY, _EMPTY_AT = 25, 7  # which images have no objects
_MANIFEST = 'scenes.json'


def make_scenes(
    out_dir: str | Path,
    *,
    num_train: int = 120,
    num_val: int = 30,
    num_external: int = 12,
    seed: int = 0,
    image_wh: tuple[int, int] = (960, 540),
) -> int:
    """Write the sets under ``out_dir``; returns how many images were new.

    An image depends on the seed, its set and its number alone, so a larger
    set begins with the images of a smaller one.

    Raises:
        ValueError: a count is negative, the size is too small, or
            ``out_dir`` holds other settings' scenes.
    """
    for name, value in (
        ('num_train', num_train),
        ('num_val', num_val),
        ('num_external', num_external),
        ('seed', seed),
    ):
        if value < 0:
            raise ValueError(f'{name} must not be negative, got {value}')
    if min(image_wh) < 64:
        raise ValueError(f'image_wh must be at least 64, got {image_wh}')
    root = Path(out_dir)
    _check_manifest(root, {'seed': seed, 'image_wh': list(image_wh)})
    counts = {'train': num_train, 'val': num_val, 'external': num_external}
    jobs = [(split, i) for split, n in counts.items() for i in range(n)]
    num_new = 0
    for split, index in tqdm(jobs, desc='Rendering scenes', unit='image'):
        num_new += _write_one(root, split, index, seed, image_wh)
    return num_new


def _check_manifest(root: Path, settings: dict[str, object]) -> None:
    path, wanted = root / _MANIFEST, {'version': VERSION, **settings}
    if path.exists():
        try:
            found = json.loads(path.read_text())
        except ValueError as error:
            raise ValueError(f'{path}: not JSON ({error})') from error
        if found != wanted:
            raise ValueError(
                f'{path}: the scenes there were made with {found}, '
                f'not {wanted}; give another folder or remove that one'
            )
        return
    with atomic_write(path) as file:
        file.write(json.dumps(wanted, indent=2).encode() + b'\n')


def _write_one(
    root: Path,
    split: str,
    index: int,
    seed: int,
    image_wh: tuple[int, int],
) -> bool:
    """Write one image and its annotations unless they are there already."""
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
    # The annotations are written last: where they are, the image is whole.
    if image_path.exists() and text_path.exists():
        return False
    key = np.random.SeedSequence([seed, _SPLITS[split], index])
    rng = np.random.default_rng(key)
    if split == 'external':
        kind = TOPDOWN_KINDS[index % len(TOPDOWN_KINDS)]
        image, objects = render_topdown(rng, kind)
        text = format_dota(objects)
    else:
        empty = index % _EMPTY_EVERY == _EMPTY_AT
        scene = render_scene(rng, image_wh, empty=empty)
        image, text = scene.image, format_visdrone(scene.rows)
    _write_image(image_path, image)
    with atomic_write(text_path) as file:
        file.write(text.encode())
    return True


def _write_image(path: Path, image: np.ndarray) -> None:
    done, encoded = cv2.imencode(path.suffix, image)
    if not done:
        raise OSError(f'{path}: the image could not be encoded')
    with atomic_write(path) as file:
        file.write(encoded.tobytes())


def format_visdrone(rows: np.ndarray) -> str:
    """Rows (n, 8) as the text of a VisDrone annotation file."""
    return ''.join(','.join(map(str, row)) + '\n' for row in rows.tolist())


def format_dota(objects: list[TopdownObject]) -> str:
    """Objects as the text of a DOTA ``labelTxt`` file."""
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
    parser.add_argument('--num-train', type=int, default=120)
    parser.add_argument('--num-val', type=int, default=30)
    parser.add_argument(
        '--num-external', type=int, default=12, help='top-down images'
    )
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--image-wh',
        type=int,
        nargs=2,
        default=(960, 540),
        metavar=('WIDTH', 'HEIGHT'),
    )
    return parser.parse_args()


def main() -> int:
    """Run the command line; returns the exit status."""
    args = _parse_args()
    try:
        num_new = make_scenes(
            args.out,
            num_train=args.num_train,
            num_val=args.num_val,
            num_external=args.num_external,
            seed=args.seed,
            image_wh=tuple(args.image_wh),
        )
    except (ValueError, OSError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    total = args.num_train + args.num_val + args.num_external
    print(f'{num_new} new of {total} images under {args.out}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
