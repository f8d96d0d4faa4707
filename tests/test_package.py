"""Configs and their index in the wheel."""

import subprocess
import sys
from pathlib import Path

import yaml

from tests.support.fresh_python import run_python
from tests.support.tiny_run import REPO


def test_index_lists_every_config():
    index = yaml.safe_load((REPO / 'model-index.yml').read_text())
    for path in index['Import']:
        metafile = REPO / path
        content = yaml.safe_load(metafile.read_text())
        listed = sorted(model['Config'] for model in content['Models'])
        configs = metafile.parent.glob('*.py')
        assert listed == sorted(str(p.relative_to(REPO)) for p in configs)
        collections = {item['Name'] for item in content['Collections']}
        for model in content['Models']:
            assert model['Name'] == Path(model['Config']).stem
            assert model['In Collection'] in collections
        for item in content['Collections']:
            assert (REPO / item.get('README', 'README.md')).is_file()


def test_build_has_configs_where_the_package_finds_them(tmp_path):
    build = tmp_path / 'build'
    command = 'setup.py', '-q', 'build', '--build-base', str(build)
    subprocess.run(
        [sys.executable, '-W', 'ignore', *command, '--build-lib', str(build)],
        cwd=REPO,
        check=True,
        capture_output=True,
    )
    built = build / 'mmhcm' / '.mim'
    for folder in ('configs', 'model-index.yml'):
        names = _names(REPO / folder)
        assert names
        assert _names(built / folder) == names
    code = "import mmhcm; print(mmhcm.config('hcm'), mmhcm.__version__)"
    printed = run_python(code, cwd=tmp_path, env={'PYTHONPATH': str(build)})
    path, _, version = printed.strip().partition(' ')
    assert (path, version) == (str(built / 'configs' / 'hcm'), '0.1.0')


def _names(path):
    paths = path.rglob('*') if path.is_dir() else [path]
    return sorted(
        str(found.relative_to(path))
        for found in paths
        if found.is_file() and '__pycache__' not in found.parts
    )
