import re

import cv2
import numpy as np
import pytest

from mmhcm.apis.browse import (
    save_canvases,
    save_chips,
    save_detections,
    save_hard_chips,
)
from mmhcm.apis.browse.pictures import draw_indices, save_pictures
from mmhcm.apis.data.training_data import build_training_data
from mmhcm.engine.mining import find_round
from mmhcm.structures.rounds import ErrorBox
from tests.support.mined_rounds import write_fake_round
from tests.support.tiny_checkpoint import save_weights
from tests.support.tiny_visdrone import use_whole_images

CLASSES = ('pedestrian', 'people', 'bicycle', 'car', 'van')


def check(paths, num):
    assert len(paths) == num + 1
    assert len(set(paths)) == num + 1
    for path in paths:
        assert cv2.imread(str(path)).std() > 1


ERRORS = [
    ErrorBox((10, 10, 30, 30), 'background', 3, -1, 0.8),
    ErrorBox((40, 10, 60, 30), 'class', 4, 3, 0.7),
    ErrorBox((10, 40, 30, 60), 'missed', -1, 0, 0.0),
    ErrorBox((150, 100, 170, 120), 'missed', -1, 0, 0.0),
]


def test_save_chips(cfg, tmp_path):
    check(save_chips(cfg, tmp_path / 'out', 3), 3)


def test_chips_of_whole_images(cfg, tmp_path):
    use_whole_images(cfg)
    check(save_chips(cfg, tmp_path / 'out', 2), 2)


def test_save_canvases(cfg, tmp_path):
    check(save_canvases(cfg, tmp_path / 'out', 4), 4)
    # the pool lies where mining looks for it
    assert list(tmp_path.glob('work/hcm/pool/pool_*'))


def test_save_hard_chips(cfg, tmp_path):
    chips = {'windows': [(0, 0, 64, 64)], 'scale_inds': [0]}
    path = write_fake_round(cfg, {**chips, 'errors': ERRORS})
    assert str(find_round(cfg.work_dir)) == path
    paths = save_hard_chips(cfg, tmp_path / 'out', 5)
    check(paths, 1)
    again = save_hard_chips(cfg, tmp_path / 'again', 5, round_file=path)
    assert paths[0].read_bytes() == again[0].read_bytes()


def test_find_round(cfg, tmp_path):
    with pytest.raises(FileNotFoundError, match='no mined round'):
        find_round(cfg.work_dir)
    for number in (2, 10, 1):
        folder = tmp_path / 'work' / 'hcm' / f'round_{number}'
        folder.mkdir(parents=True)
        (folder / 'hard_chips.jsonl').touch()
    assert find_round(cfg.work_dir).parent.name == 'round_10'


def test_save_detections(cfg, tmp_path):
    checkpoint = save_weights(cfg, tmp_path / 'weights.pth')
    paths = save_detections(
        cfg, tmp_path / 'out', 2, checkpoint, score_thr=0.001
    )
    check(paths, 2)


@pytest.mark.parametrize(('total', 'num'), [(0, 3), (5, 3), (2, 3)])
def test_draw_indices(total, num):
    inds = draw_indices(total, num, seed=1)
    assert len(inds) == len(set(inds.tolist())) == min(total, num)
    assert (np.diff(inds) > 0).all()


@pytest.mark.parametrize('letter', ['a', 'é', '字'])
def test_long_names_are_cut_and_stay_different(cfg, tmp_path, letter):
    stem = letter * (240 // len(letter.encode()))
    root = tmp_path / 'train'
    (image, *_) = sorted(root.rglob('images/*'))
    (annotation,) = root.rglob(f'annotations/{image.stem}.txt')
    image.rename(image.with_stem(stem))
    annotation.rename(annotation.with_stem(stem))
    num = build_training_data(cfg).num_normal
    paths = save_chips(cfg, tmp_path / 'out', num)
    check(paths, num)
    cut = [path.stem for path in paths if letter * 40 in path.stem]
    assert len(cut) > 1
    # The number of the chip stays.
    assert all(re.fullmatch(rf'chips_{letter}+_\d+', name) for name in cut)


def test_images_of_equal_names_have_pictures_of_their_own(tmp_path):
    pictures = [np.full((9, 9, 3), value, np.uint8) for value in (0, 99, 200)]
    names = ['0001', '0001', '0001']
    paths = save_pictures(
        tmp_path,
        'detections',
        np.arange(3),
        lambda ind: (names[ind], pictures[ind]),
    )
    assert len(set(paths)) == 4
    for path, picture in zip(paths, pictures, strict=False):
        np.testing.assert_array_equal(cv2.imread(str(path)), picture)
