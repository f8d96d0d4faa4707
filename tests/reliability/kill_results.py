"""Files of a run, in a form that allows comparing two runs."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

# What differs between two runs of the same config: names, folders, clocks.
_OF_THE_RUN = {
    *('time', 'eta', 'experiment_name', 'cfg', 'mmengine_version'),
}
_PATHS = {'last_ckpt', 'best_ckpt'}
# Where the loop stood: a validation on resume stands behind the epoch that an
# uninterrupted one is still in. meta holds the same exactly.
_STANDING = {'epoch', 'iter', 'loop_stage'}


def read_results(folder: Path) -> dict[str, str]:
    """Names and contents of what a run has left, clocks and paths aside.

    Args:
        folder: Folder of a run as ``kill_runs.Run`` makes it.
    """
    results = {}
    work_dir = folder / 'train'
    for path in sorted(work_dir.glob('*.pth')):
        for key, value in read_checkpoint(path):
            results[f'{path.name}: {key}'] = value
    note = (work_dir / 'last_checkpoint').read_text()
    results['last_checkpoint'] = Path(note).name
    for path in sorted(folder.glob('**/*')):
        name = str(path.relative_to(folder))
        if path.name.startswith('.') or path.name.endswith('.tmp'):
            results[name] = 'a leftover'
        elif path.name == 'report.html':
            results[name] = 'a report'
        elif path.is_file() and (
            name.startswith(('train/hcm', 'cache'))
            or name in ('submission.zip', 'scores.json')
        ):
            results[name] = digest(path.read_bytes())
    return results


def read_checkpoint(path: Path) -> Iterator[tuple[str, str]]:
    """Keys and values of a checkpoint that two runs have in common."""
    checkpoint = torch.load(path, map_location='cpu', weights_only=True)
    for key, value in flatten(checkpoint):
        parts = key.split('|')
        if parts[0] == 'meta' and parts[1] in _OF_THE_RUN:
            continue
        if parts[0] == 'message_hub':
            if parts[2] in _OF_THE_RUN | _STANDING:
                continue
            if parts[1] == 'log_scalars' and (
                parts[2].endswith('time') or parts[2].endswith('memory')
            ):
                continue
            if parts[1] == 'runtime_info' and parts[2] in _PATHS:
                value = Path(value).name
        yield key, describe(value)


def flatten(value: Any, key: str = '') -> Iterator[tuple[str, Any]]:
    """Leaves of nested dicts and lists, with the way to them."""
    items: Any = None
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list | tuple):
        items = enumerate(value)
    if not items:
        yield key, value
        return
    for name, item in items:
        yield from flatten(item, f'{key}|{name}' if key else str(name))


def describe(value: Any) -> str:
    """Type and content, to the last bit."""
    if isinstance(value, torch.Tensor):
        array = value.detach().contiguous().reshape(-1)
        content = digest(array.view(torch.uint8).numpy().tobytes())
        return f'{value.dtype} {tuple(value.shape)} {content}'
    return repr(value)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def differences(left: dict[str, str], right: dict[str, str]) -> list[str]:
    """Names of what two runs do not have in common."""
    return sorted(
        key
        for key in left.keys() | right.keys()
        if left.get(key) != right.get(key)
    )
