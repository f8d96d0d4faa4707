"""Rules of style for the docstrings of all Python files."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ('mmhcm', 'tools', 'projects', 'tests', 'benchmarks')
QUESTION = re.compile(r'(What|Whether|How)\b')
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def questions(source):
    """List (line, first line) of docstrings that begin like a question."""
    found = []
    for node in ast.walk(ast.parse(source)):
        text = isinstance(node, DOCUMENTED) and ast.get_docstring(node)
        if text and QUESTION.match(text):
            found.append((node.body[0].lineno, text.splitlines()[0]))
    return sorted(found)


@pytest.mark.parametrize(
    ('docstring', 'is_found'),
    [
        ('What a chip holds.', True),
        ('Whether a chip is kept.', True),
        ('How chips are chosen.', True),
        ('Choose what a chip holds.', False),
        ('However a chip is cut.', False),
    ],
)
@pytest.mark.parametrize('form', ['"""{}"""', 'def f():\n    """{}"""'])
def test_questions_are_found(form, docstring, is_found):
    assert bool(questions(form.format(docstring))) == is_found


def test_no_docstring_begins_like_a_question():
    paths = [p for name in FOLDERS for p in (ROOT / name).rglob('*.py')]
    assert len(paths) > 100
    offenders = [
        f'{path.relative_to(ROOT)}:{line}: {first}'
        for path in sorted(paths)
        for line, first in questions(path.read_text(encoding='utf-8'))
    ]
    assert not offenders, '\n' + '\n'.join(offenders)
