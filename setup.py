"""Build of the wheel: configs and their index go into the package.

They are in mmhcm/.mim, as those of MMDetection are in mmdet/.mim. All else is
in pyproject.toml.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithConfigs(build_py):
    """Build of the package with its configs, but in an editable install."""

    def run(self) -> None:
        """Build, and copy configs into the package."""
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib, 'mmhcm', '.mim')
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(
            'configs',
            target / 'configs',
            ignore=shutil.ignore_patterns('__pycache__'),
        )
        shutil.copy('model-index.yml', target)


setup(cmdclass={'build_py': BuildWithConfigs})
