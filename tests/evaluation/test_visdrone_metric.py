import json

import numpy as np
import pytest
import torch
from mmdet.registry import METRICS

from mmhcm.evaluation import VisDroneMetric
from mmhcm.structures.annotations import CLASSES
from mmhcm.structures.results import (
    read_submission,
    score_folder,
    scores_dict,
    validate_submission,
)

WH = (120, 80)


def make_samples(root, num_images, with_annotations=True, seed=0):
    rng = np.random.default_rng(seed)
    (root / 'annotations').mkdir(exist_ok=True)
    samples = []
    for i in range(num_images):
        xy = rng.integers(0, 60, (12, 2))
        wh = rng.integers(5, 30, (12, 2))
        cats = rng.integers(0, 12, 12)
        ann_path = root / 'annotations' / f'im{i}.txt'
        if with_annotations:
            ann_path.write_text(
                ''.join(
                    f'{x},{y},{w},{h},{int(0 < c < 11)},{c},0,0,\n'
                    for (x, y), (w, h), c in zip(xy, wh, cats, strict=True)
                )
            )
        bboxes = np.hstack([xy, xy + wh]) + rng.normal(0, 1, (12, 4))
        samples.append(
            dict(
                img_path=str(root / 'images' / f'im{i}.jpg'),
                ori_shape=(WH[1], WH[0]),
                ann_path=str(ann_path) if with_annotations else None,
                pred_instances=dict(
                    bboxes=torch.tensor(bboxes, dtype=torch.float32),
                    scores=torch.tensor(rng.random(12), dtype=torch.float32),
                    labels=torch.tensor(np.clip(cats - 1, 0, 9)),
                ),
            )
        )
    return samples


def run(metric, samples):
    for sample in samples:
        metric.process({}, [sample])
    return metric.evaluate(len(samples))


def test_scores_equal_those_of_the_zip(tmp_path):
    samples = make_samples(tmp_path, 5)
    samples[3]['pred_instances'] = dict(
        bboxes=torch.zeros(0, 4),
        scores=torch.zeros(0),
        labels=torch.zeros(0, dtype=torch.long),
    )
    metric = METRICS.build(
        dict(type='VisDroneMetric', outfile_prefix=str(tmp_path / 'out'))
    )
    figures = run(metric, samples)
    assert len(figures) == 15
    assert figures['visdrone/mAP'] == figures['visdrone/AP']
    assert all(type(value) is float for value in figures.values())
    images = {f'im{i}': WH for i in range(5)}
    assert validate_submission(tmp_path / 'out.zip', images) == []
    assert read_submission(tmp_path / 'out.zip')['im3'] == ''
    table = tmp_path / 'sizes.csv'
    table.write_text(''.join(f'{name},120,80\n' for name in images))
    again = scores_dict(score_folder(tmp_path / 'out.zip', tmp_path, table))
    assert 0 < figures['visdrone/AP'] < 100
    for name, value in again['official'].items():
        assert figures[f'visdrone/{name}'] == value
    for name, value in again['class_mean'].items():
        assert figures[f'visdrone/class_mean_{name}'] == value
    json.dumps(figures, allow_nan=False)


def test_max_dets_and_prefix(tmp_path):
    samples = make_samples(tmp_path, 2)
    metric = VisDroneMetric(
        max_dets=3, prefix='x', outfile_prefix=str(tmp_path / 'out')
    )
    assert 'x/AP' in run(metric, samples)
    texts = read_submission(tmp_path / 'out.zip')
    assert [len(text.splitlines()) for text in texts.values()] == [3, 3]


def test_format_only_needs_no_annotations(tmp_path):
    samples = make_samples(tmp_path, 2, with_annotations=False)
    metric = VisDroneMetric(
        format_only=True, outfile_prefix=str(tmp_path / 'out')
    )
    assert run(metric, samples) == {}
    assert set(read_submission(tmp_path / 'out.zip')) == {'im0', 'im1'}


def test_scoring_without_annotations_is_an_error(tmp_path):
    samples = make_samples(tmp_path, 1, with_annotations=False)
    with pytest.raises(ValueError, match=r'im0\.jpg: no annotation file'):
        run(VisDroneMetric(), samples)


def test_two_images_of_one_name_are_an_error(tmp_path):
    with pytest.raises(ValueError, match='2 images have 1 names'):
        run(VisDroneMetric(), make_samples(tmp_path, 1) * 2)


def test_non_finite_detections_are_an_error(tmp_path):
    samples = make_samples(tmp_path, 1)
    samples[0]['pred_instances']['scores'][2] = float('nan')
    with pytest.raises(ValueError, match=r'im0\.jpg: detections hold NaN'):
        run(VisDroneMetric(), samples)


def test_other_classes_are_an_error(tmp_path):
    metric = VisDroneMetric()
    metric.dataset_meta = {'classes': list(CLASSES)}
    metric.process({}, make_samples(tmp_path, 1))
    metric.dataset_meta = {'classes': ('car',)}
    with pytest.raises(ValueError, match='ten VisDrone classes'):
        metric.process({}, make_samples(tmp_path, 1))


@pytest.mark.parametrize(
    ('kwargs', 'fault'),
    [
        (dict(max_dets=0), 'max_dets .* not 0'),
        (dict(score_decimals=0), 'score_decimals .* not 0'),
        (dict(format_only=True), 'format_only needs outfile_prefix'),
    ],
)
def test_arguments_are_checked(kwargs, fault):
    with pytest.raises(ValueError, match=fault):
        VisDroneMetric(**kwargs)
