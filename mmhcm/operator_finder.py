"""Finder of stand-ins for mmcv's compiled operators, if mmcv has none.

mmcv imports its operators from the module ``mmcv._ext``, which mmcv-lite does
not have. The finder is last in ``sys.meta_path``, so that an mmcv with
compiled operators is used as it is. Importing mmhcm registers the finder; so
does the file ``mmhcm-operators.pth`` of an installed mmhcm, in programs that
import MMDetection and not mmhcm (see ``setup.py``).
"""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

_NAME = 'mmcv._ext'
_STAND_INS = Path(__file__).parent / 'ops' / 'ext.py'


class OperatorFinder:
    """Finder that loads ``mmhcm/ops/ext.py`` as ``mmcv._ext``."""

    @staticmethod
    def find_spec(
        name: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Return the stand-ins' spec for ``mmcv._ext``, else None."""
        if name != _NAME:
            return None
        return spec_from_file_location(name, _STAND_INS)


def register_finder() -> None:
    """Append the finder to ``sys.meta_path``, once."""
    if OperatorFinder not in sys.meta_path:
        sys.meta_path.append(OperatorFinder)
