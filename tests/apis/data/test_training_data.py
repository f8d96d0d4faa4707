import tarfile

import numpy as np
import pytest

from mmhcm.apis.data import (
    InputResizing,
    chip_image,
    iterate_images,
    min_visible_of,
    training_pipeline,
)
from mmhcm.apis.data.training_data import (
    annotation_folder,
    build_training_data,
)
from mmhcm.datasets import ChipDataset


def test_projections_are_what_training_sees(cfg):
    """The pipeline's own boxes, chip by chip, without the flip."""
    dataset = build_training_data(cfg)
    pipeline = [
        transform
        for transform in training_pipeline(cfg)
        if transform['type'] not in ('RandomFlip', 'PackDetInputs')
    ]
    trained = ChipDataset(
        dataset=dataset.dataset,
        pipeline=pipeline,
        scales=cfg.scales,
        chip_size=96,
    )
    projections = [
        projection
        for image in iterate_images(dataset, min_visible_of(pipeline))
        for projection in image.projections()
    ]
    assert len(projections) == len(trained)
    for index, (bboxes, _, keep) in enumerate(projections):
        sample = trained[index]
        np.testing.assert_array_equal(sample['gt_bboxes'].numpy(), bboxes)
        np.testing.assert_array_equal(sample['gt_ignore_flags'], ~keep)


def test_any_image_is_covered_alike(cfg):
    dataset = build_training_data(cfg)
    for index, image in enumerate(iterate_images(dataset, 0.5)):
        again = chip_image(dataset, dataset.dataset.get_data_info(index), 0.5)
        np.testing.assert_array_equal(again.windows, image.windows)
        np.testing.assert_array_equal(again.scale_inds, image.scale_inds)


def test_annotations_stand_in_for_images(cfg, tmp_path):
    expected = build_training_data(cfg)
    with tarfile.open(tmp_path / 'ann.tar.xz', 'w:xz') as tar:
        tar.add(tmp_path / 'train' / 'annotations', 'annotations')
    # sizes come from the images, which are there
    for path in (tmp_path / 'train', tmp_path / 'ann.tar.xz'):
        with annotation_folder(path) as folder:
            dataset = build_training_data(cfg, folder)
        np.testing.assert_array_equal(
            dataset.index.windows, expected.index.windows
        )
    (tmp_path / 'sizes.csv').write_text('000,400,300\n')
    dataset = build_training_data(
        cfg, tmp_path / 'train', tmp_path / 'sizes.csv'
    )
    assert dataset.dataset.get_data_info(0)['width'] == 400
    assert dataset.dataset.get_data_info(1)['width'] <= 200


def test_annotation_folder_names_the_fault(tmp_path):
    with (
        pytest.raises(FileNotFoundError, match='no annotations at'),
        annotation_folder(tmp_path / 'absent'),
    ):
        pass
    (tmp_path / 'file').write_text('no tar')
    with (
        pytest.raises(ValueError, match=r'file:'),
        annotation_folder(tmp_path / 'file'),
    ):
        pass


def test_whole_images_without_chips(cfg):
    images = cfg.train_dataloader.dataset.dataset
    images.pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='Resize', scale=(400, 400), keep_ratio=True),
    ]
    cfg.train_dataloader.dataset = dict(type='RepeatDataset', dataset=images)
    dataset = build_training_data(cfg)
    assert dataset.scales is None
    (image,) = [
        image
        for index, image in enumerate(iterate_images(dataset, 0.5))
        if index == 0
    ]
    ((bboxes, _, keep),) = image.projections()
    assert len(bboxes) == 11
    assert keep.sum() == 10
    assert len(training_pipeline(cfg)) == 2


@pytest.mark.parametrize(
    ('transform', 'factors', 'resized_wh'),
    [
        pytest.param({'type': 'RandomFlip'}, (1, 1), (200, 100), id='none'),
        pytest.param(
            {'type': 'Resize', 'scale': (100, 80), 'keep_ratio': True},
            (0.5, 0.5),
            (100, 50),
            id='keeps ratio',
        ),
        pytest.param(
            {'type': 'Resize', 'scale': (100, 100)},
            (0.5, 1),
            (100, 100),
            id='stretches',
        ),
        pytest.param(
            {'type': 'ResizeToScale', 'chip_size': 300, 'window': 200},
            (1.5, 1.5),
            (300, 150),
            id='as a chip scale',
        ),
    ],
)
def test_input_resizing(transform, factors, resized_wh):
    found = InputResizing([transform])((200, 100))
    np.testing.assert_allclose(found[0], factors)
    np.testing.assert_array_equal(found[1], resized_wh)


def test_random_resizing_draws_anew():
    transform = {
        'type': 'RandomChoiceResize',
        'scales': [(200, 100), (400, 200)],
        'keep_ratio': True,
    }

    def widths():
        resizing = InputResizing([transform], seed=1)
        return [int(resizing((100, 50))[1][0]) for _ in range(20)]

    assert set(widths()) == {200, 400}
    assert widths() == widths()
