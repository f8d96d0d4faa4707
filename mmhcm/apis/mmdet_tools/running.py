"""MMDetection's own scripts, run unchanged."""

import runpy
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import matplotlib as mpl
import mmdet
from mmengine.registry import init_default_scope

from mmhcm.structures.choices import MMDET_TOOLS

from .adapting import adapted_words


def run_tool(name: str, words: Sequence[str]) -> None:
    """Run a tool in this process, as if its script were called.

    Args:
        name: One of ``MMDET_TOOLS``.
        words: Arguments of the tool.

    Raises:
        FileNotFoundError: the installed MMDetection has no such script.
        SystemExit: the script exits, mostly because of wrong arguments.
    """
    script = find_script(name)
    # The tools draw into files.
    mpl.use('Agg')
    init_default_scope('mmdet')
    with TemporaryDirectory(prefix='mmhcm_tool_') as folder:
        argv = [str(script), *adapted_words(name, words, Path(folder))]
        with patch.object(sys, 'argv', argv):
            runpy.run_path(str(script), run_name='__main__')


def find_script(name: str) -> Path:
    """Find a tool in MMDetection's package, or in a clone of it.

    Raises:
        ValueError: the name is not one of ``MMDET_TOOLS``.
        FileNotFoundError: the script does not exist.
    """
    if name not in MMDET_TOOLS:
        raise ValueError(f'no tool {name!r}: {", ".join(MMDET_TOOLS)}')
    package = Path(mmdet.__file__).parent
    for tools in (package / '.mim' / 'tools', package.parent / 'tools'):
        for folder in ('analysis_tools', 'misc'):
            script = tools / folder / f'{name}.py'
            if script.is_file():
                return script
    raise FileNotFoundError(
        f'MMDetection {mmdet.__version__} in {package} comes without '
        f'{name}.py: install it by pip, or clone it'
    )
