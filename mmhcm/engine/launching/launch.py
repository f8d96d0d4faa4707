"""Threads, ranks and the Runner of a config."""

from datetime import timedelta

import cv2
import torch
import torch.distributed
from mmengine.config import Config
from mmengine.dist import init_dist
from mmengine.registry import RUNNERS
from mmengine.runner import Runner
from mmengine.utils.dl_utils import set_multi_processing

from mmhcm.engine.checks import check_config
from mmhcm.engine.hooks import StartCheckHook

from .command_runner import CommandRunner
from .rank_watch import joined_within, watch_ranks

#: Defaults of ``process_group``, seconds; see `join_processes`.
_PROCESS_GROUP = {'timeout': 7200, 'join_within': 300, 'lost_after': 45}


def build_runner(cfg: Config) -> Runner:
    """Set up threads and processes, and build the config's runner.

    Raises:
        ValueError: the config is invalid, see ``mmhcm.engine.checks``.
    """
    check_config(cfg)
    set_threads(cfg)
    join_processes(cfg)
    runner = (
        RUNNERS.build(cfg)
        if 'runner_type' in cfg
        else CommandRunner.from_cfg(cfg)
    )
    if not any(isinstance(hook, StartCheckHook) for hook in runner.hooks):
        runner.register_hook(StartCheckHook())
    return runner


def set_threads(cfg: Config) -> None:
    """Set the thread count, because gradients differ between counts.

    ``num_threads`` is the count of one process. OpenCV's threads are disabled,
    because they would compete with the loader's workers.
    """
    num_threads = cfg.get('num_threads')
    if num_threads:
        torch.set_num_threads(num_threads)
    cv2.setNumThreads(0)


def join_processes(cfg: Config) -> None:
    """Join the ranks of the run, and start watching the other ranks.

    ``process_group`` has three times in seconds: ``timeout`` of a collective
    operation, which is long because ranks wait while the main process builds
    or writes files; ``join_within``, in which all ranks must join;
    ``lost_after``, see ``RankWatch``. A second call has no effect.
    """
    if cfg.launcher == 'none':
        return
    settings = {**_PROCESS_GROUP, **cfg.get('process_group', {})}
    env_cfg = cfg.setdefault('env_cfg', {})
    dist_cfg = env_cfg.setdefault('dist_cfg', {'backend': 'nccl'})
    dist_cfg.setdefault('timeout', settings['timeout'])
    with joined_within(settings['join_within']):
        prepare_cpu_processes(cfg)
        if not torch.distributed.is_initialized():
            # As in the Runner.
            set_multi_processing(**env_cfg.get('mp_cfg', {}), distributed=True)
            init_dist(cfg.launcher, **dist_cfg)
    watch_ranks(settings['lost_after'])


def prepare_cpu_processes(cfg: Config) -> None:
    """Set up several ranks without a GPU.

    MMEngine's launcher sets a CUDA device, so gloo is initialised before the
    Runner, which then skips the initialisation; the model wrapper must have
    no ``device_ids``.
    """
    if cfg.launcher != 'pytorch' or torch.cuda.is_available():
        return
    if not torch.distributed.is_initialized():
        torch.distributed.init_process_group(
            backend='gloo',
            timeout=timedelta(seconds=cfg.env_cfg.dist_cfg.timeout),
        )
    cfg.env_cfg.dist_cfg.backend = 'gloo'
    cfg.model_wrapper_cfg = {
        'type': 'MMDistributedDataParallel',
        'device_ids': None,
        **{
            key: value
            for key, value in cfg.get('model_wrapper_cfg', {}).items()
            if key != 'type'
        },
    }
