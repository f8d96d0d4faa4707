import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhcm.functional.scoring import confusion_matrix
from tests.functional.scoring.test_tide import FAR, NEAR, OBJECT, messy, record

BACKGROUND = MISSED = 3


@pytest.mark.parametrize(
    ('dets', 'gts', 'cells'),
    [
        pytest.param([], [], {}, id='empty'),
        pytest.param([], [(OBJECT, 2)], {(1, MISSED): 1}, id='missed'),
        pytest.param([(NEAR, 0.9, 2)], [(OBJECT, 2)], {(1, 1): 1}, id='found'),
        pytest.param(
            [(NEAR, 0.9, 3)], [(OBJECT, 2)], {(1, 2): 1}, id='confused'
        ),
        pytest.param(
            [(NEAR, 0.29, 2)], [(OBJECT, 2)], {(1, MISSED): 1}, id='low score'
        ),
        pytest.param(
            [(FAR, 0.9, 3)],
            [(OBJECT, 2)],
            {(BACKGROUND, 2): 1, (1, MISSED): 1},
            id='background',
        ),
        pytest.param(
            [(OBJECT, 0.9, 1), (NEAR, 0.5, 2)],
            [(OBJECT, 2)],
            {(1, 1): 1, (BACKGROUND, 0): 1},
            id='the own class goes before a higher score',
        ),
        pytest.param(
            [(NEAR, 0.5, 2), (OBJECT, 0.9, 2)],
            [(OBJECT, 2)],
            {(1, 1): 1, (BACKGROUND, 1): 1},
            id='a duplicate counts as background',
        ),
        pytest.param(
            [(OBJECT, 0.9, 1)], [(OBJECT, 11)], {}, id='category 11 is ignored'
        ),
        pytest.param(
            [(OBJECT, 0.9, 1)], [(OBJECT, 0)], {}, id='an ignored region'
        ),
        pytest.param(
            [(OBJECT, 0.9, 7)], [(OBJECT, 7)], {}, id='no class of ours'
        ),
    ],
)
def test_cells(dets, gts, cells):
    matrix = confusion_matrix([record(dets, gts)], num_classes=3)
    wanted = np.zeros((4, 4), dtype=int)
    for cell, count in cells.items():
        wanted[cell] = count
    np.testing.assert_array_equal(matrix, wanted)


@settings(max_examples=100)
@given(st.lists(messy, max_size=3))
def test_every_object_counts_once(images):
    records = [record(*i, image_wh=(12, 12)) for i in images]
    clean = [
        ([d for d in dets], [g for g in gts if g[1] and g[2]])
        for dets, gts in images
    ]
    matrix = confusion_matrix(
        [record(*i, image_wh=(12, 12)) for i in clean], 3, score_thr=0
    )
    objects = [g[1] for _, gts in clean for g in gts if g[1] <= 3]
    wanted = np.bincount(objects, minlength=4)[1:4]
    np.testing.assert_array_equal(matrix[:3].sum(axis=1), wanted)
    # each detection is in one cell of the columns of classes
    assert matrix[:, :3].sum() == sum(len(dets) for dets, _ in clean)
    # with regions and ignored objects there is never more
    messy_matrix = confusion_matrix(records, 3, score_thr=0)
    assert messy_matrix[:, :3].sum() <= matrix[:, :3].sum()
