import cv2
import numpy as np
import pytest
from mmcv.transforms import LoadImageFromFile
from mmdet.registry import TRANSFORMS
from PIL import Image

from mmhcm.datasets.transforms import LoadImage

GRADIENT = np.add.outer(np.arange(40) * 3, np.arange(60)).astype(np.uint8)
COLOR = cv2.merge([GRADIENT, 255 - GRADIENT, GRADIENT // 2])


def load(path, **recorded):
    return LoadImage()({'img_path': str(path), **recorded})['img']


def write_rotated(path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by a quarter
    Image.fromarray(COLOR[..., ::-1]).save(path, exif=exif, quality=95)


def test_floats_on_request(tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), COLOR)
    results = {'img_path': str(tmp_path / 'a.png')}
    assert LoadImage(to_float32=True)(results)['img'].dtype == np.float32


JPEG = cv2.imencode('.jpg', COLOR)[1].tobytes()


@pytest.mark.parametrize(
    ('content', 'fault'),
    [
        (JPEG[: len(JPEG) // 2], 'the JPEG file is cut short'),
        (JPEG[:-2], 'the JPEG file is cut short'),
        (b'garbage', 'not an image that OpenCV can decode'),
        (b'', 'is empty'),
    ],
    ids=['cut', 'end cut', 'garbage', 'empty'],
)
def test_faults_are_one_line_that_starts_with_the_path(
    tmp_path, content, fault
):
    path = tmp_path / 'a.jpg'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=fault) as info:
        load(path)
    assert str(info.value).startswith(f'{path}: ')
    assert '\n' not in str(info.value)


def test_another_size_than_recorded(tmp_path):
    path = tmp_path / 'a.png'
    cv2.imwrite(str(path), COLOR)
    with pytest.raises(ValueError, match=r'60 x 40 pixels, .* has 60 x 41'):
        load(path, width=60, height=41)


def test_rotation_by_exif_is_an_error(tmp_path):
    write_rotated(tmp_path / 'a.jpg')
    results = {'img_path': str(tmp_path / 'a.jpg'), 'width': 60, 'height': 40}
    with pytest.raises(ValueError, match=r'40 x 60 pixels, .* has 60 x 40'):
        LoadImage(color_type='color')(results)


@pytest.mark.parametrize('color_type', ['color', 'grayscale', 'unchanged'])
def test_pixels_and_shapes_are_those_of_mmcv(tmp_path, color_type):
    write_rotated(tmp_path / 'a.jpg')
    results = {'img_path': str(tmp_path / 'a.jpg')}
    theirs = LoadImageFromFile(color_type=color_type)(dict(results))
    ours = build(color_type=color_type)(dict(results))
    assert ours.keys() == theirs.keys()
    np.testing.assert_array_equal(ours.pop('img'), theirs.pop('img'))
    assert ours == theirs


def build(**kwargs):
    return TRANSFORMS.build(dict(type='LoadImageFromFile', **kwargs))


def test_arguments_of_mmcv_are_kept(tmp_path):
    assert vars(build()) == vars(LoadImageFromFile())
    path = tmp_path / 'a.jpg'
    path.write_bytes(b'garbage')
    results = {'img_path': str(path)}
    assert build(ignore_empty=True)(results) is None
    cv2.imwrite(str(path), COLOR)
    with pytest.warns(DeprecationWarning, match='backend_args'):
        old = build(file_client_args={'backend': 'disk'})
    np.testing.assert_array_equal(old(dict(results))['img'], load(path))


def test_only_the_registry_of_mmdetection_has_the_checks():
    assert isinstance(build(), LoadImageFromFile)
    assert type(build()) is not LoadImageFromFile
    plain = TRANSFORMS.build(dict(type='mmengine.LoadImageFromFile'))
    assert type(plain) is LoadImageFromFile
