"""Build steps beyond pyproject.toml: configs, and the finder of operators."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

# Run at each start of Python, so it imports nothing: programs that import
# MMDetection and not mmhcm ask it for mmcv's operators, if mmcv has none.
PTH = (
    "import sys; sys.meta_path.append(type('MmhcmOperators', (), "
    "{'find_spec': staticmethod(lambda name, *_: __import__("
    "'mmhcm.operator_finder').operator_finder.OperatorFinder.find_spec(name)"
    " if name == 'mmcv._ext' else None)}))\n"
)


class Build(build_py):
    """Build of the package, with two additions.

    ``mmhcm-operators.pth`` lies beside the package. Configs and their index
    are in ``mmhcm/.mim``, as those of MMDetection are in ``mmdet/.mim``; an
    editable installation reads them where they are.
    """

    def run(self) -> None:
        """Build, and add the files."""
        super().run()
        folder = self.build_lib
        if self.editable_mode:
            folder = self.get_finalized_command('install').install_lib
        else:
            self._copy_configs(Path(folder, 'mmhcm', '.mim'))
        Path(folder).mkdir(parents=True, exist_ok=True)
        Path(folder, 'mmhcm-operators.pth').write_text(PTH, encoding='utf-8')

    def _copy_configs(self, target: Path) -> None:
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(
            'configs',
            target / 'configs',
            ignore=shutil.ignore_patterns('__pycache__'),
        )
        shutil.copy('model-index.yml', target)


if __name__ == '__main__':
    setup(cmdclass={'build_py': Build})
