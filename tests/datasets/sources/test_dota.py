import pytest
from mmdet.registry import DATASETS

from mmhcm.datasets import DOTADataset
from mmhcm.datasets.sources.dota import DOTA_TO_VISDRONE
from mmhcm.structures.annotations import CLASSES
from mmhcm.structures.annotations.dota_txt import (
    DOTA_V1_5_CLASSES,
    DOTA_V1_CLASSES,
    DotaFormatError,
)
from tests.support.data_sets import infos_of
from tests.support.scene_folders import square, write_dota


def build(root, **kwargs):
    return DOTADataset(data_root=str(root), **kwargs)


def rows(info):
    return [
        (item['bbox'], item['bbox_label'], item['ignore_flag'])
        for item in info['instances']
    ]


@pytest.mark.parametrize(
    ('version', 'classes'),
    [('1.0', DOTA_V1_CLASSES), ('1.5', DOTA_V1_5_CLASSES)],
)
def test_all_classes(tmp_path, version, classes):
    text = 'imagesource:GoogleEarth\ngsd:0.1\n' + ''.join(
        square(ind * 5, 0, 4, name) for ind, name in enumerate(classes)
    )
    write_dota(tmp_path, {'P1': text})
    dataset = build(tmp_path, version=version)
    assert tuple(dataset.metainfo['classes']) == classes
    info = dataset.get_data_info(0)
    assert [label for _, label, _ in rows(info)] == list(range(len(classes)))
    assert info['ignored_regions'] == []
    assert info['img_id'] == 'P1'


def test_polygons_become_upright_boxes_in_the_image(tmp_path):
    text = (
        '10 20 20 10 30 20 20 30 plane 0\n'
        '80 60 120 60 120 90 80 90 ship 0\n'
        '-5 -5 -1 -5 -1 -1 -5 -1 ship 0\n'
        '5 5 9 5 9 5 5 5 ship 0\n'
    )
    info = build(write_dota(tmp_path, {'P1': text})).get_data_info(0)
    # outside the image, and without area: nothing to learn
    assert rows(info) == [
        ([10, 10, 30, 30], 0, 0),
        ([80, 60, 90, 70], 6, 0),
    ]


@pytest.mark.parametrize(
    ('max_difficulty', 'flags'), [(0, [0, 1, 1]), (1, [0, 0, 1])]
)
def test_difficult_objects_are_ignored(tmp_path, max_difficulty, flags):
    text = ''.join(square(9 * d, 0, 5, 'ship', d) for d in (0, 1, 2))
    write_dota(tmp_path, {'P1': text})
    dataset = build(tmp_path, max_difficulty=max_difficulty)
    info = dataset.get_data_info(0)
    assert [flag for _, _, flag in rows(info)] == flags


@pytest.mark.parametrize('version', ['1.0', '1.5'])
def test_with_the_classes_of_visdrone_vehicles_are_masked(tmp_path, version):
    text = (
        square(0, 0, 5, 'small-vehicle')
        + square(10, 0, 9, 'large-vehicle', 2)
        + square(30, 0, 9, 'plane')
        + square(50, 0, 9, 'ship')
    )
    write_dota(tmp_path, {'P1': text})
    dataset = DATASETS.build(
        dict(
            type='DOTADataset',
            data_root=str(tmp_path),
            version=version,
            class_map='visdrone',
        )
    )
    assert tuple(dataset.metainfo['classes']) == CLASSES
    info = dataset.get_data_info(0)
    assert info['instances'] == []
    # A difficult vehicle is no less a vehicle; the outlines are masked too.
    assert info['ignored_regions'] == [[0, 0, 8, 8], [7, 0, 22, 12]]
    car, truck = info['guides']
    assert car['bbox'] == pytest.approx([0, 0, 5, 5])
    assert car['bbox_label'] == CLASSES.index('car')
    assert truck['bbox'] == pytest.approx([10, 0, 19, 9])
    assert truck['bbox_label'] == CLASSES.index('truck')


def test_guides_have_the_size_of_rotated_objects(tmp_path):
    # 40 x 20, turned by atan(3 / 4), and partly outside of the image
    text = '50 10 82 34 70 50 38 26 small-vehicle 0\n'
    write_dota(tmp_path, {'P1': text}, image_wh=(70, 60))
    info = build(tmp_path, class_map='visdrone').get_data_info(0)
    x1, y1, x2, y2 = info['guides'][0]['bbox']
    assert [x1 + x2, y1 + y2] == pytest.approx([120, 60])
    assert (x2 - x1) * (y2 - y1) == pytest.approx(40 * 20)
    # The shape is that of the upright box.
    assert (x2 - x1) / (y2 - y1) == pytest.approx(44 / 40)
    assert info['ignored_regions'] == [[35, 7, 70, 53]]
    info = build(tmp_path, class_map='visdrone', guide_map={}, mask_margin=0)
    assert info.get_data_info(0)['guides'] == []
    assert info.get_data_info(0)['ignored_regions'] == [[38, 10, 70, 50]]


def test_images_with_guides_alone(tmp_path):
    texts = {'P1': square(0, 0, 5, 'plane'), 'P2': square(0, 0, 5, 'ship')}
    texts['P3'] = square(0, 0, 5, 'small-vehicle')
    write_dota(tmp_path, texts)
    options = dict(class_map='visdrone', filter_cfg=dict(filter_empty_gt=True))
    dataset = build(tmp_path, **options)
    assert [info['img_id'] for info in infos_of(dataset)] == ['P3']
    with pytest.raises(ValueError, match='none of the 3 images has an obj'):
        build(tmp_path, guide_map={}, **options)


