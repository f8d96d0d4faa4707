"""Behaviour that all commands share."""

import ast
import subprocess
import sys
from contextlib import redirect_stdout
from importlib import import_module
from io import StringIO

import pytest

from mmhcm.cli import COMMANDS, main
from mmhcm.structures.results import write_submission
from tests.support.fresh_python import run_python
from tests.support.tiny_run import REPO
from tests.support.toml_files import toml

HEAVY = {'torch', 'torchvision', 'mmcv', 'mmdet', 'mmengine'}
#: Words that each command can parse, of files that are not there.
ABSENT = {
    'ensemble': ['a.zip', 'b.zip', '--out', 'c.zip'],
    'evaluate': ['absent.zip', '--data-root', 'absent'],
    'export': ['absent.py', '--out', 'out'],
    'init': ['--coco', 'absent.json', 'absent.json', '--out', 'a.py'],
    'export_onnx': ['absent.py', 'a.pth', '--out', 'a', '--size', '9', '9'],
    'mmdet_tool': ['get_flops', 'absent.py'],
    'plot': ['errors', 'absent.zip', '--data-root', 'absent'],
    'predict': ['absent.py', 'a.pth', 'a.jpg', '--out', 'out'],
    'report': ['absent.py', 'work'],
    'run_table': ['absent'],
    'submit': ['absent.py', 'absent.pth'],
    'test': ['absent.py', 'absent.pth'],
    'validate_submission': ['absent.zip', '--data-root', 'absent'],
}


def test_every_command_has_a_script():
    scripts = {path.stem: path for path in REPO.glob('tools/*.py')}
    assert set(scripts) == set(COMMANDS)
    for name, path in scripts.items():
        imports = [
            ast.unparse(node)
            for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.Import | ast.ImportFrom)
        ]
        assert imports == ['import sys', f'from mmhcm.cli.{name} import main']


def test_an_installed_package_has_the_command():
    project = toml.loads((REPO / 'pyproject.toml').read_text())['project']
    module, _, function = project['scripts']['mmhcm'].partition(':')
    assert getattr(import_module(module), function) is main


def test_an_unknown_command_lists_the_others(capsys):
    with pytest.raises(SystemExit, match='2'):
        main(['tran'])
    error = capsys.readouterr().err
    assert all(name in error for name in COMMANDS)


def test_help_is_quick_and_ends_with_an_example():
    """Nothing that takes seconds to import is imported for it."""
    code = (
        'import sys\nfrom mmhcm.cli import COMMANDS, main\n'
        'for name in COMMANDS:\n'
        '    try:\n        main([name, "--help"])\n'
        '    except SystemExit as end:\n'
        '        print("END", name, end.code)\n'
        f'print(sorted({HEAVY | {"matplotlib", "cv2"}!r} & set(sys.modules)))'
    )
    *helps, last = run_python(code, cwd=REPO).split('END ')
    assert last.splitlines()[1:] == ['[]']
    assert len(helps) == len(COMMANDS)
    for name, text in zip(COMMANDS, helps, strict=True):
        *_, title, example = text.rstrip().splitlines()
        assert title == 'example:'
        assert example.startswith(f'  mmhcm {name} ')


def test_examples_of_help_parse():
    for name in COMMANDS:
        module = import_module(f'mmhcm.cli.{name}')
        with pytest.raises(SystemExit), redirect_stdout(StringIO()) as text:
            module.parse_args(['--help'])
        words = text.getvalue().rstrip().splitlines()[-1].split()
        assert words[:2] == ['mmhcm', name]
        module.parse_args(words[2:])


@pytest.mark.parametrize('name', COMMANDS)
def test_a_user_error_is_one_line(run, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run(name, *ABSENT.get(name, ['absent.py']))
    assert (done.status, done.err.count('\n')) == (1, 1)
    assert done.err.startswith('error: ')
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('name', COMMANDS)
def test_a_stop_is_one_line(run, name, monkeypatch):
    def stop(args):
        raise KeyboardInterrupt

    # The function itself is bound in ``main``.
    command = import_module(f'mmhcm.cli.{name}').run
    monkeypatch.setattr(command, '__code__', stop.__code__)
    done = run(name, *ABSENT.get(name, ['absent.py']))
    assert done.status == 130
    assert done.err.startswith('stopped')
    assert done.err.count('\n') == 1


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('split')
    (root / 'annotations').mkdir()
    (root / 'annotations' / 'a.txt').write_text('10,10,10,10,1,4,0,0\n')
    (root / 'sizes.csv').write_text('a,60,40\n')
    for name in 'ab':
        texts = {'a': '10,10,10,10,0.5,4,-1,-1\n'}
        write_submission(root / f'{name}.zip', texts)
    return root


@pytest.mark.parametrize(
    'words',
    [
        'evaluate a.zip --data-root . --sizes sizes.csv --leaderboard',
        'validate_submission a.zip --data-root . --sizes sizes.csv',
        'ensemble a.zip b.zip --out c.zip --sizes sizes.csv',
        'plot errors a.zip --data-root . --sizes sizes.csv --format json',
        'evaluate absent.zip --data-root .',
    ],
)
def test_commands_on_result_files_need_no_framework(root, words):
    code = (
        'import sys\nfrom mmhcm.cli import main\n'
        f'status = main({words.split()!r})\n'
        f'print(status, sorted({HEAVY!r} & set(sys.modules)))'
    )
    status = int('absent' in words)
    printed = run_python(code, cwd=root)
    assert printed.splitlines()[-1:] == [f'{status} []']


@pytest.mark.parametrize(
    'command',
    [
        [REPO / 'tools' / 'validate_submission.py'],
        ['-m', 'mmhcm.cli.validate_submission'],
    ],
    ids=['script', 'module'],
)
def test_scripts_and_modules_run(root, command):
    args = root / 'a.zip', '--data-root', root, '--sizes', root / 'sizes.csv'
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', *command, *args],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPO,
    )
    assert (done.returncode, done.stderr) == (0, '')
    assert 'good, 1 result files' in done.stdout
