"""Every test that docs/bad_input.md names is there."""

import re
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]
TABLE = (REPO / 'docs' / 'bad_input.md').read_text()
FILES = [
    *Path(__file__).parent.glob('test_bad_input_*.py'),
    REPO / 'tests' / 'datasets' / 'sources' / 'test_checked_coco.py',
    REPO / 'tests' / 'datasets' / 'sources' / 'test_visdrone.py',
]
NAMED = sorted(set(re.findall(r'`(test_\w+)`', TABLE)))


@pytest.mark.parametrize('name', NAMED)
def test_a_test_that_is_named_exists(name):
    assert any(f'def {name}(' in path.read_text() for path in FILES)


def test_every_row_names_a_test():
    rows = [line for line in TABLE.splitlines() if line.startswith('| ')]
    rows = [row for row in rows if not re.match(r'\| (what|---) ', row)]
    assert len(rows) > 40
    for row in rows:
        last = row.strip('| ').rpartition(' | ')[2]
        assert 'test_' in last or last.startswith('the same'), row
