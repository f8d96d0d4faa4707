import json
import sys

import cv2
import numpy as np
import pytest

from mmhcm.structures import annotations
from mmhcm.structures.annotations.dota_txt import (
    DOTA_V1_CLASSES,
    read_labels,
)
from projects.quickstart import make_scenes as tool
from projects.quickstart.models import catalogue
from projects.quickstart.renderer.raster import Camera, Sprite, draw_model
from projects.quickstart.renderer.solids import Model
from projects.quickstart.scenes import draw_light, render_scene
from projects.quickstart.topdown import render_topdown

CLASSES = tuple(catalogue.CLASSES)
CAMERA = Camera((200, 200), distance=60.0, pitch=0.9, focal=700.0)
SMALL_WH = (480, 270)


def _render(index, **kwargs):
    return render_scene(np.random.default_rng([3, index]), SMALL_WH, **kwargs)


@pytest.fixture(scope='module')
def scenes():
    return [_render(index) for index in range(24)]


def _changed_box(before, after):
    changed = (before != after).any(axis=2)
    cols, rows = np.flatnonzero(changed.any(0)), np.flatnonzero(changed.any(1))
    return cols[0], rows[0], cols[-1] + 1, rows[-1] + 1


def test_classes_are_visdrones_in_order():
    assert CLASSES == annotations.CLASSES


@pytest.mark.parametrize('name', CLASSES)
@pytest.mark.parametrize(
    'pitch', [0.7, 1.1, np.pi / 2], ids=['low', 'mid', 'top']
)
def test_box_is_tight_to_drawn_pixels(name, pitch):
    camera = Camera((200, 200), distance=60.0, pitch=pitch, focal=700.0)
    for seed in range(8):
        rng, kind = np.random.default_rng(seed), catalogue.KINDS[name]
        model = kind.build(rng).placed(
            np.zeros(2), rng.uniform(0, 2 * np.pi), kind.scale
        )
        sprite = draw_model(model, camera, draw_light(rng))
        # Magenta: no model comes near it.
        image = np.full((200, 200, 3), (255, 0, 255), np.uint8)
        before = image.copy()
        sprite.paste(image)
        extent = _changed_box(before, image)
        assert np.abs(np.subtract(sprite.box(), extent)).max() <= 1


def test_box_of_known_cube_matches_geometry():
    model = Model()
    model.box(2, 1, (0, 1), (10, 20, 30))
    top = Camera((100, 100), distance=41.0, pitch=np.pi / 2, focal=400.0)
    sprite = draw_model(model, top, np.array([0.0, 0, 1]))
    # The lid is 40 m from the camera: 10 pixels a metre.
    assert np.abs(np.subtract(sprite.box(), (30, 40, 70, 60))).max() <= 1


def test_model_behind_camera_is_not_drawn():
    model = Model()
    model.box(2, (-190, 1), (0, 1), (10, 20, 30))
    assert draw_model(model, CAMERA, np.array([0.0, 0, 1])) is None


@pytest.mark.parametrize(
    ('x', 'y', 'shape'),
    [(-3, -2, (3, 2)), (8, 9, (1, 2)), (20, 0, (5, 0)), (-9, 0, (5, 0))],
)
def test_sprite_is_cut_to_image(x, y, shape):
    sprite = Sprite(x, y, np.ones((5, 5, 4), np.float32))
    image = np.zeros((10, 10, 3), np.uint8)
    assert sprite.paste(image).bgra.shape == (*shape, 4)
    assert (image > 0).sum() == 3 * shape[0] * shape[1]


def test_same_seed_gives_same_scene():
    first, second = _render(0), _render(0)
    np.testing.assert_array_equal(first.image, second.image)
    np.testing.assert_array_equal(first.rows, second.rows)


def test_rows_are_valid(scenes):
    for scene in scenes:
        assert scene.image.shape == (270, 480, 3)
        assert scene.image.dtype == np.uint8
        x, y, w, h, score, category, truncation, occlusion = scene.rows.T
        assert (x >= 0).all()
        assert (y >= 0).all()
        assert (w >= 2).all()
        assert (h >= 2).all()
        assert (x + w <= 480).all()
        assert (y + h <= 270).all()
        assert set(score) <= {0, 1}
        assert set(category) <= set(range(12))
        assert set(truncation) <= {0, 1}
        assert set(occlusion) <= {0, 1, 2}
        assert (score[(category == 0) | (category == 11)] == 0).all()
        touches = (x == 0) | (y == 0) | (x + w == 480) | (y + h == 270)
        assert touches[truncation == 1].all()


def test_no_object_lies_in_an_ignored_region(scenes):
    num_regions = 0
    for scene in scenes:
        ignored = scene.rows[scene.rows[:, 5] == 0]
        objects = scene.rows[scene.rows[:, 5] > 0]
        centres = objects[:, :2] + objects[:, 2:4] / 2
        num_regions += len(ignored)
        for x, y, w, h in ignored[:, :4]:
            inside = (centres >= [x, y]) & (centres < [x + w, y + h])
            assert not inside.all(axis=1).any()
    assert num_regions > 0


