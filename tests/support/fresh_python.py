"""Python that has imported nothing yet."""

import subprocess
import sys
from typing import Any


def run_python(code: str, **options: Any) -> str:
    """Run code in a process of its own and return what it prints."""
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', code],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        **options,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
