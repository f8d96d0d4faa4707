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


def test_what_is_right_and_wrong_is_counted(data_root, tmp_path):
    results = {
        'perfect': write_results(tmp_path / 'a'),
        'vans': write_results(
            tmp_path / 'b',
            lambda x, y, w, h, category: category == CAR and (x, y, w, h, VAN),
        ),
        'without buses': write_results(
            tmp_path / 'c',
            lambda x, y, w, h, category: category == BUS and 'missed',
        ),
        'aside': write_results(
            tmp_path / 'd',
            lambda x, y, w, h, category: (x + w * 0.6, y, w, h, category),
        ),
        'elsewhere': write_results(
            tmp_path / 'e', lambda x, y, w, h, category: (70, 0, 9, 9, CAR)
        ),
    }
    drawing = draw(results, data_root, images=['mixed'])
    nothing = '0 wrong class, 0 wrong place, 0 background'
    assert counts_of(drawing) == [
        f'0 missed, 2 right, {nothing}',
        '0 missed, 1 right, 1 wrong class, 0 wrong place, 0 background',
        f'1 missed, 1 right, {nothing}',
        '0 missed, 0 right, 0 wrong class, 2 wrong place, 0 background',
        '2 missed, 0 right, 0 wrong class, 0 wrong place, 2 background',
    ]
    assert drawing.text.startswith('on mixed\n')


def test_scenes_of_the_most_classes_and_fewest_objects(data_root, tmp_path):
    results = {'one': write_results(tmp_path / 'a')}
    for num, expected in [
        (1, 'on mixed'),
        (2, 'on mixed, crowded'),
        (9, 'on mixed, crowded, plain'),
    ]:
        drawing = draw(results, data_root, num)
        assert drawing.text.splitlines()[0] == expected
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
    drawing = draw({'one': folder}, data_root, images=['plain'])
    assert 'from score 0.90: 0 missed, 1 right' in drawing.text


def test_command_line(data_root, tmp_path, monkeypatch, capsys):
    folder, out = write_results(tmp_path / 'a'), tmp_path / 'gain.png'
    argv = ['draw_gain.py', str(folder), str(folder)]
    argv += ['--names', 'before', 'after', '--data-root', str(data_root)]
    monkeypatch.setattr(sys, 'argv', [*argv, '--out', str(out)])
    assert tool.main() == 0
    assert 'after, from score 0.90' in capsys.readouterr().out
    assert np.ptp(cv2.imread(str(out))) > 100
    monkeypatch.setattr(
        sys, 'argv', [*argv, '--out', str(out), '--images', 'nowhere']
    )
    assert tool.main() == 1
    assert capsys.readouterr().err.endswith('no image nowhere\n')
