"""Run the cells of a notebook without a Jupyter installation.

Arg of the command: the notebook. Lines that begin with ``!`` go to the shell,
with expressions in braces filled in, as IPython does; a command that fails
ends the run. Everything else is Python.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path


def shell(command: str) -> None:
    """Run a line in the shell."""
    print('$', command, flush=True)
    subprocess.run(command, shell=True, check=True)


def translate(lines: list[str]) -> Iterator[str]:
    """Replace the shell lines of a cell by calls of ``shell``."""
    for line in lines:
        match = re.match(r'(\s*)!(.*)', line)
        yield f'{match[1]}shell(rf{match[2]!r})' if match else line


def run_notebook(path: Path) -> None:
    """Run all code cells in one namespace.

    Raises:
        Exception: that of the first cell that fails.
    """
    names = {'shell': shell}
    for cell in json.loads(path.read_text())['cells']:
        if cell['cell_type'] == 'code':
            lines = ''.join(cell['source']).splitlines()
            exec('\n'.join(translate(lines)), names)


if __name__ == '__main__':
    run_notebook(Path(sys.argv[1]))
