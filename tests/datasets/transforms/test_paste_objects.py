import copy

import numpy as np
import pytest

from mmhcm.datasets import PasteObjects
from mmhcm.functional.pasting import Paste
from mmhcm.structures.pool import build_pool
from tests.support.scene_folders import (
    object_color,
    painted_box,
    write_visdrone,
)

INFO = dict(img_id='a', height=80, width=100, ignored_regions=[])


@pytest.fixture
def pool(tmp_path):
    write_visdrone(tmp_path, {'a': [(20, 20, 30, 24, 1, 4, 0, 0)]})
    instance = dict(bbox=[20, 20, 50, 44], bbox_label=3, ignore_flag=0)
    info = {
        **INFO,
        'img_path': str(tmp_path / 'images' / 'a.png'),
        'instances': [instance],
    }
    return build_pool(tmp_path / 'pool', [info], num_classes=10)


def paste_at(x1, y1, x2, y2, scale=1.0):
    return Paste(0, (x1, y1, x2, y2), scale, 0.0, False, 1.0, 3)


def canvas():
    return np.full((80, 100, 3), 60, dtype=np.uint8)


@pytest.mark.parametrize('results', [{}, {'pastes': []}, {'pool': None}])
def test_sample_without_recipe_is_unchanged(results):
    out = PasteObjects()({'img': canvas(), **results})
    np.testing.assert_array_equal(out['img'], canvas())
    assert 'pool' not in out


def test_objects_are_where_the_recipe_says(pool):
    before = canvas()
    results = {
        'img': before,
        'img_path': 'b.png',
        'pastes': [paste_at(5, 6, 35, 30), paste_at(60, 40, 75, 52, 0.5)],
        'pool': pool,
    }
    out = PasteObjects()(results)
    # The pool stays behind: what is left may be copied and sent about.
    assert 'pool' not in out
    copy.deepcopy(out)
    assert out['img'] is before
    for (x1, y1, x2, y2), part in [
        ((5, 6, 35, 30), out['img'][:, :50]),
        ((60, 40, 75, 52), out['img']),
    ]:
        middle = part[(y1 + y2) // 2, (x1 + x2) // 2]
        np.testing.assert_allclose(middle, object_color(0), atol=45)
    left = painted_box(out['img'][:, :50], object_color(0), tolerance=60)
    np.testing.assert_allclose(left, (5, 6, 35, 30), atol=3)


def test_pixels_of_a_chip_are_those_of_the_canvas(pool):
    results = {
        'img': canvas(),
        'img_path': 'b.png',
        'pastes': [paste_at(5, 6, 35, 30), paste_at(68, 40, 98, 64)],
        'pool': pool,
    }
    whole = PasteObjects(in_place=False)({**results})['img']
    np.testing.assert_array_equal(results['img'], canvas())
    window = np.array([20, 10, 56, 50], dtype=np.float32)
    part = PasteObjects()({**results, 'chip': {'window': window}})['img']
    assert part is results['img']
    np.testing.assert_array_equal(part[10:50, 20:56], whole[10:50, 20:56])
    assert (part[20, 12] != 60).any()
    # What the chip does not show is not painted.
    assert (part[:, 85:] == 60).all()
    assert (whole[52, 85] != 60).any()


def test_a_recipe_needs_a_pool():
    results = {
        'img': canvas(),
        'img_path': 'b.png',
        'pastes': [paste_at(5, 6, 35, 30)],
        'pool': None,
    }
    with pytest.raises(RuntimeError, match=r'b\.png has pasted objects but'):
        PasteObjects()(results)


def test_ignored_regions_stay_as_they_are(pool):
    results = {
        'img_path': 'b.png',
        'pastes': [paste_at(30, 20, 60, 44)],
        'pool': pool,
    }
    free = PasteObjects()({**results, 'img': canvas()})['img']
    regions = [[60, 0, 90, 80]]
    out = PasteObjects()(
        {**results, 'img': canvas(), 'ignored_regions': regions}
    )['img']
    assert (free[:, 60:] != canvas()[:, 60:]).any()
    np.testing.assert_array_equal(out[:, 60:], canvas()[:, 60:])
    np.testing.assert_array_equal(out[:, :60], free[:, :60])
