from collections import Counter

import cv2
import numpy as np
import pytest
from mmdet.registry import DATASETS
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader

from mmhcm.datasets import CanvasDataset, ChipDataset, canvas_dataset
from mmhcm.datasets.place_masks import PlaceMasks
from mmhcm.functional.boxes import as_bboxes, box_iou, intersection_areas
from mmhcm.structures.instances import instance_arrays
from mmhcm.structures.rounds import HardChipRound
from tests.support.data_sets import infos_of, pool_of
from tests.support.scene_folders import (
    random_rows,
    square,
    write_dota,
    write_visdrone,
)

INF = float('inf')
WH = (160, 120)
LOAD = [
    dict(type='LoadImageFromFile', color_type='color_ignore_orientation'),
    dict(type='MaskIgnoredRegions'),
    dict(type='PasteObjects'),
]


def write_scenes(root, num, seed=0):
    rng = np.random.default_rng(seed)
    images = {}
    for ind in range(num):
        rows = [
            (*row[:5], 4 if i < 5 else 8 + i % 3, 0, 0)
            for i, row in enumerate(random_rows(rng, 8, (100, 120)))
        ]
        # everything on the right is an ignored region
        rows.append((100, 0, 60, 120, 0, 0, 0, 0))
        images[f'{ind:03d}'] = rows
    return write_visdrone(root, images, WH)


def visdrone(root):
    return DATASETS.build(dict(type='VisDroneDataset', data_root=str(root)))


@pytest.fixture(scope='module')
def own(tmp_path_factory):
    return visdrone(write_scenes(tmp_path_factory.mktemp('own'), 6))


@pytest.fixture(scope='module')
def external(tmp_path_factory, own):
    return visdrone(write_scenes(tmp_path_factory.mktemp('other'), 3, 1))


@pytest.fixture(scope='module')
def pool(tmp_path_factory, own):
    return pool_of(own, tmp_path_factory.mktemp('pool'))


def build(sources, pool=None, **kwargs):
    sources = sources if isinstance(sources, list) else [sources]
    return CanvasDataset(
        sources, pool=pool, **{'pipeline': [], 'num_pastes': 6, **kwargs}
    )


def recipes(dataset, order=None):
    order = range(len(dataset)) if order is None else order
    return {ind: dataset.get_data_info(ind)['canvas'] for ind in order}


def test_own_images_each_once(own, pool):
    dataset = DATASETS.build(
        dict(type='CanvasDataset', sources=[own], pipeline=[], pool=pool)
    )
    assert len(dataset) == 6
    canvases = recipes(dataset)
    assert [canvas.image for canvas in canvases.values()] == list(range(6))
    assert canvases[5].img_id == '005'
    assert {c.source for c in canvases.values()} == {0}
    assert dataset.metainfo['classes'] == own.metainfo['classes']
    dataset.full_init()


def test_annotations_stay_and_pasted_ones_are_added(own, pool):
    dataset = build(own, pool)
    num_pasted = num_foreign = 0
    for ind, info in enumerate(infos_of(dataset)):
        plain = own.get_data_info(ind)
        count = len(plain['instances'])
        assert info['instances'][:count] == plain['instances']
        added = info['instances'][count:]
        pasted = [item for item in added if item.get('pasted')]
        assert all(item['ignore_flag'] for item in added[len(pasted) :])
        assert len(pasted) + info['num_skipped_pastes'] == 6
        assert len(info['skipped_labels']) == info['num_skipped_pastes']
        assert [item['bbox_label'] for item in pasted] == [
            paste.label for paste in info['canvas'].pastes
        ]
        num_foreign += len(added) - len(pasted)
        bboxes, _ = instance_arrays(info['instances'][: count + len(pasted)])
        between = box_iou(bboxes, bboxes[count:])
        between[count:][np.eye(len(pasted), dtype=bool)] = 0
        assert not between.any()
        num_pasted += len(pasted)
    assert num_pasted > 12
    assert num_foreign > 0


def test_recipes_follow_from_seed_round_and_image(own, pool):
    expected = recipes(build(own, pool, seed=4, round_number=2))
    backwards = build(own, pool, seed=4, round_number=2)
    assert recipes(backwards, [5, 0, 3, 3, 1, 2, 4]) == expected
    # Nor do they depend on which other images were chosen.
    by_name = {canvas.img_id: canvas for canvas in expected.values()}
    fewer = build(own, pool, seed=4, round_number=2, num_canvases=3)
    for canvas in recipes(fewer).values():
        assert canvas == by_name[canvas.img_id]
    for other in (dict(seed=5), dict(round_number=3)):
        settings = {'seed': 4, 'round_number': 2, **other}
        assert recipes(build(own, pool, **settings)) != expected
    assert recipes(build(own, pool, seed=None)) == recipes(build(own, pool))


