"""Configs that commands write."""

from pathlib import Path

from mmhcm.structures.files import atomic_write


def check_target(path: str, force: bool, config: str = '') -> None:
    """Check that a config may be written.

    Raises:
        FileExistsError: the file exists, and ``force`` is False.
        ValueError: the path is the config itself, or not a Python file.
    """
    target = Path(path)
    if target.suffix != '.py':
        raise ValueError(f'{path}: a config to write must end in .py')
    if config and target.resolve() == Path(config).resolve():
        raise ValueError(f'{path} is the config to inherit: name another file')
    if target.exists() and not force:
        raise FileExistsError(f'{path} is there already: --force replaces it')


def write_config(path: str, text: str) -> None:
    """Write a config, whole or not at all."""
    with atomic_write(path) as file:
        file.write(text.encode())
