"""Other programs that detect with a config and a checkpoint of ours."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmdet.apis import DetInferencer, inference_detector, init_detector

from mmhcm.structures.annotations import CLASSES
from mmhcm.structures.palette import CLASS_COLORS
from tests.support.fresh_python import run_python
from tests.support.tiny_checkpoint import write_tiny_checkpoint
from tests.support.tiny_run import REPO


@pytest.fixture(scope='module')
def detector(tmp_path_factory):
    """Paths of a config and a checkpoint, as texts."""
    return [
        str(path)
        for path in write_tiny_checkpoint(tmp_path_factory.mktemp('tiny'))
    ]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Another directory than the project's, with pictures."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    Path('photos').mkdir()
    for name, wh in [('a', (111, 77)), ('b', (90, 120))]:
        image = rng.integers(0, 256, (wh[1], wh[0], 3), dtype=np.uint8)
        cv2.imwrite(f'photos/{name}.png', image)


@pytest.fixture(scope='module')
def inferencer(detector):
    return DetInferencer(*detector, device='cpu', show_progress=False)


def test_inferencer_takes_paths_folders_and_arrays(inferencer):
    assert inferencer.model.dataset_meta['classes'] == CLASSES
    paths = ['photos/a.png', 'photos/b.png']
    by_path = inferencer(paths)['predictions']
    assert [len(found['scores']) > 5 for found in by_path] == [True, True]
    folder = inferencer('photos')['predictions']
    assert sorted(map(str, folder)) == sorted(map(str, by_path))
    arrays = [cv2.imread(path) for path in paths]
    assert inferencer(arrays)['predictions'] == by_path
    # A batch pads the smaller image, which changes its detections.
    assert len(inferencer(arrays, batch_size=2)['predictions']) == 2


def test_inferencer_draws_and_writes_json(inferencer):
    inferencer('photos/a.png', out_dir='out', no_save_pred=False)
    assert cv2.imread('out/vis/a.png').shape == (77, 111, 3)
    written = json.loads(Path('out/preds/a.json').read_text())
    assert len(written['bboxes']) == len(written['labels']) > 5
    drawn = inferencer('photos/a.png', return_vis=True, pred_score_thr=0.01)[
        'visualization'
    ][0]
    assert (drawn != cv2.imread('photos/a.png')[..., ::-1]).any()
    colors = [list(color) for color in CLASS_COLORS]
    assert [list(c) for c in inferencer.model.dataset_meta['palette']] == (
        colors
    )


def test_inferencer_names_a_broken_file(inferencer):
    Path('broken.jpg').write_bytes(b'garbage')
    with pytest.raises(ValueError, match=r'broken\.jpg: not an image'):
        inferencer('broken.jpg')


def test_init_detector(detector, inferencer):
    model = init_detector(*detector, device='cpu')
    assert model.dataset_meta['classes'] == CLASSES
    one = inference_detector(model, 'photos/a.png')
    (found,) = inferencer('photos/a.png')['predictions']
    assert one.pred_instances.scores.tolist() == found['scores']
    both = inference_detector(
        model, [cv2.imread('photos/a.png'), cv2.imread('photos/b.png')]
    )
    assert both[0].pred_instances.bboxes.tolist() == found['bboxes']


def test_sahi(detector, inferencer):
    sahi = pytest.importorskip('sahi', reason='sahi is not installed')
    from sahi.predict import get_prediction, get_sliced_prediction

    model = sahi.AutoDetectionModel.from_pretrained(
        model_type='mmdet',
        model_path=detector[1],
        config_path=detector[0],
        confidence_threshold=0.0,
        device='cpu',
    )
    image = cv2.imread('photos/a.png')[..., ::-1]
    (found,) = inferencer('photos/a.png')['predictions']
    whole = get_prediction(image, model).object_prediction_list
    # SAHI drops boxes without an area.
    assert [item.score.value for item in whole] == [
        score
        for score, (x1, y1, x2, y2) in zip(
            found['scores'], found['bboxes'], strict=True
        )
        if x1 < x2 and y1 < y2
    ]
    assert len(whole) > 5
    assert {item.category.name for item in whole} <= set(CLASSES)
    sliced = get_sliced_prediction(
        'photos/a.png', model, slice_height=64, slice_width=64, verbose=0
    )
    assert sliced.object_prediction_list
    assert sliced.image_width == 111


def test_supervision(detector):
    supervision = pytest.importorskip(
        'supervision', reason='supervision is not installed'
    )
    model = init_detector(*detector, device='cpu')
    result = inference_detector(model, 'photos/a.png')
    found = supervision.Detections.from_mmdetection(result)
    pred = result.pred_instances
    np.testing.assert_array_equal(found.xyxy, pred.bboxes.numpy())
    np.testing.assert_array_equal(found.confidence, pred.scores.numpy())
    np.testing.assert_array_equal(found.class_id, pred.labels.numpy())
    assert len(found) > 5


def test_a_fresh_interpreter_needs_no_import_of_ours(detector):
    code = f"""
import sys
sys.path.insert(0, {str(REPO)!r})
from mmdet.apis import DetInferencer
assert 'mmhcm.datasets' not in sys.modules
found = DetInferencer(*{detector!r}, device='cpu')('photos')['predictions']
assert 'mmhcm.datasets' in sys.modules
print('found', *(len(one['scores']) > 5 for one in found))
"""
    last = run_python(code).splitlines()[-1]
    assert last.split() == ['found', 'True', 'True']
