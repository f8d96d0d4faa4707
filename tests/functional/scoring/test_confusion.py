import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmhcm.functional.scoring import confusion_matrix
from tests.functional.scoring.test_tide import FAR, NEAR, OBJECT, messy, record

BACKGROUND = MISSED = 3


ONE = [(OBJECT, 2)]
CASES = {
    'empty': ([], [], {}),
    'missed': ([], ONE, {(1, MISSED): 1}),
    'found': ([(NEAR, 0.9, 2)], ONE, {(1, 1): 1}),
    'confused': ([(NEAR, 0.9, 3)], ONE, {(1, 2): 1}),
    'low score': ([(NEAR, 0.29, 2)], ONE, {(1, MISSED): 1}),
    'background': (
        *([(FAR, 0.9, 3)], ONE, {(BACKGROUND, 2): 1, (1, MISSED): 1}),
    ),
    'the own class goes before a higher score': (
        *([(OBJECT, 0.9, 1), (NEAR, 0.5, 2)], ONE),
        {(1, 1): 1, (BACKGROUND, 0): 1},
    ),
    'a duplicate counts as background': (
        *([(NEAR, 0.5, 2), (OBJECT, 0.9, 2)], ONE),
        {(1, 1): 1, (BACKGROUND, 1): 1},
    ),
    'category 11 is ignored': ([(OBJECT, 0.9, 1)], [(OBJECT, 11)], {}),
    'an ignored region': ([(OBJECT, 0.9, 1)], [(OBJECT, 0)], {}),
    'no class of ours': ([(OBJECT, 0.9, 7)], [(OBJECT, 7)], {}),
}


@pytest.mark.parametrize('name', CASES)
def test_cells(name):
    dets, gts, cells = CASES[name]
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