def test_workers_plan_the_same_canvases(own, pool):
    pipeline = [lambda info: {'canvas': info['canvas']}]
    dataset = build(own, pool, pipeline=pipeline)
    loader = DataLoader(dataset, num_workers=2, collate_fn=pseudo_collate)
    seen = [batch['canvas'][0] for batch in loader]
    assert seen == list(recipes(dataset).values())


def test_more_canvases_than_images(own, pool):
    # The ground of these scenes is of all colours.
    dataset = build(own, pool, num_canvases=14, paste=dict(max_ground=999))
    canvases = list(recipes(dataset).values())
    counts = Counter(canvas.img_id for canvas in canvases)
    assert sorted(counts.values()) == [2, 2, 2, 2, 3, 3]
    # Each time with other objects.
    assert len({str(canvas) for canvas in canvases}) == 14


@pytest.mark.parametrize(
    ('ratio', 'expected'), [(0, 0), (0.2, 2), (0.5, 5), (1, 10)]
)
def test_share_of_external_canvases(own, external, pool, ratio, expected):
    dataset = build(
        [own, external], pool, num_canvases=10, external_ratio=ratio
    )
    sources = [canvas.source for canvas in recipes(dataset).values()]
    assert len(sources) == 10
    assert sum(sources) == expected
    info = dataset.get_data_info(9)
    root = external if expected else own
    assert info['img_path'].startswith(root.data_root)


def test_external_sets_share_the_external_canvases(own, external):
    dataset = build([own, external, external], num_canvases=10)
    sources = Counter(c.source for c in recipes(dataset).values())
    assert sources[0] == 8
    # Without any, all canvases are the own ones.
    assert len(build(own, num_canvases=10)) == 10


def test_external_sets_need_the_own_classes(own, tmp_path):
    root = tmp_path / 'dota'
    write_dota(root, {'P1': square(0, 0, 9, 'small-vehicle')}, WH)
    cfg = dict(type='DOTADataset', data_root=str(root))
    with pytest.raises(ValueError, match='give it a class map'):
        build([own, cfg])
    dataset = build(
        [own, {**cfg, 'class_map': 'visdrone'}],
        num_canvases=1,
        external_ratio=1,
    )
    info = dataset.get_data_info(0)
    assert info['ignored_regions'] == [[0, 0, 12, 12]]


def test_sizes_follow_the_masked_vehicles_of_external_sets(
    own, pool, tmp_path
):
    root = tmp_path / 'dota'
    side = np.exp(pool.class_log_sizes[3]) / 3
    write_dota(root, {'P1': square(60, 60, side, 'small-vehicle')}, WH)
    cfg = dict(type='DOTADataset', data_root=str(root), class_map='visdrone')
    sizes = []
    for guide_map in (None, {}):
        (info,) = infos_of(
            build(
                [own, {**cfg, 'guide_map': guide_map}],
                pool,
                num_canvases=1,
                external_ratio=1,
                paste=dict(scale_limits=(0.1, 9), min_size=0, max_rotation=0),
            )
        )
        assert len(info['pastes']) >= 4
        sizes.append(
            [
                np.log(np.subtract(paste.bbox[2:], paste.bbox[:2])).mean()
                - pool.class_log_sizes[paste.label]
                for paste in info['pastes']
            ]
        )
    # By the jitter alone they differ from a third of the usual size.
    assert np.abs(np.exp(sizes[0]) * 3 - 1).max() < 0.19
    assert np.exp(sizes[1]).min() > 0.4


def test_masked_regions_are_never_pasted_on(own, external, pool):
    dataset = build(
        [own, external], pool, num_pastes=20, paste=dict(near_prob=0)
    )
    count = 0
    for info in infos_of(dataset):
        regions = as_bboxes(info['ignored_regions'])
        assert len(regions) == 1
        bboxes = as_bboxes([paste.bbox for paste in info['pastes']])
        assert not intersection_areas(bboxes, regions).any()
        assert (bboxes >= 0).all()
        assert (bboxes[:, 2:] <= WH).all()
        count += len(bboxes)
    assert count > 20


