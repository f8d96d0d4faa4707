from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS, TRANSFORMS
from mmdet.structures import DetDataSample
from mmengine.dataset import pseudo_collate
from mmengine.structures import InstanceData
from torch import nn

from mmhcm.datasets.transforms import PackImage
from mmhcm.functional.merging import slice_windows
from mmhcm.models import SliceTTA
from tests.support.fresh_python import run_python
from tests.support.tiny_run import REPO, tiny_config, write_tiny_run


class BlobFinder(nn.Module):
    """Detector of each colour's extent, in pixels before resizing."""

    def __init__(self):
        super().__init__()
        self.shapes = []

    def test_step(self, data):
        inputs, data_samples = data['inputs'], data['data_samples']
        self.shapes.append([tuple(image.shape) for image in inputs])
        for image, data_sample in zip(inputs, data_samples, strict=True):
            assert image.dtype == torch.uint8
            assert image.is_contiguous()
            bboxes, labels = [], []
            for color in np.unique(image[0].numpy()).tolist():
                if color == 0:
                    continue
                y, x = np.nonzero(image[0].numpy() == color)
                bboxes.append([x.min(), y.min(), x.max() + 1, y.max() + 1])
                labels.append(color)
            bboxes = torch.tensor(bboxes).reshape(-1, 4).float()
            scale_wh = torch.tensor(data_sample.scale_factor * 2)
            data_sample.pred_instances = InstanceData(
                bboxes=bboxes / scale_wh,
                scores=torch.full((len(labels),), 0.5),
                labels=torch.tensor(labels).long(),
            )
        return data_samples


def draw(width, height, *blobs):
    """Image with blobs (x1, y1, x2, y2), their colour its index from 1."""
    image = np.zeros((height, width, 3), dtype=np.uint8)
    for color, (x1, y1, x2, y2) in enumerate(blobs, 1):
        image[y1:y2, x1:x2] = color
    return image


def pack(*images, **meta):
    results = [
        dict(img=img, img_id=i, ori_shape=img.shape[:2], **meta)
        for i, img in enumerate(images)
    ]
    keys = 'img_id', 'ori_shape', *meta
    return pseudo_collate([PackImage(keys)(item) for item in results])


def detect(image, slices, **kwargs):
    finder = BlobFinder()
    model = SliceTTA(
        slices=slices, module=finder, **{'batch_size': 4, **kwargs}
    )
    (merged,) = model.test_step(pack(image))
    assert merged.img_id == 0
    pred = merged.pred_instances
    found = zip(pred.labels.tolist(), pred.bboxes.tolist(), strict=True)
    return sorted(found), finder.shapes


PASS = dict(window=20, overlap=0.5, scale_factor=1.0)


def test_boxes_are_those_of_the_image():
    blobs = [3, 4, 8, 9], [22, 1, 28, 5], [33, 20, 40, 30]
    found, shapes = detect(draw(40, 30, *blobs), [PASS])
    assert found == [(i, [*map(float, b)]) for i, b in enumerate(blobs, 1)]
    # Windows start at 0, 10, 20 and at 0, 10: batches of four and two.
    assert shapes == [[(3, 20, 20)] * 4, [(3, 20, 20)] * 2]


def test_slices_are_detected_one_by_one_on_a_cpu():
    _, shapes = detect(draw(40, 30), [PASS], batch_size=None)
    assert shapes == [[(3, 20, 20)]] * 6


@pytest.mark.parametrize('batch_size', [1, 5, 6, 100])
def test_batch_size_does_not_change_detections(batch_size):
    image = draw(40, 30, [3, 4, 8, 9], [18, 1, 28, 25])
    expected, _ = detect(image, [PASS])
    found, shapes = detect(image, [PASS], batch_size=batch_size)
    assert found == expected
    assert sum(map(len, shapes)) == 6
    assert max(map(len, shapes)) == min(batch_size, 6)


def test_slices_are_resized():
    found, shapes = detect(
        draw(40, 20, [4, 4, 8, 8]), [{**PASS, 'scale_factor': 2.0}]
    )
    assert shapes == [[(3, 40, 40)] * 3]
    ((_, bbox),) = [det for det in found if det[0] == 1]
    assert np.abs(np.array(bbox) - [4, 4, 8, 8]).max() <= 0.5


def test_a_chip_size_scales_a_window():
    _, shapes = detect(
        draw(40, 20), [dict(window=20, overlap=0.0, chip_size=30)]
    )
    assert shapes == [[(3, 30, 30)] * 2]


