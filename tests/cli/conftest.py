from types import SimpleNamespace

import pytest

from mmhcm.cli import main


@pytest.fixture
def run(capsys):
    """Run a command by name; give its status and what it printed."""

    def run_command(*args):
        status = main([*map(str, args)])
        out, err = capsys.readouterr()
        return SimpleNamespace(status=status, out=out, err=err)

    return run_command
