import re
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import pytest

from mmhcm.visualization.figures import (
    FORMATS,
    Drawing,
    figure_style,
    save_drawing,
    wanted_paths,
)
from mmhcm.visualization.figures.style import (
    COLORS,
    HATCHES,
    MARKERS,
    check_series,
    new_figure,
)

DRAW = """
import sys
from pathlib import Path
from mmhcm.visualization.figures.style import *
with figure_style():
    figure = new_figure('single', 1.5)
    axes = figure.add_subplot()
    axes.bar([0, 1], [2, 3], hatch='//', color=COLORS[0])
    axes.set_xlabel('a label')
    paths = [Path(sys.argv[1], f'x.{name}') for name in FORMATS]
    save_drawing(Drawing(figure, {'a': 1}), paths)
"""


def run(out):
    subprocess.run([sys.executable, '-c', DRAW, str(out)], check=True)
    return {path.name: path.read_bytes() for path in out.iterdir()}


def test_equal_figures_are_equal_files(tmp_path):
    (tmp_path / 'a').mkdir()
    (tmp_path / 'b').mkdir()
    first, second = run(tmp_path / 'a'), run(tmp_path / 'b')
    assert set(first) == {f'x.{name}' for name in FORMATS}
    assert first == second
    svg = first['x.svg'].decode()
    assert 'a label</text>' in svg
    assert 'width="237.6pt"' in svg  # 3.3 inches
    assert b'/FontFile2' in first['x.pdf']  # embedded TrueType
    assert b'CreationDate' not in first['x.pdf']


def test_the_users_settings_are_left_out_and_restored():
    with mpl.rc_context({'font.size': 31, 'axes.facecolor': 'red'}):
        with figure_style():
            assert mpl.rcParams['font.size'] == 7
            assert mpl.rcParams['axes.facecolor'] == 'white'
        assert mpl.rcParams['font.size'] == 31


@pytest.mark.parametrize(
    ('out', 'formats', 'paths'),
    [
        ('figs', None, ['figs/ap.pdf', 'figs/ap.png']),
        ('figs', ['svg'], ['figs/ap.svg']),
        ('a/b.svg', None, ['a/b.svg']),
        ('a/b.x.pdf', ['pdf', 'json'], ['a/b.x.pdf', 'a/b.x.json']),
    ],
)
def test_wanted_paths(out, formats, paths):
    found = wanted_paths(out, 'ap', formats)
    assert [str(path) for path in found] == paths


def test_unknown_formats_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r'b\.gif: figures are written as'):
        wanted_paths('b.gif', 'ap', None)
    folder = tmp_path / 'v1.0'
    folder.mkdir()
    assert wanted_paths(folder, 'ap', ['svg']) == [folder / 'ap.svg']


def test_a_picture_has_no_numbers(tmp_path):
    with figure_style(), pytest.raises(ValueError, match='no numbers'):
        save_drawing(Drawing(new_figure('single', 1)), [tmp_path / 'x.json'])
    assert list(tmp_path.iterdir()) == []


def test_number_of_series_is_limited():
    assert len(set(COLORS)) == len(set(MARKERS)) == len(set(HATCHES))
    assert all(re.fullmatch('#[0-9A-F]{6}', color) for color in COLORS)
    check_series(list(COLORS))
    with pytest.raises(ValueError, match='8 results in one figure'):
        check_series([*COLORS, 'one more'])


def test_figures_do_not_need_torch():
    code = (
        'import sys, mmhcm.cli.plot_results\n'
        "sys.exit('torch' in sys.modules or 'mmengine' in sys.modules)"
    )
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, '-c', code], check=True, cwd=root)
