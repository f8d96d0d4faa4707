"""Runs of two ranks under torchrun, as users start them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.stopping import train_until
from tests.support.tiny_run import REPO, tiny_config

WATCH = """
import os
from pathlib import Path

from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

from mmhcm.engine.mining.loop import unwrap
from mmhcm.structures.files.atomic import fingerprint


def digest(tensors):
    return fingerprint(*[tensor.detach().numpy() for tensor in tensors])


@HOOKS.register_module()
class DigestHook(Hook):
    # Write what each rank holds at the end.
    priority = 'LOWEST'

    def after_train(self, runner):
        model = unwrap(runner.model)
        Path(os.environ['DIGESTS'], str(get_rank())).write_text(
            digest(model.parameters()) + ' ' + digest(model.buffers())
        )
"""


def write_config(tiny_run, folder):
    """Write the config of both runs: three canvases for two ranks."""
    (folder / 'digest_hook.py').write_text(WATCH)
    cfg = tiny_config(
        tiny_run,
        folder,
        {
            'custom_imports.imports': [
                'mmhcm.datasets',
                'mmhcm.engine',
                'mmhcm.evaluation',
                'mmhcm.models',
                'digest_hook',
            ],
            'default_hooks.mining.canvases.num_canvases': 3,
            'default_hooks.digest': {'type': 'DigestHook'},
        },
    )
    del cfg.default_hooks['sync_buffers']
    path = folder / 'ranks.py'
    cfg.dump(path)
    return path


def train_on_two(config, folder, *args):
    """Run tools/train.py under torchrun."""
    launch = [sys.executable, '-W', 'ignore', '-m', 'torch.distributed.run']
    return subprocess.run(
        [
            *launch,
            '--standalone',
            '--nproc_per_node=2',
            str(REPO / 'tools' / 'train.py'),
            str(config),
            '--launcher=pytorch',
            *args,
        ],
        env={
            **os.environ,
            'PYTHONPATH': f'{REPO}{os.pathsep}{folder}',
            'OMP_NUM_THREADS': '1',
            'DIGESTS': str(folder),
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.nightly
def test_two_ranks_mine_the_round_of_one(tiny_run, make_runner, tmp_path):
    config = write_config(tiny_run, tmp_path)
    ended = train_on_two(config, tmp_path, f'--work-dir={tmp_path / "two"}')
    assert ended.returncode == 0, ended.stderr
    # A clear end: nothing is said of processes that were left.
    assert 'Traceback' not in ended.stderr
    assert 'destroy_process_group' not in ended.stderr
    assert 'Saving checkpoint at 2 epochs' in ended.stdout + ended.stderr

    # Each rank has statistics of its own, so mining has to share weights.
    first, second = ((tmp_path / rank).read_text().split() for rank in '01')
    assert first[0] == second[0]
    assert first[1] != second[1]

    one = make_runner(
        {'default_hooks.mining.canvases.num_canvases': 3},
        tmp_path / 'one',
        resume=True,
        load_from=str(tmp_path / 'two' / 'epoch_1.pth'),
    )
    # Mining comes before the second iteration of one rank.
    train_until(one, iteration=2)
    name = Path('hcm', 'round_1', 'hard_chips.jsonl')
    mined_by_one = (tmp_path / 'one' / name).read_bytes()
    assert (tmp_path / 'two' / name).read_bytes() == mined_by_one
    assert mined_by_one.count(b'\n') > 2


@pytest.mark.nightly
def test_user_error_ends_both_ranks(tiny_run, tmp_path):
    config = write_config(tiny_run, tmp_path)
    ended = train_on_two(
        config,
        tmp_path,
        f'--work-dir={tmp_path / "two"}',
        '--cfg-options',
        'train_dataloader.dataset.dataset.data_root=/absent',
    )
    assert ended.returncode != 0
    assert 'error: no folder of images at /absent/images' in ended.stderr
