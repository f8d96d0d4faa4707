from collections import Counter

import numpy as np
import pytest

from mmhcm.apis.report.examples import hardest_examples
from mmhcm.apis.report.pictures import crop_window
from mmhcm.structures.rounds import ErrorBox, HardChipRound, MinedCanvas


def error(score, kind='background', label=0, size=10):
    labels = {
        'background': (label, -1),
        'class': (9, label),
        'missed': (-1, label),
        'localization': (label, label),
    }[kind]
    return ErrorBox((5, 5, 5 + size, 5 + size), kind, *labels, score)


def make_round(*groups, others=()):
    """A canvas for each group of errors."""
    return HardChipRound(
        1,
        'ab' * 32,
        [
            MinedCanvas(0, ind, str(ind), errors=group, other_errors=others)
            for ind, group in enumerate(groups)
        ],
    )


def scores(examples):
    return [example.error.score for example in examples]


def test_nothing():
    assert hardest_examples(make_round(), 24) == {}
    assert hardest_examples(make_round([error(0.5)]), 0) == {}


def test_the_strongest_first():
    errors = [error(score) for score in (0.3, 0.9, 0.6)]
    chosen = hardest_examples(make_round(errors), 2)
    assert scores(chosen['background']) == [0.9, 0.6]


def test_spread_over_images_and_classes():
    """One image and class would fill the page with its scores alone."""
    crowd = [error(0.9 - ind / 1000) for ind in range(20)]
    groups = [crowd] + [
        [error(0.5, label=1 + ind % 2)] * 2 for ind in range(6)
    ]
    chosen = hardest_examples(make_round(*groups), 8)['background']
    images = Counter(example.canvas_ind for example in chosen)
    labels = Counter(example.error.det_label for example in chosen)
    assert len(images) >= 5
    assert max(images.values()) <= 3
    assert set(labels) == {0, 1, 2}
    assert scores(chosen) == sorted(scores(chosen), reverse=True)


def test_no_error_twice():
    errors = [error(ind / 10) for ind in range(1, 6)]
    chosen = hardest_examples(make_round(errors), 24)['background']
    assert sorted(scores(chosen)) == [0.1, 0.2, 0.3, 0.4, 0.5]


@pytest.mark.parametrize(
    ('numbers', 'total', 'expected'),
    [
        ((9, 9, 9), 9, (3, 3, 3)),
        ((9, 9, 9), 10, (4, 3, 3)),
        ((1, 9, 9), 9, (1, 4, 4)),
        ((0, 2, 9), 9, (0, 2, 7)),
        ((1, 1, 1), 24, (1, 1, 1)),
    ],
)
def test_types_share_the_pictures(numbers, total, expected):
    kinds = ('background', 'class', 'missed')
    errors = [
        error(0 if kind == 'missed' else 0.5, kind)
        for kind, number in zip(kinds, numbers, strict=True)
        for _ in range(number)
    ]
    chosen = hardest_examples(make_round(errors), total)
    assert tuple(len(chosen.get(kind, [])) for kind in kinds) == expected


def test_errors_with_a_chip_come_first():
    others = [error(0.9), error(0.8)]
    hard_round = make_round([error(0.3), error(0.5)], others=others)
    chosen = hardest_examples(hard_round, 3)['background']
    assert scores(chosen) == [0.5, 0.3, 0.9]


def test_types_without_chips_get_the_remaining_pictures():
    others = [error(0.9, 'localization')] * 5
    errors = [error(0.5), error(0.4), error(0.7, 'class')]
    hard_round = make_round(errors, others=others)
    hard_round.counts['kinds'] = ['background', 'class', 'missed']
    numbers = [
        {kind: len(v) for kind, v in hardest_examples(hard_round, n).items()}
        for n in (2, 4)
    ]
    assert numbers == [
        {'background': 1, 'class': 1},
        {'background': 2, 'class': 1, 'localization': 1},
    ]


def test_missed_objects_are_sorted_by_size():
    others = [error(0, 'missed', size=size) for size in (8, 30, 20)]
    hard_round = make_round([error(0.5)], others=others)
    chosen = hardest_examples(hard_round, 3)['missed']
    assert [e.error.bbox[2] - 5 for e in chosen] == [30, 20]


@pytest.mark.parametrize(
    ('bbox', 'bounds', 'expected'),
    [
        # in the middle, four times as long
        ((100, 100, 120, 110), (0, 0, 400, 400), (70, 65, 150, 145)),
        # a small object keeps some room
        ((100, 100, 104, 104), (0, 0, 400, 400), (74, 74, 130, 130)),
        # not out of the chip
        ((0, 0, 20, 20), (0, 0, 160, 160), (0, 0, 80, 80)),
        ((140, 140, 160, 160), (100, 100, 160, 160), (100, 100, 160, 160)),
        ((10, 10, 50, 20), (0, 0, 200, 30), (0, 0, 160, 30)),
    ],
)
def test_crop_window(bbox, bounds, expected):
    window = crop_window(np.array([bbox], dtype=np.float32), bounds)
    assert window == expected
    assert all(isinstance(side, int) for side in window)