def test_rare_classes_are_drawn_more_often(own, pool):
    assert pool.class_counts[3] > 2 * pool.class_counts[[7, 8, 9]].max()

    def drawn(power):
        dataset = build(
            own, pool, class_power=power, num_canvases=30, num_pastes=8
        )
        return np.bincount(
            [
                paste.label
                for canvas in recipes(dataset).values()
                for paste in canvas.pastes
            ],
            minlength=10,
        )

    balanced, plain = drawn(3), drawn(-1)
    absent = pool.class_counts == 0
    assert not balanced[absent].any()
    assert balanced[3] < balanced[[7, 8, 9]].min()
    assert plain[3] > plain[[7, 8, 9]].max()


def test_patches_are_spared(own, tmp_path, caplog):
    """A rare class has one patch, which may be used in few canvases."""
    few = pool_of(own, tmp_path, max_per_class=1)
    options = dict(num_canvases=60, num_pastes=6, paste=dict(naive=True))

    def uses(**kwargs):
        counts = Counter(
            paste.patch_id
            for canvas in recipes(
                build(own, few, **options, **kwargs)
            ).values()
            for paste in canvas.pastes
        )
        return np.array([counts[ind] for ind in range(len(few))])

    assert len(few) < 6
    # Once in a canvas is the most.
    assert uses(max_uses=540).sum() == 60 * len(few)
    spared = uses(max_uses=10)
    np.testing.assert_allclose(spared, 10, atol=9)
    assert spared.sum() == pytest.approx(10 * len(few), abs=8)


@pytest.fixture
def lines(monkeypatch):
    """Lines that are logged."""
    lines = []
    monkeypatch.setattr(
        canvas_dataset, 'print_log', lambda text, **_: lines.append(text)
    )
    return lines


def test_spared_classes_are_logged_once(own, pool, lines):
    build(own, pool, max_uses=1000)
    assert lines == []
    build(own, pool, max_uses=0.1)
    (line,) = lines
    assert 'no patch is used more than 0.1 times a round' in line
    assert 'bus' in line
    with pytest.raises(ValueError, match='max_uses must be positive, got 0'):
        build(own, pool, max_uses=0)


@pytest.fixture
def seen(monkeypatch):
    """Arguments by name of each planning of pastes."""
    seen, original = [], canvas_dataset.plan_pastes

    def plan_pastes(*args, **kwargs):
        seen.append(kwargs)
        return original(*args, **kwargs)

    monkeypatch.setattr(canvas_dataset, 'plan_pastes', plan_pastes)
    return seen


def test_families_are_those_of_the_data_set(own, pool, seen):
    build(own, pool).get_data_info(0)
    build(own, pool, paste=dict(families=[0] * 10)).get_data_info(0)
    build(own, pool, paste=dict(naive=True)).get_data_info(0)
    assert seen[0]['families'] == own.metainfo['families']
    assert seen[1]['families'] == [0] * 10
    # Naive pastes look at nothing.
    assert [kwargs['look'] is None for kwargs in seen] == [False, False, True]
    with pytest.raises(ValueError, match='families must name one of each'):
        build(own, pool, paste=dict(families=[0, 1]))


def test_a_class_without_patches_is_not_drawn(own, tmp_path):
    """Counts are those of the data set, patches those of the pool."""
    filtered = pool_of(own, tmp_path, min_size=18)
    missing = (filtered.class_counts > 0) & (
        np.bincount(filtered.labels, minlength=10) == 0
    )
    labels = {
        paste.label
        for canvas in recipes(build(own, filtered, class_power=9)).values()
        for paste in canvas.pastes
    }
    assert labels
    assert not labels & set(np.flatnonzero(missing).tolist())


def test_sizes_follow_the_data_set_and_not_the_pool(own, pool, seen):
    build(own, pool, paste=dict(max_trials=3)).get_data_info(0)
    (kwargs,) = seen
    np.testing.assert_array_equal(
        kwargs['class_log_sizes'], pool.class_log_sizes
    )
    # Classes that the data set does not have are fine.
    assert np.isnan(kwargs['class_log_sizes']).any()
    assert kwargs['max_trials'] == 3