def test_cut_detections_are_dropped():
    # The first window sees 3 pixels of it, the second one all.
    image, thing = draw(30, 20, [17, 2, 27, 8]), [17.0, 2.0, 27.0, 8.0]
    part = [17.0, 2.0, 20.0, 8.0]
    found, _ = detect(image, [PASS])
    assert found == [(1, thing)]
    found, _ = detect(image, [PASS], border='keep')
    assert found == [(1, part), (1, thing)]


def test_an_object_longer_than_the_overlap_is_left_to_the_whole_image():
    thing = [2.0, 2.0, 28.0, 8.0]
    image = draw(30, 20, [2, 2, 28, 8])
    found, _ = detect(image, [PASS])
    assert [bbox for _, bbox in found] == [
        [2.0, 2.0, 20.0, 8.0],
        [10.0, 2.0, 28.0, 8.0],
    ]
    small = {**PASS, 'valid_range': (0, 10)}
    whole = dict(window=None, scale_factor=1.0, valid_range=(10, None))
    found, shapes = detect(image, [small, whole])
    assert found == [(1, thing)]
    assert shapes == [[(3, 20, 20)] * 2, [(3, 20, 30)]]


def test_ranges_come_before_the_cap():
    blobs = [[0, 0, 9, 9], [10, 0, 19, 9], [20, 0, 22, 2]]
    found, _ = detect(
        draw(30, 20, *blobs), [{**PASS, 'valid_range': (0, 5)}], max_per_img=1
    )
    assert found == [(3, [20.0, 0.0, 22.0, 2.0])]


def test_an_image_without_objects():
    found, _ = detect(draw(40, 30), [PASS])
    assert found == []


def test_views_of_test_time_augmentation():
    """Each in pixels of its own, with its own range, flipped or not."""
    image = draw(40, 30, [3, 4, 9, 10], [20, 20, 22, 22])
    flipped = np.ascontiguousarray(image[:, ::-1])
    double = image.repeat(2, axis=0).repeat(2, axis=1)
    views = [
        pack(image, valid_range=(0, 4), scale_factor=(1.0, 1.0)),
        pack(
            flipped,
            valid_range=(5, np.inf),
            flip=True,
            flip_direction='horizontal',
        ),
        pack(double, scale_factor=(2.0, 2.0)),
    ]
    for view in views:
        view['data_samples'][0].set_metainfo(dict(ori_shape=(30, 40)))
    expected = [(1, [3.0, 4.0, 9.0, 10.0]), (2, [20.0, 20.0, 22.0, 22.0])]
    for chosen in ([0, 1], [2]):
        model = SliceTTA(slices=[PASS], module=BlobFinder())
        data = {key: [views[i][key] for i in chosen] for key in views[0]}
        (merged,) = model.test_step(data)
        pred = merged.pred_instances
        assert expected == sorted(
            zip(pred.labels.tolist(), pred.bboxes.tolist(), strict=True)
        )


def test_images_of_a_batch():
    model = SliceTTA(slices=[PASS], module=BlobFinder())
    images = (
        draw(40, 30, [3, 4, 8, 9]),
        draw(10, 10),
        draw(25, 9, [0, 0, 3, 3]),
    )
    merged = model.test_step(pack(*images))
    assert [sample.img_id for sample in merged] == [0, 1, 2]
    assert [len(sample.pred_instances) for sample in merged] == [1, 0, 1]
    assert all(isinstance(sample, DetDataSample) for sample in merged)


@pytest.mark.parametrize(
    ('kwargs', 'fault'),
    [
        (dict(slices=[]), 'at least one pass'),
        (dict(batch_size=0), 'batch_size must be positive, got 0'),
        (dict(border='cut'), "border must be one of .* 'cut'"),
        (dict(border_margin=-1), 'border_margin must be 0 or more, got -1'),
        (dict(slices=[{**PASS, 'window': 0}]), 'window must be positive'),
        (dict(slices=[{**PASS, 'overlap': 1}]), 'overlap must be in'),
        (dict(slices=[dict(window=9)]), 'give either scale_factor or'),
        (dict(method='wbf'), 'method'),
    ],
)
def test_arguments_are_checked(kwargs, fault):
    cfg = dict(type='SliceTTA', module=BlobFinder(), slices=[PASS])
    with pytest.raises(ValueError, match=fault):
        MODELS.build({**cfg, **kwargs})


