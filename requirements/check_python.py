"""Exit with an error message if this interpreter does not fit the project.

With ``--compiler``, also check that mmcv's operators can be built.
"""

import importlib.util
import os
import shutil
import sys
import sysconfig
from pathlib import Path

OLDEST, NEWEST = (3, 10), (3, 13)


def main() -> None:
    """Check version and venv support; headers and compiler if requested."""
    name = sys.executable
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        sys.exit(f'{name}: Python {sys.version.split()[0]}, not 3.10 to 3.13')
    if importlib.util.find_spec('ensurepip') is None:
        sys.exit(f'{name}: has no ensurepip (Debian: python3-venv)')
    if '--compiler' in sys.argv:
        check_compiler(name)


def check_compiler(name: str) -> None:
    """Check for the headers and compiler that mmcv's operators need."""
    if not Path(sysconfig.get_paths()['include'], 'Python.h').exists():
        sys.exit(f'{name}: has no Python.h (Debian: python3-dev)')
    if shutil.which(os.environ.get('CXX', 'c++').split()[0]) is None:
        sys.exit('no C++ compiler (Debian: g++); MMCV=lite needs none')


if __name__ == '__main__':
    main()
