"""Modes and outputs of a config's test."""

import argparse
from pathlib import Path

from mmengine.config import Config, ConfigDict
from mmengine.dataset import BaseDataset

import mmhcm.evaluation  # noqa: F401 registers WholeFileDump
from mmhcm.structures.annotations import MAX_DETS
from mmhcm.structures.type_names import type_name


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
        ValueError: the config lacks the model or pipeline of the mode.
    """
    if args.tta:
        use_tta(cfg)
    if args.slices:
        use_slices(cfg)
    if args.focus:
        use_focus(cfg)


def _wrap_model(cfg: Config, mode: str, flag: str) -> None:
    """Wrap the model in ``<mode>_model``, and set ``<mode>_pipeline``."""
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
    """Find the config of the data set that reads files, inside wrappers."""
    while 'dataset' in dataset:
        dataset = dataset.dataset
    return dataset


def submit_only(cfg: Config, zip_path: str | Path) -> int:
    """Make a config's test write a zip, without scoring.

    Args:
        cfg: The config; its test evaluator is replaced.
        zip_path: Path of the zip.

    Returns:
        Largest number of rows of an image.

    Raises:
        ValueError: the path does not end in ``.zip``, or the config's test
            has no ``VisDroneMetric``.
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
        ValueError: the path does not end in ``.pkl`` or ``.pickle``.
    """
    if Path(path).suffix not in ('.pkl', '.pickle'):
        raise ValueError(f'--out must end in .pkl or .pickle: {path}')
    evaluators = cfg.test_evaluator
    if not isinstance(evaluators, list | tuple):
        evaluators = [evaluators]
    dump = {'type': 'WholeFileDump', 'out_file_path': str(path)}
    cfg.test_evaluator = [*evaluators, dump]


def draw_detections(cfg: Config, folder: str) -> None:
    """Make a config's test draw pictures, as in MMDetection."""
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
