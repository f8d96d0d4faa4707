"""The explanations of mutants fit the code, and sums of coverage are right."""

import ast

import pytest

from tests.support import layer_coverage, mutants
from tests.support.mutants import EXPLAINED, ROOT, explanations, sources

FUNCTIONS = {}
for path in sources():
    tree = ast.parse((ROOT / path).read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            FUNCTIONS.setdefault(node.name, set()).add(ast.unparse(node))


def squeezed(text):
    """Without what formatting decides."""
    return text.translate(str.maketrans('', '', ' \n,()"\''))


@pytest.mark.parametrize('mutant', explanations(), ids=str)
def test_explained_lines_are_in_the_code(mutant):
    function, was, now = mutant
    assert was != now
    bodies = FUNCTIONS[function.rpartition('.')[2]]
    assert any(squeezed(was) in squeezed(body) for body in bodies)


def test_no_mutant_is_explained_twice():
    text = EXPLAINED.read_text()
    assert text.count('    [\n') == len(explanations())


KNOWN = ('f', 'was', 'now')


@pytest.mark.parametrize(
    ('statuses', 'fault'),
    [
        ({'a': 'survived', 'b': 'killed', 'c': 'timeout'}, None),
        ({'a': 'survived', 'b': 'survived'}, r'b \(survived\): no test'),
        ({'a': 'survived', 'b': 'no tests'}, r'b \(no tests\): no test'),
        ({'a': 'killed', 'b': 'killed'}, 'explained, yet killed or gone'),
    ],
)
def test_survivors_are_faults_unless_explained(
    statuses, fault, monkeypatch, capsys
):
    monkeypatch.setattr(mutants.sys, 'argv', [''])
    monkeypatch.setattr(mutants, 'copy_project', lambda: None)
    monkeypatch.setattr(mutants, 'run', lambda jobs: statuses)
    monkeypatch.setattr(mutants, 'explanations', lambda: {KNOWN: 'why'})
    monkeypatch.setattr(
        mutants,
        'describe',
        lambda name: KNOWN if name == 'a' else ('g', 'was', name),
    )
    if fault is None:
        mutants.main()
    else:
        with pytest.raises(SystemExit, match=fault):
            mutants.main()
    assert f'{len(statuses)} mutants: ' in capsys.readouterr().out


@pytest.mark.parametrize(
    ('covered', 'enough'), [((95, 19), True), ((94, 20), False)]
)
def test_layer_coverage_needs_95_per_cent(
    covered, enough, tmp_path, monkeypatch, capsys
):
    lines, branches = covered
    summary = {
        'covered_lines': lines,
        'num_statements': 100,
        'covered_branches': branches,
        'num_branches': 20,
    }
    files = {
        f'{folder}{name}.py': {'summary': summary}
        for folder in ('mmhcm/functional/', 'mmhcm/structures/')
        for name in 'ab'
    }
    path = tmp_path / 'coverage.json'
    path.write_text(layer_coverage.json.dumps({'files': files}))
    monkeypatch.setattr(layer_coverage.sys, 'argv', ['', str(path)])
    if enough:
        layer_coverage.main()
    else:
        with pytest.raises(SystemExit, match='95 %'):
            layer_coverage.main()
    assert f'L1 (mmhcm/structures/): {lines:.2f} %' in capsys.readouterr().out
