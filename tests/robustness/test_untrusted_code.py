"""Nothing of pickle, no eval on data, no unbounded unpacking."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ['mmhcm', 'tools', 'projects', 'benchmarks']
# Calls that can run what a file holds, or write where it says.
CALLS = {
    *('eval', 'exec', 'compile', '__import__'),
    *('pickle.load', 'pickle.loads', 'pickle.Unpickler', 'marshal.loads'),
    *('shelve.open', 'joblib.load', 'yaml.load', 'dill.load'),
    *('torch.load', '_torch_load', 'torch.jit.load', 'np.load', 'numpy.load'),
    *('mmengine.load', 'mmengine.fileio.load'),
}
METHODS = {'extractall', 'extract', 'unpack_archive'}
#: What is trusted, and why.
ALLOWED = {
    # Only bytes that the same process, or its parent, has pickled.
    ('mmhcm/structures/files/packed_list.py', 'pickle.loads'),
    # weights_only=True, then with a pickle that imports nothing.
    ('mmhcm/engine/checkpoints/safe_loading.py', '_torch_load'),
    # filter='data', and bounded.
    ('mmhcm/structures/archives.py', 'tar.extractall'),
}


def calls_of(text):
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        # Config.fromfile, re.compile and model.eval() are others.
        if name in CALLS or name.rpartition('.')[2] in METHODS:
            yield name
        if any(word.arg == 'allow_pickle' for word in node.keywords):
            yield 'allow_pickle'


def test_package_runs_nothing_from_files():
    found = {
        (str(path.relative_to(ROOT)), name)
        for folder in FOLDERS
        for path in (ROOT / folder).rglob('*.py')
        for name in calls_of(path.read_text())
    }
    assert found == ALLOWED


@pytest.mark.parametrize(
    ('text', 'names'),
    [
        ('pickle.loads(x)', ['pickle.loads']),
        ('eval(x)', ['eval']),
        ('tar.extractall(x)', ['tar.extractall']),
        ('np.load(x, allow_pickle=True)', ['np.load', 'allow_pickle']),
        ('model.eval(); re.compile(x)', []),
    ],
)
def test_calls_of_finds_unsafe_calls(text, names):
    assert list(calls_of(text)) == names