def test_ignored_objects_are_no_guide(own, pool, tmp_path, seen):
    rows = [(5, 5, 9, 9, 1, 4, 0, 0), (60, 5, 20, 20, 1, 11, 0, 0)]
    images = visdrone(write_visdrone(tmp_path, {'a': rows}, WH))
    build(images, pool).get_data_info(0)
    assert [s['gt_ignore'].tolist() for s in seen] == [[False, True]]


def test_no_pastes_without_a_pool(own, pool):
    for dataset in (build(own), build(own, pool, num_pastes=0)):
        for ind, info in enumerate(infos_of(dataset)):
            assert info['canvas'].pastes == ()
            assert info['instances'] == own.get_data_info(ind)['instances']


def test_recipe_is_rendered_as_mined(own, external, pool):
    """A hard chip shows the canvas' pixels, now and the next time."""
    sources = [own, external]
    dataset = build(
        sources,
        pool,
        pipeline=LOAD,
        external_ratio=0.5,
        paste=dict(max_ground=999),
    )
    bare = build(sources, pipeline=LOAD, external_ratio=0.5)
    scales = [dict(window=64, valid_range=(0, INF))]
    crop = dict(type='CropChip', chip_size=64)
    changed = 0
    for ind, canvas in recipes(dataset).items():
        windows = [(20, 30, 84, 94), (60, 0, 124, 64)]
        fields = {**vars(canvas), 'windows': windows, 'scale_inds': [0, 0]}
        hard_round = HardChipRound(1, '', [type(canvas)(**fields)])
        chips = ChipDataset(own, [*LOAD, crop], scales, chip_size=64)
        chips.set_hard_chips(hard_round, pool, [external])
        seen = dataset[ind]['img']
        np.testing.assert_array_equal(dataset[ind]['img'], seen)
        changed += (seen != bare[ind]['img']).any()
        for number, (x1, y1, x2, y2) in enumerate(windows):
            sample = chips[chips.num_normal + number]
            np.testing.assert_array_equal(sample['img'], seen[y1:y2, x1:x2])
    assert changed == 6


def test_a_broken_canvas_gives_way_to_the_next(tmp_path):
    dataset = build(visdrone(write_scenes(tmp_path, 3)), pipeline=LOAD)
    (tmp_path / 'images' / '002.png').write_bytes(b'')
    assert dataset[2]['img_id'] == '000'


def test_pipeline_without_result_is_an_error(own, warnings):
    dataset = build(own, pipeline=[lambda info: None])
    with pytest.raises(ValueError, match='the pipeline gave None'):
        dataset[0]


def write_masks(folder, images, mask):
    for info in infos_of(images):
        cv2.imwrite(str(folder / f'{info["img_id"]}.png'), mask)


def test_objects_are_pasted_on_masks(own, external, pool, tmp_path):
    mask = np.zeros((60, 80), dtype=np.uint8)
    mask[:, 10:20] = 255
    write_masks(tmp_path, own, mask)
    dataset = build(
        [own, external], pool, place_masks=str(tmp_path), external_ratio=0.4
    )
    pasted = {0: [], 1: []}
    for canvas in recipes(dataset).values():
        pasted[canvas.source] += [paste.bbox for paste in canvas.pastes]
    centres = as_bboxes(pasted[0])[:, [0, 2]].mean(axis=1)
    assert len(centres) > 2
    assert ((centres >= 20) & (centres < 40)).all()
    # External images have none.
    assert len(pasted[1]) > 0


def test_an_absent_mask_is_named(own, pool, tmp_path):
    with pytest.raises(ValueError, match=r'place_masks: no mask .*000\.png'):
        build(own, pool, place_masks=str(tmp_path))
    (tmp_path / '000.png').write_text('no image')
    with pytest.raises(ValueError, match=r'000\.png: no image'):
        PlaceMasks(tmp_path).read('images/000.jpg')


