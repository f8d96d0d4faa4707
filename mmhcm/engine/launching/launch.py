"""Configs, threads, ranks and the Runner of a command line."""

import argparse
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import cv2
import torch
import torch.distributed
from mmengine.config import Config, ConfigDict
from mmengine.dataset import BaseDataset
from mmengine.dist import init_dist
from mmengine.registry import RUNNERS
from mmengine.runner import Runner
from mmengine.utils.dl_utils import set_multi_processing

import mmhcm.evaluation  # noqa: F401 registers WholeFileDump
from mmhcm.config_files import (
    SCOPE,
    config,
    deferred_references,
    resolve_references,
)
from mmhcm.engine.checks import check_config, warn_of_other_scales
from mmhcm.engine.hooks import StartCheckHook
from mmhcm.structures.annotations import MAX_DETS
from mmhcm.structures.type_names import type_name

from .command_runner import CommandRunner
from .options import check_options
from .rank_watch import joined_within, watch_ranks

#: Top-level config values that other values start with.
_ROOTS = ('data_root', 'external_root', 'cache_dir')
#: Where a config says nothing else, seconds; see `join_processes`.
_PROCESS_GROUP = {'timeout': 7200, 'join_within': 300, 'lost_after': 45}


def load_config(args: argparse.Namespace) -> Config:
    """Load the config of a command line and merge its options.

    Raises:
        FileNotFoundError: there is no such config, or no base of it.
        ImportError: what it imports is not there.
        ValueError: it is no config, an option does not fit it, or a reference
            has no value.
    """
    cfg = _read_config(args.config)
    options = args.cfg_options or {}
    check_options(cfg, options, _ROOTS)
    for name in _ROOTS:
        if name in options and name in cfg and cfg[name]:
            cfg = move_root(cfg, str(cfg[name]), str(options[name]))
    try:
        cfg.merge_from_dict(options)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f'--cfg-options: {error}') from error
    try:
        resolve_references(cfg._cfg_dict)
    except ValueError as error:
        raise ValueError(f'{args.config}: {error}') from error
    warn_of_other_scales(cfg)
    cfg.launcher = args.launcher
    if args.work_dir is not None:
        cfg.work_dir = args.work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = str(Path('work_dirs') / Path(args.config).stem)
    return cfg


def _read_config(name: str) -> Config:
    """Read a config, with its references as they are."""
    path = config(name) if name.startswith(SCOPE) else name
    if not Path(path).is_file():
        raise FileNotFoundError(f'no config at {name}')
    try:
        with deferred_references():
            return Config.fromfile(path)
    except (OSError, ImportError):
        raise
    # A config is a program, and may fail in any way.
    except Exception as error:
        raise ValueError(f'{name}: {type(error).__name__}: {error}') from error


