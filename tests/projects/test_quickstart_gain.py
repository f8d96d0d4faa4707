import sys

import cv2
import numpy as np
import pytest

from mmhcm.structures.annotations.visdrone_txt import CLASSES
from mmhcm.visualization.figures.style import figure_style
from projects.quickstart import draw_gain as tool
from tests.support.scene_folders import write_visdrone

CAR, VAN, BUS = (CLASSES.index(name) + 1 for name in ('car', 'van', 'bus'))
SCENES = {
    # Two classes, but an object more than the next one.
    'crowded': [
        (5, 5, 20, 10, 1, CAR, 0, 0),
        (50, 5, 20, 10, 1, CAR, 0, 0),
        (5, 40, 30, 20, 1, BUS, 0, 0),
    ],
    'mixed': [
        (5, 5, 20, 10, 1, CAR, 0, 0),
        (40, 40, 30, 20, 1, BUS, 0, 0),
        (80, 60, 10, 10, 0, CAR, 0, 0),
    ],
    'plain': [(5, 5, 20, 10, 1, CAR, 0, 0)],
}


@pytest.fixture
def data_root(tmp_path):
    return write_visdrone(tmp_path / 'val', SCENES)


def write_results(folder, change=lambda x, y, w, h, category: []):
    """Write the objects as detections, but for those that ``change`` takes."""
    folder.mkdir()
    for stem, rows in SCENES.items():
        lines = []
        for x, y, w, h, score, category, *_ in rows:
            found = change(x, y, w, h, category) or (x, y, w, h, category)
            if score and found != 'missed':
                box, label = found[:4], found[4]
                row = (*box, 0.9, label, -1, -1)
                lines.append(','.join(map(str, row)) + '\n')
        (folder / f'{stem}.txt').write_text(''.join(lines))
    return folder


def counts_of(drawing):
    return [line.split(': ')[-1] for line in drawing.text.splitlines()[1:]]


def draw(*args, **kwargs):
    with figure_style():
        return tool.draw_gain(*args, **kwargs)


CHANGES = {
    'vans for cars': (
        lambda x, y, w, h, category: category == CAR and (x, y, w, h, VAN),
        '0 missed, 1 wrong class, 0 wrong place, 0 background, 1 right',
        1,
    ),
    'no buses': (
        lambda x, y, w, h, category: category == BUS and 'missed',
        '1 missed, 0 wrong class, 0 wrong place, 0 background, 1 right',
        1,
    ),
    'aside': (
        lambda x, y, w, h, category: (x + w * 0.6, y, w, h, category),
        '0 missed, 0 wrong class, 2 wrong place, 0 background, 0 right',
        2,
    ),
    'elsewhere': (
        lambda x, y, w, h, category: (70, 0, 9, 9, CAR),
        '2 missed, 0 wrong class, 0 wrong place, 2 background, 0 right',
        2,
    ),
}


@pytest.mark.parametrize('name', CHANGES)
def test_what_is_right_and_wrong_is_counted(data_root, tmp_path, name):
    change, expected, num_alone = CHANGES[name]
    results = {
        'changed': write_results(tmp_path / 'a', change),
        'perfect': write_results(tmp_path / 'b'),
    }
    drawing = draw(results, data_root, images=['mixed'])
    assert drawing.text.startswith('on mixed\n')
    assert counts_of(drawing) == [
        f'{expected}, 0 right, here alone',
        '0 missed, 0 wrong class, 0 wrong place, 0 background, '
        f'{2 - num_alone} right, {num_alone} right, here alone',
    ]


def test_scenes_from_the_median_gain_to_the_highest(data_root, tmp_path):
    # Gains 2 on the crowded scene, 1 on the mixed one and on the plain one.
    before = write_results(
        tmp_path / 'a',
        lambda x, y, w, h, category: category == CAR and 'missed',
    )
    results = {'before': before, 'after': write_results(tmp_path / 'b')}
    for num, expected in [
        (1, 'on plain'),
        (2, 'on plain, crowded'),
        (9, 'on plain, crowded'),
    ]:
        drawing = draw(results, data_root, num)
        assert drawing.text.splitlines()[0] == expected
    worse = dict(reversed(results.items()))
    drawing = draw(worse, data_root, 2)
    assert drawing.text.splitlines()[0] == 'on mixed, plain'


def test_mistakes_are_named(data_root, tmp_path):
    results = {'one': write_results(tmp_path / 'a')}
    with pytest.raises(ValueError, match='two results are compared, got 1'):
        draw(results, data_root)
    results['two'] = results['one']
    with pytest.raises(ValueError, match='no image nowhere'):
        draw(results, data_root, images=['nowhere'])


def test_the_threshold_is_that_of_the_best_f1(data_root, tmp_path):
    folder = write_results(tmp_path / 'a')
    for stem in SCENES:
        with (folder / f'{stem}.txt').open('a') as file:
            # Below the right ones, and many.
            file.writelines(
                f'{70 + i},2,8,8,0.4,{VAN},-1,-1\n' for i in range(20)
            )
    results = {'one': folder, 'perfect': write_results(tmp_path / 'b')}
    noisy, clean = counts_of(draw(results, data_root, images=['plain']))
    assert noisy == clean
    assert '0 background, 1 right' in noisy


def test_command_line(data_root, tmp_path, monkeypatch, capsys):
    folder, out = write_results(tmp_path / 'a'), tmp_path / 'gain.png'
    argv = ['draw_gain.py', str(folder), str(folder)]
    argv += ['--names', 'before', 'after', '--data-root', str(data_root)]
    monkeypatch.setattr(sys, 'argv', [*argv, '--out', str(out)])
    assert tool.main() == 0
    assert 'after: 0 missed' in capsys.readouterr().out
    assert np.ptp(cv2.imread(str(out))) > 100
    monkeypatch.setattr(
        sys, 'argv', [*argv, '--out', str(out), '--images', 'nowhere']
    )
    assert tool.main() == 1
    assert capsys.readouterr().err.endswith('no image nowhere\n')
