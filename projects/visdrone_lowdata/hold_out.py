"""Make a data root whose val images are held-out scenes of the train images.

Choices between settings are made there, so that the real val images are
looked at once, when nothing is left to choose. Files are linked, not copied.
"""

import argparse
from collections import defaultdict
from pathlib import Path

#: VisDrone names its images <scene>_<...>.jpg.
SCENE_DIGITS = 7
#: One scene in so many is held out.
STEP = 4
#: Images of a held-out scene, evenly spaced: long scenes shall not dominate.
MAX_IMAGES = 3


def choose(names: list[str]) -> dict[str, list[str]]:
    """Split image names by scene.

    Args:
        names: File names.

    Returns:
        Those to train on, and those to test on.
    """
    scenes: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        scenes[name[:SCENE_DIGITS]].append(name)
    split: dict[str, list[str]] = {'train': [], 'val': []}
    for number, scene in enumerate(sorted(scenes)):
        images = scenes[scene]
        if number % STEP:
            split['train'].extend(images)
        else:
            num = min(MAX_IMAGES, len(images))
            split['val'].extend(
                images[(2 * index + 1) * len(images) // (2 * num)]
                for index in range(num)
            )
    return split


def main() -> None:
    """Link the images and annotations of both parts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('data_root', type=Path, help='holds the train split')
    parser.add_argument('out', type=Path, help='the data root to make')
    args = parser.parse_args()
    source = args.data_root.resolve() / 'VisDrone2019-DET-train'
    names = [path.name for path in (source / 'images').iterdir()]
    for part, images in choose(names).items():
        for name in images:
            for file in (
                Path('images', name),
                Path('annotations', name).with_suffix('.txt'),
            ):
                link = args.out / f'VisDrone2019-DET-{part}' / file
                link.parent.mkdir(parents=True, exist_ok=True)
                if not link.is_symlink():
                    link.symlink_to(source / file)
        print(f'{part}: {len(images)} images')


if __name__ == '__main__':
    main()
