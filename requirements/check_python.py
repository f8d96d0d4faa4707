"""Exit with a clear line unless this interpreter can carry the project."""

import importlib.util
import sys
import sysconfig
from pathlib import Path

WANTED = ((3, 11), (3, 12))


def main() -> None:
    """Check version, venv support and C headers."""
    name = sys.executable
    if sys.version_info[:2] not in WANTED:
        sys.exit(f'{name}: Python {sys.version.split()[0]}, not 3.11 or 3.12')
    if importlib.util.find_spec('ensurepip') is None:
        sys.exit(f'{name}: has no ensurepip (Debian: python3-venv)')
    if not Path(sysconfig.get_paths()['include'], 'Python.h').exists():
        sys.exit(f'{name}: has no Python.h (Debian: python3-dev)')


if __name__ == '__main__':
    main()
