"""Run the commands of a tutorial with a tiny detector on tiny images.

Arg of the command: the Markdown file. Its ``bash`` blocks run one after
another in an empty folder with generated data, as they are printed but for
options that make data loading and training small. A block after the comment
``<!-- needs GPUs -->`` is left out. A command that fails ends the run, and so
does a file below ``work_dirs`` that the text names and no command writes.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r'(<!-- needs GPUs -->\n)?```bash\n(.*?)```', re.DOTALL)
_FILE = re.compile(r'`(work_dirs/[^`]+)`')
_WITH_CONFIG = ('analyze', 'browse', 'submit', 'test', 'train')
_TINY = (
    'model.backbone.init_cfg=None',
    'model.test_cfg.rpn.max_per_img=20',
    'chip_size=128',
    'test_scale=1.0',
    'train_cfg.max_epochs=2',
    'train_dataloader.batch_size=1',
    'train_dataloader.num_workers=0',
    'train_dataloader.persistent_workers=False',
    'train_dataloader.sampler.num_samples=2',
    'val_dataloader.num_workers=0',
    'val_dataloader.persistent_workers=False',
    'test_dataloader.num_workers=0',
    'test_dataloader.persistent_workers=False',
    'default_hooks.mining.epochs=[1]',
    'default_hooks.mining.canvases.num_pastes=3',
    'default_hooks.mining.pool.num_workers=1',
    'default_hooks.mining.pool.min_size=4',
    'default_hooks.mining.metric.score_thr=0.02',
    'default_hooks.mining.dataloader.num_workers=0',
)


def commands(text: str) -> list[str]:
    """List the commands of a Markdown text that need no GPU."""
    blocks = [block for gpus, block in _BLOCK.findall(text) if not gpus]
    joined = ''.join(blocks).replace('\\\n', ' ')
    return [line for line in joined.splitlines() if line.strip()]


def shrink(command: str) -> list[str]:
    """Turn a command of the project into one that takes seconds."""
    command = command.replace('epoch_24.pth', 'epoch_2.pth')
    program, name, *arguments = shlex.split(command)
    assert program == 'mmhcm', command
    if name in _WITH_CONFIG:
        arguments += ['--cfg-options', *_TINY]
    return [sys.executable, '-m', f'mmhcm.cli.{name}', *arguments]


def run(path: Path, folder: Path) -> None:
    """Run the commands of a tutorial in a folder with generated data."""
    scenes = ROOT / 'projects' / 'quickstart' / 'make_scenes.py'
    amounts = ['--num-train', '3', '--num-val', '1', '--num-external', '1']
    subprocess.run(
        [sys.executable, str(scenes), '--out', str(folder / 'data'), *amounts],
        check=True,
    )
    (folder / 'configs').symlink_to(ROOT / 'configs')
    text = path.read_text()
    for command in commands(text):
        print('\n$', command, flush=True)
        subprocess.run(
            shrink(command),
            cwd=folder,
            check=True,
            env={**os.environ, 'PYTHONPATH': str(ROOT)},
        )
    for name in _FILE.findall(text):
        assert (folder / name).exists(), f'{path.name} names {name}'


if __name__ == '__main__':
    with tempfile.TemporaryDirectory() as scratch:
        run(Path(sys.argv[1]).resolve(), Path(scratch))
