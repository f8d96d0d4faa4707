"""Reading all 6,471 training annotation files, and a start of the data set.

Input: the training set's annotation files (353,550 rows), unpacked. For the
data set as a whole each gets an image of its own: a PNG file of nothing but
its header, 2000 x 1500 pixels, since only sizes are read. Files are in the
system's cache from the second turn on.
"""

import tempfile
from functools import partial
from pathlib import Path

import numpy as np
from annotations import unpack_train
from PIL import Image
from timing import alternate, parse_data_root, ratio_line

from mmhcm.datasets import VisDroneDataset, dataset_boxes
from mmhcm.structures.annotations import (
    read_annotation_files,
    read_annotations,
)

NUM_HEADER_BYTES = 45


def read_by_loadtxt(paths: list[Path]) -> np.ndarray:
    """Read the files one by one, as an obvious program would."""
    return np.concatenate(
        [
            np.loadtxt(path, delimiter=',', usecols=range(8), ndmin=2)
            for path in paths
        ]
    )


def read_one_by_one(paths: list[Path]) -> np.ndarray:
    """Read the files one by one, as a program of ours may."""
    return np.concatenate([read_annotations(path) for path in paths])


def read_bytes(paths: list[Path]) -> int:
    """Read and throw away: the floor."""
    return sum(len(path.read_bytes()) for path in paths)


def write_images(root: Path) -> None:
    """Write the head of an image beside each annotation file."""
    (root / 'images').mkdir()
    image = root / 'image.png'
    Image.new('L', (2000, 1500)).save(image)
    head = image.read_bytes()[:NUM_HEADER_BYTES]
    for path in (root / 'annotations').iterdir():
        (root / 'images' / f'{path.stem}.png').write_bytes(head)


def main() -> None:
    """Print seconds of parsing, and of whole starts of the data set."""
    args = parse_data_root(__doc__)
    with tempfile.TemporaryDirectory() as folder:
        paths = unpack_train(args.data_root, Path(folder))
        np.testing.assert_array_equal(
            read_annotation_files(paths)[0], read_by_loadtxt(paths)
        )
        times = alternate(
            {
                'loadtxt': partial(read_by_loadtxt, paths),
                'one by one': partial(read_one_by_one, paths),
                'all at once': partial(read_annotation_files, paths),
                'floor': partial(read_bytes, paths),
            },
            turns=5,
        )
        for name in ('one by one', 'all at once', 'floor'):
            line = ratio_line(
                f'{len(paths)} files, {name}',
                times['loadtxt'],
                times[name],
                unit='s',
            )
            print(line)
        root = paths[0].parent.parent
        write_images(root)
        start = partial(
            VisDroneDataset,
            data_root=str(root),
            filter_cfg={'filter_empty_gt': True},
        )
        dataset = start()
        inds = range(0, len(dataset), 10)
        starts = alternate(
            {
                'start': start,
                'boxes': partial(dataset_boxes, dataset),
                'infos': lambda: [dataset.get_data_info(ind) for ind in inds],
            },
            turns=5,
        )
        per_info = starts['infos'].median / len(inds) * 1e6
        print(
            f'a start of the data set takes {starts["start"].median:.3f} s, '
            f'all boxes {starts["boxes"].median:.3f} s, a data info '
            f'{per_info:.0f} us'
        )


if __name__ == '__main__':
    main()
