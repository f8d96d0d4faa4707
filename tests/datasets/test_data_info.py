import copy

import pytest

from mmhcm.datasets import canvas_data_info
from mmhcm.datasets.data_info import dataset_arrays, image_data_info
from mmhcm.functional.pasting import Paste
from mmhcm.structures.instances import instance_arrays
from mmhcm.structures.rounds import MinedCanvas


def make_source(bboxes):
    """A data set of one image of 100 x 80 pixels, each box ignored or not."""
    instances = [
        dict(bbox=list(bbox), bbox_label=ind, ignore_flag=ind % 2)
        for ind, bbox in enumerate(bboxes)
    ]
    info = dict(img_id=7, width=100, height=80, instances=instances)

    class Source(list):
        def get_data_info(self, index):
            return copy.deepcopy(self[index])

    return Source([info])


PASTE = Paste(3, (5.0, 5.0, 20.0, 20.0), 1.0, 0.0, False, 1.0, 2)


def test_boxes_are_cut_to_the_image():
    inside, outside = [1, 2, 30.5, 40], [-5, 70, 120, 90]
    source = make_source([inside, outside, [200, 0, 210, 9]])
    bboxes = [item['bbox'] for item in image_data_info(source, 0)['instances']]
    assert bboxes == [inside, [0, 70, 100, 80], [100, 0, 100, 9]]
    assert source[0]['instances'][1]['bbox'] == outside


def test_arrays():
    image_wh, bboxes, ignored = dataset_arrays(
        make_source([[1, 2, 3, 4], [5, 6, 300, 8]]), 0
    )
    assert image_wh.tolist() == [100, 80]
    assert bboxes.tolist() == [[1, 2, 3, 4], [5, 6, 100, 8]]
    assert ignored.tolist() == [False, True]
    bboxes, ignored = instance_arrays([])
    assert bboxes.shape == (0, 4)
    assert ignored.shape == (0,)
    assert ignored.dtype == bool


def test_pasted_objects_are_added():
    canvas = MinedCanvas(0, 0, '7', [PASTE])
    info = canvas_data_info([make_source([[1, 2, 3, 4]])], canvas, None)
    assert len(info['instances']) == 2
    assert info['instances'][1] == dict(
        bbox=[5, 5, 20, 20],
        bbox_label=2,
        ignore_flag=0,
        truncation=0,
        occlusion=0,
        pasted=1,
    )
    assert info['pastes'] == [PASTE]


@pytest.mark.parametrize(
    ('canvas', 'fault'),
    [
        (MinedCanvas(1, 0, '7'), 'data set 1, there are 1'),
        (MinedCanvas(0, 1, '7'), 'image 1, the data set has 1'),
        (MinedCanvas(0, 0, '8'), "'8' as image 0, the data set has 7"),
    ],
)
def test_other_data_sets(canvas, fault):
    with pytest.raises(ValueError, match=fault):
        canvas_data_info([make_source([])], canvas, None)