@pytest.fixture(scope='module')
def detector(tmp_path_factory):
    """A detector with weights that find something, and its settings."""
    config = write_tiny_run(tmp_path_factory.mktemp('slices'))
    cfg = tiny_config(config, config.parent / 'work')
    torch.manual_seed(0)
    model = MODELS.build(cfg.model).eval()
    return model, cfg


def test_one_window_is_the_plain_test(detector):
    """To the last bit, whatever the merge would have done."""
    model, _ = detector
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (50, 70, 3)).astype(np.uint8)
    resize = dict(type='ResizeToScale', scale_factor=1.5)
    keys = 'img_shape', 'ori_shape', 'scale_factor'
    results = dict(img=image, img_shape=(50, 70), ori_shape=(50, 70))
    for step in (resize, dict(type='PackDetInputs', meta_keys=keys)):
        results = TRANSFORMS.build(step)(results)
    (plain,) = model.test_step(pseudo_collate([results]))
    assert len(plain.pred_instances) == 40
    sliced = SliceTTA(
        slices=[dict(window=70, scale_factor=1.5)],
        module=model,
        iou_thr=0.01,
        max_per_img=40,
        method='soft_nms_gaussian',
    )
    (merged,) = sliced.test_step(pack(image))
    for key in ('bboxes', 'scores', 'labels'):
        assert torch.equal(
            merged.pred_instances[key], plain.pred_instances[key]
        )


def test_a_batch_of_slices_is_slice_by_slice(detector):
    model, _ = detector
    rng = np.random.default_rng(1)
    image = rng.integers(0, 256, (90, 100, 3)).astype(np.uint8)
    slices = [dict(window=48, scale_factor=1.0)]
    assert len(slice_windows(100, 90, 48)) == 9

    def run(batch_size):
        sliced = SliceTTA(
            slices=slices, module=model, batch_size=batch_size, border='keep'
        )
        (merged,) = sliced.test_step(pack(image))
        return merged.pred_instances

    one, many = run(1), run(4)
    assert len(one) == len(many) > 40
    # Sums in another order; noise amplifies them.
    torch.testing.assert_close(one.scores, many.scores, atol=1e-3, rtol=0)
    torch.testing.assert_close(one.bboxes, many.bboxes, atol=0.1, rtol=0)


MEASURE = """
import re
from pathlib import Path
import numpy as np
from tests.models.test_slice_tta import BlobFinder, draw, pack
from mmengine.registry import init_default_scope
from mmhcm.models import SliceTTA

def peak():
    status = Path('/proc/self/status').read_text()
    return int(re.search(r'VmHWM:\\s+(\\d+)', status)[1]) / 2**10

init_default_scope('mmdet')
slices = [dict(window=300, scale_factor=1.0)]
model = SliceTTA(slices=slices, module=BlobFinder(), batch_size=2)
model.test_step(pack(draw(700, 400)))
image = draw(6000, 6000, [10, 10, 30, 30])
image += 0  # in memory, not promised
before = peak()
(merged,) = model.test_step(pack(image))
print(len(model.module.shapes), len(merged.pred_instances), peak() - before)
"""


@pytest.mark.skipif(
    not Path('/proc/self/status').exists(), reason='needs Linux'
)
def test_memory_is_that_of_a_batch():
    """Beside the image of 103 MiB, less than a quarter of it."""
    batches, found, mebibytes = run_python(MEASURE, cwd=REPO).split()
    assert (int(batches), int(found)) == (3 + 313, 1)
    assert float(mebibytes) < 25


class Parts:
    """Image that is only given by parts, as that of a large file."""

    def __init__(self, image):
        self.image, self.shape, self.read = image, image.shape, []

    def __getitem__(self, rows_columns):
        self.read.append(rows_columns)
        return self.image[rows_columns]


def test_image_that_is_read_part_by_part():
    blobs = [(2, 3, 8, 9), (30, 12, 36, 20), (15, 15, 25, 22)]
    parts = Parts(draw(40, 30, *blobs))
    model = SliceTTA(
        slices=[PASS, dict(scale_factor=0.5)], module=BlobFinder()
    )
    sample = DetDataSample(metainfo={'ori_shape': (30, 40)})
    merged = model.test_views([parts], [sample])
    (expected,) = model.test_step(pack(parts.image))
    for key in ('bboxes', 'scores', 'labels'):
        given = merged.pred_instances[key]
        assert torch.equal(given, expected.pred_instances[key])
    assert len(given) >= 3
    assert len(parts.read) == model.count_slices(parts) > 3
    assert not len(
        model.test_views([parts], [sample], min_score=0.6).pred_instances
    )