def move_root(cfg: Config, old: str, new: str) -> Config:
    """Return ``cfg`` with every path at or below ``old`` put below ``new``."""

    def moved(value: Any) -> Any:
        if isinstance(value, str):
            if value == old or value.startswith(old.rstrip('/') + '/'):
                return new.rstrip('/') + value[len(old.rstrip('/')) :]
            return value
        if isinstance(value, Mapping):
            return {key: moved(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(moved(item) for item in value)
        return value

    # Classes stay what they are: `to_dict` would make names of them.
    with deferred_references():
        return Config(moved(cfg._to_lazy_dict()), filename=cfg.filename)


def build_runner(cfg: Config) -> Runner:
    """Set up threads and processes, and build the config's runner.

    Raises:
        ValueError: the config has a fault, see ``mmhcm.engine.checks``.
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
    """Fix the thread count, since gradients differ between counts.

    ``num_threads`` is for one process; OpenCV's threads would compete with
    the loader's workers and are off.
    """
    num_threads = cfg.get('num_threads')
    if num_threads:
        torch.set_num_threads(num_threads)
    cv2.setNumThreads(0)


def join_processes(cfg: Config) -> None:
    """Meet the other ranks of the run, and watch them from then on.

    ``process_group`` has three times in seconds: ``timeout`` of a collective
    operation, long since others wait while the main process builds or writes
    something; ``join_within`` for all to be there; ``lost_after``, see
    ``RankWatch``. A second call changes nothing.
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
            # As the Runner would.
            set_multi_processing(**env_cfg.get('mp_cfg', {}), distributed=True)
            init_dist(cfg.launcher, **dist_cfg)
    watch_ranks(settings['lost_after'])


def prepare_cpu_processes(cfg: Config) -> None:
    """Set up several ranks without a GPU.

    MMEngine's launcher sets a CUDA device, so gloo is initialised before the
    Runner, which then leaves it alone; the wrapper must not name a device.
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


def use_tta(cfg: Config) -> None:
    """Switch a config to testing at many scales.

    Raises:
        ValueError: the config has no ``tta_model`` or ``tta_pipeline``.
    """
    _wrap_model(cfg, 'tta', flag='--tta')


def use_slices(cfg: Config) -> None:
    """Switch a config to testing in slices.

    Raises:
        ValueError: the config has no ``slice_model`` or ``slice_pipeline``.
    """
    _wrap_model(cfg, 'slice', flag='--slices')
    cfg.test_dataloader.update(cfg.get('slice_dataloader', {}))


def use_focus(cfg: Config) -> None:
    """Switch a config to testing from coarse to fine, as AutoFocus does.

    Raises:
        ValueError: the config has no ``focus_model`` or ``focus_pipeline``.
    """
    _wrap_model(cfg, 'focus', flag='--focus')
    cfg.test_dataloader.update(cfg.get('focus_dataloader', {}))


def use_mode(cfg: Config, args: argparse.Namespace) -> None:
    """Switch a config to the test mode of a command line.

    Raises:
        ValueError: the config does not say how to test so.
    """
    if args.tta:
        use_tta(cfg)
    if args.slices:
        use_slices(cfg)
    if args.focus:
        use_focus(cfg)


def _wrap_model(cfg: Config, mode: str, flag: str) -> None:
    """Put ``<mode>_model`` around the model, over ``<mode>_pipeline``."""
    names = f'{mode}_model', f'{mode}_pipeline'
    missing = [name for name in names if name not in cfg]
    if missing:
        raise ValueError(
            f'{cfg.filename} has no {" and no ".join(missing)}, which '
            f'{flag} needs'
        )
    wrapper, pipeline = (cfg[name] for name in names)
    innermost_dataset(cfg.test_dataloader.dataset).pipeline = pipeline
    cfg.test_dataloader.batch_size = 1
    wrapper.module = cfg.model
    cfg.model = wrapper


def innermost_dataset(dataset: ConfigDict) -> ConfigDict:
    """Find the config of the data set that reads files, below wrappers."""
    while 'dataset' in dataset:
        dataset = dataset.dataset
    return dataset


def submit_only(cfg: Config, zip_path: str | Path) -> int:
    """Make a config's test write a zip, without scoring.

    Args:
        cfg: The config; its test evaluator is replaced.
        zip_path: The zip.

    Returns:
        Most rows of an image.

    Raises:
        ValueError: the path is not one of a zip, or the config's test has no
            ``VisDroneMetric``.
    """
    zip_path = Path(zip_path)
    if zip_path.suffix != '.zip':
        raise ValueError(f'the file to write must end in .zip: {zip_path}')
    evaluators = cfg.test_evaluator
    for evaluator in (
        evaluators if isinstance(evaluators, list | tuple) else [evaluators]
    ):
        if type_name(evaluator) == 'VisDroneMetric':
            cfg.test_evaluator = {
                **evaluator,
                'format_only': True,
                'outfile_prefix': str(zip_path.with_suffix('')),
            }
            return evaluator.get('max_dets', MAX_DETS)
    raise ValueError(f'{cfg.filename} has no VisDroneMetric to test with')


def dump_detections(cfg: Config, path: str | Path) -> None:
    """Make a config's test write its detections as a pickle.

    Raises:
        ValueError: the path is not one of a pickle.
    """
    if Path(path).suffix not in ('.pkl', '.pickle'):
        raise ValueError(f'--out must end in .pkl or .pickle: {path}')
    evaluators = cfg.test_evaluator
    if not isinstance(evaluators, list | tuple):
        evaluators = [evaluators]
    dump = {'type': 'WholeFileDump', 'out_file_path': str(path)}
    cfg.test_evaluator = [*evaluators, dump]


def draw_detections(cfg: Config, folder: str) -> None:
    """Make a config's test draw pictures, as MMDetection's does."""
    hooks = cfg.setdefault('default_hooks', {})
    hook = hooks.get('visualization') or {'type': 'DetVisualizationHook'}
    hooks['visualization'] = {**hook, 'draw': True, 'test_out_dir': folder}


def image_sizes(dataset: BaseDataset) -> dict[str, tuple[int, int]]:
    """Read (width, height) of a data set's images, pixels, by stem."""
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    return {
        Path(info['img_path']).stem: (info['width'], info['height'])
        for info in infos
    }
