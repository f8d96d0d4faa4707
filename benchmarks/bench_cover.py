"""Chip covers: one scale against SNIPER, all scales against the minimum.

One scale: all objects of VisDrone2019-DET-val whose sqrt(area) is below 80
pixels and that fit in the window. SNIPER's window is 512 pixels at scale 3;
our window is 170 source pixels (slightly less than SNIPER's 170.67), with a
stride of 57 / 3 = 19.
All scales: the three scales of configs/_base_/datasets/visdrone_chips.py and
all 6,471 annotation files of the training set; an image's size is the extent
of its rows. SciPy's HiGHS computes the exact minimum for 200 images, drawn
with seed 0.
"""

import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import port_sniper
from annotations import Image, learned_boxes, reach, read_val, unpack_train
from scipy import optimize, sparse
from timing import alternate, parse_data_root, ratio_line, time_once

from mmhcm.functional.boxes import contains
from mmhcm.functional.chips import ChipScale, generate_chips, valid_objects
from mmhcm.structures.annotations import read_annotation_files

INF = float('inf')
ONE = [ChipScale(170, (0, INF), 19)]
ALL = [
    ChipScale(256, (0, 40), 28),
    ChipScale(512, (28, 85), 56),
    ChipScale(1024, (56, INF), 112),
]
NUM_SAMPLED = 200


def cover_all(images: list[Image], scales: list[ChipScale]) -> int:
    """Cover all images; return the number of windows."""
    return sum(len(generate_chips(*image, scales).windows) for image in images)


def cover_by_peer(images: list[Image]) -> int:
    """Cover all images with SNIPER's method; return the number of windows."""
    return sum(len(port_sniper.generate(*image)) for image in images)


def left_by_peer(images: list[Image]) -> int:
    """Count the objects that no window of the peer contains."""
    missed = 0
    for bboxes, image_wh in images:
        windows = port_sniper.generate(bboxes, image_wh)
        held = contains(windows, bboxes * 3).any(axis=0)
        missed += int(np.count_nonzero(~held))
    return missed


def find_minimum(image: Image, scales: list[ChipScale]) -> int:
    """Find the fewest windows over all scales by integer programming."""
    bboxes, image_wh = image
    valid = valid_objects(bboxes, image_wh, scales)
    hulls = np.hstack([np.floor(bboxes[:, :2]), np.ceil(bboxes[:, 2:])])
    hulls = np.clip(hulls, 0, [*image_wh, *image_wh])
    held = [np.zeros((0, len(bboxes)), dtype=bool)]
    for ind, scale in enumerate([*scales, ChipScale(None, (0, INF))]):
        own = hulls[valid[:, ind]]
        wh = np.array(scale.window_wh(image_wh))
        # some optimal window starts at edges of objects on both axes
        limits = np.array(image_wh) - wh
        lefts, tops = (
            np.unique(np.minimum(own[:, axis], limits[axis]))
            for axis in range(2)
        )
        corners = np.stack(np.meshgrid(lefts, tops), axis=-1).reshape(-1, 2)
        windows = np.hstack([corners, corners + wh])
        held.append(contains(windows, hulls) & valid[:, ind])
    holds = np.unique(np.concatenate(held)[:, valid.any(axis=1)], axis=0)
    if not holds.shape[1]:
        return 0
    solution = optimize.milp(
        np.ones(len(holds)),
        constraints=optimize.LinearConstraint(
            sparse.csr_matrix(holds.T.astype(float)), lb=1
        ),
        integrality=np.ones(len(holds)),
        bounds=optimize.Bounds(0, 1),
    )
    return round(solution.fun)


def bench_one_scale(data_root: Path) -> None:
    """Time and count the cover of one scale."""
    images = []
    for bboxes, image_wh in read_val(data_root):
        wh = bboxes[:, 2:] - bboxes[:, :2]
        small = np.sqrt(wh.prod(axis=1)) < 80
        images.append((bboxes[small & (wh <= 170).all(axis=1)], image_wh))
    peer = partial(cover_by_peer, images)
    ours = partial(cover_all, images, ONE)
    times = alternate({'peer': peer, 'ours': ours}, turns=15)
    num = len(images)
    print(
        f'one scale, {num} images: SNIPER takes {peer() / num:.2f} chips an '
        f'image and leaves {left_by_peer(images)} objects out'
    )
    line = ratio_line('one scale', times['peer'], times['ours'], num)
    print(f'{line}; {ours() / num:.2f} chips an image, all objects')


def bench_all_scales(data_root: Path) -> None:
    """Time and count the joint cover of all scales."""
    with tempfile.TemporaryDirectory() as folder:
        paths = unpack_train(data_root, Path(folder))
        rows, counts = read_annotation_files(paths)
    parts = np.split(rows, np.cumsum(counts)[:-1])
    images = [(learned_boxes(part), reach(part)) for part in parts]
    num_chips, seconds = time_once(partial(cover_all, images, ALL))
    print(
        f'all scales: {num_chips} chips of {len(images)} images in '
        f'{seconds:.1f} s'
    )
    inds = np.random.default_rng(0).choice(
        len(images), NUM_SAMPLED, replace=False
    )
    sample = [images[ind] for ind in inds]
    least, seconds = time_once(
        lambda: sum(find_minimum(image, ALL) for image in sample)
    )
    print(
        f'{len(sample)} of them: the minimum is {least} chips; HiGHS and '
        f'its windows: {seconds / len(sample) * 1e3:.1f} ms an image'
    )
    num_chips, seconds = time_once(partial(cover_all, sample, ALL))
    print(
        f'{len(sample)} of them: {num_chips} chips, '
        f'{100 * (num_chips / least - 1):.1f} % above, '
        f'{seconds / len(sample) * 1e3:.2f} ms an image'
    )


def main() -> None:
    """Print one line for each input and method."""
    args = parse_data_root(__doc__)
    bench_one_scale(args.data_root)
    bench_all_scales(args.data_root)


if __name__ == '__main__':
    main()