def test_guides_of_known_classes_alone_by_default(tmp_path):
    text = square(0, 0, 5, 'small-vehicle') + square(9, 0, 5, 'large-vehicle')
    write_dota(tmp_path, {'P1': text})
    classes = dict(classes=('bus', 'car'))
    dataset = build(tmp_path, class_map='visdrone', metainfo=classes)
    guides = dataset.get_data_info(0)['guides']
    assert guides == [{'bbox': [0, 0, 5, 5], 'bbox_label': 1}]


@pytest.mark.parametrize(
    'guide_map', [{'plane': 'car'}, {'boat': 'car'}, {'small-vehicle': 'tank'}]
)
def test_guides_are_masked_and_of_known_classes(tmp_path, guide_map):
    with pytest.raises(ValueError, match='guide_map must map masked classes'):
        build(tmp_path, class_map='visdrone', guide_map=guide_map)


@pytest.mark.parametrize(
    ('test_mode', 'flags'), [(False, [1, 0]), (True, [0, 0])]
)
def test_objects_under_a_mask_are_ignored_in_training(
    tmp_path, test_mode, flags
):
    text = ''.join(
        square(x, 10, 10, name)
        for x, name in ((20, 'large-vehicle'), (28, 'plane'), (29, 'plane'))
    )
    write_dota(tmp_path, {'P1': text})
    class_map = dict.fromkeys(DOTA_V1_CLASSES, 'masked') | {'plane': 'car'}
    dataset = build(tmp_path, class_map=class_map, test_mode=test_mode)
    # 5 of 10 columns with the margin of the mask, and 4
    assert [flag for *_, flag in rows(dataset.get_data_info(0))] == flags


def test_the_map_of_visdrone_names_every_class():
    assert set(DOTA_TO_VISDRONE) == set(DOTA_V1_5_CLASSES)
    assert set(DOTA_TO_VISDRONE.values()) == {'masked', 'background'}


def test_custom_class_map(tmp_path):
    text = square(0, 0, 5, 'small-vehicle') + square(9, 0, 5, 'helicopter', 1)
    write_dota(tmp_path, {'P1': text})
    class_map = dict.fromkeys(DOTA_V1_CLASSES, 'background')
    class_map |= {'small-vehicle': 'car', 'helicopter': 'bus'}
    info = build(tmp_path, class_map=class_map).get_data_info(0)
    assert rows(info) == [([0, 0, 5, 5], 3, 0), ([9, 0, 14, 5], 8, 1)]
    own = build(
        tmp_path,
        class_map={**class_map, 'helicopter': 'masked'},
        metainfo=dict(classes=('bus', 'car')),
    )
    assert rows(own.get_data_info(0)) == [([0, 0, 5, 5], 1, 0)]
    assert own.get_data_info(0)['ignored_regions'] == [[6, 0, 17, 8]]
    assert own.get_data_info(0)['guides'] == []


COMPLETE = dict.fromkeys(DOTA_V1_CLASSES, 'background')


@pytest.mark.parametrize(
    ('kwargs', 'fault'),
    [
        (dict(version='2.0'), "version must be one of .* got '2.0'"),
        (dict(class_map='coco'), "class_map must be .* got 'coco'"),
        (dict(class_map={}), "no target for .*'plane'"),
        (
            dict(class_map=COMPLETE, version='1.5'),
            r"no target for \['container-crane'\]",
        ),
        (
            dict(class_map={**COMPLETE, 'boat': 'masked'}),
            r"lacks: \['boat'\]",
        ),
        (
            dict(class_map={**COMPLETE, 'plane': 'aircraft'}),
            r"not classes: \['aircraft'\]",
        ),
        (dict(class_map='visdrone', mask_margin=-1), 'mask_margin must be 0'),
    ],
)
def test_arguments_are_checked(tmp_path, kwargs, fault):
    with pytest.raises(ValueError, match=fault):
        build(tmp_path, **kwargs)


def test_a_class_of_another_version_names_file_and_line(tmp_path):
    write_dota(tmp_path, {'P1': f'\n{square(0, 0, 5, "container-crane")}'})
    with pytest.raises(DotaFormatError, match=r"P1\.txt:2: .*'container-cr"):
        build(tmp_path, test_mode=True)
    # in training it is neither an object nor background
    info = build(tmp_path).get_data_info(0)
    assert info['instances'] == []
    assert info['ignored_regions'] == [[0, 0, 8, 8]]
    assert len(build(tmp_path, version='1.5')) == 1


def test_an_unlabelled_set(tmp_path):
    write_dota(tmp_path, {'P1': ''})
    (tmp_path / 'labelTxt' / 'P1.txt').unlink()
    (tmp_path / 'labelTxt').rmdir()
    assert build(tmp_path, test_mode=True).get_data_info(0)['instances'] == []
    with pytest.raises(FileNotFoundError, match='labelTxt'):
        build(tmp_path)


@pytest.mark.parametrize('class_map', [None, 'visdrone'])
def test_real_images(real_data, class_map):
    dataset = build(real_data / 'dota', class_map=class_map)
    infos = infos_of(dataset)
    assert len(infos) == 25
    counts = [
        sum(len(info[key]) for info in infos)
        for key in ('instances', 'ignored_regions')
    ]
    if class_map is None:
        assert counts[0] > 2000
        assert counts[1] == 0
    else:
        assert counts[0] == 0
        assert counts[1] > 100
