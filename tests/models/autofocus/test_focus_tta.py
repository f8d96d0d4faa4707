"""A detector that finds blobs, and knows where small ones are."""

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample

from mmhcm.functional.focus import label_focus_pixels
from mmhcm.models import FocusTTA, SliceTTA
from mmhcm.models.autofocus import FocusHead
from tests.models.test_slice_tta import BlobFinder, draw, pack

STRIDE = 4
# Sizes of small objects, input pixels.
SIZES = (2.0, 12.0, 16.0)


class FocusFinder(BlobFinder):
    """Blobs, and a focus map of those that are small in the input."""

    def __init__(self):
        super().__init__()
        self.focus_head = FocusHead(1, STRIDE, feat_channels=1)

    def test_step(self, data):
        samples = super().test_step(data)
        for sample in samples:
            height, width = sample.img_shape
            factor = np.tile(sample.scale_factor, 2)
            labels = label_focus_pixels(
                sample.pred_instances.bboxes.numpy() * factor,
                (-(-width // STRIDE), -(-height // STRIDE)),
                STRIDE,
                SIZES,
            )
            sample.focus_map = torch.from_numpy(labels == 1).float()
        return samples


# Smooth resizing would change the colours, by which blobs are told apart.
NEAREST = dict(interpolation='nearest')
FOCUS = dict(focus_thr=0.5, min_side=4)
SCALES = [
    dict(scale_factor=0.5, valid_range=(16, None), **NEAREST),
    dict(scale_factor=1.0, valid_range=(8, 20), **NEAREST, **FOCUS),
    dict(scale_factor=2.0, valid_range=(0, 10), **NEAREST, **FOCUS),
]


def detect(image, scales=SCALES, **kwargs):
    finder = FocusFinder()
    model = FocusTTA(scales=scales, module=finder, **kwargs)
    (merged,) = model.test_step(pack(image))
    pred = merged.pred_instances
    found = zip(pred.labels.tolist(), pred.bboxes.tolist(), strict=True)
    return sorted(found), [shape for batch in finder.shapes for shape in batch]


def test_finer_scales_see_small_objects_alone():
    blobs = [20, 20, 60, 60], [200, 100, 208, 108]
    found, shapes = detect(draw(320, 240, *blobs))
    assert found == [(i, [*map(float, b)]) for i, b in enumerate(blobs, 1)]
    # The whole image at a half; then one window around the small object, of
    # three cells of 8 pixels and one to get to four.
    assert shapes[0] == (3, 120, 160)
    assert len(shapes) == 3
    assert shapes[1] == (3, 32, 32)
    # Windows of the third scale lie within those of the second.
    assert shapes[2][1] <= 2 * 32
    pixels = sum(height * width for _, height, width in shapes)
    pyramid = 320 * 240 * (0.25 + 1 + 4)
    assert pixels < 0.07 * pyramid


def test_nothing_small_ends_at_the_coarsest_scale():
    found, shapes = detect(draw(320, 240, [20, 20, 60, 60]))
    assert found == [(1, [20.0, 20.0, 60.0, 60.0])]
    assert shapes == [(3, 120, 160)]
    assert detect(draw(320, 240)) == ([], [(3, 120, 160)])


def test_detections_that_a_window_cuts_are_dropped():
    # A window around the small blob ends within the large one.
    small, large = [100, 100, 108, 108], [110, 60, 150, 160]
    scales = [
        dict(scale_factor=0.5, valid_range=(40, None), **NEAREST),
        dict(scale_factor=1.0, **NEAREST, **FOCUS),
    ]
    found, shapes = detect(draw(320, 240, small, large), scales)
    assert len(shapes) == 2
    assert shapes[1][2] < 60
    assert [bbox for _, bbox in found] == [
        [*map(float, small)],
        [*map(float, large)],
    ]


def test_windows_at_the_edge_of_the_image_cut_nothing():
    corner = [312, 232, 320, 240]
    found, _ = detect(draw(320, 240, corner))
    assert found == [(1, [*map(float, corner)])]


@pytest.mark.parametrize('batch_size', [1, 3])
def test_windows_of_all_parents_are_joined(batch_size):
    blobs = [(x, y, x + 6, y + 6) for x in (40, 52, 250) for y in (40, 180)]
    found, shapes = detect(draw(320, 240, *blobs), batch_size=batch_size)
    assert [tuple(bbox) for _, bbox in found] == [
        tuple(map(float, blob)) for blob in blobs
    ]
    # Two blobs that lie side by side share a window.
    assert len(shapes) == 1 + 4 + 4


def test_focus_everywhere_is_the_test_of_whole_images():
    image = draw(160, 120, [10, 12, 18, 22], [60, 20, 100, 66])

    class Everywhere(FocusFinder):
        def test_step(self, data):
            samples = super().test_step(data)
            for sample in samples:
                sample.focus_map = torch.ones_like(sample.focus_map)
            return samples

    scales = [{k: s[k] for k in s if k not in FOCUS} for s in SCALES]
    results = []
    for model in (
        FocusTTA(scales=SCALES, module=Everywhere()),
        SliceTTA(slices=scales, module=BlobFinder()),
    ):
        (merged,) = model.test_step(pack(image))
        results.append(merged.pred_instances)
        assert len(model.module.shapes) == 3
    assert len(results[0]) == 2
    for key in ('bboxes', 'scores', 'labels'):
        assert torch.equal(results[0][key], results[1][key])


def test_views_in_pixels_of_their_own():
    image = draw(160, 120, [100, 100, 104, 104])
    double = image.repeat(2, axis=0).repeat(2, axis=1)
    data = pack(double, scale_factor=(2.0, 2.0))
    data['data_samples'][0].set_metainfo(dict(ori_shape=(120, 160)))
    model = FocusTTA(scales=SCALES, module=FocusFinder())
    # Ranges are of the original image.
    model.passes = [item._replace(valid_range=None) for item in model.passes]
    (merged,) = model.test_step(data)
    assert isinstance(merged, DetDataSample)
    assert merged.pred_instances.bboxes.tolist() == [[100.0, 100, 104, 104]]


def test_defaults_are_those_of_the_paper():
    scales = [dict(scale_factor=f) for f in (0.5, 1.0, 2.0, 4.0)]
    model = FocusTTA(scales=scales, module=FocusFinder())
    assert model.focus_settings[1:] == [(0.02, 16), (0.2, 20), (0.2, 20)]


@pytest.mark.parametrize(
    ('kwargs', 'fault'),
    [
        (dict(scales=[]), 'at least one pass'),
        (dict(scales=SCALES[::-1]), 'from coarse to fine'),
        (dict(scales=[SCALES[0], SCALES[0]]), 'from coarse to fine'),
        (dict(scales=[dict(chip_size=9)]), 'chip_size and window'),
        (dict(scales=[{**SCALES[0], 'focus_thr': 1}]), 'focus_thr must be'),
        (dict(scales=[{**SCALES[0], 'min_side': 0}]), 'min_side must be'),
        (dict(module=BlobFinder()), "set model.rpn_head.type to 'FocusRPN"),
    ],
)
def test_arguments_are_checked(kwargs, fault):
    cfg = dict(type='FocusTTA', module=FocusFinder(), scales=SCALES)
    with pytest.raises(ValueError, match=fault):
        MODELS.build({**cfg, **kwargs})
