"""Link a part of the training images, with or without held-out scenes.

Settings are chosen on held-out training scenes, so that the val images are
scored only once, after all choices. A few images of each scene make data
scarce without reducing the number of scenes.
"""

import argparse
from collections import defaultdict
from pathlib import Path

#: Digits of the scene in VisDrone's image names, <scene>_<...>.jpg.
SCENE_DIGITS = 7
#: Distance between held-out scenes, in the order of names.
STEP = 4
#: Images of a held-out scene; long scenes must not dominate the score.
MAX_HELD_OUT = 3


def spread(names: list[str], num: int) -> list[str]:
    """Choose ``num`` evenly spaced names, or all if there are fewer."""
    num = min(num, len(names))
    return [
        names[(2 * index + 1) * len(names) // (2 * num)]
        for index in range(num)
    ]


def choose(
    names: list[str], *, hold_out: bool, per_scene: int | None = None
) -> dict[str, list[str]]:
    """Choose training images and, with ``hold_out``, held-out images.

    Args:
        names: File names of the training images.
        hold_out: Hold out every fourth scene as 'val'.
        per_scene: Images of each training scene. None takes all.

    Returns:
        File names of 'train' and, with ``hold_out``, of 'val'.
    """
    scenes: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        scenes[name[:SCENE_DIGITS]].append(name)
    split: dict[str, list[str]] = {'train': []}
    if hold_out:
        split['val'] = []
    for number, scene in enumerate(sorted(scenes)):
        images = scenes[scene]
        if hold_out and number % STEP == 0:
            split['val'].extend(spread(images, MAX_HELD_OUT))
        else:
            split['train'].extend(spread(images, per_scene or len(images)))
    return split


def link(source: Path, out: Path, names: list[str]) -> None:
    """Link images and annotations of one split into another folder."""
    for name in names:
        for file in (
            Path('images', name),
            Path('annotations', name).with_suffix('.txt'),
        ):
            target = out / file
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.is_symlink():
                target.symlink_to(source / file)


def main() -> None:
    """Create the data root."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('data_root', type=Path, help='holds the train split')
    parser.add_argument('out', type=Path, help='the data root to make')
    parser.add_argument(
        '--hold-out',
        action='store_true',
        help='make the val split of held-out training scenes',
    )
    parser.add_argument(
        '--per-scene', type=int, help='images of each training scene'
    )
    args = parser.parse_args()
    root = args.data_root.resolve()
    train = root / 'VisDrone2019-DET-train'
    names = [path.name for path in (train / 'images').iterdir()]
    split = choose(names, hold_out=args.hold_out, per_scene=args.per_scene)
    for part, images in split.items():
        link(train, args.out / f'VisDrone2019-DET-{part}', images)
        print(f'{part}: {len(images)} images')
    if not args.hold_out:
        val = root / 'VisDrone2019-DET-val'
        images = [path.name for path in (val / 'images').iterdir()]
        link(val, args.out / val.name, images)
        print(f'val: {len(images)} images')


if __name__ == '__main__':
    main()
