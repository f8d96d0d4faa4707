import json

import cv2
import numpy as np
import pytest

from mmhcm.apis.plots.result_figures import (
    confusion_figure,
    detections_figure,
    errors_figure,
    read_results,
    sizes_figure,
)
from mmhcm.functional.scoring import evaluate
from mmhcm.structures.results import write_submission
from mmhcm.visualization.figures import figure_style
from tests.support.figure_checks import check_figure
from tests.support.scene_folders import random_rows, write_visdrone

IMAGE_WH = (160, 120)


def write_split(root, num_images=4):
    """A split and two results: everything found, and the half of it."""
    rng = np.random.default_rng(0)
    rows = {
        f'im_{n}': random_rows(rng, 12, IMAGE_WH) for n in range(num_images)
    }
    write_visdrone(root, rows, IMAGE_WH)
    for name, step in (('all', 1), ('half', 2)):
        texts = {
            stem: ''.join(
                f'{x},{y},{w},{h},{0.9 - 0.01 * i:.2f},{c},-1,-1\n'
                for i, (x, y, w, h, _, c, *_) in enumerate(rows[stem][::step])
            )
            for stem in rows
        }
        write_submission(root / f'{name}.zip', texts)
    return root


@pytest.fixture(autouse=True)
def _style():
    with figure_style():
        yield


@pytest.fixture(scope='module')
def split(tmp_path_factory):
    return write_split(tmp_path_factory.mktemp('split'))


@pytest.fixture(scope='module')
def results(split):
    paths = [split / 'all.zip', split / 'half.zip']
    return read_results(paths, split)


def test_results_are_named(split, results):
    assert list(results) == ['all', 'half']
    assert [len(images) for images in results.values()] == [4, 4]
    renamed = read_results([split / 'all.zip'], split, ['mine'])
    assert list(renamed) == ['mine']
    for names in (['a'], ['a', 'a']):
        with pytest.raises(ValueError, match='2 results need as many diff'):
            read_results([split / 'all.zip'] * 2, split, names)


def test_errors(results):
    drawing = errors_figure(results)
    check_figure(drawing.figure, 'single')
    json.dumps(drawing.numbers, allow_nan=False)
    found = drawing.numbers['results']
    official = evaluate(results['half']).official[1]
    assert found['all']['AP50'] == pytest.approx(100)
    assert found['half']['AP50'] == pytest.approx(official)
    assert found['half']['counts']['Miss'] > 0
    assert found['half']['costs']['Miss'] == pytest.approx(100 - official)
    assert found['all']['costs']['Miss'] == pytest.approx(0)
    assert 'official mean' in drawing.text
    assert f'{official:.2f}' in drawing.text
    plain = errors_figure(results, official=False)
    assert plain.numbers['mean'] == 'class mean'


def test_confusion(results):
    drawing = confusion_figure(results['half'], score_thr=0.2)
    check_figure(drawing.figure, 'single')
    counts = np.array(drawing.numbers['counts'])
    assert counts[:10].sum() == 48
    assert counts[:, 10].sum() == 24
    assert np.diag(counts)[:10].sum() == 24
    assert 'of 48 objects 24 found, 24 missed, 0 taken' in drawing.text
    strict = confusion_figure(results['half'], score_thr=0.95)
    assert np.array(strict.numbers['counts'])[:, 10].sum() == 48


def test_sizes(results):
    drawing = sizes_figure(results, edges=(0, 10, 24), score_name='AP50')
    check_figure(drawing.figure, 'double')
    json.dumps(drawing.numbers, allow_nan=False)
    table = np.array(
        drawing.numbers['results']['all'], dtype=float
    )  # (bins, classes)
    assert table.shape == (3, 10)
    assert np.nanmin(table) == pytest.approx(100)
    assert drawing.numbers['bins_sqrt_area_px'] == [
        'all',
        '< 10 px',
        '10–24 px',
    ]
    assert np.sum(drawing.numbers['objects']) == 48
    assert 'class mean' in drawing.text


def test_no_objects(tmp_path):
    write_visdrone(tmp_path, {'a': []})
    write_submission(tmp_path / 's.zip', {'a': ''})
    results = read_results([tmp_path / 's.zip'], tmp_path)
    for figure in (errors_figure, sizes_figure):
        with pytest.raises(ValueError, match='no object of the ten'):
            figure(results)
    drawing = confusion_figure(results['s'])
    check_figure(drawing.figure, 'single')


def test_detections(split, tmp_path):
    drawing = detections_figure(
        split / 'half.zip',
        split / 'images',
        images=['im_2', 'im_0'],
        score_thr=0.87,
    )
    texts = check_figure(drawing.figure, 'double')
    assert drawing.numbers is None
    assert drawing.text.splitlines()[0] == (
        'im_2: 4 detections from score 0.87'
    )
    # classes of the rows 0, 2, 4 and 6 of the annotations
    assert set(texts) == {'pedestrian', 'bicycle', 'van', 'tricycle'}
    first, second = (
        axes.images[0].get_array() for axes in drawing.figure.axes
    )
    wanted = cv2.imread(str(split / 'images' / 'im_2.png'))[..., ::-1]
    np.testing.assert_array_equal(first, wanted)
    assert (first != second).any()
    with pytest.raises(ValueError, match='no such image: im_9'):
        detections_figure(
            split / 'half.zip', split / 'images', images=['im_9']
        )
    with pytest.raises(ValueError, match='no image im_'):
        detections_figure(split / 'half.zip', tmp_path)