def test_own_objects_are_copied_onto_roads(own, external, pool, tmp_path):
    """RRNet's AdaResampling, of three classes of the six that it copies."""
    road = np.full((60, 80), 255, dtype=np.uint8)
    write_masks(tmp_path, own, road)
    dataset = build(
        [own, external],
        pool,
        num_canvases=10,
        external_ratio=0.4,
        num_pastes=6,
        place_masks=str(tmp_path),
        paste_classes=['awning-tricycle', 'bus', 'motor'],
        ada_resampling=True,
    )
    for info in infos_of(dataset):
        canvas = info['canvas']
        labels = {paste.label for paste in canvas.pastes}
        assert labels <= {7, 8, 9}
        if canvas.source:
            # External images have no roads.
            assert len(canvas.pastes) <= 6
            continue
        # 160 x 120 pixels give less than one, so five.
        assert len(canvas.pastes) == 5
        sources = {
            (
                item['bbox_label'],
                *np.subtract(item['bbox'][2:], item['bbox'][:2]),
            )
            for item in own.get_data_info(canvas.image)['instances']
        }
        for paste in canvas.pastes:
            assert pool.image_inds[paste.patch_id] == canvas.image
            assert paste.hard_edges
            # Without pedestrians there is no perspective.
            wh = np.subtract(paste.bbox[2:], paste.bbox[:2])
            assert (paste.scale, (paste.label, *wh) in sources) == (1, True)


def test_copies_show_the_pixels_of_their_object(own, pool, tmp_path):
    road = np.zeros((120, 160), dtype=np.uint8)
    # On the ignored half, where nothing else is.
    road[:, 120:140] = 255
    write_masks(tmp_path, own, road)
    dataset = build(
        own,
        pool,
        pipeline=LOAD,
        place_masks=str(tmp_path),
        ada_resampling=True,
    )
    for ind in range(len(dataset)):
        info = dataset.get_data_info(ind)
        image = cv2.imread(info['img_path'])
        shown = dataset[ind]['img']
        paste = info['canvas'].pastes[-1]
        patch_id = paste.patch_id
        x1, y1, x2, y2 = (
            pool.bboxes[patch_id] + np.tile(pool.origins[patch_id], 2)
        ).astype(int)
        left, top, right, bottom = map(int, paste.bbox)
        np.testing.assert_array_equal(
            shown[top:bottom, left:right], image[y1:y2, x1:x2]
        )


def test_resampling_without_masks_pastes_next_to_objects(own, pool, lines):
    dataset = build(own, pool, ada_resampling=True, max_uses=1000)
    assert recipes(dataset) == recipes(build(own, pool, max_uses=1000))
    assert lines == [
        'ada_resampling: without place_masks, objects are pasted next to '
        'objects'
    ]


def test_resampling_needs_its_classes(pool, tmp_path):
    root = write_scenes(tmp_path, 1)
    boats = DATASETS.build(
        dict(
            type='VisDroneDataset',
            data_root=str(root),
            metainfo=dict(classes=[f'boat {i}' for i in range(10)]),
        )
    )
    with pytest.raises(ValueError, match=r'ada_resampling: .* no pedestrian'):
        build(boats, ada_resampling=True)


@pytest.mark.parametrize(
    ('kwargs', 'fault'),
    [
        (dict(paste_classes=['lorry']), 'paste_classes: .* has no lorry'),
        (dict(external_ratio=1.1), 'external_ratio must be in 0..1, got 1.1'),
        (dict(num_canvases=0), 'num_canvases must be positive, got 0'),
        (dict(num_pastes=-1), 'num_pastes must be 0 or more, got -1'),
        (dict(paste=dict(max_trails=3)), 'paste: .*max_trails'),
        (dict(paste=dict(max_overlap=2)), 'max_overlap must be in .*got 2'),
    ],
)
def test_arguments_are_checked(own, pool, kwargs, fault):
    with pytest.raises(ValueError, match=fault):
        build(own, pool, **kwargs)


def test_there_must_be_images_and_patches(own, tmp_path):
    with pytest.raises(ValueError, match='at least one data set'):
        CanvasDataset([], [])
    empty = pool_of(own, tmp_path / 'empty', min_size=500)
    with pytest.raises(ValueError, match=r'the object pool .* is empty'):
        build(own, empty)
    assert len(build(own, empty, num_pastes=0)) == 6
    other = pool_of(own, tmp_path / 'other', num_classes=12)
    with pytest.raises(ValueError, match='12 classes, the data set 10'):
        build(own, other)


def test_real_canvases(real_data):
    """DOTA images as canvases, their vehicles masked."""
    own = visdrone(real_data / 'visdrone' / 'VisDrone2019-DET-val')
    dota = dict(
        type='DOTADataset',
        data_root=str(real_data / 'dota'),
        class_map='visdrone',
    )
    dataset = build([own, dota], num_canvases=10, external_ratio=0.5)
    sources = [canvas.source for canvas in recipes(dataset).values()]
    assert sources == [0] * 5 + [1] * 5
    assert any(info['ignored_regions'] for info in infos_of(dataset)[5:])
