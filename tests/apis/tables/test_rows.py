import json

import pytest

from mmhcm.apis.tables.rows import Row, Start, Table, read_table
from tests.support.tiny_run import REPO


@pytest.fixture
def write(tmp_path):
    """Write a table of rows next to two configs."""

    def write(*rows, **values):
        for name in ('a.py', 'cpu_a.py'):
            (tmp_path / name).write_text('model = dict()\n')
        path = tmp_path / 'rows.json'
        path.write_text(json.dumps({'name': 't', 'rows': rows, **values}))
        return path

    return write


def test_rows_are_read(write):
    path = write(
        {'id': 'a', 'config': 'a.py', 'paper': {'AP': 3.5}},
        {
            'id': 'b',
            'name': 'The second',
            'config': 'a.py',
            'shares': {'row': 'a', 'epoch': 4, 'differs': ['model']},
            'cfg_options': {'x': [1, 2]},
            'parent': 'a',
            'differs': ['x'],
        },
        {'id': 'c', 'config': 'a.py', 'checkpoint_of': 'b', 'tta': True},
        title='A table',
    )
    table = read_table(path)
    assert table == read_table(path.parent)
    assert (table.name, table.title) == ('t', 'A table')
    a, b, c = table.rows
    assert a == Row('a', 'a', path.parent / 'a.py', paper={'AP': 3.5})
    assert b.name == 'The second'
    assert b.shares == Start('a', 4, ('model',))
    assert (a.needs, b.needs, c.needs) == ((), ('a',), ('b',))
    assert table.with_needs(['c']) == [a, b, c]
    assert table.with_needs(['a']) == [a]
    prefixed = read_table(path, config_prefix='cpu_')
    assert {row.config.name for row in prefixed.rows} == {'cpu_a.py'}


A = {'id': 'a', 'config': 'a.py'}
B = {'id': 'b', 'config': 'a.py'}
OF_A = {'row': 'a', 'epoch': 1}
OF_B = {'id': 'c', 'config': 'a.py', 'checkpoint_of': 'b'}
OF_B_FAULT = "row 'c' needs the checkpoint of 'b', which trains none"


@pytest.mark.parametrize(
    ('rows', 'fault'),
    [
        ([], 'the table t has no rows'),
        ([A, A], "two rows are named 'a'"),
        ([{'id': 'a'}], "row 1: lacks 'config'"),
        ([{'config': 'a.py'}], "row 1: lacks 'id'"),
        ([A, {**B, 'config': 'no.py'}], 'row 2: no config at .*no.py'),
        ([{**A, 'tto': True}], "row 1: unknown key 'tto'"),
        ([{**A, 'paper': {'AR7': 1}}], "row 1: unknown metric 'AR7'"),
        ([{**A, 'id': '../a'}], "row 1: id is not a plain name: '../a'"),
        ([{**A, 'shares': {'row': 'b'}}], "row 1: .*'epoch'"),
        (
            [{**A, 'shares': {'row': 'b', 'epoch': 1}}, B],
            "'a' needs row 'b', which is not ab",
        ),
        ([A, {**B, 'checkpoint_of': 'c'}], "'b' needs row 'c', which is not"),
        ([A, {**B, 'ensemble_of': ['a', 'c']}], "'b' needs row 'c', which is"),
        (
            [A, {**B, 'checkpoint_of': 'a', 'shares': OF_A}],
            "row 'b' has both checkpoint_of and shares",
        ),
        ([A, {**B, 'checkpoint_of': 'a'}, OF_B], OF_B_FAULT),
        ([A, {**B, 'ensemble_of': ['a']}, OF_B], OF_B_FAULT),
        ([{**A, 'tta': True, 'slices': True}], "'a' has both tta and slices"),
        (
            [A, {**B, 'ensemble_of': ['a'], 'tta': True}],
            "row 'b' has both ensemble_of and tta",
        ),
        ([{**A, 'parent': 'z'}], "row 'a' names the parent 'z'"),
    ],
)
def test_a_mistake_names_file_and_row(write, rows, fault):
    path = write(*rows)
    with pytest.raises(ValueError, match=fault) as error:
        read_table(path)
    assert str(error.value).startswith(str(path))


@pytest.mark.parametrize(
    ('text', 'fault'),
    [
        ('{"rows": [}', ':1: no JSON'),
        ('[]', 'a table has a list of rows'),
        ('{"rows": 3}', 'a table has a list of rows'),
    ],
)
def test_invalid_table_files_are_named(tmp_path, text, fault):
    path = tmp_path / 'rows.json'
    path.write_text(text)
    with pytest.raises(ValueError, match=fault):
        read_table(path)


def test_no_such_row(write):
    table = read_table(write(A))
    assert isinstance(table, Table)
    with pytest.raises(ValueError, match="no row 'z', there are a"):
        table.with_needs(['z'])


def test_the_paper_has_four_rows():
    table = read_table(REPO / 'configs' / 'table1')
    published = {
        row.id: list(row.paper.values()) for row in table.rows if row.paper
    }
    assert published == {
        'ours-multi-scale': [37.15, 65.54, 36.56, 0.32, 1.47, 7.28, 53.78],
        'ours': [35.64, 63.96, 34.27, 0.4, 2.74, 17.52, 50.19],
        'fpn-adjusted': [32.88, 60.66, 30.86, 0.43, 2.77, 14.38, 47.72],
        'fpn-coco-default': [29.1, 52.84, 28.12, 0.42, 2.77, 26.41, 41.34],
    }
