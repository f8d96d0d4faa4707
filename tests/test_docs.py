"""Names in the documents that must exist."""

import re
import shlex
from pathlib import Path

import pytest

from mmhcm.structures.results.ranking import TABLE_2

ROOT = Path(__file__).parents[1]
PATTERNS = ('*.md', 'docs/*.md', 'benchmarks/*.md', '[cp]*/*/*.md')
DOCS = sorted(path for pattern in PATTERNS for path in ROOT.glob(pattern))


def _id(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize('doc', DOCS, ids=_id)
def test_local_links_resolve(doc):
    targets = re.findall(r'\]\(([^)#\s]+)[^)]*\)', doc.read_text())
    local = [t for t in targets if '://' not in t]
    missing = [t for t in local if not (doc.parent / t).exists()]
    assert not missing


@pytest.mark.parametrize('doc', DOCS, ids=_id)
def test_scripts_and_configs_exist(doc):
    names = re.findall(
        r'(?<![\w/.])((?:tools|configs|projects|requirements|benchmarks)/'
        r'[\w./-]+\.(?:py|txt))\b',
        doc.read_text(),
    )
    missing = sorted({name for name in names if not (ROOT / name).is_file()})
    assert not missing


@pytest.mark.parametrize('doc', DOCS, ids=_id)
def test_make_targets_exist(doc):
    makefile = (ROOT / 'Makefile').read_text()
    rules = re.findall(r'^([\w. -]+):(?!=)', makefile, re.MULTILINE)
    targets = {target for rule in rules for target in rule.split()}
    used = set()
    # Commands in code blocks, and `make x` in running text.
    for line in re.findall(
        r'(?:^|`|; )make ([^\n`;]*)', doc.read_text(), re.M
    ):
        words = shlex.split(line.split('#')[0])
        used |= {word for word in words if '=' not in word and word != '...'}
    assert used <= targets


def test_every_tool_is_documented():
    text = ''.join(path.read_text() for path in DOCS)
    tools = {path.stem for path in ROOT.glob('tools/*.py')} - {'__init__'}
    named = {*re.findall(r'(?:mmhcm |tools/)(\w+)', text)}
    assert tools <= named


def rows_of(doc):
    """Rows of the tables of a document, without heads and rules."""
    lines = (ROOT / 'docs' / doc).read_text().splitlines()
    for line, following in zip(lines, [*lines[1:], ''], strict=True):
        is_head = following.startswith('| ---') or line.startswith('| ---')
        if line.startswith('| ') and not is_head:
            yield line


def test_promises_name_existing_tests():
    rows = list(rows_of('reliability.md'))
    assert len(rows) > 30
    for row in rows:
        path = None
        tests = row.strip('| ').rpartition(' | ')[2]
        named = re.findall(r'`([\w/]*\.py)?(?:::)?(test_\w+)?`', tests)
        assert named, row
        for file, test in named:
            if file:
                path = ROOT / 'tests' / file.removeprefix('tests/')
            assert path is not None, row
            content = path.read_text()
            assert not test or f'def {test}(' in content, (path, test)


def test_bad_input_names_existing_tests():
    files = (ROOT / 'tests').rglob('test_*.py')
    text = '\n'.join(path.read_text() for path in files)
    rows = list(rows_of('bad_input.md'))
    assert len(rows) > 40
    for row in rows:
        last = row.strip('| ').rpartition(' | ')[2]
        assert 'test_' in last or last.startswith('the same'), row
        for name in re.findall(r'(?<=[`:])test_\w+(?=`)', last):
            assert f'def {name}(' in text, name


def test_every_system_of_table_2_has_a_row():
    rows = [
        [cell.strip() for cell in row.strip('| ').split(' | ')]
        for row in list(rows_of('baselines.md'))[: len(TABLE_2['rows'])]
    ]
    assert [name for name, *_ in rows] == list(TABLE_2['rows'])
    by_name_only = []
    for name, definition, config, unknown in rows:
        assert unknown, name
        if definition == 'its name only':
            by_name_only.append(name)
            assert config.startswith(('none', 'nearest available')), name
        files = re.findall(r'`([\w.-]+\.py)`', config)
        assert files or config.startswith('none'), name
        for file in files:
            assert any((ROOT / 'configs').glob(f'*/{file}')), file
    assert by_name_only == ['S+D', 'BetterFPN', 'EHR-RetinaNet', 'CNAnet']


@pytest.mark.parametrize(
    'doc', ['docs/baselines.md', 'configs/baselines/README.md']
)
def test_no_score_of_an_entry_stands_for_a_config(doc):
    """Entries that are names alone have no configs that could have scores."""
    text = (ROOT / doc).read_text()
    for name in ('S+D', 'BetterFPN', 'EHR-RetinaNet', 'CNAnet'):
        for score in TABLE_2['rows'][name]:
            # Small ones stand for seconds as well.
            assert score < 20 or f'{score:.2f}' not in text, (name, score)