def test_empty_scene_has_image_but_no_rows():
    for index in range(3):
        scene = _render(index, empty=True)
        assert scene.rows.shape == (0, 8)
        assert scene.image.std() > 3


def test_shares_and_sizes_resemble_visdrone(scenes):
    rows = np.concatenate([scene.rows for scene in scenes])
    rows = rows[(rows[:, 5] >= 1) & (rows[:, 5] <= 10)]
    shares = np.bincount(rows[:, 5], minlength=11)[1:] / len(rows)
    assert (shares > 0).all()
    assert shares.argmax() == CLASSES.index('car')
    assert 0.32 < shares[CLASSES.index('car')] < 0.52
    assert 0.14 < shares[CLASSES.index('pedestrian')] < 0.32
    assert shares[CLASSES.index('awning-tricycle')] < 0.03
    sizes = np.sqrt(rows[:, 2] * rows[:, 3])
    assert 10 < np.median(sizes) < 16  # half of that at 960 x 540
    assert {0, 1} <= set(rows[:, 7])


@pytest.mark.parametrize(
    ('kind', 'name'),
    [
        ('carpark', 'small-vehicle'),
        ('road', 'large-vehicle'),
        ('harbour', 'ship'),
        ('apron', 'plane'),
    ],
)
def test_topdown_polygons_surround_objects(kind, name):
    image, objects = render_topdown(np.random.default_rng(1), kind)
    assert image.shape == (800, 800, 3)
    assert name in {item.name for item in objects}
    for item in objects:
        assert item.polygon.shape == (4, 2)
        area = cv2.contourArea(item.polygon.astype(np.float32))
        assert area > 30
        if not item.difficult:
            assert item.polygon.mean(0).min() > 0
            assert item.polygon.mean(0).max() < 800


def _make(root, **kwargs):
    counts = {'num_train': 1, 'num_val': 1, 'num_external': 1}
    return tool.make_scenes(
        root, **{**counts, 'image_wh': (160, 96), **kwargs}
    )


def _contents(root):
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob('*'))
        if path.is_file()
    }


def test_larger_set_begins_with_smaller_one(tmp_path):
    assert _make(tmp_path / 'a') == 3
    assert _make(tmp_path / 'b', num_train=3) == 5
    small, large = _contents(tmp_path / 'a'), _contents(tmp_path / 'b')
    assert small.items() < large.items()
    assert len(large) == 2 * 5 + 1


def test_finished_images_are_kept_and_missing_ones_made(tmp_path):
    _make(tmp_path)
    before = _contents(tmp_path)
    assert _make(tmp_path) == 0
    next(tmp_path.glob('*train/annotations/*.txt')).unlink()
    assert _make(tmp_path) == 1
    assert _contents(tmp_path) == before


def test_folder_of_other_settings_is_refused(tmp_path):
    _make(tmp_path)
    with pytest.raises(ValueError, match=r'scenes\.json'):
        _make(tmp_path, seed=1)
    (tmp_path / 'scenes.json').write_text('{')
    with pytest.raises(ValueError, match='not JSON'):
        _make(tmp_path)


@pytest.mark.parametrize(
    'kwargs', [{'num_train': -1}, {'seed': -1}, {'image_wh': (40, 400)}]
)
def test_bad_arguments_are_named(tmp_path, kwargs):
    with pytest.raises(ValueError, match=next(iter(kwargs))):
        _make(tmp_path, **kwargs)
    assert not list(tmp_path.iterdir())


def test_files_parse(tmp_path):
    _make(tmp_path, num_train=8, num_val=0)
    texts = sorted(tmp_path.glob('*train/annotations/*.txt'))
    assert texts[7].read_text() == ''  # an image without objects
    for text in texts[:7]:
        assert len(annotations.read_annotations(text))
        image = text.parents[1] / 'images' / f'{text.stem}.jpg'
        assert cv2.imread(str(image)).shape == (96, 160, 3)
    (label,) = tmp_path.glob('DOTA/labelTxt/*.txt')
    lines = label.read_text().splitlines()
    assert [line.partition(':')[0] for line in lines[:2]] == [
        'imagesource',
        'gsd',
    ]
    names = {row.name for row in read_labels(label, DOTA_V1_CLASSES)}
    assert names <= {'small-vehicle', 'large-vehicle'}
    assert json.loads((tmp_path / 'scenes.json').read_text())['version'] == 1


def test_command_line(tmp_path, monkeypatch, capsys):
    argv = ['make_scenes.py', '--out', str(tmp_path), '--num-train', '1']
    argv += ['--num-val', '0', '--num-external', '0', '--image-wh', '96', '96']
    monkeypatch.setattr(sys, 'argv', argv)
    assert tool.main() == 0
    assert '1 new of 1' in capsys.readouterr().out
    monkeypatch.setattr(sys, 'argv', [*argv, '--seed', '5'])
    assert tool.main() == 1
    assert len(capsys.readouterr().err.strip().splitlines()[-1:]) == 1
