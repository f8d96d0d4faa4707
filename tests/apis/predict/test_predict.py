"""Files that a prediction writes, and what ends it."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmdet.apis import inference_detector, init_detector
from mmdet.registry import MODELS
from mmengine.dataset import Compose, pseudo_collate
from mmengine.runner import load_checkpoint
from pycocotools.coco import COCO

from mmhcm.apis.predict import predict, predicting
from mmhcm.apis.predict.detector import Detector
from mmhcm.structures.annotations import CLASSES, format_results
from mmhcm.structures.prediction_files import format_yolo
from tests.support.inference import (
    SCORE_THR,
    WH,
    mode_config,
    noise,
    outputs,
)


def expected(paths, image, score_thr=SCORE_THR):
    """Detect by MMDetection's own functions."""
    model = init_detector(*map(str, paths), device='cpu')
    found = inference_detector(model, image).pred_instances.numpy()
    keep = found.scores >= score_thr
    assert 0 < keep.sum() < len(keep)
    return found.bboxes[keep], found.scores[keep], found.labels[keep]


def test_pictures_and_coco(run, paths):
    result = run('photos', files='coco')
    assert outputs() == ['coco.json', 'pictures/a/1.jpg', 'pictures/b/1.jpg']
    bboxes, scores, labels = expected(paths, 'photos/a/1.png')
    assert (result.num_images, result.broken) == (2, [])
    assert result.num_detections == 2 * len(scores)
    coco = COCO('out/coco.json')
    assert [coco.imgs[n]['file_name'] for n in (1, 2)] == [
        'a/1.png',
        'b/1.png',
    ]
    assert (coco.imgs[1]['width'], coco.imgs[1]['height']) == WH
    rows = coco.imgToAnns[2]
    xywh = np.array([row['bbox'] for row in rows])
    np.testing.assert_allclose(xywh[:, :2] + xywh[:, 2:], bboxes[:, 2:])
    assert [row['score'] for row in rows] == scores.tolist()
    assert [row['category_id'] - 1 for row in rows] == labels.tolist()
    names = [coco.cats[row['category_id']]['name'] for row in rows]
    assert names == [CLASSES[label] for label in labels]


@pytest.mark.parametrize('form', ['yolo', 'visdrone'])
def test_text_files(run, paths, form):
    run('photos/a/1.png', files=form, pictures=False)
    found = expected(paths, 'photos/a/1.png')
    if form == 'yolo':
        text = Path('out/yolo/labels/1.txt').read_text()
        assert text == format_yolo(*found, WH)
        names = Path('out/yolo/classes.txt').read_text().split()
        assert tuple(names) == CLASSES
    else:
        text = Path('out/visdrone/1.txt').read_text()
        assert text == format_results(*found, WH)
    assert not Path('out/pictures').exists()


def test_visdrone_files_are_for_its_classes(run, paths, monkeypatch):
    monkeypatch.setattr('mmhcm.apis.predict.outputs.CLASSES', ('car', 'bus'))
    with pytest.raises(ValueError, match='for its ten classes; this'):
        run('photos', files='visdrone')


@pytest.mark.parametrize('mode', ['tta', 'slice'])
def test_other_modes_are_those_of_the_test(run, paths, tmp_path, mode):
    run('photos/a/1.png', mode=mode, files='coco')
    cfg = mode_config(paths[0], tmp_path, mode)
    model = MODELS.build(cfg.model).eval()
    load_checkpoint(model.module, str(paths[1]))
    pipeline = Compose(cfg.test_dataloader.dataset.pipeline)
    sample = pipeline({'img_path': 'photos/a/1.png', 'img_id': 0})
    with torch.no_grad():
        (found,) = model.test_step(pseudo_collate([sample]))
    scores = found.pred_instances.scores.numpy()
    assert (scores >= SCORE_THR).sum() > 3
    rows = COCO('out/coco.json').imgToAnns[1]
    assert [row['score'] for row in rows] == (
        scores[scores >= SCORE_THR].tolist()
    )


