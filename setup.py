"""Build steps beyond pyproject.toml."""

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


class BuildWithPth(build_py):
    """Build of the package that adds ``mmhcm-operators.pth`` beside it."""

    def run(self) -> None:
        """Build, and write the file into the wheel."""
        super().run()
        folder = self.build_lib
        if self.editable_mode:
            folder = self.get_finalized_command('install').install_lib
        Path(folder).mkdir(parents=True, exist_ok=True)
        Path(folder, 'mmhcm-operators.pth').write_text(PTH, encoding='utf-8')


if __name__ == '__main__':
    setup(cmdclass={'build_py': BuildWithPth})