def test_a_broken_picture_is_named_and_skipped(run, capsys):
    Path('photos/a/0.jpg').write_bytes(b'garbage')
    Path('photos/a/clip.mp4').write_bytes(b'garbage')
    Path('photos/notes.txt').touch()
    result = run('photos', files='coco')
    assert result.num_images == 2
    assert len(result.broken) == 2
    assert 'a/0.jpg: not an image' in result.broken[0]
    assert 'clip.mp4: not a video' in result.broken[1]
    assert 'photos/notes.txt' in result.notes[0]
    assert 'skipped' in capsys.readouterr().err


def test_a_full_disk_is_no_broken_picture(run, monkeypatch):
    def fail(*_):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(predicting, 'write_picture', fail)
    with pytest.raises(OSError, match='No space left'):
        run('photos')


def test_what_was_found_before_ctrl_c_is_written(run, monkeypatch):
    detect, calls = Detector.detect, []

    def interrupted(self, *args):
        calls.append(args)
        if len(calls) > 1:
            raise KeyboardInterrupt
        return detect(self, *args)

    monkeypatch.setattr(Detector, 'detect', interrupted)
    with pytest.raises(KeyboardInterrupt):
        run('photos', files='coco')
    assert outputs() == ['coco.json', 'pictures/a/1.jpg']
    assert len(COCO('out/coco.json').imgs) == 1


def write_clip(num_frames):
    codec = cv2.VideoWriter.fourcc(*'MJPG')
    writer = cv2.VideoWriter('clip.avi', codec, 10, WH)
    for _ in range(num_frames):
        writer.write(noise())
    writer.release()


def test_video(run, paths):
    write_clip(2)
    capture = cv2.VideoCapture('clip.avi')
    frame = capture.read()[1]
    result = run('clip.avi', files='yolo')
    assert result.num_images == 2
    assert outputs() == [
        'pictures/clip.mp4',
        'yolo/classes.txt',
        'yolo/labels/clip/0000001.txt',
        'yolo/labels/clip/0000002.txt',
    ]
    text = Path('out/yolo/labels/clip/0000001.txt').read_text()
    found = expected(paths, frame)
    assert text == format_yolo(*found, frame.shape[1::-1])
    drawn = cv2.VideoCapture('out/pictures/clip.mp4')
    assert drawn.get(cv2.CAP_PROP_FRAME_COUNT) == 2
    assert drawn.read()[1].shape[0] > frame.shape[0]


def test_video_that_is_cut_short_is_noted(run, monkeypatch):
    write_clip(1)
    opened = predicting.Video

    def longer(path):
        video = opened(path)
        video.num_frames += 9
        return video

    monkeypatch.setattr(predicting, 'Video', longer)
    result = run('clip.avi')
    assert result.broken == []
    assert result.notes[0].endswith('clip.avi: 1 frames')


def test_a_run_that_fails_at_once_leaves_earlier_files(run, monkeypatch):
    run('photos', files='coco')
    before = Path('out/coco.json').read_bytes()

    def fail(*_):
        raise MemoryError

    monkeypatch.setattr(Detector, 'detect', fail)
    with pytest.raises(MemoryError):
        run('photos', files='coco')
    assert Path('out/coco.json').read_bytes() == before


def test_invalid_arguments_are_refused(run):
    with pytest.raises(ValueError, match=r'must be in 0\.\.1, got 30'):
        run('photos', score_thr=30)
    with pytest.raises(ValueError, match=r"one of \('coco'.*got 'voc'"):
        run('photos', files='voc')


def test_weights_of_another_model_are_refused(run, paths, tmp_path):
    cfg = mode_config(paths[0], tmp_path)
    cfg.model.neck.out_channels = 8
    cfg.model.rpn_head.in_channels = 8
    cfg.model.roi_head.bbox_roi_extractor.out_channels = 8
    cfg.model.roi_head.bbox_head.in_channels = 8
    with pytest.raises(ValueError, match='is of another model'):
        predict(cfg, paths[1], ['photos'], 'out', device='cpu')
    assert not Path('out').exists()


def test_pipeline_that_begins_otherwise_is_refused(run, paths, tmp_path):
    cfg = mode_config(paths[0], tmp_path)
    del cfg.test_dataloader.dataset.pipeline[0]
    with pytest.raises(ValueError, match='begins with Resize'):
        predict(cfg, paths[1], ['photos'], 'out', device='cpu')
